"""What of a metric the scan can count record by record: its time axis, its cases, and which of them went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from fengsui.metrics.measures import ANSWERED_WITHIN_S, CUES
from fengsui.store.tables import feedback

OPENED = "opened_at"
INDEXED = (OPENED, "due_at")
"""Times by which the store finds records at once; those of other times are found by their beginning, in one pass."""


class _Seconds(GenericFunction[float]):
    """From the first time to the second."""

    type = Float()
    inherit_cache = True


@compiles(_Seconds)
def _on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    start, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"round((julianday({end}) - julianday({start})) * 86400, 3)"


@compiles(_Seconds, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    start, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"extract(epoch from {end} - {start})"


@dataclass(frozen=True)
class Counted:
    """``cases``: which records count; ``wrong``: of a rate, those that failed; None for a plain count."""

    at: str
    cases: ColumnElement[bool]
    wrong: ColumnElement[bool] | None = None


def _any_cue(cues: Iterable[str]) -> ColumnElement[bool]:
    return or_(*(_c.tags["cues"][cue].as_string().is_not(None) for cue in cues))


_c = feedback.c
_complaint = _c.kind == "complaint"
_negative = _c.tags["sentiment"].as_string() == "negative"
_told = _c.tags["untagged"].as_string().is_(None)
_taken = or_(_c.answered_at.is_not(None), _c.abandoned_at.is_not(None))
_gave_up = and_(_c.abandoned_at.is_not(None), _c.answered_at.is_(None))
_late = or_(_c.solved_at.is_(None), _c.solved_at > _c.due_at)
_unanswered = or_(_c.answered_at.is_(None), _Seconds(_c.offered_at, _c.answered_at) > ANSWERED_WITHIN_S)

COUNTED: Mapping[str, Counted] = {
    "complaints": Counted(OPENED, _complaint),
    "contacts": Counted(OPENED, true()),
    "negatives": Counted(OPENED, _negative),
    "complaint_rate": Counted(OPENED, true(), _complaint),
    "negative_share": Counted(OPENED, true(), _negative),
    **{f"{name}_share": Counted(OPENED, _told, _any_cue(cues)) for name, cues in CUES.items()},
    "transfer_rate": Counted(OPENED, true(), _c.transfers_n > 0),
    "sla_attainment": Counted("due_at", true(), _late),
    "response_sla": Counted("first_response_at", _c.response_target_s.is_not(None), _c.response_s > _c.response_target_s),
    "service_level_20": Counted("offered_at", _taken, _unanswered),
    "answer_rate": Counted("offered_at", _taken, _gave_up),
    "abandonment": Counted("offered_at", _taken, _gave_up),
}
"""Figures that stand on something else (gauges, stocks, durations, answers of surveys) have no slices of records."""
