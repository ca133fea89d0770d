"""演练: an alert that no data made. It goes the whole road (notices, wall, claim, deadlines, resolve), marked on each step, and
is in no figure: ``episode.mode`` is ``drill``, and figures count ``on`` alone.

A person begins one (``commands.drills``); it is told by the next tick, so that notices come from where real ones come from. It
goes out when people are done with it or its time is up.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select

from fengsui.alerts import wording
from fengsui.alerts.desk import Desk
from fengsui.alerts.leader import CLOSED
from fengsui.alerts.modes import DRILL, SEEN
from fengsui.alerts.tell import News
from fengsui.store.tables import episode, handling

RULE = "drill"
"""The name that stands where other alerts have their rule; there is no such rule."""
_LIVES = (episode.c.mode == DRILL) & (episode.c.condition == "firing")
GOES_ON = episode.c.mode.in_(SEEN) & or_(episode.c.mode != DRILL, episode.c.condition == "firing")
"""What people still have to do with: real alerts until they are closed, an exercise until its time is up."""
ANY = exists(select(episode.c.episode_id).where(_LIVES))


def follow(desk: Desk) -> None:
    """Tell the new ones; end those that are over."""
    query = select(episode, handling.c.state).join(handling, handling.c.episode_id == episode.c.episode_id).where(_LIVES)
    for found in desk.conn.execute(query.order_by(episode.c.opened_at, episode.c.episode_id)).mappings().all():
        row = {str(name): value for name, value in found.items()}
        if row["machine_n"] == 0:
            _begin(desk, row)
        if row["state"] in CLOSED or desk.now >= datetime.fromisoformat(row["reason_params"]["until"]):
            desk.change(row, condition="cleared", cleared_at=desk.now)
            desk.append(row, "drill_over", "firing", "cleared", {"tier": row["tier"]})


def _begin(desk: Desk, row: dict[str, Any]) -> None:
    n = desk.append(row, "drill_began", None, "firing", {"tier": row["tier"], "slice": row["slice_key"]})
    words = {**row["reason_params"], "lead": row["reason"], "title": wording.title(row)[0], "change": "drill"}
    news = News("raised", row["episode_id"], "machine", n, row["tier"], "alerts.notice.opened", words, drill=True)
    desk.tell(news, desk.book.policy.tiers[str(row["tier"])].tell)  # type: ignore[index]  # "1" | "2" | "3"
