"""A claim that nobody follows lapses by its tier, is told, and the alert climbs anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fengsui.alerts import commands, definitions
from fengsui.alerts.bodies import TierPolicy
from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.handling import Somebody
from fengsui.alerts.desk import Desk
from fengsui.alerts.seeds.policy import TIER_POLICY
from fengsui.store import tables as t

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LI, WANG = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager")


@pytest.fixture
def alarm(centre: Any) -> Any:
    """Severe, and claimed by 李强."""
    for one in (LI, WANG):
        centre.person(one.person_id, one.name, one.role)
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    id_ = centre.one()["episode_id"]
    assert commands.claim(centre.store, id_, 0, LI, centre.now) == Done(1)
    return centre, id_


def told(centre: Any, *kinds: str) -> list[tuple[str, str]]:
    return [(row["code"].rpartition(".")[2], row["recipient"]) for row in centre.notices(*kinds)]


def walk(centre: Any, minutes: int) -> None:
    for _ in range(minutes):
        centre.advance(MINUTE)


def test_an_hour_without_any_action_gives_a_severe_alert_back_and_says_so(alarm: Any) -> None:
    centre, id_ = alarm
    walk(centre, 59)
    assert centre.handling(id_)["owner"] == "li"
    assert ("lapse_soon", "person:li") in told(centre, "task")
    walk(centre, 1)
    hand = centre.handling(id_)
    assert (hand["state"], hand["owner"], hand["claimed_at"], hand["handling_version"]) == ("verified", None, None, 2)
    last = centre.transitions(id_)[-1]
    assert (last["code"], last["by"], last["before"], last["after"]) == ("lapse", "machine", "claimed", "verified")
    assert sorted(told(centre, "lapsed")) == [("lapsed", "duty"), ("lapsed", "manager"), ("lapsed", "person:li")]
    assert centre.one()["claim_due_at"] == centre.now + 5 * MINUTE  # a new deadline, not one that passed an hour ago
    assert told(centre, "escalated") == []
    walk(centre, 5)
    assert told(centre, "escalated") == [("escalated", "manager")]


def test_it_climbs_anew_though_it_was_told_as_often_as_it_may_be_before(centre: Any) -> None:
    centre.person("li", "李强")
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    id_ = centre.one()["episode_id"]
    walk(centre, 20)
    assert len(told(centre, "escalated")) == 3
    commands.claim(centre.store, id_, 0, LI, centre.now)
    walk(centre, 60 + 5)
    assert len(told(centre, "escalated")) == 4


def test_whoever_lost_it_is_told_why_the_click_is_refused(alarm: Any) -> None:
    centre, id_ = alarm
    walk(centre, 60)
    answer = commands.resolve(centre.store, id_, 1, LI, centre.now, reason="fixed", note="已恢复")
    assert isinstance(answer, Refused) and answer.code == "alerts.refused.after.lapse"


@pytest.mark.parametrize("done", ["note", "contact", "task", "put_off"])
def test_whatever_is_done_begins_the_span_anew(alarm: Any, done: str) -> None:
    centre, id_ = alarm
    walk(centre, 50)
    if done == "note":
        commands.note(centre.store, id_, 1, WANG, centre.now, note="还在查")
    if done == "contact":
        commands.log_contact(centre.store, id_, LI, centre.now, customers=["c1"], way="call", outcome="told", note="")
    if done == "task":
        due = centre.now + HOUR
        commands.add_task(centre.store, WANG, centre.now, kind="promise", text="回电", owner="li", due_at=due, episode_id=id_)
    if done == "put_off":
        with centre.store.begin() as conn:  # severe: no further than its deadline; what is stored counts
            row = {"until_at": centre.now + 30 * MINUTE, "tier": 3, "by": "li", "at": centre.now, "reason": "busy"}
            conn.execute(t.snooze.insert().values(episode_id=id_, **row))
            conn.execute(t.episode.update().values(claim_due_at=centre.now + 30 * MINUTE))
    walk(centre, 20)
    assert centre.handling(id_)["owner"] == "li"
    walk(centre, 40 if done != "put_off" else 70)
    assert centre.handling(id_)["owner"] is None


def test_a_policy_may_say_never(alarm: Any) -> None:
    centre, id_ = alarm
    tiers = {name: {**body, "lapse_s": None} for name, body in TIER_POLICY["tiers"].items()}
    with centre.store.begin() as conn:
        held = definitions.in_force(conn, "tier_policy", centre.now)["default"].body.model_dump(mode="json")
        definitions.save(conn, "tier_policy", "default", {**held, "tiers": tiers}, "wang", centre.now)
    centre.advance(MINUTE)
    centre.advance(30 * HOUR)
    assert centre.handling(id_)["owner"] == "li"


def test_a_policy_from_before_has_the_spans_of_each_tier() -> None:
    old = {name: {k: v for k, v in body.items() if k != "lapse_s"} for name, body in TIER_POLICY["tiers"].items()}
    policy = TierPolicy(**{**TIER_POLICY, "tiers": old})
    assert [policy.tiers[n].lapse_s for n in ("1", "2", "3")] == [12 * 3600, 2 * 3600, 3600]


def test_nobody_but_the_house_gives_back_like_that(alarm: Any) -> None:
    from fengsui.alerts.commands.carry_out import carry_out
    from fengsui.alerts.commands.handling import Command

    centre, id_ = alarm
    for by in (LI, WANG, Somebody("root", "管理员", "admin")):
        answer = carry_out(centre.store, id_, Command("lapse", 1), by, centre.now)
        assert isinstance(answer, Refused) and answer.code == "alerts.refused.role"


def test_a_kill_in_the_middle_of_an_escalation_tells_each_step_once(centre: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies between the transition and its notice; the next one finds the timer in the rows and does both, once."""
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    walk(centre, 4)
    really = Desk.tell

    def dies(self: Desk, news: Any, recipients: Any) -> None:
        if news.kind == "escalated":
            raise SystemExit
        really(self, news, recipients)

    before = centre.digest()
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "tell", dies)
        with pytest.raises(SystemExit):
            centre.advance(MINUTE)
    assert centre.digest() == before  # not a row of the half step
    centre.store.dispose()
    centre.tick -= 1
    for _ in range(2):
        centre.advance()
    assert told(centre, "escalated") == [("escalated", "manager")]
    assert [row["code"] for row in centre.transitions(centre.one()["episode_id"], "machine")].count("escalated") == 1


