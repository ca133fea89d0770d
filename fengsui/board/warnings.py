"""How the centre deals with its own alerts: claimed in time, and right when somebody looked.

The same rule as for tickets: the due cohort. An alert whose claim deadline fell in the window and that nobody claimed by then
is not met, claimed late or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from fengsui.metrics.intervals import wilson
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import Kpi
from fengsui.store.slices import ALL
from fengsui.store.tables import episode, handling

RESPONSE = Metric(
    "alert_response", "share", {"zh_CN": "预警按时认领率", "en": "Alerts claimed in time"}, "pct", "up", target=1.0, min_n=5
)
ACCURACY = Metric("alert_accuracy", "share", {"zh_CN": "预警准确率", "en": "Alerts that were real"}, "pct", "up", min_n=5)


def warnings(conn: Connection, place: str, start: datetime, end: datetime) -> Mapping[str, Kpi]:
    """metric -> figure over ``[start, end)``. Alerts that are parts of another one are not counted, nor are silent rules."""
    mine = [episode.c.mode == "on", episode.c.parent_id.is_(None), *([episode.c.slice_key == place] if place != ALL else [])]
    asked = select(episode.c.claim_due_at, episode.c.opened_at, handling.c.claimed_at, handling.c.verdict)
    joined = asked.join_from(episode, handling, handling.c.episode_id == episode.c.episode_id).where(*mine)
    due = conn.execute(joined.where(episode.c.claim_due_at >= start, episode.c.claim_due_at < end)).all()
    opened = conn.execute(joined.where(episode.c.opened_at >= start, episode.c.opened_at < end)).all()
    judged = [row.verdict for row in opened if row.verdict in ("real", "false")]
    return {
        RESPONSE.id: _share(RESPONSE, sum(map(_in_time, due)), len(due)),
        ACCURACY.id: _share(ACCURACY, judged.count("real"), len(judged)),
    }


def _in_time(row: Any) -> bool:
    return row.claimed_at is not None and bool(row.claimed_at <= row.claim_due_at)


def _share(metric: Metric, met: int, n: int) -> Kpi:
    if n == 0:
        return Kpi(None, 0, None, None, "no_data", metric.version, metric.target)
    lower, upper = wilson(met, n)
    return Kpi(met / n, n, lower, upper, "few" if n < metric.min_n else "ok", metric.version, metric.target)
