"""A pushed source, read like a polled one: what was delivered to the dashboard, through the mapping, in the order of arrival.

The cursor knows how far a large delivery has been taken and when the newest one came. Our own clock is the source's: an empty
inbox says that nothing came up to now. Where the sender declared a cadence, silence beyond it is believed no longer, and the
watermark waits there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import Engine as Store

from connectors.base import BadRecord, Batch, Capabilities, Cursor, Preview, Receipt, Record
from connectors.gather import map_rows, sort_out
from connectors.mapper import Mapper
from fengsui.ingest import inbox
from fengsui.ingest.inbox import Letter, Unopened
from fengsui.ingest.keys import Vault
from fengsui.store.database import reading

LETTERS = 200
"""Deliveries in one batch, whatever their size."""
IDLE = timedelta(seconds=5)
"""How often the watermark of a silent source moves on."""


@dataclass(slots=True)
class _Heap:
    """What one poll gathers."""

    records: list[Record] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    read: int = 0


class Mailbox:
    """One pushed source. ``promise``: the cadence that its sender declared."""

    kind = "mailbox"
    capabilities = Capabilities(updates=True, deletes=False, clock=False, count_by_day=False, between=False)

    def __init__(self, store: Store, vault: Vault, source: str, mapper: Mapper, promise: timedelta | None) -> None:
        self._store, self._vault, self._source = store, vault, source
        self._mapper, self._promise = mapper, promise

    def ready(self, polled_at: datetime | None, now: datetime) -> bool:
        """Something waits, or the watermark may move on."""
        if polled_at is None or now - polled_at >= IDLE:
            return True
        with reading(self._store).connect() as conn:
            return bool(inbox.waiting(conn, self._source, 1))

    def poll(self, cursor: Cursor | None, limit: int, now: datetime) -> Batch:
        """At most ``limit`` rows of the deliveries that wait; a larger delivery goes on in the next poll."""
        heap, mark = _Heap(), dict(cursor or {})
        with reading(self._store).connect() as conn:
            letters = inbox.waiting(conn, self._source, LETTERS + 1)
            for place, letter in enumerate(letters[:LETTERS]):
                if heap.read >= limit:
                    break
                mark = self._take(conn, letter, mark, limit, heap, now)
                more = bool(mark.get("letter")) or place + 1 < len(letters)
        more = bool(letters) and more
        source_now = self._source_now(mark, now)
        return Batch(
            tuple(heap.records), tuple(heap.bad), mark, more, source_now, not more, heap.read, receipts=tuple(heap.receipts)
        )

    def between(self, start: datetime, end: datetime, limit: int) -> Iterator[Batch]:
        """A sender cannot be asked again."""
        yield from ()

    def count_by_day(self, start: date, end: date, zone: str) -> Mapping[date, int]:
        return {}

    def preview(self, limit: int, now: datetime) -> Preview:
        """The first rows that wait, if any do just now."""
        with reading(self._store).connect() as conn:
            rows = [row for letter in inbox.waiting(conn, self._source, limit) for row in self._rows(conn, letter)][:limit]
        flat = [self._mapper.narrow(row) for row in rows]
        pairs = [(row, outcome) for row in flat for outcome in self._mapper.apply(row, now)]
        return Preview(tuple(row for row, _ in pairs), tuple(one for _, one in pairs), _columns(rows))

    def close(self) -> None:
        """Nothing is held open."""

    def _take(self, conn: Connection, letter: Letter, mark: Cursor, limit: int, heap: _Heap, now: datetime) -> Cursor:
        """Add rows of one delivery to the heap; the cursor after them."""
        begun = mark if mark.get("letter") == letter.inbox_id else {}
        start, bad, code = int(begun.get("row", 0)), int(begun.get("bad", 0)), begun.get("code")
        after: Cursor = {"received_at": letter.received_at.isoformat()}
        try:
            rows = inbox.opened(conn, letter.inbox_id, self._vault)
            part = rows[start : start + limit - heap.read]
            records, wrong = self._mapped(letter, part, now)
        except Unopened as fault:
            heap.receipts.append(Receipt(letter.inbox_id, letter.rows_n, letter.rows_n, fault.code))
            return after
        heap.records += records
        heap.bad += wrong
        heap.read += len(part)
        bad, code = bad + len(wrong), code or (wrong[0].code if wrong else None)
        if start + len(part) < len(rows):
            return {**after, "letter": letter.inbox_id, "row": start + len(part), "bad": bad, "code": code}
        heap.receipts.append(Receipt(letter.inbox_id, len(rows), bad, code))
        return after

    def _mapped(
        self, letter: Letter, part: Sequence[Mapping[str, Any]], now: datetime
    ) -> tuple[tuple[Record, ...], tuple[BadRecord, ...]]:
        try:
            return sort_out(map_rows(self._mapper, part, now))
        except RecursionError:
            raise Unopened(letter.inbox_id, inbox.DEEP) from None

    def _rows(self, conn: Connection, letter: Letter) -> Sequence[Mapping[str, Any]]:
        try:
            return inbox.opened(conn, letter.inbox_id, self._vault)
        except Unopened:
            return ()

    def _source_now(self, mark: Cursor, now: datetime) -> datetime:
        heard = mark.get("received_at")
        if self._promise is None or heard is None:
            return now
        return min(now, datetime.fromisoformat(heard) + self._promise)


def _columns(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({str(name) for row in rows for name in row}))


def typed_mapping(dimensions: Iterable[str]) -> list[dict[str, Any]]:
    """How a figure of a month is read that a manager typed in (``board.typed``): a share of trials, or a count."""
    dims = {name: {"field": f"dims.{name}", "optional": True} for name in dimensions}
    share = {name: name for name in ("name", "start", "end", "numerator", "denominator", "updated_at")}
    return [
        {"shape": "measurement", "when": {"field": "form", "in": ["share"]}, **share, "dims": dims},
        {
            "shape": "measurement",
            "when": {"field": "form", "in": ["count"]},
            "name": "name",
            "start": "at",
            "gauge": "value",
            "dims": dims,
        },
    ]


def staff_mapping(dimensions: Iterable[str]) -> dict[str, Any]:
    """How a report of staff is read: the fields of the form, a dimension each where the centre has it."""
    return {
        "id": "id",
        "kind": {"value": "staff_report"},
        "opened_at": "opened_at",
        "text": "text",
        "dims": {name: {"field": f"dims.{name}", "optional": True} for name in dimensions},
        "extra": ["customers", "urgency", "by"],
    }
