"""Words in many alerts: once in what each sort of alert is called, and in what people wrote where the store says it may be.

An alert says a word where any one of its texts does: title, place, number, rule, owner; notes, opinions, cause and lesson;
promises and actions with their result; notes on contacts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, case, func, literal, or_, select

from fengsui.alerts import wording
from fengsui.board.alert import number
from fengsui.board.definitions import rule_names
from fengsui.locale import say
from fengsui.locale.catalogue import catalogue
from fengsui.locale.say import holes
from fengsui.store.tables import contact, episode, person, task, transition

HEAD = (episode.c.episode_id, episode.c.rule_id, episode.c.slice_key)
_MORE = (episode.c.metric, episode.c.reason, episode.c.day, episode.c.day_n, person.c.name.label("owner_name"))
_SAME = " -~\u2000-\u206f\u3000-\u303f\u3041-\u30ff\u3400-\u9fff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\n"
"""Signs that the store compares as ``folded`` does (or that are no part of a word): a text with any other is read here."""
_LIKE_HAN = "\u2e80-\u2fdf\u3200-\u33ff\uf900-\ufaff\U0001f200-\U0001f2ff\U0002f800-\U0002fa1f"
"""Signs that ``folded`` may make Chinese characters of: nothing else hides a word of these alone."""
_HAN = re.compile(r"[\u3400-\u9fff]+")
_EXTRA = set(wording.TOLD)
_RUN = re.compile(r"\w+")


def folded(text: str) -> str:
    """As it is compared: full and half width, upper and lower case are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def columns(lang: str) -> tuple[ColumnElement[Any], ...]:
    """What ``saying`` reads of an alert; the parameters of its sentence only where its title names any of them."""
    titles = {code: holes(words) for code, words in catalogue(lang).items() if code.startswith(wording.TITLE)}
    telling = [
        f"{wording.LEAD}{code.removeprefix(wording.TITLE)}" for code, found in titles.items() if {n for n, _ in found} & _EXTRA
    ]
    params = case((episode.c.reason.in_(telling), episode.c.reason_params), else_=None).label("reason_params")
    return (*HEAD, *_MORE, params)


def saying(conn: Connection, rows: Sequence[Any], asked: Sequence[str], lang: str) -> list[Any]:
    """Those of ``rows`` (``columns``) that say each of ``asked`` (folded), in their order. ``lang``: of titles and names."""
    shown, written = _shown(rule_names(conn), lang), _written(conn, asked)
    digits = {word for word in asked if any(sign.isdigit() for sign in word)}
    return [
        one
        for one in rows
        if all(
            one.episode_id in written[word] or word in shown(one) or (word in digits and word in number(one)) for word in asked
        )
    ]


def _shown(names: Mapping[str, Mapping[str, str]], lang: str) -> Callable[[Any], str]:
    """What pages call an alert, but for its number; those of one sort at one place are called the same and said once."""
    known: dict[tuple[Any, ...], str] = {}

    def shown(row: Any) -> str:
        told = tuple(map(str, (row.reason_params or {}).values()))
        sort = (row.reason, row.metric, row.slice_key, row.rule_id, row.owner_name, *told)
        if sort not in known:
            code, params = wording.title({**row._mapping, "reason_params": row.reason_params or {}})
            rule = names.get(row.rule_id, {}).get(lang) or row.rule_id
            known[sort] = folded("\n".join((say(lang, code, params), row.slice_key, rule, row.owner_name or "")))
        return known[sort]

    return shown


def _written(conn: Connection, asked: Sequence[str]) -> dict[str, set[str]]:
    """word -> the alerts of which somebody wrote it. One walk over each table, whatever is asked."""
    found: dict[str, set[str]] = {word: set() for word in asked}
    cause, lesson = (
        case((transition.c.code == "review", transition.c.params[name].as_string())) for name in ("cause", "lesson")
    )
    _read(conn, found, transition.c.episode_id, (transition.c.note, cause, lesson), transition.c.axis == "person")
    _read(conn, found, task.c.episode_id, (task.c.text, task.c.result), task.c.episode_id.is_not(None))
    _read(conn, found, contact.c.episode_id, (contact.c.note,), contact.c.note.is_not(None))
    return found


def _read(
    conn: Connection,
    found: Mapping[str, set[str]],
    id_: ColumnElement[Any],
    texts: Sequence[ColumnElement[Any]],
    mine: ColumnElement[bool],
) -> None:
    """The store looks for the longest run of letters of each word, and for signs that only ``folded`` can read."""
    runs = [max(_RUN.findall(word), key=len, default="") for word in found]
    signs = _LIKE_HAN if all(_HAN.fullmatch(run) for run in runs) else f"^{_SAME}"
    may = [func.lower(text).contains(run, autoescape=True) for text in texts for run in runs]
    odd = [_has(conn, text, signs) for text in texts]
    for episode_id, *said in conn.execute(select(id_, *texts).where(mine, or_(*may, *odd))):
        text = folded("\n".join(one for one in said if one))
        for word, ids in found.items():
            if word in text:
                ids.add(episode_id)


def _has(conn: Connection, column: ColumnElement[Any], signs: str) -> ColumnElement[bool]:
    if conn.dialect.name == "sqlite":
        return column.op("GLOB")(f"*[{signs}]*")
    return column.op("~")(literal(f"[{signs}]", String))
