"""The leading alert was closed, or went out in nobody's hands, while members of it burn: the event stays one alert.

Members go to a burning alert of the same event that is as grave; where there is none, the gravest of them (then the widest,
then the oldest) leads the others, and is told as one alert whose deadlines begin now. It is done in transaction 2 from its
rows alone, so a restart ends in the same rows; nothing is done twice, for afterwards no member is without a leader.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from fengsui.alerts import family, wording
from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.leader import CLOSED, TAKEN
from fengsui.alerts.tell import News, rings
from fengsui.store.tables import transition


def pass_on(desk: Desk) -> int:
    """Returns how many alerts began to lead."""
    burning = [row for row in desk.firing() if row["mode"] == "on" and row["silence_id"] is None]
    members = [row for row in burning if row["parent_id"] and row["state"] not in CLOSED]
    leaders = family.leaders(desk, {row["parent_id"] for row in members})
    orphans: dict[str, list[Row]] = {}
    for row in members:
        leader = leaders.get(row["parent_id"])
        if leader is None or not leader.stands:
            orphans.setdefault(row["parent_id"], []).append(row)
    return sum(_pass_on(desk, before, orphans[before]) for before in sorted(orphans))


def _pass_on(desk: Desk, before: str, orphans: list[Row]) -> int:
    merged = _merged_into(desk, before)
    left = []
    for row in sorted(orphans, key=_rank):
        new = next((id_ for id_ in (merged, family.parent_of(desk, row)) if id_ and _can_lead(desk, id_, row)), None)
        if new is not None:
            family.join(desk, row, new)
        else:
            left.append(row)
    if not left:
        return 0
    heir, *others = left
    _lead(desk, heir, before, len(others))
    for row in others:
        family.join(desk, row, heir["episode_id"])
    return 1


def _rank(row: Row) -> tuple[Any, ...]:
    return -family.tier_of(row), *family.width(row)


def _can_lead(desk: Desk, episode_id: str, row: Row) -> bool:
    leader = family.leaders(desk, {episode_id}).get(episode_id)
    return leader is not None and leader.speaks_for(family.tier_of(row), burns=True)


def _merged_into(desk: Desk, episode_id: str) -> str | None:
    """The alert that people named when they merged the leader away, unless they opened it again since."""
    mine = (transition.c.episode_id == episode_id) & (transition.c.axis == "person")
    newest = select(transition.c.code, transition.c.params).where(mine & transition.c.code.in_(("merge_into", "reopen")))
    found = desk.conn.execute(newest.order_by(transition.c.n.desc()).limit(1)).one_or_none()
    return found.params["into"] if found is not None and found.code == "merge_into" else None


def _lead(desk: Desk, row: Row, before: str, members: int) -> None:
    tier = family.tier_of(row)
    policy = desk.book.policy.tiers[str(tier)]  # type: ignore[index]  # "1" | "2" | "3"
    due = {"claim_due_at": policy.claim_s, "handle_due_at": policy.handle_s}
    desk.change(row, parent_id=None, **{name: desk.now + timedelta(seconds=s) for name, s in due.items()})
    params = {"tier": tier, "before": before, "members": members}
    n = desk.append(row, "leads", row["condition"], row["condition"], params)
    if row["state"] in TAKEN or not rings(desk.times(row, "leads")):  # its owner knows
        return
    words = {
        **row["reason_params"],
        "lead": row["reason"],
        "title": wording.title(row)[0],
        "change": "leads",
        "members": members,
    }
    news = News("raised", row["episode_id"], "machine", n, tier, "alerts.notice.leads", words)
    desk.tell(news, policy.tell)
