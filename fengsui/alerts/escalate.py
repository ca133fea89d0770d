"""Past a deadline: managers are told, a few times, until somebody claims, or whoever claimed is done. Timers are rows, not
memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select

from fengsui.alerts import drill, family, wording
from fengsui.alerts.bodies import Deadline
from fengsui.alerts.commands.table import OWNED, UNOWNED
from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.modes import DRILL
from fengsui.alerts.tell import News, effective_tier
from fengsui.store.tables import episode, handling, snooze, transition


@dataclass(frozen=True, slots=True)
class Watch:
    """One deadline. ``code`` of its transition and notice, ``due`` its column, ``patience`` the field of the tier's policy."""

    code: str
    due: str
    states: Sequence[str]
    patience: str

    def wait(self, policy: Deadline) -> timedelta:
        return timedelta(seconds=getattr(policy, self.patience))


WATCHES = (Watch("escalated", "claim_due_at", UNOWNED, "claim_s"), Watch("overdue", "handle_due_at", OWNED, "handle_s"))


def escalate(desk: Desk) -> None:
    """Alerts that people see, past a deadline. A general one that went out by itself waits in the list."""
    for watch in WATCHES:
        for found in desk.conn.execute(late(watch), asked(desk)).mappings().all():
            _escalate(desk, watch, {str(name): value for name, value in found.items()})


def asked(desk: Desk) -> Mapping[str, Any]:
    """The parameters of ``late`` and ``ANY_LATE``."""
    return {"now": desk.now, "times": desk.book.policy.escalate_times}


@cache
def late(watch: Watch) -> Select[Any]:
    """What was told often enough is left out here: years of unclaimed alerts must not be walked through every second."""
    told = _told(watch, _waiting(watch))
    people = (handling.c.owner, handling.c.tier.label("person_tier"), handling.c.machine_tier.label("person_machine_tier"))
    query = select(episode, *people, told.c.times, told.c.told_at)
    joined = query.join(handling, handling.c.episode_id == episode.c.episode_id).outerjoin(
        told, told.c.episode_id == episode.c.episode_id
    )
    return joined.where(_waits(watch), func.coalesce(told.c.times, 0) < bindparam("times")).order_by(
        episode.c[watch.due], episode.c.episode_id
    )


def _waits(watch: Watch) -> ColumnElement[bool]:
    matters = or_(episode.c.condition != "cleared", episode.c.tier >= 2, handling.c.tier >= 2)
    due = and_(drill.GOES_ON, episode.c[watch.due] <= bindparam("now"))
    rests = exists(select(snooze.c.episode_id).where(snooze.c.episode_id == episode.c.episode_id))
    return and_(handling.c.state.in_(watch.states), due, matters, *((~rests,) if watch.states == UNOWNED else ()))


def _waiting(watch: Watch) -> Select[Any]:
    rows = select(episode.c.episode_id).join(handling, handling.c.episode_id == episode.c.episode_id)
    return rows.where(_waits(watch))


def _told(watch: Watch, whose: Select[Any]) -> Any:
    """Of ``whose`` alerts only: the history of all that ever were is long. And of this deadline only: one that began anew (a
    claim lapsed, a leader was succeeded) climbs anew."""
    mine = (transition.c.axis == "machine") & (transition.c.code == watch.code) & transition.c.episode_id.in_(whose)
    since = transition.c.at >= episode.c[watch.due]
    columns = (transition.c.episode_id, func.count().label("times"), func.max(transition.c.at).label("told_at"))
    joined = transition.join(episode, episode.c.episode_id == transition.c.episode_id)
    return select(*columns).select_from(joined).where(mine, since).group_by(transition.c.episode_id).subquery()


ANY_LATE = or_(*(exists(late(watch).order_by(None)) for watch in WATCHES))
"""Whether any deadline has passed that was not told often enough."""


def _escalate(desk: Desk, watch: Watch, row: Row) -> None:
    tier = effective_tier({"tier": row["person_tier"], "machine_tier": row["person_machine_tier"], "episode_tier": row["tier"]})
    if tier < 2 and row["condition"] == "cleared":
        return
    policy, step = desk.book.policy, (row["times"] or 0) + 1
    if desk.now < _next_at(row, watch, watch.wait(policy.tiers[str(tier)])) or family.spoken_for(desk, row):  # type: ignore[index]
        return
    recipients = (*policy.escalate_to, *([f"person:{row['owner']}"] if row["owner"] else []))
    since = row["opened_at"] if row["owner"] is None else row[watch.due]
    late = int((desk.now - since).total_seconds())
    live = desk.find(row["rule_id"], row["slice_key"])
    row = live if live is not None and live["episode_id"] == row["episode_id"] else row
    params = {"tier": tier, "step": step, "late": late, "to": list(recipients)}
    n = desk.append(row, watch.code, row["condition"], row["condition"], params)
    desk.moved.escalated += 1
    words: dict[str, Any] = {**row["reason_params"], "lead": row["reason"], "title": wording.title(row)[0], "late": late}
    code, exercise = f"alerts.notice.{watch.code}", row["mode"] == DRILL
    news = News("escalated", row["episode_id"], "machine", n, tier, code, words, step=step, drill=exercise)
    desk.tell(news, recipients)


def _next_at(row: Row, watch: Watch, wait: timedelta) -> datetime:
    """A deadline apart, also where a worker slept over several: three notices within three seconds say no more than one."""
    planned: datetime = row[watch.due] + (row["times"] or 0) * wait
    return planned if row["told_at"] is None else max(planned, row["told_at"] + wait)
