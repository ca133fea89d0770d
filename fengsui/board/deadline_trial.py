"""How many alerts of the last four weeks would have been late with other deadlines: measured from when each clock began, until
somebody first answered or was done. Reads, never writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, select

from fengsui.alerts import definitions
from fengsui.alerts.bodies import ADAPTERS, TierPolicy
from fengsui.alerts.commands.table import UNOWNED
from fengsui.alerts.modes import ON
from fengsui.alerts.tell import effective_tier
from fengsui.board.tier_trial import BACK, may
from fengsui.people import Person
from fengsui.store.database import reading
from fengsui.store.tables import episode, handling, transition

CLAIMED = ("claim", "claim_for", "transfer")
ANSWERED = (*CLAIMED, "review", "merge_into")
"""What ends the wait for somebody: a false alarm needs nobody to handle it."""
_SAYS_NOTHING = ("escalated", "overdue", "worsened", "note", "plan_step", "plan_undo")


@dataclass(frozen=True, slots=True)
class Late:
    """Of ``n`` alerts of a tier: how many passed the deadline for claiming and, of those claimed, for handling, as it is and as
    drafted."""

    n: int
    claim: tuple[int, int]
    handle: tuple[int, int]


class _Moment(NamedTuple):
    """A transition. ``tier``: where it names one."""

    at: datetime
    code: str
    tier: int | None


class _Begun(NamedTuple):
    """When a clock began, and the tier whose limit it had."""

    at: datetime
    tier: int


@dataclass(frozen=True, slots=True)
class _Course:
    """One alert. ``answered`` None: nobody did; ``claimed``: somebody had it, and has not given it back."""

    row: Any
    tier: int
    moments: Sequence[_Moment]
    answered: datetime | None
    claimed: bool


def deadlines(store: Engine, body: Mapping[str, Any], by: Person, now: datetime) -> dict[int, Late]:
    """tier -> what the deadlines of ``body`` (a tier policy) would have missed of the alerts that were told. A general one that
    went out in nobody's hands is left out: nobody waits for it. Raises ``NotAllowed``."""
    may(by)
    with reading(store).connect() as conn:
        drafted: TierPolicy = ADAPTERS["tier_policy"].validate_python(body)
        policies = (definitions.book(conn, now).policy, drafted)
        past = definitions.versions(conn, "tier_policy", "default")
        courses = _courses(conn, now)
    found = {}
    for tier in (3, 2, 1):
        mine = [one for one in courses if one.tier == tier]
        n = [sum(_late(one, clock, each, past, now) for one in mine) for clock in ("claim", "handle") for each in policies]
        found[tier] = Late(len(mine), (n[0], n[1]), (n[2], n[3]))
    return found


def _told(now: datetime) -> Select[Any]:
    """Alerts with a deadline, and what became of them."""
    people = (handling.c.state, handling.c.tier.label("person_tier"), handling.c.machine_tier)
    ends = (handling.c.resolved_at, handling.c.reviewed_at)
    columns = (episode.c.episode_id, episode.c.tier, episode.c.condition, episode.c.opened_at)
    query = select(*columns, episode.c.claim_due_at, episode.c.handle_due_at, *people, *ends)
    joined = query.join(handling, handling.c.episode_id == episode.c.episode_id)
    mine = (episode.c.mode == ON, episode.c.opened_at >= now - BACK, episode.c.claim_due_at.is_not(None))
    return joined.where(*mine)


def _courses(conn: Connection, now: datetime) -> list[_Course]:
    told = _told(now)
    moments: dict[str, list[_Moment]] = defaultdict(list)
    of_told = transition.c.episode_id.in_(select(told.subquery().c.episode_id))
    query = select(transition.c.episode_id, transition.c.at, transition.c.code, transition.c.params)
    wanted = query.where(of_told, transition.c.code.not_in(_SAYS_NOTHING)).order_by(transition.c.at, transition.c.n)
    for id_, at, code, params in conn.execute(wanted).tuples():
        moments[id_].append(_Moment(at, code, params.get("tier")))
    courses = [_course(row, moments[row.episode_id]) for row in conn.execute(told)]
    return [one for one in courses if one.tier > 1 or one.answered is not None or one.row.condition != "cleared"]


def _course(row: Any, moments: list[_Moment]) -> _Course:
    tier = effective_tier({"tier": row.person_tier, "machine_tier": row.machine_tier, "episode_tier": row.tier})
    answered = next((one.at for one in moments if one.code in ANSWERED), None)
    claimed = row.state not in UNOWNED and any(one.code in CLAIMED for one in moments)
    return _Course(row, tier, moments, answered, claimed)


def _late(one: _Course, clock: str, policy: TierPolicy, past: Sequence[tuple[datetime, TierPolicy]], now: datetime) -> bool:
    """A higher tier brings a deadline forward, as ``alerts.deadlines`` does."""
    if clock == "handle" and not one.claimed:
        return False
    end = one.answered if clock == "claim" else one.row.resolved_at or one.row.reviewed_at
    begun = _begun(one, clock, past, end or now)
    until = end or now
    later = [each for each in one.moments if each.code == "raised" and begun.at < each.at <= until]
    clocks = (begun, *(_Begun(each.at, each.tier) for each in later if each.tier))
    return until > min(each.at + _limit(policy, each.tier, clock) for each in clocks)


def _begun(one: _Course, clock: str, past: Sequence[tuple[datetime, TierPolicy]], end: datetime) -> _Begun:
    """The moment from which a limit then in force ends at the deadline that is stored: the opening, a higher tier, a lead taken
    over, a claim that lapsed. One that began only after the answer is another: the first began with the opening."""
    due: datetime = one.row.claim_due_at if clock == "claim" else one.row.handle_due_at
    for each in one.moments:
        tier = each.tier or one.tier
        then = next((body for valid_from, body in reversed(past) if valid_from <= each.at), None)
        if then is not None and each.at <= end and each.at + _limit(then, tier, clock) == due:
            return _Begun(each.at, tier)
    return _Begun(one.row.opened_at, next((each.tier for each in one.moments if each.tier), one.row.tier))


def _limit(policy: TierPolicy, tier: int, clock: str) -> timedelta:
    limits = policy.tiers[str(tier)]  # type: ignore[index]  # "1" | "2" | "3"
    return timedelta(seconds=limits.claim_s if clock == "claim" else limits.handle_s)
