"""稍后提醒: how far an alert may be put off, and that it comes back by itself, in time, and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.decide import decide
from fengsui.alerts.commands.handling import Command, Handling, Somebody, Step, after
from fengsui.alerts.snooze import MOST, Snooze, limit, over
from fengsui.board.read.desk import burning
from fengsui.store import tables as t

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = datetime(2026, 11, 18, 6, 33, tzinfo=UTC)
LI, WANG = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager")
MACHINE_RAISES, TIME_PASSES, PUT_OFF, REGRADE = "machine", "time", "put_off", "regrade"
moves = st.lists(
    st.one_of(
        st.tuples(st.just(MACHINE_RAISES), st.integers(1, 3)),
        st.tuples(st.just(TIME_PASSES), st.integers(1, 200)),
        st.tuples(st.just(REGRADE), st.integers(1, 3)),
        st.tuples(st.just(PUT_OFF), st.integers(-5, 2000)),
    ),
    max_size=40,
)


@given(moves, st.integers(1, 3), st.integers(1, 240))
def test_on_no_road_is_an_alert_hidden_longer_than_its_tier_bears(road: Any, tier: int, claim_in: int) -> None:
    """The promise of the whole: put off again and again, raised in between: a severe alert is before people's eyes at its claim
    deadline, and nothing is away longer than a single stretch of its tier."""
    now, claim_due = NOW, NOW + claim_in * MINUTE
    handling = Handling(episode_tier=tier, claim_due_at=claim_due)
    held: Snooze | None = None
    since = NOW
    for what, n in road:
        if what == MACHINE_RAISES and n > handling.episode_tier:
            claim_due = min(claim_due, now + 5 * MINUTE)
            handling = Handling(**_fields(handling) | {"episode_tier": n, "claim_due_at": claim_due})
        elif what == TIME_PASSES:
            now += n * MINUTE
        elif what == REGRADE:
            graded = decide(handling, Command("regrade", handling.version, {"tier": n, "reason": "fewer"}), WANG, now)
            if isinstance(graded, Step):
                handling, held = after(handling, graded, WANG, now), None
        elif what == PUT_OFF:
            params = {"until": (now + n * MINUTE).isoformat(), "reason": "busy"}
            step = decide(handling, Command("snooze", handling.version, params), LI, now)
            if isinstance(step, Step):
                handling, since = after(handling, step, LI, now), now
                held = Snooze(now + n * MINUTE, handling.gravest)
            else:
                assert isinstance(step, Refused)
        if held is None:
            continue
        gravest = max(handling.episode_tier, handling.tier_now)
        hidden = over(held, gravest, claim_due, now) is None
        assert not (hidden and gravest == 3 and now >= claim_due), "severe, and hidden past its claim deadline"
        assert not (hidden and now - since > MOST.get(gravest, timedelta(days=9))), "away too long"
        assert not (hidden and gravest > held.tier), "worse than it was, and hidden"
        assert over(held, gravest, claim_due, max(now, held.until)) is not None, "it never ends"


def _fields(handling: Handling) -> dict[str, Any]:
    return {name: getattr(handling, name) for name in handling.__slots__}


def test_the_limit_of_a_severe_alert_is_its_claim_deadline() -> None:
    assert limit(3, NOW + 5 * MINUTE, NOW) == NOW + 5 * MINUTE
    assert limit(3, NOW, NOW) is None  # past it: nothing may be put off any more
    assert limit(3, None, NOW) is None
    assert limit(2, NOW, NOW) == NOW + 2 * HOUR  # an important one may pass its claim deadline; it climbs when it is back


@pytest.fixture
def alarm(centre: Any) -> Any:
    """An important alert, its claim due in half an hour."""
    for one in (LI, WANG):
        centre.person(one.person_id, one.name, one.role)
    centre.record(n=8)
    centre.sees(grade=2, observed=8, expected=0.5, minutes=10)
    centre.advance()
    found = centre.one()
    assert found["tier"] == 2
    return centre, found["episode_id"]


def put_off(centre: Any, id_: str, minutes: int, seen: int = 0, by: Somebody = LI) -> Done | Refused:
    return commands.snooze(centre.store, id_, seen, by, centre.now, until=centre.now + minutes * MINUTE, reason="busy")


def held(centre: Any) -> list[Any]:
    with centre.store.connect() as conn:
        return list(conn.execute(select(t.snooze)))


def grow(centre: Any) -> None:
    """Severe: it has lasted, and touches many."""
    centre.now += 20 * MINUTE
    centre.record(n=60)
    centre.sees(grade=3, observed=68, expected=1.0, minutes=40)
    centre.advance()
    assert centre.one()["tier"] == 3


def told(centre: Any) -> list[tuple[str, str]]:
    rows = centre.notices("raised", "escalated", "assigned")
    return [(row["code"].rpartition(".")[2], row["recipient"]) for row in rows if row["code"] != "alerts.notice.opened"]


def test_put_off_it_does_not_climb_and_is_told_when_the_time_is_over_once(alarm: Any) -> None:
    centre, id_ = alarm
    assert put_off(centre, id_, 60) == Done(1)
    for _ in range(3):
        centre.advance(19 * MINUTE)  # past the claim deadline
    assert told(centre) == [] and len(held(centre)) == 1
    centre.advance(4 * MINUTE)
    assert sorted(one for one in told(centre) if one[0] == "woken") == [("woken", "duty"), ("woken", "person:li")]
    assert held(centre) == []
    assert "woken" in centre.machine_codes(id_)
    assert ("escalated", "manager") in told(centre)  # late now, and nobody has it
    before = told(centre)
    centre.advance(MINUTE)
    assert told(centre) == before


def test_what_grows_is_back_at_once_and_told_as_graver(alarm: Any) -> None:
    centre, id_ = alarm
    put_off(centre, id_, 60)
    grow(centre)
    assert ("raised", "duty") in told(centre)
    centre.advance(MINUTE)
    assert held(centre) == []
    assert "woken" not in [code for code, _ in told(centre)]  # one word of it is enough


def test_a_severe_alert_is_put_off_to_its_claim_deadline_and_no_further(alarm: Any) -> None:
    centre, id_ = alarm
    grow(centre)
    due = centre.one()["claim_due_at"]
    late = put_off(centre, id_, 30)
    assert isinstance(late, Refused) and late.code == "alerts.refused.snooze_severe"
    exact = commands.snooze(centre.store, id_, 0, LI, centre.now, until=due, reason="busy")
    assert exact == Done(1)
    centre.advance(due - centre.now)
    assert held(centre) == []
    assert ("escalated", "manager") in told(centre)  # in the very tick of the deadline


@pytest.mark.parametrize("minutes", [0, -1, 121])
def test_neither_into_the_past_nor_beyond_its_tier(alarm: Any, minutes: int) -> None:
    centre, id_ = alarm
    found = put_off(centre, id_, minutes)
    assert isinstance(found, Refused) and found.code.startswith("alerts.refused.snooze_")
    assert held(centre) == []


def test_the_same_click_twice_is_once_and_a_claim_ends_it(alarm: Any) -> None:
    centre, id_ = alarm
    until = centre.now + 30 * MINUTE
    both = [commands.snooze(centre.store, id_, 0, LI, centre.now, until=until, reason="busy") for _ in range(2)]
    assert both == [Done(1), Done(1)]
    assert commands.note(centre.store, id_, 1, WANG, centre.now, note="在看") == Done(2)
    assert len(held(centre)) == 1  # words change nothing
    assert commands.claim(centre.store, id_, 2, WANG, centre.now) == Done(3)
    assert held(centre) == []
    centre.advance(40 * MINUTE)
    assert "woken" not in [code for code, _ in told(centre)]


def test_taken_back_before_its_time_and_only_once(alarm: Any) -> None:
    centre, id_ = alarm
    put_off(centre, id_, 30)
    assert commands.wake(centre.store, id_, 1, WANG, centre.now) == Done(2)
    assert held(centre) == []
    assert commands.wake(centre.store, id_, 2, WANG, centre.now) == Done(2)  # nothing to take back


def test_a_worker_that_was_dead_at_the_time_tells_it_afterwards(alarm: Any) -> None:
    centre, id_ = alarm
    put_off(centre, id_, 10)
    centre.advance(5 * HOUR)
    assert [code for code, _ in told(centre)].count("woken") == 2


def severe(centre: Any) -> str:
    """A severe alert that a person graded down to a general one."""
    for one in (LI, WANG):
        centre.person(one.person_id, one.name, one.role)
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    id_ = str(centre.one()["episode_id"])
    assert commands.regrade(centre.store, id_, 0, WANG, centre.now, tier=1, reason="fewer") == Done(1)
    return id_


def test_whoever_grades_a_severe_alert_down_may_not_thereby_hide_it_for_a_day(centre: Any) -> None:
    id_ = severe(centre)
    late = put_off(centre, id_, 24 * 60, seen=1)
    assert isinstance(late, Refused) and late.code == "alerts.refused.snooze_severe"
    assert put_off(centre, id_, 5, seen=1) == Done(2)
    assert burning(centre.store, (), centre.now).put_off == 1
    centre.advance(5 * MINUTE)
    assert held(centre) == []
    assert len(burning(centre.store, (), centre.now).rows) == 1


def test_what_was_put_off_for_a_day_before_the_limit_counted_so_is_back_on_the_wall(centre: Any) -> None:
    id_ = severe(centre)
    with centre.store.begin() as conn:
        row = {"until_at": centre.now + 24 * HOUR, "tier": 1, "by": "li", "at": centre.now, "reason": "known"}
        conn.execute(t.snooze.insert().values(episode_id=id_, **row))
    assert len(burning(centre.store, (), centre.now).rows) == 1
    centre.advance(MINUTE)
    assert held(centre) == []


def test_a_leader_that_is_put_off_speaks_for_no_graver_member(centre: Any) -> None:
    for one in (LI, WANG):
        centre.person(one.person_id, one.name, one.role)
    centre.record(n=12)
    centre.sees(grade=1, observed=12, expected=5)
    centre.advance()
    leader = centre.one()
    assert leader["tier"] < 3
    assert put_off(centre, leader["episode_id"], 60) == Done(1)
    centre.now += 20 * MINUTE
    centre.record(n=40, dims={"channel": "App", "org": "华南/广东", "category": "支付/支付失败"})
    centre.sees("channel=App", rule="complaints-channel", observed=30, expected=1)
    centre.advance()
    member = next(row for row in centre.episodes() if row["slice_key"] == "channel=App")
    assert (member["parent_id"], member["tier"]) == (leader["episode_id"], 3)
    assert [row.episode_id for row in burning(centre.store, (), centre.now).rows] == [member["episode_id"]]
    assert member["episode_id"] in {row["episode_id"] for row in centre.notices("raised")}
    centre.advance(5 * MINUTE)
    assert member["episode_id"] in {row["episode_id"] for row in centre.notices("escalated")}


def test_a_person_at_work_is_neither_waited_for_nor_undone(crowd: Any) -> None:
    """Put off again in the moment it is over: the trap was a deadlock with the command, and a lost decision."""
    crowd.person("li", "李强")
    crowd.record(n=8)
    crowd.sees(grade=2, observed=8, expected=0.5, minutes=10)
    crowd.advance()
    id_ = crowd.one()["episode_id"]
    assert put_off(crowd, id_, 10) == Done(1)
    later = crowd.now + 60 * MINUTE
    with crowd.store.begin() as conn:  # a command that has set the handling, and not yet what is put off
        mine = t.handling.c.episode_id == id_
        conn.execute(t.handling.update().where(mine).values(handling_version=2))
        crowd.advance(10 * MINUTE)
        conn.execute(t.snooze.update().where(t.snooze.c.episode_id == id_).values(until_at=later))
    assert [row.until_at for row in held(crowd)] == [later]
    crowd.advance(MINUTE)
    assert len(held(crowd)) == 1 and told(crowd) == []
    crowd.advance(later - crowd.now)
    assert held(crowd) == [] and ("woken", "person:li") in told(crowd)
