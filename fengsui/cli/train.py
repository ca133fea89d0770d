"""``fengsui train FILE``: a model from labelled texts that the centre already has; nothing leaves the machine."""

from __future__ import annotations

from pathlib import Path

import click

from fengsui.cli.where import Where, pass_where, utc_now

BY = "cli"


@click.command(short_help="用已标注的文件训练模型 · fit a model from labelled texts")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--tag", type=click.Choice(["sentiment", "issue", "department"]), default="sentiment", show_default=True)
@click.option("--text", default="text", show_default=True, help="正文列名 · column of the text")
@click.option("--label", default="label", show_default=True, help="标签列名 · column of the label")
@click.option("--map", "renamed", multiple=True, metavar="OLD=NEW", help="改写标签，如 neg=negative，可多次 · rename labels")
@click.option("--try", "only_try", is_flag=True, help="只看结果，不保存 · only measure")
@pass_where
def train(where: Where, file: Path, tag: str, text: str, label: str, renamed: tuple[str, ...], only_try: bool) -> None:
    """FILE 是 CSV 或 JSONL。留五分之一检验，不比现在差才启用 · a fifth is kept back; promoted only if not worse."""
    from fengsui.ingest import labelled, learning, lessons, tagging

    settings, now = where.settings(), utc_now()
    names = dict(pair.partition("=")[::2] for pair in renamed)
    try:
        rows = [(said, names.get(value, value)) for said, value in labelled.read(file, text, label)]
    except labelled.BadFile as fault:
        where.fail(fault.code, fault.params, status=2)
    store = where.store(settings)
    with store.connect() as conn:
        lesson, version = learning.lesson_of(conn, tag, rows, now)
    unknown = sorted({value for _, value in rows} - set(learning.allowed(lesson)))
    if unknown:
        where.fail("cli.train.labels", {"tag": tag, "found": unknown[:12], "allowed": list(learning.allowed(lesson))}, status=2)
    try:
        found = lessons.learn_apart(lesson)
    except lessons.LessonFailed as fault:
        where.fail(fault.code, fault.params)
    if found.body is None:
        where.fail(str(found.why), found.metrics)
    where.tell("cli.train.measured", held=found.metrics["held"], right=found.metrics["right"], now=found.metrics["right_now"])
    if found.why:
        where.tell(found.why)
    if not only_try:
        made = learning.store_learned(store, tag, found, tagging.ALWAYS, version, BY, now, lambda conn: None)
        where.tell("cli.train.kept" if found.promote else "cli.train.refused", tag=tag, version=made)
