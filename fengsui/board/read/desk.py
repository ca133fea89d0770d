"""The list of the duty desk and the rows of the wall, read live: what people did a second ago is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, or_

from fengsui.board import loop
from fengsui.board.alert import CLOSED, Alert, alerts, pressing, select_alerts, still_open
from fengsui.board.scope import Scope
from fengsui.store.tables import episode, handling


@dataclass(frozen=True, slots=True)
class Desk:
    """``alerts``: not closed by people, the most pressing first, without those that only explain another one."""

    alerts: tuple[Alert, ...]
    today: dict[str, Any]

    def count(self, tier: int) -> int:
        return sum(alert.tier == tier for alert in self.alerts)

    def waiting(self) -> int:
        return sum(alert.waiting for alert in self.alerts)


def desk(store: Engine, scope: Scope, zone: str, now: datetime) -> Desk:
    with store.connect() as conn:
        return Desk(tuple(heads(alerts(conn, still_open(), scope))), loop.today(conn, zone, now, scope))


def live(store: Engine, scope: Scope) -> list[Alert]:
    """What the wall shows: still going on and not closed."""
    with store.connect() as conn:
        return [alert for alert in heads(alerts(conn, still_open(), scope)) if alert.live]


def everything_of(store: Engine, scope: Scope, now: datetime, days: int = 7) -> list[Alert]:
    """Open or raised in the last ``days`` days, closed ones last."""
    since = now - timedelta(days=days)
    query = select_alerts().where(or_(episode.c.opened_at >= since, handling.c.state.not_in(CLOSED)))
    with store.connect() as conn:
        found = alerts(conn, query, scope)
    return sorted(found, key=lambda alert: (alert.state in CLOSED, pressing(alert)))


def heads(found: list[Alert]) -> list[Alert]:
    """One row for one event: without the members whose parent is in the list. A member that is graver, or that goes on
    after its parent went out, is a row of its own: the parent's would say less than is true."""
    rows = {alert.episode_id: alert for alert in found}
    return [alert for alert in found if not _told_by(rows.get(alert.parent_id or ""), alert)]


def _told_by(parent: Alert | None, member: Alert) -> bool:
    return parent is not None and parent.tier >= member.tier and (parent.live or not member.live)
