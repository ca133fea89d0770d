"""Who goes on for an event whose leading alert was closed, or went out, while members of it burn."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from fengsui.alerts import commands
from fengsui.store.tables import episode, transition

LI = SimpleNamespace(person_id="li", name="李", role="duty", scope=())
PAYMENT = {"channel": "App", "org": "华南/广东", "category": "支付/支付失败"}
APP, CELL = "channel=App", "channel=App|org.1=华南"


def _surge(centre, slice_key="all", rule="complaints-all", **more):
    centre.sees(slice_key, rule=rule, observed=30, expected=1, **more)


def _outage(centre):
    """Payment fails: words lead, four counts are members. -> the leader"""
    centre.record(n=30, cues=("outage",), dims=PAYMENT)
    centre.advance()
    centre.minute()
    for key, rule in (
        ("all", "complaints-all"),
        (APP, "complaints-channel"),
        ("org.1=华南", "complaints-region"),
        ("category.1=支付", "complaints-category"),
    ):
        _surge(centre, key, rule)
    centre.advance()
    rows = _rows(centre)
    leader = rows.pop("cue-outage")
    assert len(rows) == 4
    assert {row["parent_id"] for row in rows.values()} == {leader["episode_id"]}
    return leader


def _rows(centre):
    return {row["rule_id"]: row for row in centre.episodes()}


def _resolve(centre, episode_id):
    claimed = commands.claim(centre.store, episode_id, 0, LI, centre.now)
    done = commands.resolve(centre.store, episode_id, claimed.version, LI, centre.now, reason="fixed", note="已恢复")
    assert isinstance(done, commands.Done)


def test_closing_a_leader_that_burns_leaves_one_alert_told_once_with_a_deadline_from_now(centre):
    """The trap: at one click six severe alerts lay on the desk, all late since they were hidden, and nobody was told."""
    leader = _outage(centre)
    assert all(row["claim_due_at"] is None for row in centre.episodes() if row["parent_id"]), "no hidden clock"
    centre.now += timedelta(minutes=30)
    _resolve(centre, leader["episode_id"])
    told = {row["notice_id"] for row in centre.notices()}
    assert centre.advance(timedelta(seconds=2)).escalated == 0
    rows = _rows(centre)
    heir = rows["complaints-all"]
    assert heir["parent_id"] is None
    assert {row["parent_id"] for row in rows.values()} == {None, heir["episode_id"]}
    assert heir["claim_due_at"] == centre.now + timedelta(minutes=5)
    news = [row for row in centre.notices() if row["notice_id"] not in told]
    assert {(row["episode_id"], row["code"]) for row in news} == {(heir["episode_id"], "alerts.notice.leads")}
    assert sorted(row["recipient"] for row in news) == ["duty", "manager"]
    assert centre.machine_codes(heir["episode_id"])[-1] == "leads"
    assert centre.machine_codes(rows["complaints-channel"]["episode_id"])[-1] == "joined"
    assert centre.advance(timedelta(minutes=4)).escalated == 0
    assert centre.advance(timedelta(minutes=1)).escalated == 1, "one event climbs once"


def test_the_same_tick_again_and_a_quiet_one_pass_nothing_on_twice(centre):
    leader = _outage(centre)
    _resolve(centre, leader["episode_id"])
    centre.advance()
    before = centre.digest()
    centre.tick -= 1
    centre.advance()
    assert centre.digest() == before
    centre.advance(timedelta(seconds=1))
    assert [row["code"] for row in centre.notices("raised")].count("alerts.notice.leads") == 2  # duty and manager


def test_closing_one_after_the_other_ends_with_the_last_member(centre):
    leader = _outage(centre)
    heirs = []
    for _ in range(4):
        _resolve(centre, leader["episode_id"])
        centre.minute()
        centre.advance()
        rows = centre.episodes()
        (leader,) = [row for row in rows if row["parent_id"] is None and centre.handling(row["episode_id"])["state"] == "new"]
        heirs.append(leader["rule_id"])
    assert heirs[0] == "complaints-all"
    assert len(set(heirs)) == 4
    _resolve(centre, leader["episode_id"])
    assert centre.advance(timedelta(minutes=1)).notices == 0


def test_another_burning_alert_of_the_event_takes_the_members_and_nobody_is_told(centre):
    centre.record(n=30, dims=PAYMENT)
    _surge(centre, APP, "complaints-channel")
    _surge(centre, "org.1=华南", "complaints-region")
    centre.advance()
    centre.minute()
    _surge(centre, CELL, "complaints-tail-channel-org.1", role="tail")
    centre.advance()
    rows = _rows(centre)
    first = rows["complaints-channel"] if _leads(rows, "complaints-channel") else rows["complaints-region"]
    other = rows["complaints-region"] if first is rows["complaints-channel"] else rows["complaints-channel"]
    _resolve(centre, first["episode_id"])
    told = len(centre.notices())
    centre.advance(timedelta(seconds=1))
    assert _rows(centre)["complaints-tail-channel-org.1"]["parent_id"] == other["episode_id"]
    assert len(centre.notices()) == told


def _leads(rows, rule):
    return rows["complaints-tail-channel-org.1"]["parent_id"] == rows[rule]["episode_id"]


def test_members_of_an_alert_that_was_merged_away_follow_it(centre):
    leader = _outage(centre)
    _surge(centre, "all", "sla-all", metric="sla_attainment", direction="down",
           reason_params={"observed": 0.2, "expected": 0.9, "n": 100}, step_s=900)  # fmt: skip
    centre.advance(timedelta(minutes=1))
    into = _rows(centre)["sla-all"]
    with centre.store.begin() as conn:
        conn.execute(update(episode).where(episode.c.episode_id == into["episode_id"]).values(tier=3))
    commands.merge_into(centre.store, leader["episode_id"], 0, LI, centre.now, into=into["episode_id"], reason="same_cause")
    told = len(centre.notices())
    centre.advance(timedelta(seconds=1))
    members = [row for row in centre.episodes() if row["metric"] == "complaints" and row["rule_id"] != "cue-outage"]
    assert {row["parent_id"] for row in members} == {into["episode_id"]}
    assert len(centre.notices()) == told


@pytest.mark.parametrize("verdict", ["false", "expected"])
def test_what_people_called_nothing_keeps_its_members_while_it_burns(centre, verdict):
    leader = _outage(centre)
    claimed = commands.claim(centre.store, leader["episode_id"], 0, LI, centre.now)
    commands.review(centre.store, leader["episode_id"], claimed.version, LI, centre.now, verdict=verdict)
    told = len(centre.notices())
    centre.advance(timedelta(minutes=10))
    assert {row["parent_id"] for row in centre.episodes()} == {None, leader["episode_id"]}
    assert len(centre.notices()) == told


def test_a_member_that_gets_graver_has_its_deadline_from_then(centre):
    """The trap: its hidden clock of half an hour ago made it late the moment it was first shown."""
    centre.record(n=12)
    centre.sees(grade=1, observed=12, expected=5)
    centre.sees(APP, rule="complaints-channel", grade=1, observed=12, expected=5)
    centre.advance()
    member = _rows(centre)["complaints-channel"]
    assert (member["parent_id"] is not None, member["claim_due_at"]) == (True, None)
    centre.now += timedelta(minutes=40)
    centre.record(n=40, dims=PAYMENT)
    _surge(centre, APP, "complaints-channel")
    centre.advance()
    rows = _rows(centre)
    member = rows["complaints-channel"]
    assert (member["tier"], member["parent_id"]) == (3, rows["complaints-all"]["episode_id"])
    assert rows["complaints-all"]["tier"] < 3
    assert member["claim_due_at"] == centre.now + timedelta(minutes=5)


def test_a_leader_that_a_person_graded_down_uncovers_no_members(centre):
    boss = SimpleNamespace(person_id="wu", name="吴", role="manager", scope=())
    leader = _outage(centre)
    commands.regrade(centre.store, leader["episode_id"], 0, boss, centre.now, tier=1, reason="known_cause")
    centre.advance(timedelta(minutes=20))
    assert {row["episode_id"] for row in centre.notices()} == {leader["episode_id"]}


def _claimed(centre):
    """The whole burns with 华南 as its part; 李 has it."""
    centre.person("li", "李", "duty")
    centre.record(n=30, dims=PAYMENT)
    _surge(centre)
    _surge(centre, "org.1=华南", "complaints-region")
    centre.advance()
    leader = _rows(centre)["complaints-all"]
    assert isinstance(commands.claim(centre.store, leader["episode_id"], 0, LI, centre.now), commands.Done)
    return leader


def _widened(centre):
    return [row for row in centre.notices("raised") if row["code"] == "alerts.notice.widened"]


def test_a_claimed_alert_that_reaches_a_new_place_is_told_again_to_who_has_it(centre):
    leader = _claimed(centre)
    centre.minute()
    centre.record(n=30, dims={**PAYMENT, "org": "华东/上海"})
    _surge(centre, "org.1=华东", "complaints-region")
    centre.advance()
    (east,) = [row for row in centre.episodes() if row["slice_key"] == "org.1=华东"]
    assert east["parent_id"] == leader["episode_id"], "it stays one alert"
    (news,) = _widened(centre)
    assert (news["episode_id"], news["recipient"]) == (leader["episode_id"], "person:li")
    assert news["params"]["slice"] == "org.1=华东"


def test_the_same_place_seen_closer_or_wider_and_what_nobody_has_are_no_news(centre):
    _claimed(centre)
    centre.minute()
    _surge(centre, CELL, "complaints-channel")  # inside of 华南
    centre.advance()
    assert _widened(centre) == []


def test_before_anybody_has_it_a_new_place_is_part_of_what_was_told(centre):
    centre.record(n=30, dims=PAYMENT)
    _surge(centre)
    centre.advance()
    centre.minute()
    _surge(centre, "org.1=华东", "complaints-region")
    centre.advance()
    assert _widened(centre) == []


def _names(centre, episode_id, *keys):
    """As ``machine._explain`` writes it every five minutes."""
    parts = [{"slice_key": key, "observed": 9, "expected": 1.0, "share": 0.4, "usual_share": 0.1} for key in keys]
    with centre.store.begin() as conn:
        conn.execute(update(episode).where(episode.c.episode_id == episode_id).values(explained=parts))


def _reaches_the_east(centre):
    centre.minute()
    centre.record(n=30, dims={**PAYMENT, "org": "华东/上海"})
    _surge(centre, "org.1=华东", "complaints-region")
    centre.advance()
    return [row["params"]["slice"] for row in _widened(centre)]


def test_a_place_that_was_named_after_the_claim_is_new_to_who_has_it(centre):
    """The trap: the parts that are named are written anew every five minutes, mostly before the place burns by itself."""
    leader = _claimed(centre)
    (claim,) = centre.transitions(leader["episode_id"])
    assert claim["params"] == {"named": [], "who": "李"}
    _names(centre, leader["episode_id"], "org.1=华南", "org.1=华东")
    assert _reaches_the_east(centre) == ["org.1=华东"]


def test_a_place_that_stood_with_it_when_it_was_taken_is_known(centre):
    centre.person("wu", "吴", "duty")
    leader = _claimed(centre)
    _names(centre, leader["episode_id"], "org.1=华东")
    done = commands.transfer(centre.store, leader["episode_id"], 1, LI, centre.now, person="wu", reason="shift")
    again = commands.transfer(centre.store, leader["episode_id"], 1, LI, centre.now, person="wu", reason="shift")
    assert isinstance(done, commands.Done) and again == done, "a double click is one decision"
    _names(centre, leader["episode_id"])
    assert _reaches_the_east(centre) == []


@pytest.mark.parametrize(("named", "told"), [(("org.1=华东",), []), ((), ["org.1=华东"])])
def test_of_a_claim_of_an_older_version_the_parts_of_now_are_known(centre, named, told):
    leader = _claimed(centre)
    mine = (transition.c.episode_id == leader["episode_id"]) & (transition.c.axis == "person")
    with centre.store.begin() as conn:
        conn.execute(update(transition).where(mine).values(params={"who": "李"}))
    _names(centre, leader["episode_id"], *named)
    assert _reaches_the_east(centre) == told


def test_a_new_place_under_a_persons_silence_is_not_told(centre):
    _claimed(centre)
    boss = SimpleNamespace(person_id="wu", name="吴", role="manager", scope=())
    wanted = commands.Wanted(None, {"org.1": "华东"}, 3, centre.now, centre.now + timedelta(hours=2), None, "维护")
    assert isinstance(commands.add_silence(centre.store, boss, centre.now, wanted), commands.Done)
    assert _reaches_the_east(centre) == []
    (east,) = [row for row in centre.episodes() if row["slice_key"] == "org.1=华东"]
    assert east["silence_id"] and east["parent_id"]


def test_another_figure_of_the_same_place_is_no_new_place(centre):
    centre.person("li", "李", "duty")
    centre.record(n=30, dims=PAYMENT)
    _surge(centre)
    centre.advance()
    leader = centre.one()
    assert isinstance(commands.claim(centre.store, leader["episode_id"], 0, LI, centre.now), commands.Done)
    centre.minute()
    _surge(centre, "all", "complaints-region", metric="contacts")
    centre.advance()
    (kin,) = [row for row in centre.episodes() if row["metric"] == "contacts"]
    assert (kin["parent_id"], kin["slice_key"]) == (leader["episode_id"], leader["slice_key"])
    assert _widened(centre) == []
