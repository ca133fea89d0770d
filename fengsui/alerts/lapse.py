"""A claim that nobody follows lapses: in hand and nothing done for the span of its tier (``lapse_s`` of the tier policy), the
alert goes back to the queue. Its owner and the queue hear it, and the deadline for claiming begins anew.

Done is whatever a person decided or wrote at the alert, a customer reached, a promise made or kept. While an alert is put off
the span rests. A span begins no earlier than the first advance that knew of lapses (``KNOWN``), and what had gone out by
then stays with its owner: an upgrade does not give back at once what was claimed under another rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from fengsui.alerts import drill, family, wording
from fengsui.alerts.bodies import Deadline
from fengsui.alerts.commands.carry_out import give_back_untouched
from fengsui.alerts.commands.table import OWNED
from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.modes import DRILL
from fengsui.alerts.tell import News
from fengsui.store.tables import contact, episode, handling, person, task, transition, watermark
from fengsui.store.upsert import upsert


def due(last: datetime, policy: Deadline) -> datetime | None:
    """When a claim lapses whose newest action was ``last``; None: never."""
    return None if policy.lapse_s is None else last + timedelta(seconds=policy.lapse_s)


KNOWN = "lapse"
"""Name of the watermark whose ``at`` is the first advance that knew of lapses."""


def know(desk: Desk) -> None:
    """Once for a store."""
    upsert(desk.conn, watermark, [{"name": KNOWN, "at": desk.now, "seq": 0}], update=())


def _newest(column: Any, *which: Any) -> Any:
    return select(func.max(column)).where(*which).scalar_subquery()


_PERSONS = or_(transition.c.axis == "person", transition.c.code == "woken")
ACTED = (
    _newest(transition.c.at, transition.c.episode_id == episode.c.episode_id, _PERSONS).label("decided"),
    _newest(contact.c.at, contact.c.episode_id == episode.c.episode_id).label("reached"),
    _newest(task.c.at, task.c.episode_id == episode.c.episode_id).label("promised"),
    _newest(task.c.closed_at, task.c.episode_id == episode.c.episode_id).label("kept"),
    select(watermark.c.at).where(watermark.c.name == KNOWN).scalar_subquery().label("known"),
)
"""Times of the newest action on an alert, by kind, and since when lapses are known; any may be NULL."""
_IN_HAND = (
    select(
        episode,
        handling.c.state,
        handling.c.owner,
        handling.c.verdict,
        handling.c.tier.label("person_tier"),
        handling.c.machine_tier.label("person_machine_tier"),
        person.c.name.label("owner_name"),
        *ACTED,
    )
    .join(handling, handling.c.episode_id == episode.c.episode_id)
    .outerjoin(person, person.c.person_id == handling.c.owner)
    .where(and_(handling.c.state.in_(OWNED), drill.GOES_ON))
    .order_by(episode.c.episode_id)
    .with_for_update(of=handling, skip_locked=True)
)
"""Locked before the number line of decisions is: a command holds them in that order, and one at work is not waited for."""


def acted(row: Any) -> datetime | None:
    """The newest action; None: nobody did anything."""
    return max((at for at in (row["decided"], row["reached"], row["promised"], row["kept"]) if at is not None), default=None)


def began(row: Any) -> datetime | None:
    """When the span began that runs now; ``row``: with ``ACTED``, ``condition`` and ``cleared_at``. None: none runs."""
    last = acted(row)
    known: datetime | None = row["known"]
    if last is None or known is None:
        return None
    if last <= known and row["condition"] == "cleared" and row["cleared_at"] is not None and row["cleared_at"] <= known:
        return None  # one that somebody takes up again afterwards is like any other
    return max(last, known)


def follow(desk: Desk) -> None:
    """Once a minute."""
    know(desk)
    for row in list(_over(desk)):
        if give_back_untouched(desk.conn, row["episode_id"], desk.now) is not None:
            _return(desk, row)


def _over(desk: Desk) -> Iterator[Row]:
    for found in desk.conn.execute(_IN_HAND).mappings().all():
        row = {str(name): value for name, value in found.items()}
        since = began(row)
        if since is None or row["episode_id"] in desk.put_off:
            continue
        end = due(since, _policy(desk, row))
        if end is not None and end <= desk.now:
            yield row | {"last": acted(row)}


def _policy(desk: Desk, row: Row) -> Deadline:
    return desk.book.policy.tiers[str(family.tier_of(row))]  # type: ignore[index]  # "1" | "2" | "3"


def _return(desk: Desk, row: Row) -> None:
    before, tier = row["owner"], family.tier_of(row)
    live = desk.find(row["rule_id"], row["slice_key"])
    mine = live if live is not None and live["episode_id"] == row["episode_id"] else row
    mine |= {"state": "verified", "owner": None}
    if not family.spoken_for(desk, mine):
        desk.change(mine, claim_due_at=desk.now + timedelta(seconds=_policy(desk, row).claim_s))
    desk.moved.lapsed += 1
    n = desk.conn.scalar(select(handling.c.handling_version).where(handling.c.episode_id == row["episode_id"]))
    idle = int((desk.now - row["last"]).total_seconds())
    words = {**row["reason_params"], "lead": row["reason"], "title": wording.title(row)[0]}
    words |= {"who": row["owner_name"] or before, "idle": idle, "change": "lapsed"}
    news = News("lapsed", row["episode_id"], "person", n or 0, tier, "alerts.notice.lapsed", words, drill=row["mode"] == DRILL)
    desk.tell(news, (f"person:{before}", *_policy(desk, row).tell))
