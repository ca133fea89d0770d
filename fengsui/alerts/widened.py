"""An alert in somebody's hands that reaches a new place: its members are not told apart, but who has it must hear of that.

A place is new where no member had it or lies around or inside it, nor any part that was named when the alert was taken: what
the machine names since, nobody was told. Another figure of the alert's own place is no new one, and what a person keeps silent
is not told here either.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from fengsui.alerts import family, wording
from fengsui.alerts.bodies import DetectorRule
from fengsui.alerts.commands.handling import NAMED
from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.leader import TAKEN
from fengsui.alerts.tell import News
from fengsui.store.tables import episode, handling, transition

CODE = "widened"


def announce(desk: Desk, row: Row) -> None:
    """``row``: an alert that just opened. Its leader's owner and helpers are told where it is a new place."""
    if row["mode"] != "on" or row["parent_id"] is None or row["silence_id"] or _small(desk, row):
        return
    leader = next((one for one in desk.live.values() if one["episode_id"] == row["parent_id"]), None)
    if leader is None or leader["state"] not in TAKEN or not family.spoken_for(desk, row):
        return
    if row["slice_key"] == leader["slice_key"] or any(_near(row["slice_key"], key) for key in _known(desk, leader, row)):
        return
    n = desk.append(leader, CODE, leader["condition"], leader["condition"], {"tier": leader["tier"], "slice": row["slice_key"]})
    words = {**row["reason_params"], "lead": row["reason"], "title": wording.title(row)[0], "change": CODE}
    news = News("raised", leader["episode_id"], "machine", n, leader["tier"], "alerts.notice.widened", words)
    desk.tell(news, _whom(desk, leader))


def _small(desk: Desk, row: Row) -> bool:
    """The long tail explains; it does not spread."""
    rule = desk.book.rule(row["rule_id"])
    return not isinstance(rule, DetectorRule) or rule.role == "tail"


def _known(desk: Desk, leader: Row, row: Row) -> Iterable[str]:
    mine = (episode.c.parent_id == leader["episode_id"]) & (episode.c.episode_id != row["episode_id"])
    yield from desk.conn.scalars(select(episode.c.slice_key).where(mine, episode.c.silence_id.is_(None)))
    yield from _named(desk, leader)


def _named(desk: Desk, leader: Row) -> list[str]:
    """The parts that stood with it when it was taken last; those of now where that was not written down yet."""
    mine = (
        (transition.c.episode_id == leader["episode_id"]) & (transition.c.axis == "person") & (transition.c.after == "claimed")
    )
    for params in desk.conn.scalars(select(transition.c.params).where(mine).order_by(transition.c.n.desc())):
        if NAMED in params:
            return list(params[NAMED])
    return [part["slice_key"] for part in leader["explained"] or ()]


def _near(one: str, other: str) -> bool:
    return one == other or family.contains(one, other) or family.contains(other, one)


def _whom(desk: Desk, leader: Row) -> list[str]:
    mine = handling.c.episode_id == leader["episode_id"]
    hand = desk.conn.execute(select(handling.c.owner, handling.c.participants).where(mine)).one()
    return [f"person:{one}" for one in dict.fromkeys((hand.owner, *hand.participants)) if one]
