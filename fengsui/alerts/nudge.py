"""Reminders to one person before something of theirs is late: an alert in hand, a 续报 of a severe one, a promise, an action.

Each deadline is told at two moments (``Moment``): a little before it, and where nothing else tells it, when it has passed. A
moment is told by the advance that passes it, so a worker that slept tells it late and nobody hears it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select

from fengsui.alerts import drill, lapse
from fengsui.alerts.bodies import TierPolicy
from fengsui.alerts.commands.table import OWNED
from fengsui.alerts.desk import Desk
from fengsui.alerts.modes import DRILL
from fengsui.alerts.tell import News, effective_tier
from fengsui.store.tables import episode, handling, task, transition

SEVERE = 3
CLAIM_LEAD, REPORT_LEAD, PROMISE_LEAD, ACTION_LEAD = (timedelta(minutes=n) for n in (30, 5, 15, 24 * 60))
LAPSE_LEAD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Moment:
    """``what``: claim, report, lapse, promise, action. ``late``: the deadline has passed; else it comes."""

    at: datetime
    what: str
    subject: str
    due_at: datetime
    owner: str
    tier: int
    late: bool = False
    episode: bool = True
    drill: bool = False


def nudge(desk: Desk, before: datetime | None) -> None:
    """Once a minute. ``before``: when alerts last advanced; the first time ever nothing is told."""
    until = _minute(desk.now)
    if before is None or before >= until:
        return
    since = _minute(before)
    for moment in (*_of_alerts(desk), *_of_tasks(desk)):
        if since < moment.at <= until:
            _tell(desk, moment)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def report_due(tier: int, claimed_at: datetime | None, last: datetime | None, policy: TierPolicy) -> datetime | None:
    """When the next 续报 of an alert in hand is due; ``last``: the newest one. None where none is asked for."""
    if tier < SEVERE or policy.report_s is None or claimed_at is None:
        return None
    return max(claimed_at, last or claimed_at) + timedelta(seconds=policy.report_s)


def lead(whole: timedelta, most: timedelta) -> timedelta:
    """How long before a deadline it is told: never more than a quarter of the time there was."""
    return min(most, whole / 4)


def _of_alerts(desk: Desk) -> Iterator[Moment]:
    for row in desk.conn.execute(_IN_HAND):
        for moment in _of_alert(desk, row):
            yield replace(moment, drill=row.mode == DRILL)


def _of_alert(desk: Desk, row: Any) -> Iterator[Moment]:
    policy = desk.book.policy
    tier = effective_tier({"tier": row.person_tier, "machine_tier": row.machine_tier, "episode_tier": row.tier})
    if row.handle_due_at is not None and row.claimed_at is not None:
        early = lead(row.handle_due_at - row.claimed_at, CLAIM_LEAD)
        if early > timedelta():  # else it was late when it was claimed, and managers hear of it
            yield Moment(row.handle_due_at - early, "claim", row.episode_id, row.handle_due_at, row.owner, tier)
    due = report_due(tier, row.claimed_at, row.last_note, policy)
    if due is not None:
        span = timedelta(seconds=policy.report_s or 0)
        yield Moment(due - lead(span, REPORT_LEAD), "report", row.episode_id, due, row.owner, tier)
        yield Moment(due, "report", row.episode_id, due, row.owner, tier, late=True)
    last = lapse.began(row._mapping)
    tiers = policy.tiers
    end = lapse.due(last, tiers[str(tier)]) if last is not None else None  # type: ignore[index]  # "1" | "2" | "3"
    if last is not None and end is not None and row.episode_id not in desk.put_off:
        yield Moment(end - lead(end - last, LAPSE_LEAD), "lapse", row.episode_id, end, row.owner, tier)


_LAST_NOTE = (
    select(func.max(transition.c.at))
    .where(and_(transition.c.episode_id == episode.c.episode_id, transition.c.axis == "person", transition.c.code == "note"))
    .scalar_subquery()
)
_IN_HAND = (
    select(
        episode.c.episode_id,
        episode.c.tier,
        episode.c.handle_due_at,
        episode.c.mode,
        episode.c.condition,
        episode.c.cleared_at,
        handling.c.owner,
        handling.c.claimed_at,
        handling.c.tier.label("person_tier"),
        handling.c.machine_tier,
        _LAST_NOTE.label("last_note"),
        *lapse.ACTED,
    )
    .join(handling, handling.c.episode_id == episode.c.episode_id)
    .where(handling.c.state.in_(OWNED), drill.GOES_ON, handling.c.owner.is_not(None))
    .order_by(episode.c.episode_id)
)
"""Open and owned: few, however many alerts there ever were."""


_SOON = (task.c.state == "open") & (task.c.due_at <= bindparam("soon"))
ANY = or_(exists(_IN_HAND.order_by(None)), exists(select(task.c.task_id).where(_SOON)))
"""Whether anybody has an alert in hand, or something to do soon; takes ``asked``."""


def asked(desk: Desk) -> Mapping[str, Any]:
    return {"soon": desk.now + ACTION_LEAD}


def _of_tasks(desk: Desk) -> Iterable[Moment]:
    for row in desk.conn.execute(select(task).where(_SOON).order_by(task.c.due_at, task.c.task_id), asked(desk)):
        most = PROMISE_LEAD if row.kind == "promise" else ACTION_LEAD
        early = row.due_at - lead(row.due_at - row.at, most)
        yield Moment(early, row.kind, row.task_id, row.due_at, row.owner, 1, episode=False)
        yield Moment(row.due_at, row.kind, row.task_id, row.due_at, row.owner, 2, late=True, episode=False)


def _tell(desk: Desk, moment: Moment) -> None:
    """What is late is told to those, too, to whom it would be escalated."""
    code = f"alerts.notice.{moment.what}_{'late' if moment.late else 'soon'}"
    params = {"due": moment.due_at.isoformat(), "owner": moment.owner}
    news = News(
        "task",
        moment.subject,
        moment.what,
        int(moment.due_at.timestamp()),
        moment.tier,
        code,
        params,
        step=int(moment.late),
        episode=moment.episode,
        always=True,
        drill=moment.drill,
    )
    others = desk.book.policy.escalate_to if moment.late else ()
    desk.tell(news, (f"person:{moment.owner}", *others))
