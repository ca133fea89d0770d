"""会商: invited people judge, one named person decides; everybody else reads."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.handling import Somebody
from fengsui.alerts.tell import effective_tier
from fengsui.board.read.consultation import consultation
from fengsui.board.read.detail import detail
from fengsui.store import tables as t

LI, WANG, ANA = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager"), Somebody("ana", "安娜", "analyst")


@pytest.fixture
def alarm(lite: Any) -> Any:
    for one in (LI, WANG, ANA):
        lite.person(one.person_id, one.name, one.role)
    lite.person("hua", "华小东", scope=("华东",))
    lite.record(n=30)
    lite.sees(grade=1, observed=30, expected=1)
    lite.advance()
    return lite, lite.one()["episode_id"]


def call(centre: Any, id_: str, **more: Any) -> Done | Refused:
    asked = {"assessors": {"ana": "product", "li": "technical"}, "decider": "wang", **more}
    return commands.consult(centre.store, id_, 0, LI, centre.now, **asked)


def assess(centre: Any, id_: str, by: Somebody, **more: Any) -> Done | Refused:
    levels = {"likelihood": 3, "impact": 2, "loss": 3, **more}
    return commands.assess(centre.store, id_, 0, by, centre.now, **levels)


def test_invited_people_judge_and_the_named_one_decides(alarm: Any) -> None:
    centre, id_ = alarm
    assert call(centre, id_) == Done(1)
    assert {row["recipient"] for row in centre.notices("assigned")} == {"person:ana", "person:li", "person:wang"}
    assert assess(centre, id_, ANA, note="像是版本问题，电话 13800138000") == Done(2)
    centre.minute()
    assert assess(centre, id_, ANA, impact=1) == Done(3), "somebody may think again"
    found = detail(centre.store, id_, (), centre.now)
    assert found is not None and found.consultation is not None
    votes = {one.name: one for one in found.consultation.votes}
    assert (votes["安娜"].likelihood, votes["安娜"].impact, votes["安娜"].role) == (3, 1, "product")
    assert votes["李强"].at is None and found.consultation.missing == 1
    assert commands.conclude(centre.store, id_, 3, WANG, centre.now, tier=3) == Done(4)
    row = centre.handling(id_)
    assert effective_tier({**row, "episode_tier": centre.one()["tier"]}) == 3 and row["tier_reason"] == "consultation"
    with centre.store.connect() as conn:
        opinions = conn.execute(select(t.assessment).order_by(t.assessment.c.at)).all()
        audits = conn.scalars(select(t.audit.c.action)).all()
    assert len(opinions) == 2 and "13800138000" not in opinions[0].opinion
    assert {"alert.consult", "alert.assess", "alert.conclude"} <= set(audits)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"assessors": {}}, "alerts.refused.needs"),
        ({"decider": ""}, "alerts.refused.needs"),
        ({"decider": "nobody"}, "alerts.refused.unknown_person"),
        ({"assessors": {"ana": "king"}}, "alerts.refused.value"),
        ({"assessors": {"hua": "product"}}, "alerts.refused.target_scope"),
    ],
)
def test_what_cannot_be_asked_says_why_and_asks_nobody(alarm: Any, more: dict[str, Any], code: str) -> None:
    centre, id_ = alarm
    answer = call(centre, id_, **more)
    assert isinstance(answer, Refused) and answer.code == code
    assert centre.transitions(id_) == []


def test_who_was_not_asked_does_not_judge_and_who_was_not_named_does_not_decide(alarm: Any) -> None:
    centre, id_ = alarm
    assert assess(centre, id_, WANG).code == "alerts.refused.not_invited"  # type: ignore[union-attr]
    assert commands.conclude(centre.store, id_, 0, WANG, centre.now, tier=1).code == "alerts.refused.no_consultation"  # type: ignore[union-attr]
    call(centre, id_)
    answer = commands.conclude(centre.store, id_, 1, LI, centre.now, tier=1)
    assert isinstance(answer, Refused) and answer.params["who"] == "王敏"
    assert assess(centre, id_, ANA, loss=4).code == "alerts.refused.value"  # type: ignore[union-attr]
    assert commands.claim(centre.store, id_, 1, ANA, centre.now).code == "alerts.refused.role"  # type: ignore[union-attr]


def test_without_a_call_there_is_no_consultation(alarm: Any) -> None:
    centre, id_ = alarm
    with centre.store.connect() as conn:
        assert consultation(conn, id_, []) is None


def test_a_severe_alert_is_closed_with_a_final_report(alarm: Any) -> None:
    centre, id_ = alarm
    commands.claim(centre.store, id_, 0, LI, centre.now)
    commands.regrade(centre.store, id_, 1, LI, centre.now, tier=3, reason="media")
    answer = commands.resolve(centre.store, id_, 2, LI, centre.now, reason="fixed")
    assert isinstance(answer, Refused) and answer.params == {"field": "final"}
    assert commands.resolve(centre.store, id_, 2, LI, centre.now, reason="fixed", note="14:50 回滚后恢复") == Done(3)
    done = commands.review(centre.store, id_, 3, LI, centre.now, verdict="real", cause="release", lesson="发布前先灰度")
    assert done == Done(4)
    assert centre.transitions(id_)[-1]["params"]["cause"] == "release"
