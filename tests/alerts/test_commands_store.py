"""Commands against a store: races between people, the machine beside them, what is appended, who hears of it."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.handling import Somebody
from fengsui.alerts.tell import effective_tier
from fengsui.store.tables import audit, episode, watermark

LI, WANG = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager")


@pytest.fixture
def alarm(centre):
    """A centre with two people and one burning alert; returns (centre, episode_id)."""
    centre.person("li", "李强")
    centre.person("wang", "王敏", "manager")
    centre.person("hua", "华小南", scope=("华东",))
    centre.record(n=30)
    centre.sees(grade=1, observed=30, expected=1)
    centre.advance()
    return centre, centre.one()["episode_id"]


def test_a_hundred_machine_updates_between_opening_and_clicking_and_the_click_wins(alarm):
    centre, id_ = alarm
    seen = centre.handling(id_)["handling_version"]
    for _ in range(100):
        centre.minute()
        centre.sees(observed=30, expected=1)
        centre.advance()
    assert commands.claim(centre.store, id_, seen, LI, centre.now) == Done(1)
    assert centre.handling(id_)["owner"] == "li"


def test_two_people_click_at_one_moment_one_wins_and_the_other_is_told_who(alarm):
    centre, id_ = alarm
    barrier, answers = threading.Barrier(2), {}

    def click(by):
        barrier.wait()
        answers[by.person_id] = commands.claim(centre.store, id_, 0, by, centre.now)

    threads = [threading.Thread(target=click, args=(by,)) for by in (LI, WANG)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owner = centre.handling(id_)["owner"]
    loser = {"li": "wang", "wang": "li"}[owner]
    names = {"li": "李强", "wang": "王敏"}
    assert answers[owner] == Done(1)
    assert isinstance(answers[loser], Refused)
    assert answers[loser].code == "alerts.refused.after.claim"
    assert answers[loser].params["who"] == names[owner]
    assert len(centre.transitions(id_)) == 1


def test_notes_of_two_people_both_stand(alarm):
    centre, id_ = alarm
    barrier, answers = threading.Barrier(4), []

    def write(n):
        barrier.wait()
        answers.append(commands.note(centre.store, id_, 0, LI if n % 2 else WANG, centre.now, note=f"第 {n} 条"))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(answer, Done) for answer in answers)
    assert [row["n"] for row in centre.transitions(id_)] == [1, 2, 3, 4]


def test_every_decision_has_its_place_in_one_line_and_in_the_audit(alarm):
    centre, id_ = alarm
    commands.verify(centre.store, id_, 0, LI, centre.now)
    commands.claim_for(centre.store, id_, 1, LI, centre.now, person="wang")
    commands.start(centre.store, id_, 2, WANG, centre.now)
    rows = centre.transitions(id_)
    assert [(row["n"], row["decision_seq"], row["code"], row["before"], row["after"]) for row in rows] == [
        (1, 1, "verify", "new", "verified"),
        (2, 2, "claim_for", "verified", "claimed"),
        (3, 3, "start", "claimed", "in_progress"),
    ]
    assert (rows[1]["by"], rows[1]["for_person"]) == ("li", "wang")
    with centre.store.connect() as conn:
        assert conn.scalars(select(audit.c.action)).all() == ["alert.verify", "alert.claim_for", "alert.start"]
        assert conn.scalar(select(watermark.c.seq).where(watermark.c.name == "decision")) == 3


def test_a_refused_command_writes_nothing(alarm):
    centre, id_ = alarm
    before = centre.digest()
    answer = commands.resolve(centre.store, id_, 0, LI, centre.now, reason="fixed")
    assert answer.code == "alerts.refused.state.resolve"
    assert centre.digest() == before


def test_the_whole_way_to_the_review(alarm):
    centre, id_ = alarm
    steps = [
        lambda v: commands.claim(centre.store, id_, v, LI, centre.now),
        lambda v: commands.add_participant(centre.store, id_, v, LI, centre.now, person="wang"),
        lambda v: commands.plan_step(centre.store, id_, v, LI, centre.now, step="read"),
        lambda v: commands.transfer(centre.store, id_, v, LI, centre.now, person="wang", reason="busy"),
        lambda v: commands.escalate(centre.store, id_, v, WANG, centre.now, reason="spreading"),
        lambda v: commands.regrade(centre.store, id_, v, WANG, centre.now, tier=2, reason="wider"),
        lambda v: commands.resolve(centre.store, id_, v, WANG, centre.now, reason="fixed", note="已回滚"),
        lambda v: commands.review(centre.store, id_, v, WANG, centre.now, verdict="real"),
        lambda v: commands.reopen(centre.store, id_, v, LI, centre.now, reason="came_back"),
    ]
    for version, step in enumerate(steps):
        assert step(version) == Done(version + 1)
    row = centre.handling(id_)
    assert (row["state"], row["owner"], row["participants"], row["tier"]) == ("claimed", "wang", ["wang"], 2)
    assert row["plan_done"][0]["by"] == "li"
    assert {(n["kind"], n["recipient"]) for n in centre.notices("assigned", "escalated")} == {
        ("assigned", "person:wang"),
        ("escalated", "manager"),
    }


def test_a_person_sees_and_commands_only_inside_the_scope(alarm):
    centre, id_ = alarm
    hua = Somebody("hua", "华小南", "duty", ("华东",))
    assert commands.claim(centre.store, id_, 0, hua, centre.now).code == "alerts.refused.scope"
    answer = commands.claim_for(centre.store, id_, 0, LI, centre.now, person="hua")
    assert answer == Refused("alerts.refused.target_scope", {"who": "华小南", "scope": ["华东"]})


def test_unknown_people_and_alerts_are_named(alarm):
    centre, id_ = alarm
    answer = commands.claim_for(centre.store, id_, 0, LI, centre.now, person="nobody")
    assert answer == Refused("alerts.refused.unknown_person", {"person": "nobody"})
    assert commands.claim(centre.store, "gone", 0, LI, centre.now).code == "alerts.refused.gone"


def test_the_demo_visitor_without_a_row_may_take_what_is_handed_to_them(alarm):
    centre, id_ = alarm
    demo = Somebody("demo", "演示访客", "manager")
    assert commands.claim_for(centre.store, id_, 0, demo, centre.now, person="demo") == Done(1)


def test_merging_ends_one_and_keeps_the_other_and_makes_no_rings(alarm):
    centre, id_ = alarm
    centre.record(n=20, dims={"channel": "电话"})
    centre.sees("channel=电话", rule="complaints-channel", grade=1, observed=20, expected=1)
    centre.advance()
    other = next(row["episode_id"] for row in centre.episodes() if row["episode_id"] != id_)
    assert (
        commands.merge_into(centre.store, id_, 0, WANG, centre.now, into=id_, reason="same_cause").code == "alerts.refused.into"
    )
    assert commands.merge_into(centre.store, other, 0, WANG, centre.now, into=id_, reason="same_cause") == Done(1)
    assert centre.handling(other)["state"] == "reviewed"
    assert (
        commands.merge_into(centre.store, id_, 0, WANG, centre.now, into=other, reason="same_cause").code
        == "alerts.refused.into"
    )
    assert centre.transitions(other)[0]["params"]["into"] == id_


def test_nothing_is_merged_into_what_the_person_cannot_see(alarm):
    """The trap: a scoped person hides an alert behind another organisation's, or behind one in shadow."""
    centre, whole = alarm
    for place in ("华东", "华南"):
        centre.record(n=20, dims={"channel": "电话", "org": place})
        centre.sees(f"org.1={place}", rule="complaints-region", grade=1, observed=20, expected=1)
    centre.advance()
    ids = {row["slice_key"]: row["episode_id"] for row in centre.episodes()}
    hua = Somebody("hua", "华小南", "duty", ("华东",))
    for into in (whole, ids["org.1=华南"]):
        refused = commands.merge_into(centre.store, ids["org.1=华东"], 0, hua, centre.now, into=into, reason="same_cause")
        assert refused.code == "alerts.refused.into"
    with centre.store.begin() as conn:
        conn.execute(update(episode).where(episode.c.episode_id == whole).values(mode="shadow"))
    refused = commands.merge_into(centre.store, ids["org.1=华东"], 0, WANG, centre.now, into=whole, reason="same_cause")
    assert refused.code == "alerts.refused.into"


