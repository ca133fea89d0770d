"""稍后提醒 at work in transaction 2: what was put off is back when its time is over, when it grows, and, where it is severe, at
its claim deadline; whoever put it off hears it, and while nobody has it, the queue.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, exists, select

from fengsui.alerts import snooze, wording
from fengsui.alerts.desk import Desk
from fengsui.alerts.leader import CLOSED, TAKEN
from fengsui.alerts.modes import DRILL
from fengsui.alerts.tell import News, effective_tier
from fengsui.store.tables import episode, handling
from fengsui.store.tables import snooze as put_off

ANY = exists(select(put_off.c.episode_id))
"""Whether anything is put off at all."""
_COLUMNS = (
    put_off.c.until_at,
    put_off.c.tier.label("tier_then"),
    put_off.c.by,
    handling.c.state,
    handling.c.owner,
    handling.c.tier.label("person_tier"),
    handling.c.machine_tier.label("person_machine_tier"),
)
_ALL = (
    select(episode, *_COLUMNS)
    .join(put_off, put_off.c.episode_id == episode.c.episode_id)
    .join(handling, handling.c.episode_id == episode.c.episode_id)
    .order_by(episode.c.episode_id)
)


_LOCKED = (
    select(handling.c.episode_id).where(handling.c.episode_id == bindparam("id")).with_for_update(of=handling, skip_locked=True)
)
"""A command holds the handling and then what is put off: taken in that order here too, and one at work is not waited for."""


def follow(desk: Desk) -> None:
    """What is over is told; what holds is kept in mind, so that it does not climb."""
    for found in desk.conn.execute(_ALL).mappings().all():
        row = {str(name): value for name, value in found.items()}
        tier = effective_tier(
            {"tier": row["person_tier"], "machine_tier": row["person_machine_tier"], "episode_tier": row["tier"]}
        )
        gravest = snooze.gravest(row["tier"], tier)
        why = snooze.over(snooze.Snooze(row["until_at"], row["tier_then"]), gravest, row["claim_due_at"], desk.now)
        if why is None and not _is_done(row):
            desk.put_off.add(row["episode_id"])
        elif _end(desk, row):
            _wake(desk, row, tier, why)


def _is_done(row: dict[str, Any]) -> bool:
    """Closed, or an exercise whose time is up: nobody is reminded of it."""
    return row["state"] in CLOSED or (row["mode"] == DRILL and row["condition"] == "cleared")


def _end(desk: Desk, row: dict[str, Any]) -> bool:
    """False: a person is at it this moment, or was since it was read: what they decided counts."""
    if desk.conn.scalar(_LOCKED, {"id": row["episode_id"]}) is None:
        return False
    seen = (put_off.c.episode_id == row["episode_id"]) & (put_off.c.until_at == row["until_at"])
    return desk.conn.execute(delete(put_off).where(seen)).rowcount == 1


def _wake(desk: Desk, row: dict[str, Any], tier: int, why: str | None) -> None:
    live = desk.find(row["rule_id"], row["slice_key"])
    told = live if live is not None and live["episode_id"] == row["episode_id"] else row
    if why is None or _is_done(row):
        return
    params = {"why": why, "until": row["until_at"].isoformat(), "tier": tier}
    n = desk.append(told, "woken", row["condition"], row["condition"], params)
    if why == "worse":  # the higher tier was told as such
        return
    words = {**row["reason_params"], "lead": row["reason"], "title": wording.title(row)[0], "change": "woken"}
    news = News(
        "assigned" if row["owner"] else "raised",
        row["episode_id"],
        "machine",
        n,
        tier,
        "alerts.notice.woken",
        words,
        drill=row["mode"] == DRILL,
    )
    desk.tell(news, _whom(desk, row, tier))


def _whom(desk: Desk, row: dict[str, Any], tier: int) -> tuple[str, ...]:
    """Its owner; of what nobody has, who put it off, and the queue unless it is a small thing that went out."""
    if row["state"] in TAKEN:
        return (f"person:{row['owner']}",)
    queue = desk.book.policy.tiers[str(tier)].tell  # type: ignore[index]  # "1" | "2" | "3"
    small = tier < 2 and row["condition"] == "cleared"
    return (f"person:{row['by']}", *(() if small else queue))
