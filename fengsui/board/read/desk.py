"""The list of the duty desk and the rows of the wall, read live: what people did a second ago is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, or_

from fengsui.board import loop, seen
from fengsui.board.alert import CLOSED, Alert, alerts, pressing, select_alerts, still_open
from fengsui.board.scope import Scope
from fengsui.store.tables import episode, handling


@dataclass(frozen=True, slots=True)
class Desk:
    """``alerts``: not closed by people, the most pressing first, without those that only explain another one."""

    alerts: tuple[Alert, ...]
    today: dict[str, Any]

    def count(self, tier: int) -> int:
        return sum(alert.tier == tier and not alert.drill for alert in self.alerts)

    def waiting(self) -> int:
        return sum(alert.waiting and not alert.aside and not alert.drill for alert in self.alerts)

    def real(self) -> int:
        """Without exercises."""
        return sum(not alert.drill for alert in self.alerts)

    def silent(self) -> int:
        return sum(alert.silent for alert in self.alerts)


def desk(store: Engine, scope: Scope, zone: str, now: datetime) -> Desk:
    with store.connect() as conn:
        rows = seen.heads(conn, alerts(conn, still_open(drills=True), scope, now), scope)
        return Desk(tuple(rows), loop.today(conn, zone, now, scope))


@dataclass(frozen=True, slots=True)
class Burning:
    """``rows``: one for one event, exercises too. ``every``: the members too, which mark the figures and places that they are
    about; an exercise marks none."""

    rows: list[Alert]
    every: list[Alert]
    silent: int = 0  # alerts that burn and are kept silent: neither of the two has them
    put_off: int = 0  # alerts that people put off: likewise


def burning(store: Engine, scope: Scope, now: datetime | None = None) -> Burning:
    """What the wall shows: still going on and not closed. ``now``: without it nothing is put off."""
    with store.connect() as conn:
        found = alerts(conn, still_open(drills=True), scope, now)
        rows = seen.heads(conn, found, scope)
    loud = [alert for alert in found if alert.live and not alert.aside and not alert.drill]
    silent = sum(alert.live and alert.silent for alert in rows)
    return Burning(seen.burning(found, rows), loud, silent, sum(alert.live and alert.put_off for alert in rows))


def live(store: Engine, scope: Scope) -> list[Alert]:
    """Without exercises: what marks a figure."""
    return [alert for alert in burning(store, scope).rows if not alert.drill]


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
