"""演练: the whole road, marked on every step, and in no figure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.drills import AT_ONCE
from fengsui.alerts.commands.handling import Somebody
from fengsui.board import loop
from fengsui.board.alert import alerts, select_alerts
from fengsui.board.quality import quality
from fengsui.board.warnings import warnings
from fengsui.notify.message import Frame, message
from fengsui.store import tables as t

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LI, WANG = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager")
HUA = Somebody("hua", "华小东", "manager", ("华东",))


def begin(centre: Any, by: Somebody = WANG, **more: Any) -> Done | Refused:
    given = {"tier": 3, "where": {"org.1": "华南"}, "scenario": "支付失败", "minutes": 60, **more}
    return commands.start_drill(centre.store, by, centre.now, **given)


def the_one(centre: Any) -> dict[str, Any]:
    (found,) = [row for row in centre.episodes() if row["mode"] == "drill"]
    return found


@pytest.fixture
def drill(centre: Any) -> Any:
    for one in (LI, WANG, HUA):
        centre.person(one.person_id, one.name, one.role, one.scope)
    centre.advance()
    assert begin(centre) == Done(0)
    centre.advance(MINUTE)
    return centre, the_one(centre)["episode_id"]


def said(centre: Any) -> list[str]:
    frame = Frame("zh_CN", "Asia/Shanghai", "https://x", centre.now)
    return [message(row, frame).title for row in centre.notices()]


def test_it_goes_the_whole_road_and_each_notice_says_that_it_is_a_drill(drill: Any) -> None:
    centre, id_ = drill
    assert {row["recipient"] for row in centre.notices("raised")} == {"duty", "manager"}
    centre.advance(5 * MINUTE)  # unclaimed: it climbs like any other
    assert {row["recipient"] for row in centre.notices("escalated")} == {"manager"}
    assert commands.claim(centre.store, id_, 0, LI, centre.now) == Done(1)
    assert commands.transfer(centre.store, id_, 1, LI, centre.now, person="wang", reason="busy") == Done(2)
    centre.advance(25 * MINUTE)  # a 续报 of a severe one is asked for
    assert commands.resolve(centre.store, id_, 2, WANG, centre.now, reason="fixed", note="演练完成") == Done(3)
    centre.advance(MINUTE)
    assert the_one(centre)["condition"] == "cleared"
    codes = {row["code"].rpartition(".")[2] for row in centre.notices()}
    assert {"opened", "escalated", "transfer", "report_soon"} <= codes
    assert said(centre) and all(title.startswith("【演练】") for title in said(centre)), said(centre)


def test_it_is_in_no_figure(drill: Any) -> None:
    centre, id_ = drill
    commands.claim(centre.store, id_, 0, LI, centre.now)
    commands.resolve(centre.store, id_, 1, LI, centre.now, reason="fixed", note="完")
    commands.review(centre.store, id_, 2, LI, centre.now, verdict="real")
    found = quality(centre.store, (), centre.now - 24 * HOUR, centre.now + HOUR)
    assert (found.whole.raised, found.whole.precision.n, found.response.n, found.whole.claim.n) == (0, 0, 0, 0)
    with centre.store.connect() as conn:
        day = loop.today(conn, "Asia/Shanghai", centre.now)
        assert (day["raised"], day["claimed"], day["closed"], day["overdue"]) == (0, 0, 0, 0)
        kpis = warnings(conn, "all", centre.now - 24 * HOUR, centre.now + 24 * HOUR)
        assert {one.n for one in kpis.values()} == {0}
        assert alerts(conn, select_alerts(), ()) == []
        assert [one.episode_id for one in alerts(conn, select_alerts(drills=True), ())] == [id_]
    assert the_one(centre)["day"] is None  # and it takes no number of the day


def test_no_rule_judges_it_and_it_is_nobodys_family(drill: Any) -> None:
    centre, _ = drill
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance(MINUTE)
    real = [row for row in centre.episodes() if row["mode"] == "on"]
    assert len(real) == 1 and real[0]["parent_id"] is None
    assert the_one(centre)["condition"] == "firing" and the_one(centre)["parent_id"] is None


def test_it_ends_by_itself_and_by_a_manager(drill: Any) -> None:
    centre, _ = drill
    centre.advance(HOUR)
    assert the_one(centre)["condition"] == "cleared"
    assert [row["kind"] for row in centre.notices("cleared")] == []
    begin(centre, tier=1)
    centre.advance(MINUTE)
    other = next(row for row in centre.episodes() if row["mode"] == "drill" and row["condition"] == "firing")
    assert commands.end_drill(centre.store, other["episode_id"], 0, LI, centre.now).code == "alerts.refused.role"
    assert commands.end_drill(centre.store, other["episode_id"], 0, WANG, centre.now) == Done(1)


def test_a_real_alert_is_never_ended_as_a_drill(centre: Any) -> None:
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    answer = commands.end_drill(centre.store, centre.one()["episode_id"], 0, WANG, centre.now)
    assert isinstance(answer, Refused) and answer.code == "alerts.refused.no_drill"


def test_who_may_begin_one_and_how_many(centre: Any) -> None:
    assert begin(centre, LI).code == "alerts.refused.role"
    assert begin(centre, HUA).code == "alerts.refused.scope"
    assert begin(centre, HUA, where={"org.1": "华东"}) == Done(0)
    assert begin(centre, HUA, where={"org.1": "华东"}) == Done(0)  # a double click
    assert len(centre.episodes()) == 1
    assert begin(centre, scenario="").code == "alerts.refused.needs"
    assert begin(centre, scenario="很" * 61).code == "alerts.refused.value"
    assert begin(centre, tier=4).code == "alerts.refused.value"
    assert begin(centre, minutes=481).code == "alerts.refused.value"
    assert begin(centre, scenario="第二") == Done(0)
    assert begin(centre, scenario="第三") == Done(0)
    assert begin(centre, scenario="第四").code == "alerts.refused.drills"


def test_a_storm_gathers_no_drill_with_real_alerts(drill: Any) -> None:
    from fengsui.notify.pace import storm_of
    from fengsui.notify.queue import due, merge_storm

    centre, _ = drill
    with centre.store.begin() as conn:
        one = conn.execute(select(t.outbox).where(t.outbox.c.kind == "raised").limit(1)).mappings().one()
        many = [{**one, "notice_id": f"n{n}", "params": {"tier": 1}} for n in range(40)]
        conn.execute(t.outbox.insert(), many)
        kept = merge_storm(conn, due(conn, centre.now), storm_of(conn, centre.now), centre.now)
    assert {row["notice_id"] for row in kept if row["params"].get("drill")} == {
        row["notice_id"] for row in centre.notices("raised") if row["params"].get("drill")
    }


def test_a_drill_is_merged_into_nothing_and_nothing_into_it(drill: Any) -> None:
    centre, id_ = drill
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance(MINUTE)
    real = next(row["episode_id"] for row in centre.episodes() if row["mode"] == "on")
    for one, into in ((id_, real), (real, id_)):
        answer = commands.merge_into(centre.store, one, 0, WANG, centre.now, into=into, reason="duplicate")
        assert isinstance(answer, Refused) and answer.code == "alerts.refused.into"


def test_once_its_time_is_up_nobody_hears_of_it_any_more(centre: Any) -> None:
    """Neither who has it in hand, nor managers of one that nobody took, nor who put it off."""
    for one in (LI, WANG):
        centre.person(one.person_id, one.name, one.role)
    centre.advance()
    assert [begin(centre, scenario=name, minutes=4) for name in ("甲", "乙")] == [Done(0), Done(0)]
    assert begin(centre, scenario="丙", minutes=4, tier=2) == Done(0)
    centre.advance(MINUTE)
    mine, rests = (
        next(row["episode_id"] for row in centre.episodes() if row["reason_params"]["scenario"] == name)
        for name in ("甲", "丙")
    )
    assert commands.claim(centre.store, mine, 0, LI, centre.now) == Done(1)
    until = centre.now + 10 * MINUTE
    assert commands.snooze(centre.store, rests, 0, LI, centre.now, until=until, reason="busy") == Done(1)
    centre.advance(3 * MINUTE)
    assert {row["condition"] for row in centre.episodes()} == {"cleared"}
    before = len(centre.notices())
    for _ in range(70):
        centre.advance(MINUTE)
    assert [(row["kind"], row["code"], row["recipient"]) for row in centre.notices()[before:]] == []
    with centre.store.connect() as conn:
        assert conn.execute(select(t.snooze)).all() == []


@pytest.mark.parametrize("told", [False, True])
def test_begun_again_within_the_minute_it_was_ended_is_another_one(centre: Any, told: bool) -> None:
    centre.person("wang", "王敏", "manager")
    centre.advance()
    assert begin(centre) == Done(0)
    assert commands.end_drill(centre.store, the_one(centre)["episode_id"], 0, WANG, centre.now) == Done(1)
    if told:
        centre.advance(timedelta(seconds=10))
    assert begin(centre) == Done(0)
    assert begin(centre) == Done(0)  # a double click
    centre.advance(timedelta(seconds=10))
    assert sorted(row["condition"] for row in centre.episodes()) == ["cleared", "firing"]


def test_many_managers_at_once_begin_no_more_than_may_run(crowd: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: begin(crowd, scenario=f"第{n}"), range(8)))
    assert answers.count(Done(0)) == AT_ONCE == len(crowd.episodes())
