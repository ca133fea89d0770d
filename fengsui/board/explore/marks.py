"""What people announced or said of stretches of time: which of them concern a question, and what they do to its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from fengsui.board import definitions
from fengsui.board.explore.question import Question
from fengsui.explore import read
from fengsui.store.slices import slice_levels

UNLIKE = ("real", "expected")


class About(Protocol):
    """A figure at a place; a ``Question`` is one."""

    @property
    def metric(self) -> str: ...
    @property
    def slice_key(self) -> str: ...


def unlike(conn: Connection, question: Question) -> list[read.Span]:
    """Spans that are no usual history: announced events, and stretches that people called real or expected."""
    events = (body for _, body in definitions.newest(conn, "known_event").values())
    said = (body for _, body in definitions.newest(conn, "stretch").values() if body.get("verdict") in UNLIKE)
    return [span(body) for body in (*events, *said) if concerns(body, question)]


def since(conn: Connection, question: Question) -> datetime | None:
    """The oldest record; or where the newest new normal of this place began before the window."""
    first = read.first_at(conn)
    said = (body for _, body in definitions.newest(conn, "stretch").values() if body.get("verdict") == "new_normal")
    begun = [begin for begin in (span(body)[0] for body in said if concerns(body, question)) if begin < question.start]
    return max([*begun, *([first] if first else [])], default=None)


def span(body: Mapping[str, Any]) -> read.Span:
    return datetime.fromisoformat(str(body["start_at"])), datetime.fromisoformat(str(body["end_at"]))


def names(body: Mapping[str, Any]) -> dict[str, str]:
    """In every language there is; of a stretch without a name its verdict's is said by the page."""
    name = body.get("name") or {}
    return dict(name) if isinstance(name, Mapping) else {"zh_CN": str(name), "en": str(name)}


def concerns(body: Mapping[str, Any], question: About) -> bool:
    """The same figure (or all), at this place, around it, or inside it."""
    if body.get("withdrawn") or body.get("metric") not in (None, "", question.metric):
        return False
    where = body.get("where") or slice_levels(str(body.get("slice_key") or "all"))
    return _met(where, slice_levels(question.slice_key))


def _met(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """No dimension tells the two places apart."""
    for level, value in one.items():
        dimension = level.partition(".")[0]
        mine = [have for name, have in other.items() if name.partition(".")[0] == dimension]
        if mine and not any(_along(value, have) for have in mine):
            return False
    return True


def _along(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
