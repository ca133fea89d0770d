"""交接班 with two signatures, silences looked at before they are set, and how good the alerts are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused, Wanted
from fengsui.board import handover, silences
from fengsui.board.quality import quality
from fengsui.board.todo import todo
from fengsui.board.wrong import Wrong
from fengsui.people import Person
from fengsui.store import tables as t

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
LI, WANG = Person("li", "李强", "duty"), Person("wang", "王敏", "manager")
HUA, ANA = Person("hua", "华小东", "duty", ("华东",)), Person("ana", "安娜", "analyst")


@pytest.fixture
def shift(lite: Any) -> Any:
    """李强 has an alert and a promise in hand."""
    for one in (LI, WANG, HUA, ANA):
        lite.person(one.person_id, one.name, one.role, one.scope)
    lite.advance()
    lite.minute()
    lite.record(n=30)
    lite.sees(grade=1, observed=30, expected=1)
    lite.advance()
    id_ = lite.one()["episode_id"]
    commands.claim(lite.store, id_, 0, LI, lite.now)
    due = lite.now + 3 * HOUR
    commands.add_task(lite.store, LI, lite.now, kind="promise", text="回电", owner="li", due_at=due, episode_id=id_)
    return lite, id_


def given(centre: Any, scope: tuple[str, ...] = ()) -> Any:
    return handover.archive(centre.store, scope)[0]


def test_a_shift_is_signed_by_two_and_what_the_first_had_is_the_seconds(shift: Any) -> None:
    centre, id_ = shift
    assert handover.give(centre.store, LI, centre.now, "等技术回话，电话 13800138000") == Done(1)
    found = given(centre)
    assert [one["id"] for one in found.alerts] == [id_] and [one["text"] for one in found.tasks] == ["回电"]
    assert "13800138000" not in found.note and found.taken_at is None
    assert [one.kind for one in todo(centre.store, "wang", (), centre.now)] == ["handover"]
    assert handover.take(centre.store, found.id, LI, centre.now, "").code == "board.handover.same"  # type: ignore[union-attr]
    assert handover.take(centre.store, found.id, ANA, centre.now, "").code == "alerts.refused.role"  # type: ignore[union-attr]
    assert handover.take(centre.store, found.id, HUA, centre.now, "").code == "alerts.refused.scope"  # type: ignore[union-attr]
    centre.minute()
    assert handover.take(centre.store, found.id, WANG, centre.now, "收到") == Done(2)
    assert handover.take(centre.store, found.id, WANG, centre.now, "").code == "board.handover.taken"  # type: ignore[union-attr]
    row = centre.handling(id_)
    assert row["owner"] == "wang"
    assert centre.transitions(id_)[-1]["params"]["reason"] == "shift_ends"
    with centre.store.connect() as conn:
        assert conn.scalar(select(t.task.c.owner)) == "wang"
        actions = list(conn.scalars(select(t.audit.c.action).where(t.audit.c.action.like("shift.%"))))
    assert actions == ["shift.give", "shift.take"]
    kept = given(centre)
    assert (kept.given_name, kept.taken_name, kept.reply) == ("李强", "王敏", "收到")
    commands.resolve(centre.store, id_, row["handling_version"], WANG, centre.now, reason="fixed", note="好了")
    assert given(centre).alerts[0]["state"] == "claimed", "the record stays as it stood when it was given"


def test_one_shift_waits_at_a_time_and_can_be_called_back_by_who_gave_it(shift: Any) -> None:
    centre, _ = shift
    handover.give(centre.store, LI, centre.now, "")
    assert handover.give(centre.store, LI, centre.now + MINUTE, "").code == "board.handover.waits"  # type: ignore[union-attr]
    id_ = given(centre).id
    assert handover.call_back(centre.store, id_, WANG, centre.now).code == "board.handover.gone"  # type: ignore[union-attr]
    assert handover.call_back(centre.store, id_, LI, centre.now) == Done(1)
    assert handover.take(centre.store, id_, WANG, centre.now, "").code == "board.handover.gone"  # type: ignore[union-attr]
    assert handover.archive(centre.store, ()) == []
    for wrong in (handover.give(centre.store, ANA, centre.now, ""), handover.give(centre.store, LI, centre.now, "长" * 501)):
        assert isinstance(wrong, Refused)


def test_a_shift_of_one_organisation_is_seen_and_taken_by_who_sees_all_of_it(shift: Any) -> None:
    centre, _ = shift
    handover.give(centre.store, HUA, centre.now, "华东无事")
    assert len(handover.archive(centre.store, ("华东",))) == 1
    assert handover.archive(centre.store, ("华南",)) == []
    assert given(centre).alerts == [], "the whole centre's alert is not 华东's"


# --- silences, before they are set ----------------------------------------------------------------------------------


def plain(centre: Any, **more: Any) -> Wanted:
    about = {"rule_id": None, "where": {}, "tier": 2, "start_at": centre.now, "end_at": centre.now + HOUR, "weekly": None}
    return Wanted(**{**about, "reason": "升级", **more})


def test_what_a_silence_would_have_hidden_is_counted_from_the_last_four_weeks(shift: Any) -> None:
    centre, id_ = shift
    zone = centre.settings.centre.tz
    hidden = silences.would_hide(centre.store, plain(centre), (), zone, centre.now)
    assert ([one.episode_id for one in hidden.rows], hidden.all, hidden.of(2)) == ([id_], 1, 1)
    weekday = centre.one()["opened_at"].astimezone(zone).weekday()
    nights = plain(centre, weekly={"days": [weekday], "start": "22:00", "end": "06:00"})
    assert silences.would_hide(centre.store, nights, (), zone, centre.now).rows == ()
    noon = plain(centre, weekly={"days": [weekday], "start": "12:00", "end": "18:00"})
    found = silences.would_hide(centre.store, noon, (), zone, centre.now)
    assert (len(found.rows), found.late) == (1, 1), "it burns on: it would have been told at the end"
    for more in ({"tier": 1}, {"rule_id": "sla-all"}, {"where": {"org.1": "华东"}}):
        assert silences.would_hide(centre.store, plain(centre, **more), (), zone, centre.now).rows == ()
    assert silences.would_hide(centre.store, plain(centre), ("华东",), zone, centre.now).all == 0
    with pytest.raises(ValueError, match="days"):
        silences.would_hide(
            centre.store, plain(centre, weekly={"days": [], "start": "1:00", "end": "2:00"}), (), zone, centre.now
        )


def test_silences_are_listed_by_what_they_do_now_and_by_scope(shift: Any) -> None:
    centre, _ = shift
    zone, now = centre.settings.centre.tz, centre.now
    weekly = {"days": [(now.astimezone(zone).weekday() + 3) % 7], "start": "01:00", "end": "02:00"}
    for where, start, more in (({"org.1": "华东"}, now, None), ({}, now + HOUR, None), ({"channel": "App"}, now, weekly)):
        wanted = Wanted(None, where, 2, start, now + 3 * HOUR, more, "升级")
        assert commands.add_silence(centre.store, WANG, now, wanted) == Done(1)
    found = silences.silences(centre.store, (), zone, now)
    assert [(one.state, one.place) for one in found] == [("now", "org.1=华东"), ("paused", "channel=App"), ("ahead", "all")]
    assert [one.place for one in silences.silences(centre.store, ("华东",), zone, now)] == ["org.1=华东"]
    assert {one.state for one in silences.silences(centre.store, (), zone, now + DAY)} == {"over"}
    assert silences.rules(centre.store, "zh_CN")["complaints-all"]


def test_a_place_is_written_as_people_write_it(shift: Any) -> None:
    centre, _ = shift
    assert silences.where_of(centre.store, centre.settings, "机构 = 华南/广东；渠道 = App") == {
        "org.2": "华南/广东",
        "channel": "App",
    }
    assert silences.where_of(centre.store, centre.settings, " ") == {}
    for text in ("天气 = 雨", "渠道", "渠道 = App/老版", "渠道 = App、微信"):
        with pytest.raises(Wrong):
            silences.where_of(centre.store, centre.settings, text)


# --- quality ----------------------------------------------------------------------------------------------------------


def raise_one(centre: Any, verdict: str | None, claim_after: timedelta | None) -> str:
    centre.advance(DAY)
    centre.record(n=30)
    centre.sees(grade=1, observed=30, expected=1)
    centre.advance(MINUTE)
    row = centre.episodes()[-1]
    id_ = str(row["episode_id"])
    if claim_after is not None:
        assert commands.claim(centre.store, id_, 0, LI, centre.now + claim_after) == Done(1)
        commands.resolve(centre.store, id_, 1, LI, centre.now + 2 * claim_after, reason="fixed", note="好")
        if verdict:
            commands.review(centre.store, id_, 2, LI, centre.now + 2 * claim_after, verdict=verdict)
    for _ in range(15):
        centre.minute()
        centre.calm()
        centre.advance()
    return id_


def test_quality_counts_judged_alerts_due_cohorts_open_ones_and_what_was_missed(lite: Any) -> None:
    for one in (LI, WANG, HUA):
        lite.person(one.person_id, one.name, one.role, one.scope)
    lite.advance()
    start = lite.now
    raise_one(lite, "real", 10 * MINUTE)
    raise_one(lite, "false", 40 * MINUTE)  # past its half hour
    raise_one(lite, "new_normal", 5 * MINUTE)
    raise_one(lite, None, None)
    lite.advance(2 * DAY)
    missed = {"metric": "complaints", "slice_key": "all", "start": start + HOUR, "end": start + 2 * HOUR, "verdict": "missed"}
    assert isinstance(commands.mark_stretch(lite.store, WANG, lite.now, levels=(), **missed), Done)
    found = quality(lite.store, (), start, lite.now)
    whole = found.whole
    assert (whole.raised, whole.precision.met, whole.precision.n) == (4, 2, 3)
    assert (whole.unverified.met, whole.unverified.n) == (1, 4)
    assert (found.response.met, found.response.n) == (2, 4)
    assert (found.recall.met, found.recall.n) == (2, 3) and found.missed[0].place == "all"
    assert (whole.claim.median, whole.claim.ended, whole.claim.n) == (600.0, 3, 4), "the open one counts as open"
    assert [(one.id, one.raised) for one in found.rules] == [("complaints-all", 4)]
    assert [(one.id, one.raised) for one in found.teams] == [("", 3)]
    lower, upper = whole.precision.interval
    assert lower < 2 / 3 < upper
    nothing = quality(lite.store, ("华东",), start, lite.now)
    assert nothing.whole.raised == 0 and nothing.whole.precision.share is None and nothing.whole.claim.median is None
