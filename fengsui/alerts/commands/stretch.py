"""标注一段: what a stretch of time was, said by a person, with or without an alert: a definition of kind ``stretch``.

Real and expected stretches are no history to compare with; a new normal begins one; missed: an alert was due.
An expected one with a name also becomes a known event, with the lift that was seen; where it comes back, that of the same days
of next year, too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Engine

from fengsui.alerts import definitions
from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.scope import within
from fengsui.metrics.catalogue import METRICS
from fengsui.metrics.event_body import NAME_MAX
from fengsui.people.plain import plain, readable
from fengsui.store.slices import slice_levels

VERDICTS = ("real", "expected", "false", "new_normal", "missed")
ROLES = ("manager", "admin", "analyst")
LONGEST = timedelta(days=56)
LIFTS = (0.01, 100.0)
NOTE_MAX = 500
NEXT_MARGIN = 0.3
"""How far next year may lie from what was seen this year."""


def mark_stretch(
    store: Engine,
    by: Person,
    now: datetime,
    *,
    metric: str,
    slice_key: str,
    levels: Collection[str],
    start: datetime,
    end: datetime,
    verdict: str | None,
    name: str | None = None,
    note: str | None = None,
    lift: float | None = None,
    again: bool = False,
) -> Done | Refused:
    """A later verdict on the same stretch is its next version. ``levels``: those whose figures everybody may see, none that
    names single persons (坐席), for everybody sees what is kept here. ``lift``: what was seen over what was usual. ``again``:
    the same is expected next year."""
    name, note = plain(name or ""), readable(note or "")
    refused = _refused(by, metric, slice_key, start, end, verdict, name, note) or _closed(slice_key, levels)
    if refused is not None:
        return refused
    span = {"start_at": start.isoformat(), "end_at": end.isoformat()}
    body = {**span, "verdict": verdict, "metric": metric, "slice_key": slice_key, "name": name, "note": note}
    id_ = blake2b(f"{metric}\0{slice_key}\0{start.timestamp()}\0{end.timestamp()}".encode(), digest_size=6).hexdigest()
    with store.begin() as conn:
        version = definitions.save(conn, "stretch", id_, {**body, "lift": lift}, by.person_id, now)
        if verdict == "expected" and name:
            event = _event(body, lift)
            definitions.save(conn, "known_event", f"s-{id_}", event, by.person_id, now)
            if again:
                later = {name: _next_year(at).isoformat() for name, at in (("start_at", start), ("end_at", end))}
                shifted = {**event, **later, "margin": NEXT_MARGIN}
                definitions.save(conn, "known_event", f"s-{id_}-next", shifted, by.person_id, now)
    return Done(version)


def _next_year(at: datetime) -> datetime:
    """The same day and hour; the 28th for a 29th of February."""
    try:
        return at.replace(year=at.year + 1)
    except ValueError:
        return at.replace(year=at.year + 1, day=28)


def _event(body: dict[str, Any], lift: float | None) -> dict[str, Any]:
    known = 1.0 if lift is None else min(max(round(lift, 2), LIFTS[0]), LIFTS[1])
    kept = {name: body[name] for name in ("name", "start_at", "end_at", "metric", "note")}
    return {**kept, "where": slice_levels(body["slice_key"]), "lift": known}


def _refused(
    by: Person,
    metric: str,
    slice_key: str,
    start: datetime,
    end: datetime,
    verdict: str | None,
    name: str | None,
    note: str | None,
) -> Refused | None:
    if by.role not in ROLES:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(ROLES), "command": "mark_stretch"})
    if not within(by.scope, slice_key):
        return Refused("alerts.refused.scope", {"scope": list(by.scope)})
    if not verdict:
        return Refused("alerts.refused.needs", {"field": "verdict"})
    wrong = {
        "verdict": verdict not in VERDICTS and (verdict, list(VERDICTS)),
        "metric": metric not in METRICS and (metric, sorted(METRICS)),
        "end": not timedelta() < end - start <= LONGEST and (end.isoformat(), [f"<= {LONGEST.days} d"]),
        "name": len(name or "") > NAME_MAX and (len(name or ""), [f"<= {NAME_MAX}"]),
        "note": len(note or "") > NOTE_MAX and (len(note or ""), [f"<= {NOTE_MAX}"]),
    }
    for field, found in wrong.items():
        if found:
            return Refused("alerts.refused.value", {"field": field, "value": found[0], "allowed": found[1]})
    return None


def _closed(slice_key: str, levels: Collection[str]) -> Refused | None:
    named = sorted(set(slice_levels(slice_key)) - set(levels))
    return Refused("alerts.refused.persons", {"levels": named, "allowed": list(levels)}) if named else None
