"""What a take promises, one promise a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine, insert, select

from connectors.base import BadRecord, Batch, ConfigFault, Measurement, Rating, Reference, TryLater
from fengsui.ingest import policy, quarantine, state, write
from fengsui.ingest.check import check_store, needs_rebuild, rebuild
from fengsui.ingest.keys import Vault
from fengsui.ingest.sources import SourceUnknown
from fengsui.ingest.state import StaleTick
from fengsui.ingest.take import Ingest
from fengsui.metrics import blocks, read, watermarks
from fengsui.store import tables
from fengsui.store.slices import slice_id
from tests import rollups

Take = Callable[..., Any]


def rows(store: Engine, table: Any) -> list[Any]:
    with store.connect() as conn:
        return list(conn.execute(select(table)))


def one(store: Engine, table: Any) -> Any:
    found = rows(store, table)
    assert len(found) == 1, found
    return found[0]


def test_the_same_delivery_twice_is_one_record_and_one_count(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    item = centre.feedback(text="退款没到账", customer="c1")
    assert take(item, item).new == 1
    again = take(item, tick=2)
    assert (again.new, again.changed, again.same) == (0, 0, 1)
    before = centre.everything(store)
    take(item, tick=3)
    assert centre.everything(store) == before
    assert one(store, tables.feedback).seq == 1  # a repeated delivery is not a new version


def test_a_newer_version_wins_and_an_older_one_does_not(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    newer = centre.feedback(kind="inquiry", updated_at=centre.now)
    take(newer)
    assert take(centre.feedback(kind="complaint"), tick=2).same == 1
    assert one(store, tables.feedback).kind == "inquiry"


def test_at_the_same_time_another_content_wins(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback(text="一"))
    assert take(centre.feedback(text="二"), tick=2).changed == 1
    assert one(store, tables.feedback_text).text == "二"


def test_a_moved_record_leaves_its_old_slice(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback())
    take(centre.feedback(dims={"channel": "App"}, updated_at=centre.now), tick=2)
    start, end = centre.now - timedelta(hours=4), centre.now
    with store.connect() as conn:
        old, new = (read.kpi(conn, "complaints", f"channel={name}", start, end, centre.now).value for name in ("电话", "App"))
    assert (old, new) == (0.0, 1.0)


def test_a_newer_row_replaces_the_whole_set_of_column_events(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    first = centre.feedback(events=(centre.event("human_reply", 3), centre.event("solved", 9), centre.event("rated", 9, "r:1")))
    take(first)
    take(replace(first, events=(centre.event("human_reply", 4),), updated_at=centre.now), tick=2)
    assert {row.event_key for row in rows(store, tables.event)} == {"c:human_reply", "r:1"}
    row = one(store, tables.feedback)
    assert (row.solved_at, row.response_s) == (None, 240)


def test_an_event_may_come_before_its_feedback(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.event("human_reply", 5, "r:7"), source="log")
    assert rows(store, tables.feedback) == [] and rollups.stored(store) == []
    take(centre.feedback(), tick=2)
    assert one(store, tables.feedback).response_s == 300


def test_a_series_waits_for_the_source_of_its_events(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback())
    take(centre.event("human_reply", 5, "r:7"), source="log", source_now=centre.now - timedelta(minutes=3))
    with store.connect() as conn:
        sources = {name: replace_stall(source) for name, source in centre.settings.sources.items()}
        replies = watermarks.of_series(conn, "response_time", [slice_id("all")], centre.now, sources)
        contacts = watermarks.of_series(conn, "contacts", [slice_id("all")], centre.now, sources)
    assert replies[slice_id("all")].at == centre.now - timedelta(minutes=3)
    assert contacts[slice_id("all")].at == centre.now


def replace_stall(source: Any) -> Any:
    return SimpleNamespace(pace=source.pace, stall=timedelta(hours=1))


def test_a_state_that_no_event_explains_becomes_a_derived_event(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    first = centre.feedback(state="open")
    solved = replace(first, state="solved", updated_at=first.opened_at + timedelta(minutes=30))
    take(first)
    take(solved, tick=2)
    event = one(store, tables.event)
    assert (event.event_key, event.derived, event.at) == ("d:solved:1", True, solved.updated_at)
    take(replace(solved, state="open", updated_at=centre.now), tick=3)
    row = one(store, tables.feedback)
    assert (row.state, row.solved_at, row.reopened_n) == ("open", None, 1)


def test_a_source_that_tells_later_takes_the_place_of_what_was_derived(
    store: Engine, take: Take, centre: SimpleNamespace
) -> None:
    take(centre.feedback(state="solved", updated_at=centre.now))
    take(centre.event("solved", 12, "r:3"), source="log", tick=2)
    assert {row.event_key for row in rows(store, tables.event)} == {"r:3"}
    assert one(store, tables.feedback).resolution_s == 720


def test_a_cancelled_record_counts_nowhere_and_can_come_back_solved(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    item = centre.feedback(state="cancelled")
    take(item)
    assert rollups.stored(store) == []
    take(replace(item, state="solved", updated_at=centre.now), tick=2)
    assert one(store, tables.feedback).state == "solved"
    assert check_store(store, centre.settings, centre.now).equal


def test_a_record_gone_at_its_source_leaves_every_figure_and_any_reappearance_wins(
    store: Engine, take: Take, centre: SimpleNamespace
) -> None:
    item = centre.feedback()
    take(item)
    assert take(gone=("1", "never-seen"), tick=2).gone == 1
    row = one(store, tables.feedback)
    assert row.deleted_at == centre.now and row.content_hash == "deleted"
    assert rollups.stored(store) == []
    assert take(gone=("1",), tick=3).gone == 0
    take(item, tick=4)
    assert one(store, tables.feedback).deleted_at is None


def test_a_bad_row_never_stops_the_others(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    naive = centre.feedback("2", opened_at=datetime(2026, 11, 18, 3))  # noqa: DTZ001  the fault under test
    future = centre.feedback("3", opened_at=centre.now + timedelta(days=2))
    odd = centre.feedback("4", events=(centre.event("exploded", 1, source_id="4"),))
    stray = centre.event("solved", -99_999_999, "r:1")
    unread = BadRecord(
        "connectors.bad.number", {"评分": "五", "phone": "13812345678"}, field="score", source_id="9", customer="c9"
    )
    done = take(naive, future, odd, stray, centre.feedback(), bad=(unread,))
    assert (done.new, done.bad, done.quarantined) == (1, 5, 5)
    held = {row.code: row for row in rows(store, tables.quarantine)}
    assert sorted(held) == ["connectors.bad.number", "ingest.bad.event", "ingest.bad.naive", "ingest.bad.time"]
    assert held["connectors.bad.number"].record_key == "tickets:9"
    assert b"13812345678" not in held["connectors.bad.number"].raw and "五" not in str(held["connectors.bad.number"].params)


def test_the_same_bad_row_again_is_counted_not_doubled(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    bad = BadRecord("connectors.bad.number", "1;2;x", field="score")
    take(bad=(bad, bad))
    assert take(bad=(bad,), tick=2).quarantined == 0
    row = one(store, tables.quarantine)
    assert (row.seen_n, row.state) == (3, "held")
    assert one(store, tables.source_state).bad_n == 1


def test_replay_takes_what_can_be_read_now_and_keeps_the_rest(
    store: Engine, ingest: Ingest, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    good, still = BadRecord("bad.score", {"id": "1"}), BadRecord("bad.score", b"\xff\x00")
    take(bad=(good, still))
    seen: list[Any] = []

    def remap(raw: Any) -> Batch:
        seen.extend(raw)
        return centre.batch(centre.feedback(), bad=(still,))

    done = ingest.replay("tickets", remap, None, 2, centre.now, no_fence)
    assert done.new == 1 and {"id": "1"} in seen and b"\xff\x00" in seen
    assert sorted(row.state for row in rows(store, tables.quarantine)) == ["held", "replayed"]
    assert one(store, tables.source_state).cursor == {"n": 1}
    assert ingest.replay("tickets", remap, ["no-such-id"], 3, centre.now, no_fence).new == 0


@pytest.mark.parametrize(
    "where", [(blocks, "add"), (write, "_customers"), (state, "write_poll"), (state, "write"), (quarantine, "hold")]
)
def test_a_take_that_dies_inside_leaves_nothing(
    sqlite_store: Engine, centre: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, where: Any
) -> None:
    ingest = Ingest(sqlite_store, centre.settings, centre.keys)
    before = centre.everything(sqlite_store)
    batch = centre.batch(centre.feedback(text="退款没到账", customer="c1"))

    def die(*_a: Any, **_k: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(*where, die)
        with pytest.raises(RuntimeError, match="power cut"):
            ingest.take("tickets", batch, 1, centre.now, lambda conn: None)
    assert centre.everything(sqlite_store) == before
    assert rows(sqlite_store, tables.source_state) == [] and rows(sqlite_store, tables.slice_) == []
    ingest.take("tickets", batch, 1, centre.now, lambda conn: None)  # the slices must not be remembered from the dead take
    assert {row.slice_key for row in rows(sqlite_store, tables.slice_)} >= {"all", "channel=电话"}
    assert check_store(sqlite_store, centre.settings, centre.now).equal


def test_the_fence_comes_first_and_stops_everything(store: Engine, ingest: Ingest, centre: SimpleNamespace) -> None:
    class LostLeadership(Exception):
        pass

    def fence(conn: Any) -> None:
        raise LostLeadership

    with pytest.raises(LostLeadership):
        ingest.take("tickets", centre.batch(centre.feedback()), 1, centre.now, fence)
    assert rows(store, tables.feedback) == []


def test_a_tick_that_alerts_have_passed_is_refused(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    with store.begin() as conn:
        conn.execute(insert(tables.watermark).values(name="alerts", seq=1, tick=7))
    with pytest.raises(StaleTick):
        take(centre.feedback(), tick=7)
    take(centre.feedback(), tick=9)
    with pytest.raises(StaleTick):
        take(centre.feedback("2"), tick=8)


def test_an_unknown_source_is_named(take: Take, centre: SimpleNamespace) -> None:
    with pytest.raises(SourceUnknown, match="tickets"):
        take(centre.feedback(), source="ticket")


def test_the_watermark_never_goes_back_and_stays_while_a_poll_is_incomplete(
    store: Engine, take: Take, centre: SimpleNamespace
) -> None:
    take(centre.feedback(), source="daily")
    mark = centre.now - timedelta(hours=1)
    assert one(store, tables.source_state).watermark == mark
    take(tick=2, source="daily", source_now=centre.now - timedelta(days=1))
    take(tick=3, source="daily", source_now=centre.now + timedelta(days=1), complete=False, more=True)
    row = one(store, tables.source_state)
    assert (row.watermark, row.backfilled, row.more) == (mark, True, True)


def test_what_is_entered_long_after_is_counted_when_it_came(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    days_ago = {"opened_at": centre.now - timedelta(days=3), "updated_at": centre.now}
    take(centre.feedback("history", **days_ago), more=True)
    take(centre.feedback("more history", **days_ago), tick=2)
    take(centre.feedback("typed in now", **days_ago), centre.feedback("fresh"), tick=3)
    take(centre.feedback("missed", **days_ago), tick=4, sweep=True)
    take(centre.feedback("typed in now", text="改了", **days_ago | {"updated_at": centre.now + timedelta(seconds=1)}), tick=5)
    assert {row.record_key for row in rows(store, tables.feedback) if row.came_late_at} == {"tickets:typed in now"}
    cells = [row for row in rollups.stored(store) if row.measure == "late.n" and row.slice_id == slice_id("all")]
    assert sum(row.value for row in cells) == 1
    assert check_store(store, centre.settings, centre.now).equal


def test_what_comes_after_an_outage_is_late_but_not_entered_late(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    """Read to midnight, silent for two days, then all of them at once."""
    take(centre.feedback("old"), source_now=centre.now - timedelta(days=2))
    days = [centre.feedback(str(n), minute=-60 * n) for n in range(45)]
    assert take(*days, tick=2).new == 45
    assert not any(row.came_late_at for row in rows(store, tables.feedback))


def test_a_sweep_reports_what_was_missed_and_moves_no_cursor(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback())
    take(centre.feedback(), centre.feedback("2"), tick=2, sweep=True, cursor={}, source_now=centre.now + timedelta(hours=1))
    row = one(store, tables.source_state)
    assert (row.cursor, row.watermark, row.rows_n) == ({"n": 1}, centre.now, 2)
    swept = next(each for each in rows(store, tables.poll) if each.sweep)
    assert (swept.missed_n, swept.new_n) == (1, 1)


def test_faults_say_what_to_do_next_and_a_good_poll_clears_them(
    store: Engine, ingest: Ingest, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    def fail(fault: Any, tick: int) -> Any:
        ingest.failed("tickets", fault, tick, centre.now + timedelta(minutes=tick), no_fence)
        return one(store, tables.source_state)

    first = fail(TryLater("connectors.later.down"), 1)
    assert first.next_poll_at == centre.now + timedelta(minutes=1, seconds=5)
    second = fail(TryLater("connectors.later.down"), 2)
    assert second.next_poll_at == centre.now + timedelta(minutes=2, seconds=10)
    assert (second.fault, second.fault_n, second.fault_since) == ("later", 2, centre.now + timedelta(minutes=1))
    assert fail(TryLater("connectors.later.limit", delay=90), 3).next_poll_at == centre.now + timedelta(minutes=3, seconds=90)
    stopped = fail(ConfigFault("connectors.config.table", field="table"), 4)
    assert (stopped.fault, stopped.next_poll_at, stopped.fault_params) == ("config", None, {"field": "table"})
    take(centre.feedback(), tick=5)
    well = one(store, tables.source_state)
    assert (well.fault, well.fault_n, well.fault_since, well.fault_params) == (None, 0, None, None)
    assert [each.code for each in sorted(rows(store, tables.poll), key=lambda each: each.tick)][-2:] == [
        "connectors.config.table",
        "ok",
    ]


def test_two_batches_of_one_tick_are_two_polls(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback())
    take(centre.feedback("2"))
    assert [(each.tick, each.part) for each in rows(store, tables.poll)] == [(1, 0), (1, 1)]


def test_a_batch_source_writes_quarter_hours_only(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback(), source="daily")
    assert {cell.grain for cell in rollups.stored(store)} == {15}
    take(centre.feedback(), tick=2)
    assert {cell.grain for cell in rollups.stored(store)} == {1, 15}
    assert check_store(store, centre.settings, centre.now).equal


def test_text_is_masked_everywhere_and_the_raw_one_sealed_only_where_allowed(
    store: Engine, take: Take, centre: SimpleNamespace
) -> None:
    said = "电话13812345678，订单号 6222020200112233445"
    item = centre.feedback(
        source_id="13912345678",
        text=said,
        extra={"note": "13812345678", "phone": 13812345678, "n": 7, "list": ["a@b.cn"]},
        url="https://crm/t/13912345678?tel=13812345678",
        events=(replace(centre.event("customer_message", 1), source_id="13912345678", data={"text": "13812345678"}),),
    )
    take(item)
    take(item, source="calls", tick=2)
    texts = {row.record_key: row for row in rows(store, tables.feedback_text)}
    assert texts["tickets:13912345678"].text == "电话[手机号]，订单号 6222020200112233445"
    assert texts["tickets:13912345678"].raw is None
    sealed = texts["calls:13912345678"]
    vault = Vault(centre.keys)
    assert vault.open(sealed.raw, sealed.key_id, "calls:13912345678").decode() == said
    row = next(each for each in rows(store, tables.feedback) if each.source == "tickets")
    assert row.extra == {"note": "[手机号]", "phone": "[手机号]", "n": 7, "list": ["[邮箱]"]}
    assert row.url == "https://crm/t/13912345678?tel=[手机号]"
    assert {each.data["text"] for each in rows(store, tables.event)} == {"[手机号]"}


def test_a_sealed_value_does_not_open_in_another_row(centre: SimpleNamespace) -> None:
    vault = Vault(centre.keys)
    with pytest.raises(InvalidTag):
        vault.open(vault.seal(b"secret", "row 1"), "k1", "row 2")
    assert vault.open(vault.seal(b"secret", "row 1"), "k1", "row 1") == b"secret"


def test_a_customer_is_a_keyed_hash_and_the_same_over_channels(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback(customer="c1"))
    take(centre.feedback(customer=" c1 "), source="calls", tick=2)
    hashed = {row.customer for row in rows(store, tables.feedback)}
    assert len(hashed) == 1 and len(rows(store, tables.customer)) == 1
    assert "c1" not in hashed.pop()


def test_references_give_tier_and_place(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    since = (centre.now - timedelta(days=30)).date()
    take(
        Reference("customer", "c1", {"tier": "金", "type": "企业"}, since),
        Reference("customer", "c1", {"tier": "旧"}, since - timedelta(days=9), since),
        Reference("organisation", "B17", {"path": "华南/广东/天河"}, since),
        centre.feedback(customer="c1", dims={"org": "B17", "channel": "App"}),
        centre.feedback("2", customer="c1", dims={"customer_tier": "白金"}),
    )
    first, second = sorted(rows(store, tables.feedback), key=lambda row: row.record_key)
    assert first.dims == {"org": "华南/广东/天河", "channel": "App", "customer_tier": "金", "customer_type": "企业"}
    assert (first.customer_tier, second.customer_tier) == ("金", "白金")
    assert "c1" not in {row.ref_id for row in rows(store, tables.reference)}


def test_master_data_begins_at_midnight_of_the_centre(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    """A branch that moved on the 18th: a record of two in the night of the 18th in Shanghai is still the 17th in UTC."""
    day = date(2026, 11, 18)
    night = datetime(2026, 11, 17, 18, tzinfo=UTC)
    take(
        Reference("organisation", "B17", {"path": "华北/北京"}, day - timedelta(days=30), day),
        Reference("organisation", "B17", {"path": "华南/广东"}, day),
        centre.feedback("1", opened_at=night - timedelta(hours=3), updated_at=night, dims={"org": "B17"}),
        centre.feedback("2", opened_at=night, updated_at=night, dims={"org": "B17"}),
    )
    first, second = sorted(rows(store, tables.feedback), key=lambda row: row.record_key)
    assert (first.dims["org"], second.dims["org"]) == ("华北/北京", "华南/广东")


def test_the_deadline_is_the_sources_or_the_policys_in_force_when_it_was_opened(
    store: Engine, ingest: Ingest, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    ingest.prepare(centre.now - timedelta(days=9), no_fence)
    with store.begin() as conn:
        body = {"resolution": {"normal": 60}, "response": 30, "kinds": ["complaint"]}
        values = {"kind": "sla_policy", "id": policy.ID, "version": 2, "valid_from": centre.now, "by": "admin", "body": body}
        conn.execute(insert(tables.definition).values(**values))
    due = centre.now + timedelta(hours=1)
    old = centre.feedback("0", opened_at=centre.now - timedelta(days=90), updated_at=centre.now)
    take(
        centre.feedback("1"),
        centre.feedback("2", extra={"priority": "high"}),
        centre.feedback("3", due_at=due),
        centre.feedback("4", kind="review"),
        centre.feedback("5", opened_at=centre.now),
        old,
    )
    found = {row.record_key[-1]: row for row in rows(store, tables.feedback)}
    after = {key: row.due_at - row.opened_at if row.due_at else None for key, row in found.items()}
    assert after["0"] == after["1"] == timedelta(hours=24) and after["2"] == timedelta(hours=4)
    assert (after["4"], after["5"]) == (None, timedelta(seconds=60))
    assert (found["3"].due_at, found["3"].due_source, found["1"].due_source) == (due, "source", "default@1")
    assert (found["1"].response_target_s, found["4"].response_target_s) == (7200, None)


def test_equal_texts_point_at_the_first_but_short_ones_are_equal_by_chance(
    store: Engine, take: Take, centre: SimpleNamespace
) -> None:
    take(centre.feedback("1", text="转发这条消息即可领取大奖！"), centre.feedback("2", text="好评"))
    take(centre.feedback("3", text="转发 这条消息，即可领取大奖"), centre.feedback("4", text="好评"), tick=2)
    found = {row.record_key: row.repeat_of for row in rows(store, tables.feedback)}
    assert found == {"tickets:1": None, "tickets:2": None, "tickets:3": "tickets:1", "tickets:4": None}
    take(centre.feedback("3", text="其实我有别的问题要问", updated_at=centre.now), tick=3)
    assert {row.repeat_of for row in rows(store, tables.feedback)} == {None}
    take(centre.feedback("1", text=None, updated_at=centre.now), tick=4)
    assert "tickets:1" not in {row.record_key for row in rows(store, tables.feedback_text)}


def test_a_measurement_delivered_again_changes_by_the_difference(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    start = centre.now.replace(minute=0, second=0)
    acd = Measurement("acd", start, start + timedelta(minutes=30), {"channel": "电话"}, 8, 10, 200, 8, updated_at=start)
    assert take(acd, acd).new == 1
    assert take(replace(acd, numerator=9, updated_at=centre.now), tick=2).changed == 1
    assert take(replace(acd, numerator=1, updated_at=start), tick=3).same == 1
    cells = {(cell.measure, cell.slice_id): cell.value for cell in rollups.stored(store)}
    assert cells["m.acd.num", slice_id("all")] == cells["m.acd.num", slice_id("channel=电话")] == 9
    assert {cell.grain for cell in rollups.stored(store)} == {15}
    assert slice_id("channel=电话|org.1=未填") not in {cell.slice_id for cell in rollups.stored(store)}


def test_one_measurement_name_has_one_set_of_dims(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    start = centre.now.replace(minute=0, second=0)
    queue = Measurement("waiting", start, None, {"channel": "电话"}, gauge=3.0)
    total = replace(queue, dims={})
    assert take(queue, total).bad == 1
    assert take(total, tick=2).bad == 1
    assert [row.code for row in rows(store, tables.quarantine)] == ["ingest.bad.dims"]
    broken = [replace(queue, gauge=None), replace(queue, end=start)]
    assert take(*broken, tick=3).bad == 2


def test_new_cuboids_are_rebuilt_before_the_first_take(
    store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    start = centre.now.replace(minute=0, second=0)
    take(
        centre.feedback(ratings=(Rating("csat", 5, 1, 5),)),
        Measurement("acd", start, start + timedelta(minutes=30), {"channel": "电话"}, 8, 10),
        Measurement("waiting", start, None, {"channel": "电话"}, gauge=3.0),
    )
    take(centre.event("human_reply", 5, "r:1"), source="log", tick=2)
    wider = centre.settings_of(cuboids=("all", "org.1"))
    assert not check_store(store, wider, centre.now).equal
    assert needs_rebuild(store, wider)
    rebuild(store, wider, centre.now, no_fence)
    proof = check_store(store, wider, centre.now)
    assert proof.equal and proof.cells > 0
    assert not needs_rebuild(store, wider) and needs_rebuild(store, centre.settings)
    fed = {(row.measure, row.source) for row in rows(store, tables.slice_source)}
    assert {("response.d", "log"), ("response.d", "tickets"), ("g.waiting", "tickets"), ("m.acd.num", "tickets")} <= fed


def test_the_check_finds_a_single_wrong_cell(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback())
    with store.begin() as conn:
        held = [cell for cell in rollups.stored(conn) if (cell.measure, cell.grain) == ("feedback.n", 15)]
        rollups.put(conn, [cell._asdict() | {"value": 1} for cell in held])
    proof = check_store(store, centre.settings, centre.now)
    assert (proof.equal, proof.differing) == (False, 4)  # one for each cuboid; it has no topic
    assert (proof.shown[0].stored, proof.shown[0].wanted) == (2, 1)


def test_a_cuboid_for_counts_only_keeps_counts_and_is_fed_by_nothing_else(
    store: Engine, centre: SimpleNamespace, no_fence: Any
) -> None:
    tail = centre.settings_of(cuboids=("all",), count_cuboids=("org.1",))
    Ingest(store, tail, centre.keys).take(
        "tickets", centre.batch(centre.feedback(events=(centre.event("human_reply", 3),))), 1, centre.now, no_fence
    )
    branch = slice_id("org.1=华南")
    assert {cell.measure for cell in rollups.stored(store) if cell.slice_id == branch} == {"feedback.n", "complaint.n"}
    assert {row.measure for row in rows(store, tables.slice_source) if row.slice_id == branch} == {"feedback.n", "complaint.n"}
    assert check_store(store, tail, centre.now).equal


def test_a_deletion_is_a_version_and_an_older_version_still_tells_its_history(
    store: Engine, take: Take, centre: SimpleNamespace
) -> None:
    item = centre.feedback(updated_at=centre.now - timedelta(hours=1))
    take(item)
    assert take(replace(item, deleted=True, updated_at=centre.now), tick=2).gone == 1
    assert one(store, tables.feedback).updated_at == centre.now
    assert take(item, tick=3).same == 1  # older than its deletion: it does not come back
    logged = centre.event("human_reply", 4, "r:1")
    assert take(replace(item, events=(logged, centre.event("solved", 9))), tick=4).changed == 1
    assert [row.event_key for row in rows(store, tables.event)] == ["r:1"]
    assert rollups.stored(store) == []


def test_an_event_of_an_impossible_time_is_held_and_a_known_one_is_the_same(
    store: Engine, take: Take, centre: SimpleNamespace
) -> None:
    logged = centre.event("solved", 4, "r:1")
    naive = replace(logged, at=datetime(2026, 11, 18, 3))  # noqa: DTZ001  the fault under test
    done = take(logged, logged, naive, source="log")
    assert (done.same, done.bad) == (1, 1)
    assert one(store, tables.quarantine).code == "ingest.bad.naive"


def test_cues_are_counted_in_every_slice_beside_what_can_be_read(
    store: Engine, take: Callable[..., Any], centre: SimpleNamespace
) -> None:
    take(
        centre.feedback("1", text="打电话等了半小时没人接"),
        centre.feedback("2", text="再不处理我就找记者曝光，还要打12315"),
        centre.feedback("3", text="谢谢，已经解决了"),
        centre.feedback("4", text="注文が届きません、いつ届きますか"),
        centre.feedback("5"),
    )
    found: Counter[str] = Counter()
    for cell in rollups.stored(store):
        mine = (cell.slice_id, cell.grain) == (slice_id("channel=电话"), 1)
        if mine and cell.measure.startswith(("cue.", "told", "feedback")):
            found[cell.measure] += cell.value
    assert found == {"feedback.n": 5, "told.n": 3, "cue.waiting.n": 1, "cue.threat.n": 1}
