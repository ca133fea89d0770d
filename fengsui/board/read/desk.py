"""The list of the duty desk and the rows of the wall, read live: what people did a second ago is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, or_

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
        return Desk(tuple(_heads(conn, alerts(conn, still_open(), scope), scope)), loop.today(conn, zone, now, scope))


@dataclass(frozen=True, slots=True)
class Burning:
    """``rows``: one for one event. ``every``: the members too, which mark the figures and places that they are about."""

    rows: list[Alert]
    every: list[Alert]


def burning(store: Engine, scope: Scope) -> Burning:
    """What the wall shows: still going on and not closed."""
    with store.connect() as conn:
        found = alerts(conn, still_open(), scope)
        heads = _heads(conn, found, scope)
    return Burning([alert for alert in heads if alert.live], [alert for alert in found if alert.live])


def live(store: Engine, scope: Scope) -> list[Alert]:
    return burning(store, scope).rows


def today(store: Engine, scope: Scope, zone: str, now: datetime) -> dict[str, Any]:
    """The day's loop of ``scope`` (``loop.today``)."""
    with store.connect() as conn:
        return loop.today(conn, zone, now, scope)


def everything_of(store: Engine, scope: Scope, now: datetime, days: int = 7) -> list[Alert]:
    """Open or raised in the last ``days`` days, closed ones last."""
    since = now - timedelta(days=days)
    query = select_alerts().where(or_(episode.c.opened_at >= since, handling.c.state.not_in(CLOSED)))
    with store.connect() as conn:
        found = alerts(conn, query, scope)
    return sorted(found, key=lambda alert: (alert.state in CLOSED, pressing(alert)))


def _heads(conn: Connection, found: list[Alert], scope: Scope) -> list[Alert]:
    """One row for one event: without the members for which their parent speaks. A member that is graver, or that goes on
    after its parent went out or was closed, is a row of its own: the parent's would say less than is true."""
    rows = {alert.episode_id: alert for alert in found}
    closed = {alert.parent_id for alert in found if alert.parent_id} - rows.keys()
    if closed:
        parents = alerts(conn, select_alerts().where(episode.c.episode_id.in_(closed)), scope)
        rows |= {alert.episode_id: alert for alert in parents}
    return [alert for alert in found if not _told_by(rows.get(alert.parent_id or ""), alert)]


def _told_by(parent: Alert | None, member: Alert) -> bool:
    if parent is None or parent.tier < member.tier:
        return False
    return not member.live or (parent.live and parent.state not in CLOSED)
