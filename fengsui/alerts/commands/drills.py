"""演练: begun by a manager, told by the next tick, ended by people or by its time (``alerts.drill``)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.scope import within
from fengsui.alerts.commands.table import MANAGER
from fengsui.alerts.commands.words import place, words
from fengsui.alerts.definitions import NotSeeded, book
from fengsui.alerts.drill import RULE
from fengsui.alerts.leader import CLOSED
from fengsui.alerts.modes import DRILL
from fengsui.store.in_turn import in_turn
from fengsui.store.slices import slice_id, slice_key
from fengsui.store.tables import audit, episode, handling

LONGEST_MIN, AT_ONCE = 480, 3
"""How long one may last, and how many may run: an exercise must not bury what is real."""
SCENARIO_MAX = 60


def start_drill(
    store: Engine, by: Person, now: datetime, *, tier: int, where: Mapping[str, str], scenario: str, minutes: int = 60
) -> Done | Refused:
    """``where``: level -> value, empty is the whole centre; ``scenario``: what is practised, in a few words. The same click
    twice within a minute is one drill while that one goes on; one begun again after its end is another."""
    if by.role not in MANAGER:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(MANAGER), "command": "start_drill"})
    with store.connect() as conn:
        found = place(conn, where)
    if isinstance(found, Refused):
        return found
    key = slice_key(found)
    if not within(by.scope, key):
        return Refused("alerts.refused.scope", {"scope": list(by.scope)})
    kept = _scenario(scenario)
    refusal = _wrong(tier, minutes) or (kept if isinstance(kept, Refused) else None)
    if refusal is not None:
        return refusal
    begin = now.replace(second=0, microsecond=0)
    click = "\x1f".join((DRILL, key, str(kept), str(tier), by.person_id, begin.isoformat()))
    with store.begin() as conn:
        in_turn(conn, "drill")  # no two count the same ones
        running = set(conn.scalars(_RUNNING))
        drill_id = _free(conn, click, running)
        if drill_id is None:
            return Done(0)
        if len(running) >= AT_ONCE:
            return Refused("alerts.refused.drills", {"most": AT_ONCE})
        _write(conn, drill_id, key, tier, str(kept), begin, now + timedelta(minutes=minutes), by, now)
    return Done(0)


_RUNNING = (
    select(episode.c.episode_id)
    .join(handling, handling.c.episode_id == episode.c.episode_id)
    .where(episode.c.mode == DRILL, episode.c.condition == "firing", handling.c.state.not_in(CLOSED))
)
"""One that people ended goes out with the next tick, and runs no more."""


def _free(conn: Connection, click: str, running: Set[str]) -> str | None:
    """The id that the click begins; None: the drill that it began goes on."""
    n = 0
    while True:
        text = click if n == 0 else f"{click}\x1f{n}"
        found = blake2b(text.encode(), digest_size=16).hexdigest()
        if found in running:
            return None
        if conn.scalar(select(episode.c.episode_id).where(episode.c.episode_id == found)) is None:
            return found
        n += 1


def _scenario(text: str) -> str | Refused:
    kept = words("scenario", text)
    if not isinstance(kept, Refused) and len(kept) > SCENARIO_MAX:
        return Refused("alerts.refused.value", {"field": "scenario", "value": len(kept), "allowed": [f"<= {SCENARIO_MAX}"]})
    return kept


def _wrong(tier: int, minutes: int) -> Refused | None:
    if tier not in (1, 2, 3):
        return Refused("alerts.refused.value", {"field": "tier", "value": tier, "allowed": [1, 2, 3]})
    if not 1 <= minutes <= LONGEST_MIN:
        return Refused("alerts.refused.value", {"field": "minutes", "value": minutes, "allowed": [f"1-{LONGEST_MIN}"]})
    return None


def _write(
    conn: Connection,
    drill_id: str,
    key: str,
    tier: int,
    scenario: str,
    begin: datetime,
    until: datetime,
    by: Person,
    now: datetime,
) -> None:
    params: dict[str, Any] = {"since": begin.isoformat(), "slice": key, "scenario": scenario, "until": until.isoformat()}
    row: dict[str, Any] = {
        "episode_id": drill_id,
        "rule_id": RULE,
        "rule_version": 0,
        "mode": DRILL,
        "metric": RULE,
        "slice_key": key,
        "slice_id": slice_id(key),
        "condition": "firing",
        "direction": "none",
        "opened_at": now,
        "started_at": begin,
        "last_at": now,
        "grade": tier,
        "peak_grade": tier,
        "tier": tier,
        "likelihood": tier,
        "impact": tier,
        "loss": tier,
        "factors": {},
        "score": 0.0,
        "peak_score": 0.0,
        "reason": "alerts.lead.drill",
        "reason_params": params,
        "explained": [],
        **_deadlines(conn, tier, now),
    }
    conn.execute(insert(episode).values(**row))
    people = {"state": "new", "handling_version": 0, "participants": [], "plan_done": []}
    conn.execute(insert(handling).values(episode_id=drill_id, **people))
    told = {"episode_id": drill_id, "tier": tier, "slice": key, "scenario": scenario, "until": until.isoformat()}
    conn.execute(insert(audit).values(at=now, by=by.person_id, action="drill.start", params=told))


def _deadlines(conn: Connection, tier: int, now: datetime) -> dict[str, datetime]:
    try:
        policy = book(conn, now).policy.tiers[str(tier)]  # type: ignore[index]  # "1" | "2" | "3"
    except NotSeeded:
        return {}
    return {
        "claim_due_at": now + timedelta(seconds=policy.claim_s),
        "handle_due_at": now + timedelta(seconds=policy.handle_s),
    }
