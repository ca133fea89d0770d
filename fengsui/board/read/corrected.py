"""A window of an alert that rows which came late have changed: what it showed then, and what it shows now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp

from sqlalchemy import Connection, select

from fengsui.board.alert import Alert
from fengsui.metrics import read, windows
from fengsui.metrics.catalogue import Metric
from fengsui.store.slices import slice_id
from fengsui.store.tables import verdict


@dataclass(frozen=True, slots=True)
class Corrected:
    """``at``: end of the window. ``then`` and ``now`` in people's units: events, seconds."""

    at: datetime
    then: float
    now: float


def corrected(conn: Connection, alert: Alert, metric: Metric | None) -> Corrected | None:
    """The newest of the alert's windows that the engine has marked; None where there is none."""
    if metric is None or alert.series is None:
        return None
    mine = (verdict.c.series == alert.series) & verdict.c.corrected & (verdict.c.end_at > alert.started_at)
    newest = select(verdict).where(mine, verdict.c.end_at <= alert.last_at).order_by(verdict.c.end_at.desc()).limit(1)
    row = conn.execute(newest).one_or_none()
    if row is None or row.window_observed is None:
        return None
    id_, step_s = slice_id(alert.slice_key), int((row.end_at - row.start_at).total_seconds())
    steps = read.steps(conn, metric, [id_], row.window_start, row.end_at, step_s)[id_]
    seen = windows.Windows(metric, steps).observed(row.window_start, row.end_at)
    shown = exp if metric.shape == "duration" else float
    return None if seen is None else Corrected(row.end_at, shown(row.window_observed), shown(seen))
