"""What did not get through: shown on the wall, never only in a log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, or_, select

from fengsui.store.tables import outbox

LATE_S = 60
SHOWN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """``waiting``: a minute late, refused at least once, or held back with its channel; ``failed``: given up within the last
    day. ``oldest``: of both. What waits for the end of quiet hours is on time."""

    waiting: int
    failed: int
    oldest: datetime | None
    fault_codes: tuple[str, ...]

    @property
    def n(self) -> int:
        return self.waiting + self.failed


def stuck(now: datetime, back: timedelta = SHOWN) -> ColumnElement[bool]:
    """Rows of the outbox that do not get through, or were given up less than ``back`` ago. A refused one counts at once: each
    try moves its time ahead, so it is never late. ``due_at`` of a failed one is when it was given up, maybe a day after."""
    held = or_(outbox.c.tries > 0, outbox.c.fault_code.is_not(None))
    late = (outbox.c.state == "pending") & or_(outbox.c.due_at < now - timedelta(seconds=LATE_S), held)
    return or_(late, (outbox.c.state == "failed") & (outbox.c.due_at > now - back))


def undelivered(conn: Connection, now: datetime) -> Undelivered:
    query = select(outbox.c.state, outbox.c.fault_code, func.count(), func.min(outbox.c.created_at))
    rows = conn.execute(query.where(stuck(now)).group_by(outbox.c.state, outbox.c.fault_code)).all()
    counts = {state: sum(row[2] for row in rows if row[0] == state) for state in ("pending", "failed")}
    oldest = min((row[3] for row in rows), default=None)
    return Undelivered(counts["pending"], counts["failed"], oldest, tuple(sorted({row[1] for row in rows if row[1]})))
