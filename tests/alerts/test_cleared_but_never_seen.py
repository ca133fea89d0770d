"""An alert that falls back before anybody looked is not over for people: it waits, and is counted, until somebody looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fengsui.alerts import commands
from fengsui.alerts.commands import Done
from fengsui.board import read
from fengsui.board.quality import quality
from fengsui.people import Person

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONE = "Asia/Shanghai"
LI, WANG = Person("li", "李强", "duty"), Person("wang", "王敏", "manager")


def flared(centre: Any, grade: int) -> str:
    """It burnt for a minute at night and fell back by itself; its id."""
    for one in (LI, WANG):
        centre.person(one.person_id, one.name, one.role, one.scope)
    centre.advance()
    centre.minute()
    centre.record(n=30)
    centre.sees(grade=grade, observed=30, expected=1)
    centre.advance()
    for _ in range(20):
        centre.minute()
        centre.calm()
        centre.advance()
    row = centre.one()
    assert (row["condition"], centre.handling(row["episode_id"])["state"]) == ("cleared", "new")
    return str(row["episode_id"])


def on_desk(centre: Any) -> list[tuple[str, str, bool]]:
    found = read.desk(centre.store, (), ZONE, centre.now)
    assert found.waiting() == sum(alert.waiting for alert in found.alerts)
    return [(alert.episode_id, alert.state, alert.live) for alert in found.alerts]


@pytest.mark.parametrize("later", [MINUTE, DAY, 60 * DAY])
def test_cleared_but_never_seen(centre: Any, later: timedelta) -> None:
    """ISA 18.2 calls it RTN unacknowledged: the usual list drops it, and nobody ever learns that it was there."""
    start = centre.now
    id_ = flared(centre, grade=1)
    centre.advance(later)
    assert on_desk(centre) == [(id_, "new", False)], "however old: nobody looked"
    assert not read.live(centre.store, ()), "what is over is not on the wall"
    assert (read.desk(centre.store, (), ZONE, centre.now).waiting(), centre.handling(id_)["owner"]) == (1, None)

    assert isinstance(commands.verify(centre.store, id_, 0, LI, centre.now), Done)
    assert on_desk(centre) == [(id_, "verified", False)], "somebody looked; it waits for whoever handles it"
    commands.claim(centre.store, id_, 1, LI, centre.now)
    commands.resolve(centre.store, id_, 2, LI, centre.now, reason="fixed", note="自行恢复")
    assert on_desk(centre) == [] and centre.now >= start + later


def test_cleared_but_never_seen_counts_as_unverified_until_somebody_says_what_it_was(centre: Any) -> None:
    start, id_ = centre.now, flared(centre, grade=1)
    centre.advance(2 * DAY)
    before = quality(centre.store, (), start, centre.now).whole
    assert (before.raised, before.unverified.met, before.unverified.n, before.claim.ended) == (1, 1, 1, 0)
    commands.claim(centre.store, id_, 0, LI, centre.now)
    commands.resolve(centre.store, id_, 1, LI, centre.now, reason="fixed", note="自行恢复")
    assert isinstance(commands.review(centre.store, id_, 2, LI, centre.now, verdict="false"), Done)
    after = quality(centre.store, (), start, centre.now).whole
    assert (after.unverified.met, after.unverified.n, after.precision.met, after.precision.n) == (0, 1, 0, 1)


def test_a_grave_one_that_cleared_unseen_still_climbs(centre: Any) -> None:
    id_ = flared(centre, grade=3)
    assert centre.one()["tier"] >= 2
    centre.advance(DAY)
    assert "escalated" in [row["code"] for row in centre.transitions(id_, "machine")]
    assert on_desk(centre)[0][:2] == (id_, "new")
