"""Unclaimed past its deadline: managers are told, a few times, until somebody claims. Timers are rows, not memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from fengsui.alerts import family, wording
from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.tell import News, effective_tier
from fengsui.store.tables import episode, handling, transition


def escalate(desk: Desk) -> None:
    """Alerts that people see, without an owner, past the deadline. A general one that went out by itself waits in the list."""
    waiting = handling.c.state.in_(("new", "verified")) & handling.c.owner.is_(None)
    due = (episode.c.mode == "on") & (episode.c.claim_due_at <= desk.now)
    people = (handling.c.state, handling.c.tier.label("person_tier"), handling.c.machine_tier.label("person_machine_tier"))
    query = select(episode, *people).join(handling, handling.c.episode_id == episode.c.episode_id).where(waiting, due)
    for found in desk.conn.execute(query.order_by(episode.c.claim_due_at, episode.c.episode_id)).mappings().all():
        row = {str(name): value for name, value in found.items()}
        _escalate(desk, row)


def _escalate(desk: Desk, row: Row) -> None:
    tier = effective_tier({"tier": row["person_tier"], "machine_tier": row["person_machine_tier"], "episode_tier": row["tier"]})
    if (tier < 2 and row["condition"] == "cleared") or family.spoken_for(desk, row):
        return
    policy = desk.book.policy
    done = _times(desk, row)
    wait = timedelta(seconds=policy.tiers[str(tier)].claim_s)  # type: ignore[index]
    if done >= policy.escalate_times or desk.now < row["claim_due_at"] + done * wait:
        return
    late = int((desk.now - row["opened_at"]).total_seconds())
    params = {"tier": tier, "step": done + 1, "late": late, "to": list(policy.escalate_to)}
    live = desk.find(row["rule_id"], row["slice_key"])
    row = live if live is not None and live["episode_id"] == row["episode_id"] else row
    n = desk.append(row, "escalated", row["condition"], row["condition"], params)
    desk.moved.escalated += 1
    words: dict[str, Any] = {**row["reason_params"], "lead": row["reason"], "title": wording.title(row)[0], "late": late}
    news = News("escalated", row["episode_id"], "machine", n, tier, "alerts.notice.escalated", words, step=done + 1)
    desk.tell(news, policy.escalate_to)


def _times(desk: Desk, row: Row) -> int:
    mine = (
        (transition.c.episode_id == row["episode_id"]) & (transition.c.axis == "machine") & (transition.c.code == "escalated")
    )
    return desk.conn.scalar(select(func.count()).select_from(transition).where(mine)) or 0
