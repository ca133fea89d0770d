"""Questions of pages: what people did is there at once, what is not yours is not there at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Engine, insert, update

from fengsui.board import alert, loop, read
from fengsui.board.scope import org_slice, sees, sees_org, view_of
from fengsui.metrics.read import Point, trend
from fengsui.store import tables as t
from fengsui.store.database import open_store

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
ZONE = "Asia/Shanghai"
EVERYTHING: tuple[str, ...] = ()


def trend_of(store: Engine, slice_key: str, start: datetime, end: datetime) -> list[Point]:
    with store.connect() as conn:
        return trend(conn, "complaints", slice_key, start, end, 60)


def test_the_most_pressing_alert_is_first_and_explaining_ones_are_not_listed(afternoon: Engine) -> None:
    desk = read.desk(afternoon, EVERYTHING, ZONE, NOW)
    ids = [one.episode_id for one in desk.alerts]
    assert ids == ["e1", "e2", "e3", "e5", "e4", "e6"]
    assert (desk.count(3), desk.count(2), desk.waiting()) == (2, 3, 2)


def test_a_shadow_alert_is_nowhere(afternoon: Engine) -> None:
    assert all(one.episode_id != "e9" for one in read.everything_of(afternoon, EVERYTHING, NOW, days=400))
    assert read.detail(afternoon, "e9", EVERYTHING, NOW) is None


def test_a_closed_alert_leaves_desk_and_wall_and_stays_in_the_past(afternoon: Engine) -> None:
    with afternoon.begin() as conn:
        conn.execute(update(t.handling).where(t.handling.c.episode_id == "e2").values(state="resolved"))
    assert "e2" not in [one.episode_id for one in read.live(afternoon, EVERYTHING)]
    assert read.everything_of(afternoon, EVERYTHING, NOW)[-1].episode_id == "e2"


def test_a_cleared_alert_leaves_the_wall_but_not_the_desk_until_somebody_closes_it(afternoon: Engine) -> None:
    with afternoon.begin() as conn:
        conn.execute(update(t.episode).where(t.episode.c.episode_id == "e3").values(condition="cleared", cleared_at=NOW))
    assert "e3" not in [one.episode_id for one in read.live(afternoon, EVERYTHING)]
    assert "e3" in [one.episode_id for one in read.desk(afternoon, EVERYTHING, ZONE, NOW).alerts]


@pytest.mark.parametrize(
    ("parent", "member", "shown"),
    [
        ({}, {}, ["e1"]),
        ({"tier": 2}, {}, ["e1", "e4"]),
        ({"condition": "cleared", "cleared_at": NOW}, {}, ["e1", "e4"]),
        ({"condition": "cleared", "cleared_at": NOW}, {"condition": "cleared", "cleared_at": NOW}, ["e1"]),
    ],
    ids=["one event", "graver member", "goes on after its parent", "both out"],
)
def test_one_event_is_one_row_unless_that_row_would_say_less_than_is_true(
    afternoon: Engine, parent: dict[str, object], member: dict[str, object], shown: list[str]
) -> None:
    with afternoon.begin() as conn:
        for id_, values in (("e1", parent), ("e4", {"tier": 3, "parent_id": "e1", **member})):
            conn.execute(update(t.episode).where(t.episode.c.episode_id == id_).values(values or {"episode_id": id_}))
    rows = [one.episode_id for one in read.desk(afternoon, EVERYTHING, ZONE, NOW).alerts]
    assert sorted(id_ for id_ in rows if id_ in ("e1", "e4")) == shown
    live = {one.episode_id for one in read.live(afternoon, EVERYTHING)}
    assert ("e4" in live) is ("e4" in shown and "condition" not in member)
    assert read.desk(afternoon, EVERYTHING, ZONE, NOW).today["raised"] >= 1


@pytest.mark.parametrize(
    ("out", "shown"), [(True, False), (False, True)], ids=["went out with its whole", "burns though its whole is closed"]
)
def test_a_part_of_a_closed_event_is_a_row_of_its_own_only_while_it_burns(afternoon: Engine, out: bool, shown: bool) -> None:
    """The trap: somebody closes the case, and its dozen parts fill the desk as if nobody had looked at them."""
    over = {"condition": "cleared", "cleared_at": NOW} if out else {}
    with afternoon.begin() as conn:
        conn.execute(update(t.handling).where(t.handling.c.episode_id == "e1").values(state="resolved"))
        for id_, values in (("e1", over), ("e4", {"parent_id": "e1", **over})):
            conn.execute(update(t.episode).where(t.episode.c.episode_id == id_).values(values or {"episode_id": id_}))
    desk = {one.episode_id for one in read.desk(afternoon, EVERYTHING, ZONE, NOW).alerts}
    assert "e1" not in desk
    assert ("e4" in desk) is shown
    assert ("e4" in {one.episode_id for one in read.live(afternoon, EVERYTHING)}) is shown


def test_a_part_whose_whole_the_person_may_not_see_is_a_row_of_its_own(afternoon: Engine) -> None:
    with afternoon.begin() as conn:
        conn.execute(update(t.handling).where(t.handling.c.episode_id == "e5").values(state="resolved"))
        over = {"condition": "cleared", "cleared_at": NOW}
        conn.execute(update(t.episode).where(t.episode.c.episode_id == "e5").values(**over))
        conn.execute(update(t.episode).where(t.episode.c.episode_id == "e4").values(parent_id="e5", **over))
    assert "e4" in [one.episode_id for one in read.desk(afternoon, ["华南"], ZONE, NOW).alerts]
    assert "e4" not in [one.episode_id for one in read.desk(afternoon, EVERYTHING, ZONE, NOW).alerts]


def test_a_scoped_person_sees_own_organisations_only_in_list_and_by_address(afternoon: Engine) -> None:
    south = [one.episode_id for one in read.desk(afternoon, ["华南"], ZONE, NOW).alerts]
    assert south == ["e1", "e3", "e4"]
    assert read.detail(afternoon, "e5", ["华南"], NOW) is None
    assert read.detail(afternoon, "e2", ["华南"], NOW) is None, "the whole centre is nobody's scope"


@pytest.mark.parametrize(
    ("machine", "regraded", "seen", "effective"), [(3, None, None, 3), (3, 1, 3, 1), (3, 1, 2, 3), (2, 3, 2, 3)]
)
def test_a_regrade_holds_until_the_machine_sees_worse(
    machine: int, regraded: int | None, seen: int | None, effective: int
) -> None:
    assert alert.effective_tier(machine, regraded, seen) == effective


def test_the_detail_tells_series_records_past_and_parts(afternoon: Engine) -> None:
    found = read.detail(afternoon, "e1", EVERYTHING, NOW)
    assert found is not None
    assert found.alert.number.endswith("-01")
    assert found.alert.due_at == found.alert.claim_due_at
    assert found.curve[-1].value is not None and found.curve[-1].value > (found.curve[-1].upper or 0)
    assert found.curve[0].at <= found.alert.started_at - timedelta(hours=1)
    assert (found.records.total, found.records.customers, found.records.cut) == (60, 57, False)
    assert found.records.records[0].opened_at > found.records.records[-1].opened_at
    assert [move.code for move in found.timeline] == ["raised", "opened"]
    assert [past.note for past in found.similar] == ["证书过期；更换证书后 47 分恢复"]
    assert [child.episode_id for child in found.children] == ["e8"]
    assert found.cells[2][2] == 3


def test_an_alert_that_nobody_raised_is_none_and_an_injection_is_only_a_name(afternoon: Engine) -> None:
    assert read.detail(afternoon, "x' or 1=1 --", EVERYTHING, NOW) is None


def test_records_of_a_record_rule_are_exactly_those_it_took(afternoon: Engine) -> None:
    with afternoon.begin() as conn:
        conn.execute(t.rule_record.insert().values(rule_id="media", record_key="app:3", episode_id="e2", at=NOW))
    found = read.detail(afternoon, "e2", EVERYTHING, NOW)
    assert found is not None
    assert [record.record_key for record in found.records.records] == ["app:3"]
    assert found.curve and all(point.expected is None for point in found.curve), "no series, so no band"


def test_records_of_another_organisation_are_not_shown(afternoon: Engine) -> None:
    with afternoon.begin() as conn:
        conn.execute(
            update(t.feedback).where(t.feedback.c.record_key == "app:1").values(dims={"channel": "App", "org": "华东"})
        )
    found = read.detail(afternoon, "e1", EVERYTHING, NOW)
    assert found is not None
    assert found.records.total == 59


def test_who_can_take_it_is_active_allowed_and_the_least_busy_first(afternoon: Engine) -> None:
    people = read.colleagues(afternoon, "org.1=华东")
    assert [person.person_id for person in people] == ["wang", "li", "zhou"]
    assert [person.load for person in people] == [0, 1, 3]
    assert "nan" in [person.person_id for person in read.colleagues(afternoon, "org.1=华南")]


def test_held_rows_are_grouped_by_reason_without_their_content(afternoon: Engine) -> None:
    [one] = read.quarantined(afternoon, EVERYTHING)
    assert (one.source, one.n) == ("survey", 14)
    assert not hasattr(one, "raw")
    assert read.quarantined(afternoon, EVERYTHING, "app") == []


def test_one_source_in_full(afternoon: Engine) -> None:
    found = read.source_detail(afternoon, "tickets", NOW)
    assert len(found.polls) == 40
    assert [(day.theirs, day.ours) for day in found.coverage][:2] == [(2651, 2650), (2652, 2649)]
    assert found.swept_at is not None
    assert len(found.hours) == 12
    assert read.source_detail(afternoon, "app", NOW).hours[-1][1] == 60


def test_the_house_itself(afternoon: Engine, tmp_path: Path) -> None:
    found = read.running(afternoon, tmp_path / "not" / "there", NOW)
    assert len(found.ticks) == 60
    assert found.ticks[0].tick < found.ticks[-1].tick == 41872
    assert found.leader == "甲机"
    assert [trouble.subject for trouble in found.troubles] == ["", "", "mail"]
    assert 0 < found.disk.used_share < 1
    assert read.worker_seen_at(afternoon) == NOW


def test_a_fault_of_every_round_is_one_line_and_the_house_is_not_well(afternoon: Engine, tmp_path: Path) -> None:
    assert not read.running(afternoon, tmp_path, NOW).faulty
    broken = {"fault_code": "worker.room.broken", "fault_params": {"room": "engine", "kind": "KeyError"}}
    with afternoon.begin() as conn:
        conn.execute(update(t.tick).where(t.tick.c.tick > 41872 - 30).values(**broken))
    found = read.running(afternoon, tmp_path, NOW)
    assert found.faulty
    assert [one.n for one in found.troubles if one.code == "worker.room.broken"] == [30]


def test_a_notice_channel_that_fails_is_a_trouble_until_it_answers_or_is_gone(afternoon: Engine, tmp_path: Path) -> None:
    fault = {"fault_code": "notify.fault.signature", "fault_since": NOW - timedelta(hours=2)}
    rows = [
        {"channel": "room", "tries": [NOW.timestamp() - 60], **fault},
        {"channel": "removed", "tries": [NOW.timestamp() - 2 * 86400], **fault},
        {"channel": "well", "tries": [NOW.timestamp() - 60], "fault_code": None, "fault_since": None},
    ]
    with afternoon.begin() as conn:
        conn.execute(insert(t.channel_pace), rows)
    found = [one for one in read.running(afternoon, tmp_path, NOW).troubles if one.code.startswith("notify.")]
    assert [(one.subject, one.code) for one in found] == [("room", "notify.fault.signature")]


def test_the_wall_and_the_running_page_count_the_same_notices_as_not_delivered(afternoon: Engine, tmp_path: Path) -> None:
    """The trap: what waits ten minutes for somebody to mend a robot was in neither count."""
    row = {"kind": "raised", "channel": "room", "recipient": "duty", "code": "alerts.notice.opened", "params": {}}
    row |= {"created_at": NOW - timedelta(minutes=2), "due_at": NOW + timedelta(minutes=8), "tries": 0, "fault_code": None}
    kinds = {
        "refused": {"state": "pending", "tries": 1, "fault_code": "notify.fault.signature"},
        "held": {"state": "pending", "fault_code": "notify.fault.too_fast"},
        "failed": {"state": "failed", "tries": 1, "fault_code": "notify.fault.refused"},
        "quiet": {"state": "pending"},
        "taken": {"state": "rerouted", "tries": 1, "fault_code": "notify.fault.signature"},
        "spread": {"state": "spread"},
        "old": {"state": "failed", "created_at": NOW - timedelta(days=2), "due_at": NOW - timedelta(days=2)},
    }
    with afternoon.begin() as conn:
        conn.execute(insert(t.outbox), [{**row, "notice_id": name, **more} for name, more in kinds.items()])
        assert loop.today(conn, ZONE, NOW)["undelivered"] == 3
    assert read.running(afternoon, tmp_path, NOW).undelivered == 3


def test_an_empty_house_has_never_been_seen(store: Engine, tmp_path: Path) -> None:
    found = read.running(store, tmp_path, NOW)
    assert (found.leader, found.seen_at, found.ticks, found.alive_at) == (None, None, (), None)
    assert read.worker_seen_at(store) is None


def test_reading_needs_no_right_to_write(afternoon: Engine, afternoon_url: str) -> None:
    """Pages get a connection that cannot write: every question must work on it."""
    reader = open_store(afternoon_url, read_only=True)
    assert read.desk(reader, EVERYTHING, ZONE, NOW).alerts
    assert read.detail(reader, "e1", EVERYTHING, NOW)
    assert read.colleagues(reader, "all") and read.quarantined(reader, EVERYTHING)
    reader.dispose()


def test_scopes_are_paths_not_prefixes_of_letters() -> None:
    assert sees(["华南"], "channel=App|org.1=华南") and not sees(["华"], "org.1=华南") and not sees(["华南"], "all")
    assert sees_org(["华南"], "华南/广东") and not sees_org(["华南"], "华南二区") and not sees_org(["华南"], None)
    assert sees_org((), None) and view_of(()) == "all"
    assert (view_of(["华东/上海", "华南"]), org_slice("华东")) == ("org.2=华东/上海", "org.1=华东")


def test_seeded_is_deterministic(seeded: ModuleType) -> None:
    assert seeded.expected(NOW) == seeded.expected(NOW)


def test_an_alert_whose_window_late_rows_have_changed_shows_both_figures(afternoon: Engine) -> None:
    """Raised on 37; the roll-ups have more by now."""
    found = read.detail(afternoon, "e1", EVERYTHING, NOW)
    assert found is not None and found.corrected is None
    alert_ = found.alert
    start, end = alert_.last_at - timedelta(minutes=10), alert_.last_at
    window = {"series": alert_.series, "end_at": end, "start_at": end - timedelta(minutes=1), "window_start": start}
    rest = {"seq": 1, "tick": 1, "score": 4.0, "p_value": 1e-6, "ready": True, "complete": True, "grade": 3, "direction": "up"}
    words = {"reason": "detectors.reason.calm", "reason_params": {}, "window_observed": 37.0, "corrected": True}
    with afternoon.begin() as conn:
        conn.execute(t.verdict.delete().where(t.verdict.c.series == alert_.series, t.verdict.c.end_at == end))
        conn.execute(t.verdict.insert().values(**window, **rest, **words))
    moved = read.detail(afternoon, "e1", EVERYTHING, NOW).corrected  # type: ignore[union-attr]
    assert moved is not None and (moved.at, moved.then) == (end, 37.0)
    counted = sum(point.value or 0 for point in trend_of(afternoon, alert_.slice_key, start, end))
    assert moved.now == counted


def _members_of_e1(afternoon: Engine, parent: dict[str, object], **member: object) -> None:
    """e3, e4 and e5 become severe members of e1, as the machine leaves them: without deadlines."""
    with afternoon.begin() as conn:
        conn.execute(update(t.handling).where(t.handling.c.episode_id == "e1").values(parent or {"state": "new"}))
        values = {"tier": 3, "parent_id": "e1", "claim_due_at": None, "handle_due_at": None, **member}
        conn.execute(update(t.episode).where(t.episode.c.episode_id.in_(("e3", "e4", "e5"))).values(values))


@pytest.mark.parametrize(
    "parent",
    [{}, {"state": "resolved"}, {"state": "reviewed", "verdict": "false"}, {"tier": 1, "machine_tier": 3}],
    ids=["nobody has it", "closed this second", "called nothing", "graded down by a person"],
)
@pytest.mark.parametrize("late", [False, True])
def test_list_head_loop_and_wall_count_the_same_alerts(afternoon: Engine, parent: dict[str, object], late: bool) -> None:
    """The trap: 0 late in the loop beside six rows of the list that were late."""
    past = NOW - timedelta(minutes=20)
    _members_of_e1(afternoon, parent, **({"claim_due_at": past, "handle_due_at": past} if late else {}))
    desk = read.desk(afternoon, EVERYTHING, ZONE, NOW)
    listed = sum(one.overdue(NOW) for one in desk.alerts)
    assert desk.today["overdue"] == listed
    assert read.today(afternoon, EVERYTHING, ZONE, NOW)["overdue"] == listed
    closed = parent.get("state") in ("resolved", "reviewed")
    of_today = {one.episode_id for one in desk.alerts if one.day == desk.alerts[0].day}
    assert desk.today["raised"] == len(of_today) + closed
    assert [one.episode_id for one in read.live(afternoon, EVERYTHING)] == [one.episode_id for one in desk.alerts if one.live]
    shown = {"e3", "e4", "e5"} & of_today
    assert len(shown) == (3 if parent.get("state") == "resolved" else 0)
    assert listed == (3 if shown and late else 0)


def test_an_event_whose_leader_went_out_in_somebodys_hands_stays_one_row_of_the_wall(afternoon: Engine) -> None:
    _members_of_e1(afternoon, {"state": "in_progress", "owner": "li"})
    with afternoon.begin() as conn:
        conn.execute(update(t.episode).where(t.episode.c.episode_id == "e1").values(condition="cleared", cleared_at=NOW))
    rows = [one.episode_id for one in read.live(afternoon, EVERYTHING)]
    assert "e1" in rows
    assert not {"e3", "e4", "e5"} & set(rows)


def test_what_depends_on_an_alert_is_counted_for_who_wants_to_close_it(afternoon: Engine) -> None:
    _members_of_e1(afternoon, {})
    with afternoon.begin() as conn:
        conn.execute(update(t.episode).where(t.episode.c.episode_id == "e4").values(condition="cleared", cleared_at=NOW))
    found = read.detail(afternoon, "e1", EVERYTHING, NOW)
    assert found is not None
    assert found.depending == 3, "e3, e5 and e8 burn, e4 went out"
