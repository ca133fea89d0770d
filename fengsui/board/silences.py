"""Silences in force, ahead and over; and what one would have hidden in the last four weeks, before anybody presses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from fengsui.alerts.commands import Wanted
from fengsui.alerts.places import as_stored
from fengsui.alerts.silence import Silence, Weekly, silence_of
from fengsui.board import conditions
from fengsui.board.alert import Alert, alerts, select_alerts
from fengsui.board.definitions import rule_names
from fengsui.board.scope import Scope, sees
from fengsui.board.wrong import Mistake, Wrong
from fengsui.settings import Settings
from fengsui.store.database import reading
from fengsui.store.slices import slice_key
from fengsui.store.tables import episode, person, silence

BACK, DAY = timedelta(days=28), timedelta(days=1)
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Held:
    """``state``: now, paused (a weekly one between two stretches), ahead, over. ``until``: of the stretch that runs."""

    silence: Silence
    place: str
    rule: Mapping[str, str] | None
    reason: str
    by: str
    at: datetime
    state: str
    until: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class Hidden:
    """``rows``: alerts that would not have been told when they opened, the newest first. ``late``: of them, those that still
    burned when the stretch ended, and would have been told then."""

    rows: tuple[Alert, ...]
    late: int
    all: int  # alerts that were told in that time

    def of(self, tier: int) -> int:
        return sum(one.tier == tier for one in self.rows)


def rules(store: Engine, lang: str) -> dict[str, str]:
    """Rule id -> what it is called."""
    with store.connect() as conn:
        return {id_: names.get(lang) or id_ for id_, names in sorted(rule_names(conn).items())}


def where_of(store: Engine, settings: Settings, text: str) -> dict[str, str]:
    """``机构 = 华南/广东`` -> ``{"org.2": "华南/广东"}``, as the data name it; nothing: everywhere. Raises ``Wrong``."""
    found = {}
    for name, values in conditions.parse(settings, text, most=1).items():
        depth = values[0].count("/") + 1
        levels = settings.dimension(name).level_names
        if depth > len(levels):
            raise Wrong([Mistake(("where",), "board.wrong.one_value", {"value": values[0]})])
        found[levels[depth - 1]] = values[0]
    if not found:
        return found
    with reading(store).connect() as conn:
        return as_stored(conn, found)


def silences(store: Engine, scope: Scope, zone: ZoneInfo, now: datetime) -> list[Held]:
    """What runs first, then what comes, then what is over (90 days)."""
    joined = silence.outerjoin(person, person.c.person_id == silence.c.by)
    query = select(silence, person.c.name).select_from(joined).where(silence.c.end_at > now - KEPT)
    with store.connect() as conn:
        rows, rules = conn.execute(query.order_by(silence.c.at.desc())).all(), rule_names(conn)
    found = [_held(row, rules, zone, now) for row in rows if sees(scope, slice_key(row.where))]
    return sorted(found, key=lambda one: ("now", "paused", "ahead", "over").index(one.state))


def would_hide(store: Engine, wanted: Wanted, scope: Scope, zone: ZoneInfo, now: datetime) -> Hidden:
    """As if ``wanted`` had been in force for the last four weeks: a weekly one in its hours, another one throughout. Raises
    ``ValueError`` for weekly hours that are none."""
    weekly = Weekly.of(wanted.weekly) if wanted.weekly else None
    always = Silence("", wanted.rule_id, wanted.where, wanted.tier, now - BACK, now + DAY, weekly)
    query = select_alerts().where(episode.c.opened_at >= now - BACK, episode.c.parent_id.is_(None))
    with store.connect() as conn:
        told = alerts(conn, query, scope)
    ends = [(one, always.until(one.opened_at, zone)) for one in told if always.covers(one.rule_id, one.slice_key, one.tier)]
    hidden = sorted(((one, end) for one, end in ends if end is not None), key=lambda pair: pair[0].opened_at, reverse=True)
    late = sum(weekly is not None and (one.cleared_at is None or one.cleared_at > end) for one, end in hidden)
    return Hidden(tuple(one for one, _ in hidden), late, len(told))


def _held(row: Any, rules: Mapping[str, Mapping[str, str]], zone: ZoneInfo, now: datetime) -> Held:
    one = silence_of(row)
    until = one.until(now, zone)
    state = "over" if one.end_at <= now else "ahead" if one.start_at > now else "now" if until else "paused"
    rule = rules.get(row.rule_id, {}) if row.rule_id else None
    return Held(one, slice_key(row.where), rule, row.reason, row.name or row.by, row.at, state, until, row.ended_by)
