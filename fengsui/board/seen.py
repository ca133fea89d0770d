"""The alerts that people see: one row for one event. The list, the wall, the counts of both and the loop of the day ask here.

A member is a row of its own only where its leader does not say all there is to say of it (``alerts.leader``): it is graver, or
goes on after its leader is over. So it is where the reader may not see the leader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from fengsui.alerts.leader import Leader
from fengsui.board.alert import Alert, alerts, select_alerts
from fengsui.board.scope import Scope
from fengsui.store.tables import episode


def heads(conn: Connection, found: Sequence[Alert], scope: Scope) -> list[Alert]:
    """Those of ``found`` that people see, in the same order."""
    leaders = _leaders(conn, found, scope)
    return [alert for alert in found if not _told(leaders, alert)]


def burning(found: Iterable[Alert], rows: Sequence[Alert]) -> list[Alert]:
    """Those of ``rows`` whose event still goes on: themselves, or a member for which they speak."""
    groups = {alert.group for alert in found if alert.live}
    return [alert for alert in rows if (alert.live or alert.episode_id in groups) and not alert.aside]


def _leaders(conn: Connection, found: Sequence[Alert], scope: Scope) -> Mapping[str, Alert]:
    rows = {alert.episode_id: alert for alert in found}
    away = {alert.parent_id for alert in found if alert.parent_id} - rows.keys()
    if away:
        more = alerts(conn, select_alerts().where(episode.c.episode_id.in_(away)), scope)
        rows |= {alert.episode_id: alert for alert in more}
    return rows


def _told(leaders: Mapping[str, Alert], alert: Alert) -> bool:
    above = leaders.get(alert.parent_id or "")
    if above is None:
        return False
    leader = Leader(max(above.tier, above.machine_tier), above.live, above.state, above.verdict, above.silent)
    return leader.speaks_for(alert.tier, burns=alert.live)