def forget(centre: Any) -> None:
    """The store as it was before anybody knew of lapses."""
    with centre.store.begin() as conn:
        conn.execute(t.watermark.delete().where(t.watermark.c.name == "lapse"))


def test_an_upgrade_gives_back_no_old_claim_at_once_and_what_went_out_never(alarm: Any) -> None:
    centre, id_ = alarm
    forget(centre)
    centre.now += timedelta(days=20)
    centre.advance(MINUTE)
    assert told(centre, "lapsed") == [] and centre.handling(id_)["owner"] == "li"
    walk(centre, 59)
    assert told(centre, "lapsed") == []
    walk(centre, 1)  # it burns, and had its whole span
    assert centre.handling(id_)["owner"] is None


def test_what_had_gone_out_before_lapses_were_known_stays_with_its_owner(alarm: Any) -> None:
    centre, id_ = alarm
    forget(centre)
    with centre.store.begin() as conn:
        conn.execute(t.episode.update().values(condition="cleared", cleared_at=centre.now + HOUR))
    centre.now += timedelta(days=20)
    walk(centre, 130)
    assert told(centre, "lapsed") == [] and centre.handling(id_)["owner"] == "li"
    assert "lapse_soon" not in [code for code, _ in told(centre, "task")]


def test_many_lapses_at_once_are_one_summary_for_each(centre: Any) -> None:
    from fengsui.notify.pace import storm_of
    from fengsui.notify.queue import due, merge_storm

    row = {"episode_id": None, "channel": "log", "recipient": "duty", "created_at": centre.now, "due_at": centre.now}
    row |= {"kind": "lapsed", "state": "pending", "code": "alerts.notice.lapsed", "params": {"tier": 2}}
    with centre.store.begin() as conn:
        conn.execute(t.outbox.insert(), [{**row, "notice_id": f"n{n}"} for n in range(40)])
        pace = storm_of(conn, centre.now)
        kept = merge_storm(conn, due(conn, centre.now), pace, centre.now)
    assert len(kept) == pace.storm_n
    assert [row["params"]["n"] for row in centre.notices("summary")] == [40 - pace.storm_n]
