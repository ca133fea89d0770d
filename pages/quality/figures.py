"""Measured quality as tables: each class with n and interval, what is taken for what, and whether confidence can be believed."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from fengsui.board.read.quality import NOTHING, Measured, Quality, Share, Untagged
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor
from pages.records import words

MOST_CLASSES = 12
FEW = 30
"""Below so many checks a figure is shown, and called what it is: little."""


def percent(found: Share) -> str:
    """Value with its interval of 95 %."""
    if found.value is None:
        return '<td class="mut">—</td>'
    return f"<td><b>{found.value:.0%}</b> <small>{found.lower:.0%}–{found.upper:.0%}</small></td>"


def classes(visitor: Visitor, found: Measured, quality: Quality) -> str:
    names = ("class", "n", "precision", "recall", "f1")
    head = "".join(f"<th>{esc(visitor.say(f'pages.quality.{name}'))}</th>" for name in names)
    ordered = sorted(quality.classes, key=lambda one: (-one.n, one.label))
    rows = "".join(
        f'<tr class="{"" if one.n >= FEW else "few"}"><td>{esc(words.value(visitor, found.tag, one.label))}</td><td>{one.n}</td>{percent(one.precision)}{percent(one.recall)}{percent(one.f1)}</tr>'
        for one in ordered
    )
    second = visitor.say("pages.quality.classes_second", few=FEW)
    table = f'<div class="scroll"><table class="cmp"><tr>{head}</tr>{rows}</table></div>'
    return heading(visitor.say("pages.quality.classes"), second) + (table if rows else _none(visitor))


def confusion(visitor: Visitor, tag: str, quality: Quality) -> str:
    """Rows: what people say; columns: what stood there."""
    seen: dict[str, int] = {}
    for (truth, said), n in quality.confusion.items():
        seen[truth] = seen.get(truth, 0) + n
        seen[said] = seen.get(said, 0) + n
    order = sorted(seen, key=lambda name: (name == NOTHING, -seen[name], name))
    shown = order[:MOST_CLASSES]
    most = max(quality.confusion.values(), default=1)
    names = {name: words.value(visitor, tag, name) if name else visitor.say("pages.quality.nothing") for name in shown}
    head = "".join(f'<th title="{esc(names[name])}">{esc(names[name])}</th>' for name in shown)
    rows = "".join(
        f"<tr><td>{esc(names[truth])}</td>{''.join(_cell(quality.confusion.get((truth, said), 0), most, truth == said) for said in shown)}</tr>"
        for truth in shown
    )
    rest = len(order) - len(shown)
    more = f'<p class="df">{esc(visitor.say("pages.quality.rest", n=rest))}</p>' if rest > 0 else ""
    body = (
        f'<div class="scroll"><table class="cmp cf"><tr><th></th>{head}</tr>{rows}</table></div>{more}'
        if rows
        else _none(visitor)
    )
    return heading(visitor.say("pages.quality.confusion"), visitor.say("pages.quality.confusion_second")) + body


def _cell(n: int, most: int, right: bool) -> str:
    depth = round(8 + 62 * n / most) if n else 0
    tone = "var(--t0)" if right else "var(--t2)"
    return f'<td style="background:color-mix(in srgb,{tone} {depth // 2}%,transparent)">{n or ""}</td>'


def calibration(visitor: Visitor, quality: Quality) -> str:
    second = visitor.say("pages.quality.calibration_second")
    head = "".join(f"<th>{esc(visitor.say(f'pages.quality.{name}'))}</th>" for name in ("said", "came", "n"))
    rows = "".join(f"<tr><td>{one.sure:.0%}</td>{percent(one.right)}<td>{one.n}</td></tr>" for one in quality.bins)
    table = f'<table class="cmp"><tr>{head}</tr>{rows}</table>' if rows else _none(visitor)
    gap = (
        f'<p class="df">{esc(visitor.say("pages.quality.calibration_error", gap=quality.error))}</p>'
        if quality.error is not None
        else ""
    )
    return heading(visitor.say("pages.quality.calibration"), second) + table + gap


def splits(visitor: Visitor, found: Measured, untagged: Sequence[Untagged]) -> str:
    """By week, channel and who tagged: n, share right, macro F1, and how many nobody could tag."""
    weekly = {week: _sum([one for one in untagged if one.week == week]) for week, _ in found.by_week}
    channels = {
        name: _sum([one for one in untagged if one.channel == name])
        for name in sorted({*found.by_channel, *(one.channel for one in untagged)})
    }
    rows = _group(visitor, "week", [(_week(visitor, week), quality, weekly[week]) for week, quality in found.by_week])
    empty: Mapping[str, Quality] = found.by_channel
    rows += _group(
        visitor,
        "channel",
        [(name or visitor.say("pages.quality.no_channel"), empty.get(name), missing) for name, missing in channels.items()],
    )
    rows += _group(
        visitor, "source", [(words.source(visitor, name), quality, None) for name, quality in found.by_source.items()]
    )
    names = ("n", "accuracy", "macro", "untagged")
    head = "".join(f"<th>{esc(visitor.say(f'pages.quality.{name}'))}</th>" for name in names)
    title = heading(visitor.say("pages.quality.splits"), visitor.say("pages.quality.splits_second"))
    return f'{title}<div class="scroll"><table class="cmp"><tr><th></th>{head}</tr>{rows}</table></div>'


def _group(visitor: Visitor, name: str, rows: Sequence[tuple[str, Quality | None, tuple[float, float] | None]]) -> str:
    if not rows:
        return ""
    title = f'<tr class="gr"><td colspan="5">{esc(visitor.say(f"pages.quality.by.{name}"))}</td></tr>'
    return title + "".join(_split(label, quality, missing) for label, quality, missing in rows)


def _split(label: str, quality: Quality | None, missing: tuple[float, float] | None) -> str:
    n = quality.n if quality else 0
    macro = quality.macro_f1 if quality else None
    right = percent(quality.accuracy) if quality and n else '<td class="mut">—</td>'
    none = (
        f"<td>{missing[0] / missing[1]:.1%} <small>{missing[1]:,.0f}</small></td>"
        if missing and missing[1]
        else '<td class="mut">—</td>'
    )
    shown = "—" if macro is None else f"{macro:.2f}"
    return f'<tr class="{"" if n >= FEW else "few"}"><td>{esc(words.shown(label))}</td><td>{n}</td>{right}<td>{shown}</td>{none}</tr>'


def _sum(rows: Sequence[Untagged]) -> tuple[float, float]:
    """(records without the tag, records)."""
    return sum((one.share.value or 0.0) * one.share.n for one in rows), sum(one.share.n for one in rows)


def _week(visitor: Visitor, start: datetime) -> str:
    """``11-16 – 11-22``, both days within."""
    return visitor.say("pages.quality.week", start=start, end=start + timedelta(days=6, hours=12))


def _none(visitor: Visitor) -> str:
    return f'<p class="none">{esc(visitor.say("pages.quality.none"))}</p>'
