"""承诺 and 改进项: said once, reminded in time, closed by those who may; contact with customers; 续报 of severe alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fengsui.alerts import commands
from fengsui.alerts.bodies import TierPolicy
from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.handling import Somebody
from fengsui.alerts.nudge import report_due
from fengsui.alerts.seeds.policy import TIER_POLICY
from fengsui.board.todo import open_tasks, promised, todo
from fengsui.store import tables as t

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LI, WANG, ANA = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager"), Somebody("ana", "安娜", "analyst")
HUA = Somebody("hua", "华小东", "duty", ("华东",))


@pytest.fixture
def alarm(lite: Any) -> Any:
    for one in (LI, WANG, ANA, HUA):
        lite.person(one.person_id, one.name, one.role, one.scope)
    lite.record(n=30)
    lite.sees(grade=1, observed=30, expected=1)
    lite.advance()
    return lite, lite.one()["episode_id"]


def promise(centre: Any, by: Somebody = WANG, **more: Any) -> Done | Refused:
    given = {"kind": "promise", "text": "今天回电", "owner": "li", "due_at": centre.now + HOUR, **more}
    return commands.add_task(centre.store, by, centre.now, **given)


def tasks(centre: Any) -> list[Any]:
    with centre.store.connect() as conn:
        return list(conn.execute(select(t.task).order_by(t.task.c.at)))


def told(centre: Any) -> list[tuple[str, str]]:
    return [(row["code"].rpartition(".")[2], row["recipient"]) for row in centre.notices("task")]


def walk(centre: Any, minutes: int) -> None:
    for _ in range(minutes):
        centre.advance(MINUTE)


def test_a_promise_is_reminded_before_and_told_after_once_each(alarm: Any) -> None:
    centre, id_ = alarm
    assert promise(centre, episode_id=id_, text="回电给 13800138000 的客户") == Done(1)
    assert promise(centre, episode_id=id_, text="回电给 13800138000 的客户") == Done(1)
    (row,) = tasks(centre)
    assert "13800138000" not in row.text
    assert told(centre) == [("task", "person:li")]
    walk(centre, 44)
    assert told(centre) == [("task", "person:li")]
    walk(centre, 1)  # a quarter of an hour before
    assert told(centre)[1:] == [("promise_soon", "person:li")]
    walk(centre, 15)
    assert sorted(told(centre)[2:]) == [("promise_late", "manager"), ("promise_late", "person:li")]
    walk(centre, 30)
    assert len(told(centre)) == 4


def test_what_was_kept_in_time_is_not_told_again(alarm: Any) -> None:
    centre, _ = alarm
    promise(centre)
    (row,) = tasks(centre)
    assert commands.close_task(centre.store, row.task_id, 1, LI, centre.now, result="已回电") == Done(2)
    walk(centre, 70)
    assert told(centre) == [("task", "person:li")]
    assert commands.close_task(centre.store, row.task_id, 1, WANG, centre.now, result="x").code == "alerts.refused.task_stale"  # type: ignore[union-attr]


def test_a_worker_that_slept_tells_it_late_and_once(alarm: Any) -> None:
    centre, _ = alarm
    promise(centre)
    centre.advance(3 * HOUR)
    centre.advance(MINUTE)
    assert sorted(told(centre)[1:]) == [
        ("promise_late", "manager"),
        ("promise_late", "person:li"),
        ("promise_soon", "person:li"),
    ]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"by": ANA}, "alerts.refused.role"),
        ({"text": " \u200b "}, "alerts.refused.needs"),
        ({"text": "长" * 501}, "alerts.refused.value"),
        ({"kind": "wish"}, "alerts.refused.value"),
        ({"due_at": None}, "alerts.refused.value"),
        ({"owner": "nobody"}, "alerts.refused.unknown_person"),
        ({"episode_id": "none"}, "alerts.refused.gone"),
        ({"episode_id": "it", "owner": "hua"}, "alerts.refused.target_scope"),
        ({"episode_id": "it", "by": HUA}, "alerts.refused.scope"),
    ],
)
def test_what_cannot_be_promised_says_why_and_leaves_nothing(alarm: Any, more: dict[str, Any], code: str) -> None:
    centre, id_ = alarm
    if more.get("episode_id") == "it":
        more = {**more, "episode_id": id_}
    if "due_at" in more:
        more = {**more, "due_at": centre.now}
    answer = promise(centre, **more)
    assert isinstance(answer, Refused) and answer.code == code
    assert tasks(centre) == []


def test_only_owner_asker_or_a_manager_closes_or_hands_on(alarm: Any) -> None:
    centre, _ = alarm
    promise(centre)
    (row,) = tasks(centre)
    other = Somebody("hua", "华小东", "duty", ("华东",))
    for answer in (
        commands.close_task(centre.store, row.task_id, 1, other, centre.now, result="x"),
        commands.hand_task(centre.store, row.task_id, 1, other, centre.now, owner="hua"),
    ):
        assert isinstance(answer, Refused) and answer.code == "alerts.refused.not_owner"
    assert commands.hand_task(centre.store, row.task_id, 1, LI, centre.now, owner="ana") == Done(2)
    assert told(centre)[-1] == ("task", "person:ana")
    assert commands.hand_task(centre.store, row.task_id, 1, LI, centre.now, owner="li").code.startswith("alerts.refused.")  # type: ignore[union-attr]
    assert commands.close_task(centre.store, "none", 1, LI, centre.now, result="x").code == "alerts.refused.no_task"  # type: ignore[union-attr]
    assert commands.hand_task(centre.store, "none", 1, LI, centre.now, owner="li").code == "alerts.refused.no_task"  # type: ignore[union-attr]
    with centre.store.connect() as conn:
        assert set(conn.scalars(select(t.audit.c.action))) >= {"task.add", "task.hand"}


def test_the_list_of_what_waits_for_me(alarm: Any) -> None:
    centre, id_ = alarm
    commands.claim(centre.store, id_, 0, LI, centre.now)
    commands.regrade(centre.store, id_, 1, LI, centre.now, tier=3, reason="media")
    promise(centre, episode_id=id_)
    promise(centre, kind="action", text="改流程", due_at=centre.now + 5 * HOUR, by=LI, owner="ana")
    commands.consult(centre.store, id_, 2, WANG, centre.now, assessors={"li": "technical"}, decider="wang")
    mine = todo(centre.store, "li", (), centre.now)
    assert [one.kind for one in mine] == ["report", "promise", "claim", "assess"]
    assert mine[0].due_at == centre.now + timedelta(minutes=30)
    assert [one.kind for one in todo(centre.store, "wang", (), centre.now)] == ["conclude"]
    assert [one.text for one in promised(centre.store, "li", ())] == ["改流程"]
    with centre.store.connect() as conn:
        assert len(open_tasks(conn, ())) == 2 and open_tasks(conn, ("华东",)) == []
    commands.note(centre.store, id_, 3, LI, centre.now + MINUTE, note="还在查")
    after = {one.kind: one.due_at for one in todo(centre.store, "li", (), centre.now)}
    assert after["report"] == centre.now + timedelta(minutes=31)
    commands.assess(centre.store, id_, 0, LI, centre.now, likelihood=1, impact=1, loss=1)
    commands.conclude(centre.store, id_, 5, WANG, centre.now, tier=2)
    assert [one.kind for one in todo(centre.store, "wang", (), centre.now)] == []
    commands.resolve(centre.store, id_, 6, LI, centre.now, reason="fixed", note="好了")
    assert [one.kind for one in todo(centre.store, "li", (), centre.now)] == ["promise", "review"]


def test_a_severe_alert_in_hand_asks_for_a_report_and_says_when_it_is_missing(alarm: Any) -> None:
    centre, id_ = alarm
    commands.claim(centre.store, id_, 0, LI, centre.now)
    commands.regrade(centre.store, id_, 1, LI, centre.now, tier=3, reason="media")
    walk(centre, 25)
    assert told(centre) == [("report_soon", "person:li")]
    commands.note(centre.store, id_, 2, LI, centre.now, note="已定位")
    walk(centre, 24)
    assert len(told(centre)) == 1
    walk(centre, 6)
    assert sorted(told(centre)[1:]) == [("report_late", "manager"), ("report_late", "person:li"), ("report_soon", "person:li")]


def test_reports_are_asked_of_severe_alerts_in_hand_only(lite: Any) -> None:
    policy = TierPolicy(**TIER_POLICY)
    assert report_due(3, lite.now, None, policy) == lite.now + timedelta(minutes=30)
    assert report_due(3, lite.now, lite.now + MINUTE, policy) == lite.now + timedelta(minutes=31)
    assert report_due(2, lite.now, None, policy) is None
    assert report_due(3, None, None, policy) is None
    assert report_due(3, lite.now, None, TierPolicy(**TIER_POLICY, report_s=None)) is None


def test_the_owner_of_an_alert_is_reminded_before_its_deadline(alarm: Any) -> None:
    centre, id_ = alarm
    commands.claim(centre.store, id_, 0, LI, centre.now)
    due = centre.one()["handle_due_at"]
    while centre.now < due - timedelta(minutes=31):
        commands.note(centre.store, id_, 1, LI, centre.now, note=f"{centre.now:%H:%M} 仍在处理")  # else the claim lapses
        centre.advance(min(timedelta(minutes=25), due - centre.now - timedelta(minutes=31)))
    assert {what for what, _ in told(centre)} <= {"report_soon", "report_late"}
    walk(centre, 2)
    assert ("claim_soon", "person:li") in told(centre)


def test_contact_with_customers_is_logged_once_and_counted(alarm: Any) -> None:
    centre, id_ = alarm

    def log(by: Somebody = LI, **more: Any) -> Done | Refused:
        given = {"customers": ["c1", "c2", "c1"], "way": "call", "outcome": "told", "note": "已说明", **more}
        return commands.log_contact(centre.store, id_, by, centre.now, **given)

    assert log() == Done(2)
    assert log() == Done(2)
    with centre.store.connect() as conn:
        assert len(conn.execute(select(t.contact)).all()) == 2
    wrong: list[dict[str, Any]] = [
        {"by": ANA},
        {"by": HUA},
        {"customers": []},
        {"way": ""},
        {"way": "pigeon"},
        {"outcome": "x"},
    ]
    wrong.append({"note": "长" * 501})
    for more in wrong:
        assert isinstance(log(**more), Refused), more
    answer = commands.log_contact(centre.store, "none", LI, centre.now, customers=["c"], way="sms", outcome="told")
    assert isinstance(answer, Refused) and answer.code == "alerts.refused.gone"
