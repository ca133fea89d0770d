"""A scratch channel store fed from a file of history, which never knows more than was known at the virtual ``now``.

A row of history becomes several facts: it appears at its opening time with its later columns blank, and each later column
(first response, closing and what they reveal) is filled in at its own time. Without that, a replay would see on Monday that
a ticket is solved on Friday.
"""

from __future__ import annotations

import csv
import gzip
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fengsui.replay.history import BadHistory
from fengsui.settings.replay import Later, Replay

TABLE = "history"
OURS = ("row_id", "updated_at")
"""Columns of the scratch store that the history must not have: ``updated_at`` is when a fact became known."""


@dataclass(frozen=True, slots=True)
class _Fact:
    """At ``at``, row ``row`` appears (``later`` None) or its ``later`` columns become known."""

    at: datetime
    row: int
    later: Later | None


class Feeder:
    """Feeds ``path`` (SQLite, made anew) from rows of history between ``start`` and ``end``.

    ``advance(now)`` applies every fact up to ``now`` and returns how many there were.
    """

    def __init__(self, path: Path, rows: Sequence[Mapping[str, str]], plan: Replay) -> None:
        self._rows = rows
        self._plan = plan
        self._facts = sorted(_facts(rows, plan), key=lambda fact: (fact.at, fact.row))
        self._next = 0
        self._columns = tuple(rows[0]) if rows else ()
        self._store = sqlite3.connect(path, isolation_level=None)
        self._create()

    @property
    def next_at(self) -> datetime | None:
        """When the next fact becomes known; None at the end of history."""
        return self._facts[self._next].at if self._next < len(self._facts) else None

    @property
    def first_at(self) -> datetime | None:
        return self._facts[0].at if self._facts else None

    @property
    def last_at(self) -> datetime | None:
        return self._facts[-1].at if self._facts else None

    def advance(self, now: datetime) -> int:
        due = self._due(now)
        if not due:
            return 0
        self._store.execute("begin")
        for fact in due:
            self._apply(fact)
        self._store.execute("commit")
        return len(due)

    def close(self) -> None:
        self._store.close()

    def _due(self, now: datetime) -> list[_Fact]:
        first = self._next
        while self._next < len(self._facts) and self._facts[self._next].at <= now:
            self._next += 1
        return self._facts[first : self._next]

    def _create(self) -> None:
        columns = ", ".join(f"{_quoted(name)} text" for name in self._columns)
        self._store.execute("pragma journal_mode = wal")
        self._store.execute("pragma synchronous = off")  # a scratch store: a crash starts the replay again
        self._store.execute(f"create table {TABLE} (row_id text primary key, updated_at text not null, {columns})")
        self._store.execute(f"create index by_updated_at on {TABLE} (updated_at, row_id)")

    def _apply(self, fact: _Fact) -> None:
        row, key = self._rows[fact.row], f"{fact.row:09d}"
        if fact.later is None:
            values = [None if name in self._plan.later_columns else row[name] for name in self._columns]
            marks = ", ".join("?" * (len(values) + 2))
            self._store.execute(f"insert into {TABLE} values ({marks})", (key, _text(fact.at), *values))
            return
        names = fact.later.columns
        sets = ", ".join(f"{_quoted(name)} = ?" for name in names)
        values = [row[name] for name in names]
        self._store.execute(f"update {TABLE} set updated_at = ?, {sets} where row_id = ?", (_text(fact.at), *values, key))


def read_history(path: Path, plan: Replay, start: datetime | None, end: datetime | None) -> list[dict[str, str]]:
    """Rows of a CSV (``.gz`` or plain, UTF-8, in any order) whose opening time lies in ``[start, end)``; rows without one
    are left out. Raises BadHistory."""
    if start is not None and end is not None and start >= end:
        raise BadHistory("stretch", start=start.isoformat(), end=end.isoformat())
    opening = gzip.open if path.suffix == ".gz" else open
    try:
        with opening(path, "rt", encoding="utf-8-sig", newline="") as file:
            return list(_rows(csv.DictReader(file), plan, start, end))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as mistake:  # half a .gz, another encoding …
        raise BadHistory("unreadable", why=type(mistake).__name__) from None


def _rows(reader: csv.DictReader[str], plan: Replay, start: datetime | None, end: datetime | None) -> Iterator[dict[str, str]]:
    _check(reader.fieldnames or (), plan)
    for row in reader:
        row.pop(None, None)  # cells behind the last column
        for later in plan.later:
            _read(row, later.at, plan, reader.line_num)
        if _inside(_read(row, plan.opened, plan, reader.line_num), start, end):
            yield row


def _check(names: Sequence[str], plan: Replay) -> None:
    """The columns that the plan names are there, and no two are one to SQLite, which knows no case."""
    for name in (plan.opened, *sorted(plan.later_columns)):
        if name not in names:
            raise BadHistory("column", column=name, allowed=", ".join(names))
    taken = set(OURS)
    for name in names:
        if name.casefold() in taken:
            raise BadHistory("taken", column=name)
        taken.add(name.casefold())


def _read(row: Mapping[str, str], column: str, plan: Replay, line: int) -> datetime | None:
    try:
        return _time(row, column, plan)
    except (ValueError, OverflowError):
        raise BadHistory("time", column=column, line=line) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _inside(at: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    return at is not None and (start is None or at >= start) and (end is None or at < end)


def _facts(rows: Iterable[Mapping[str, str]], plan: Replay) -> Iterator[_Fact]:
    for index, row in enumerate(rows):
        opened = _time(row, plan.opened, plan)
        if opened is None:
            continue
        known = opened + plan.delay
        yield _Fact(known, index, None)
        for later in plan.later:
            at = _time(row, later.at, plan)
            if at is not None:
                yield _Fact(max(at, known), index, later)


def _time(row: Mapping[str, str], column: str, plan: Replay) -> datetime | None:
    text = (row.get(column) or "").strip()
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(plan.zone))).astimezone(UTC)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
