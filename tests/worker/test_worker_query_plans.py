"""No statement of an ordinary minute walks through a table that grows for ever: what is quick on the first day stays so."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from tests.worker.channel import MINUTE, START, Plant
from tests.worker.walker import LATE, filled

GROWING = (
    "verdict",
    "rollup",
    "feedback",
    "feedback_text",
    "event",
    "transition",
    "poll",
    "tick",
    "rule_record",
    "audit",
)
CALM, BURNING = 3, 9
"""A minute in which nothing happens, and one in which an alert lives."""


def test_no_statement_of_a_minute_walks_a_growing_table(small: Plant) -> None:
    small.channels["tickets"] = filled(12)
    line = small.start()
    plans: dict[str, set[str]] = {}

    def explain(conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if many or not statement.startswith(("SELECT", "UPDATE", "DELETE")):
            return
        rows = conn.connection.dbapi_connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        plans.setdefault(statement, set()).update(detail for *_, detail in rows)

    for n in range(BURNING + 1):
        if n in (CALM, BURNING):
            event.listen(small.store, "before_cursor_execute", explain)
        line.minute(START + n * MINUTE + LATE)
        if n in (CALM, BURNING):
            event.remove(small.store, "before_cursor_execute", explain)
    assert len(plans) > 20
    walked = {statement: found for statement, details in plans.items() if (found := sorted(filter(_walks, details)))}
    assert not walked, "\n".join(f"{found} {statement}" for statement, found in walked.items())


def _walks(detail: str) -> bool:
    """``SEARCH verdict USING INDEX ix_verdict_seq (seq>?)`` has a bound; without one the whole index is read. The grain of a
    roll-up is none: half of the table is of one grain."""
    words = detail.split()
    if words[0] not in ("SCAN", "SEARCH") or words[1] not in GROWING:
        return False
    return "(" not in detail or (words[1] == "rollup" and "slice_id=?" not in detail)
