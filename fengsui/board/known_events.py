"""Known events (Double 11, a release, a planned outage): what was announced, a new one as typed, and many from a file.

Times are typed on the centre's wall clock and stored with their offset. Whoever reads a file reads all of it or nothing: every
mistake is told with its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Engine

from fengsui.board import conditions, revision
from fengsui.board.revision import Draft, Revision
from fengsui.board.uploaded_table import MOST_BYTES, NotATable, Why, lines_of
from fengsui.board.wrong import Mistake, Wrong, mistakes_of
from fengsui.locale import say
from fengsui.metrics.event_body import KnownEventBody
from fengsui.metrics.kpis import METRICS
from fengsui.settings import Settings

KIND = "known_event"
COLUMNS = ("id", "name", "start_at", "end_at", "metric", "where", "lift", "margin", "note")
NEEDED = ("name", "start_at", "end_at")
MOST_ROWS, MOST_MISTAKES = 1_000, 50
_UNREAD: Mapping[Why, tuple[str, dict[str, Any]]] = {
    "large": ("board.wrong.file_size", {"limit": MOST_BYTES >> 20}),
    "encoding": ("board.wrong.file_encoding", {}),
    "csv": ("board.wrong.file_csv", {}),
    "workbook": ("board.wrong.file_excel", {}),
}
_FORMATS = (
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
)


@dataclass(frozen=True, slots=True)
class Event:
    """One known event. ``state``: running, ahead, over, withdrawn."""

    revision: Revision
    body: KnownEventBody
    state: str


def events(store: Engine, now: datetime) -> list[Event]:
    """What runs, what is to come (the next first), what is over (the last first)."""
    found = []
    for one in revision.newest(store, KIND).values():
        body = KnownEventBody.model_validate(one.body)
        found.append(Event(one, body, _state(body, now)))
    order = {"running": 0, "ahead": 1, "over": 2, "withdrawn": 3}
    return sorted(found, key=lambda one: (order[one.state], _near(one)))


def _near(one: Event) -> float:
    at = one.body.start_at.timestamp()
    return at if one.state in ("running", "ahead") else -at


def _state(body: KnownEventBody, now: datetime) -> str:
    if body.withdrawn:
        return "withdrawn"
    return "ahead" if now < body.start_at else "running" if now < body.end_at else "over"


def drafted(settings: Settings, cells: Mapping[str, Any], known: Mapping[str, int], reason: str) -> Draft:
    """An event as it was typed. ``known``: id -> version seen. Raises ``Wrong`` with every field that cannot be read."""
    wrong: list[Mistake] = [
        Mistake((name,), "board.wrong.missing") for name in NEEDED if not str(cells.get(name) or "").strip()
    ]
    body: dict[str, Any] = {"name": _text(cells, "name"), "note": _text(cells, "note")}
    for name, read in (("start_at", _moment), ("end_at", _moment), ("lift", _number), ("margin", _number)):
        try:
            if (value := read(settings, name, cells.get(name))) is not None:
                body[name] = value
        except Wrong as fault:
            wrong += fault.mistakes
    try:
        body["metric"] = _metric(_text(cells, "metric"))
        body["where"] = {name: values[0] for name, values in conditions.parse(settings, _text(cells, "where"), most=1).items()}
    except Wrong as fault:
        wrong += fault.mistakes
    if wrong:
        raise Wrong(wrong)
    try:
        plain = KnownEventBody.model_validate(body).model_dump(mode="json")
    except ValidationError as fault:
        raise Wrong(mistakes_of(fault)) from None
    id_ = _text(cells, "id") or _id(body)
    return Draft(KIND, id_, plain, known.get(id_, 0), reason)


def ended(one: Event, now: datetime, reason: str) -> Draft:
    """A running event ends now; one to come does not take place."""
    change: dict[str, Any] = {"end_at": now.isoformat()} if one.state == "running" else {"withdrawn": True}
    return Draft(KIND, one.revision.id, {**one.body.model_dump(mode="json"), **change}, one.revision.version, reason)


def read_file(settings: Settings, name: str, content: bytes, known: Mapping[str, int], reason: str) -> list[Draft]:
    """The events of a CSV or Excel file. Raises ``Wrong``; the first part of a mistake's place is its line."""
    try:
        rows = lines_of(name, content, MOST_ROWS + 2)
    except NotATable as fault:
        raise Wrong([Mistake(("file",), *_UNREAD[fault.why])]) from fault
    if not rows:
        raise Wrong([Mistake(("file",), "board.wrong.file_empty")])
    heads = _heads(rows[0])
    found: list[Draft] = []
    wrong: list[Mistake] = []
    seen: dict[str, int] = {}
    for n, row in enumerate(rows[1:], 2):
        cells = dict(zip(heads, row, strict=False))
        if not any(str(value or "").strip() for value in cells.values()):
            continue
        try:
            draft = drafted(settings, {name: cells.get(name) for name in COLUMNS}, known, reason)
        except Wrong as fault:
            wrong += [Mistake((n, *one.place), one.code, one.params) for one in fault.mistakes]
            continue
        if draft.id in seen:
            wrong.append(Mistake((n, "id"), "board.wrong.twice", {"value": draft.id, "line": seen[draft.id]}))
        seen[draft.id] = n
        found.append(draft)
    if len(rows) - 1 > MOST_ROWS:
        wrong = [Mistake(("file",), "board.wrong.file_rows", {"limit": MOST_ROWS})]
    if not found and not wrong:
        wrong = [Mistake(("file",), "board.wrong.file_empty")]
    if wrong:
        raise Wrong(wrong[:MOST_MISTAKES])
    return found