def test_a_regrade_holds_until_the_machine_rises_above_what_it_was(alarm):
    centre, id_ = alarm
    before = centre.one()["tier"]
    commands.regrade(centre.store, id_, 0, LI, centre.now, tier=1, reason="narrower")

    def shown():
        row = centre.handling(id_)
        return effective_tier({**row, "episode_tier": centre.one()["tier"]})

    assert (before, shown()) == (2, 1)
    centre.now += timedelta(minutes=20)
    centre.record(n=30)
    centre.sees(observed=60, expected=1, minutes=40)
    centre.advance()
    assert shown() == centre.one()["tier"] == 3


def test_an_outbreak_after_people_ended_it_is_a_new_alert(alarm):
    centre, id_ = alarm
    for _ in range(10):
        centre.minute()
        centre.calm()
    centre.advance()
    commands.verify(centre.store, id_, 0, LI, centre.now)
    commands.review(centre.store, id_, 1, LI, centre.now, verdict="expected")
    centre.minute()
    centre.sees(observed=30, expected=1)
    centre.advance()
    assert len(centre.episodes()) == 2
    assert centre.handling(id_)["state"] == "reviewed"


@pytest.mark.parametrize("command", ["note", "give_back"])
def test_a_phone_number_in_a_note_is_masked_before_it_is_stored_and_an_order_number_is_not(alarm, command):
    centre, id_ = alarm
    said = "客户 138-1234-5678 来电，订单号 6222020200112233445，邮箱 zhang@example.com"
    version = commands.claim(centre.store, id_, 0, LI, centre.now).version
    more = {"reason": "打 13812345678 没人接"} if command == "give_back" else {}
    for _ in range(2):  # delivered twice it is one decision, also where something was masked
        answer = getattr(commands, command)(centre.store, id_, version, LI, centre.now, note=said, **more)
        assert isinstance(answer, Done)
    moves = [row for row in centre.transitions(id_) if row["code"] == command]
    assert len(moves) == 1
    assert moves[0]["note"] == "客户 [手机号] 来电，订单号 6222020200112233445，邮箱 [邮箱]"
    everything = str([*centre.digest().values(), centre._all(select(audit))])
    assert "5678" not in everything