def template(lang: str) -> bytes:
    """A CSV with the headings and an example, as ``read_file`` takes it."""
    heads = [say(lang, f"board.event.{name}") for name in COLUMNS]
    example = [say(lang, f"board.event.example.{name}") for name in COLUMNS]
    out = io.StringIO()
    csv.writer(out).writerows([heads, example])
    return out.getvalue().encode("utf-8-sig")


def _heads(row: Sequence[Any]) -> list[str]:
    names = {name: name for name in COLUMNS}
    names |= {say(lang, f"board.event.{name}"): name for lang in ("zh_CN", "en") for name in COLUMNS}
    heads = [names.get(str(cell or "").strip(), str(cell or "").strip()) for cell in row]
    missing = [say("zh_CN", f"board.event.{name}") for name in NEEDED if name not in heads]
    strange = [head for head in heads if head and head not in COLUMNS]
    if missing or strange:
        code = "board.wrong.columns_missing" if missing else "board.wrong.columns_strange"
        allowed = [say("zh_CN", f"board.event.{name}") for name in COLUMNS]
        raise Wrong([Mistake((1,), code, {"value": missing or strange, "allowed": allowed})])
    return heads


def _text(cells: Mapping[str, Any], name: str) -> str:
    return str(cells.get(name) if cells.get(name) is not None else "").strip()


def _moment(settings: Settings, name: str, value: Any) -> str | None:
    """On the centre's wall clock; one with an offset keeps it."""
    if value is None or not str(value).strip():
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001  a wall clock, given its zone below
    at = value if isinstance(value, datetime) else read_moment(name, str(value).strip())
    return (at if at.tzinfo else at.replace(tzinfo=settings.centre.tz)).isoformat()


def read_moment(name: str, text: str) -> datetime:
    """A moment as people type it; on a wall clock unless it has an offset. Raises ``Wrong`` at field ``name``."""
    for format_ in _FORMATS:
        try:
            return datetime.strptime(text, format_)  # noqa: DTZ007  a wall clock, given its zone by the caller
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Wrong([Mistake((name,), "board.wrong.time", {"value": text[:40]})]) from None


def _number(settings: Settings, name: str, value: Any) -> float | None:
    """``3``, ``3倍``, ``20%``."""
    text = str(value if value is not None else "").strip().removesuffix("倍").removesuffix("x").strip()
    if not text:
        return None
    share = text.endswith("%")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise Wrong([Mistake((name,), "board.wrong.number", {"value": text[:40]})]) from None
    return number / 100 if share else number


def _metric(text: str) -> str | None:
    if not text:
        return None
    named = {say(lang, f"locale.metric.{id_}"): id_ for id_ in METRICS for lang in ("zh_CN", "en")}
    return named.get(text, text)


def _id(body: Mapping[str, Any]) -> str:
    """Of its name and start: the same row imported again is the same event."""
    about = f"{body['name']}\0{datetime.fromisoformat(body['start_at']).timestamp():.0f}"
    return f"e-{blake2b(about.encode(), digest_size=5).hexdigest()}"
