"""From an alert to the slice, the words and the records; nothing outside the reader's organisation; every step adds up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import DBAPIError

from fengsui.board import explore
from fengsui.board.explore import finding
from fengsui.board.explore.question import Question, inside
from fengsui.explore import read
from fengsui.explore.counted import COUNTED
from fengsui.explore.stopping import stoppable
from fengsui.explore.table import Stopped
from fengsui.settings import Settings, parse
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
START = NOW - timedelta(minutes=32)
ORGS = ("华南/广东/天河网点", "华南/广东/越秀网点", "华东/上海/徐汇网点", "华北/北京/朝阳网点")
CHANNELS = ("App", "电话", "微信")
MATTERS = ("支付/支付失败", "支付/优惠未抵扣", "物流/配送延误", "退款/退款进度")
TOML = """
cuboids = ["channel", "org.1"]
[centre]
name = "示例"
[[dimension]]
name = "channel"
title = "渠道"
[[dimension]]
name = "org"
title = "机构"
levels = ["大区", "省", "网点"]
[[dimension]]
name = "category"
title = "类别"
levels = ["大类", "小类"]
[source.tickets]
kind = "sql"
purpose = "投诉"
cadence = "5s"
"""
QUESTION = Question("complaints", "all", START, NOW)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse(TOML, Path("nowhere"), {})


@pytest.fixture(scope="module")
def records() -> tuple[list[dict[str, object]], list[str]]:
    """Six quiet weeks of the same hours, then forty complaints more of one matter in one place on one channel."""
    rng = np.random.default_rng(4)
    rows, texts = [], []
    for week in range(7):
        for org in ORGS:
            for channel in CHANNELS:
                for matter in MATTERS:
                    for _ in range(int(rng.poisson(6))):
                        at = NOW - timedelta(weeks=week) - timedelta(minutes=int(rng.integers(-60 if week else 0, 120)))
                        rows.append(_row(len(rows), at, org, channel, matter))
                        texts.append(f"请查一下{matter.rpartition('/')[2]}，订单 {len(rows)}")
    for n in range(40):
        rows.append(_row(len(rows), START + timedelta(seconds=40 * n), ORGS[n % 2], "App", MATTERS[0]))
        texts.append(("银行卡已扣款却显示待付款", "扣款成功订单未支付")[n % 2] + f"，金额 {n} 元")
    return rows, texts


@pytest.fixture
def store(store_url: str, records: tuple[list[dict[str, object]], list[str]]) -> Iterator[Engine]:
    engine = open_store(store_url)
    METADATA.create_all(engine)
    with engine.begin() as conn:
        conn.execute(insert(t.feedback), records[0])
        pairs = [{"record_key": row["record_key"], "text": text} for row, text in zip(*records, strict=True)]
        conn.execute(insert(t.feedback_text), [{**pair, "mask_version": 1, "text_hash": pair["text"]} for pair in pairs])
    yield engine
    engine.dispose()


def _row(n: int, at: datetime, org: str, channel: str, matter: str) -> dict[str, object]:
    dims = {"channel": channel, "org": org, "category": matter}
    times = {"opened_at": at, "updated_at": at, "stored_at": at, "first_stored_at": at, "due_at": at + timedelta(hours=1)}
    solved = at + timedelta(minutes=90 if org.startswith("华东") and at > START - timedelta(hours=2) else 30)
    return {
        "record_key": f"tickets:{n}", "source": "tickets", "kind": "complaint", "seq": 1, "content_hash": str(n), "dims": dims,
        "state": "solved", "customer": f"c{n % 50}", "ratings": [], "tags": {}, "extra": {}, "solved_at": solved, **times,
    }  # fmt: skip


def test_the_slice_is_named_with_its_parents_children_and_earlier_weeks(store: Engine, settings: Settings) -> None:
    found = explore.find(store, settings, QUESTION, (), NOW)
    assert found.state == "ok" and len(found.windows) == 6
    assert found.slices[0].slice_key == "category.2=支付/支付失败|channel=App|org.1=华南"
    first = found.slices[0]
    assert first.now >= 40 and first.share > 0.6 and len(first.earlier) == 6 and max(first.earlier) < first.now
    assert all(parent.now >= first.now for parent in first.parents)
    assert first.children and all(child.now <= first.now for child in first.children)
    whole = found.expected + found.everywhere + sum(one.share for one in found.slices) * found.deviation + found.rest
    assert found.observed == pytest.approx(whole)


def test_many_records_are_looked_at_in_part_first_and_all_of_them_on_a_press(
    store: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explore.find(store, settings, QUESTION, (), NOW)
    monkeypatch.setattr(finding, "records", lambda conn, spans: 60_000.0)
    part = explore.find(store, settings, QUESTION, (), NOW)
    assert part.every == 2 and part.partial
    assert part.slices[0].slice_key == whole.slices[0].slice_key
    assert part.observed == pytest.approx(whole.observed, rel=0.35) and part.windows == whole.windows
    assert part.expected + part.everywhere + sum(
        one.share for one in part.slices
    ) * part.deviation + part.rest == pytest.approx(part.observed)
    assert explore.find(store, settings, QUESTION, (), NOW, order=3) == whole
    rate = explore.find(store, settings, replace(QUESTION, metric="sla_attainment"), (), NOW)
    assert rate.every == 2 and 0 <= rate.observed <= 1


def test_leaving_it_out_and_narrowing_to_it_ask_again(store: Engine, settings: Settings) -> None:
    first = explore.find(store, settings, QUESTION, (), NOW).slices[0].slice_key
    out = explore.find(store, settings, Question("complaints", "all", START, NOW, (first,)), (), NOW)
    assert first not in [one.slice_key for one in out.slices] and out.observed < 100
    into = explore.find(store, settings, Question("complaints", first, START, NOW), (), NOW)
    assert into.observed == pytest.approx(explore.find(store, settings, QUESTION, (), NOW).slices[0].now)


def test_who_sees_one_region_gets_no_slice_word_or_record_of_another(store: Engine, settings: Settings) -> None:
    mine = Question("complaints", "org.1=华东", START, NOW)
    assert explore.open_to(settings, ("华东",), mine) and not explore.open_to(settings, ("华东",), QUESTION)
    seen = explore.find(store, settings, QUESTION, ("华东",), NOW)
    assert all("华南" not in one.slice_key for one in (*seen.slices, *seen.leads))
    heard = explore.voices(store, settings, QUESTION, ("华东",))
    assert heard.total < 30 and all("扣款" not in (one.text or "") for one in heard.said)
    assert heard.said[0].customer is not None
    way = explore.journey(store, heard.said[0].customer, NOW, ("华北",))
    assert way is None or all(step.channel for step in way.steps)


def test_phrases_are_whole_and_the_most_typical_words_come_first(store: Engine, settings: Settings) -> None:
    heard = explore.voices(store, settings, QUESTION, ())
    shown = [one.shown for one in heard.topics]
    assert "银行卡已扣款却显示待付款" in shown and "扣款成功订单未支付" in shown
    assert heard.said[0].typical == 1.0 and "扣款" in (heard.said[0].text or "")
    assert not any(one.shown.isdigit() for one in heard.topics)


def test_a_rate_splits_into_mix_and_rate_and_names_who_got_worse(store: Engine, settings: Settings) -> None:
    asked = Question("sla_attainment", "all", NOW - timedelta(minutes=45), NOW + timedelta(minutes=60))
    found = explore.find(store, settings, asked, (), NOW)
    assert found.rated and found.mix + found.rate == pytest.approx(found.deviation, abs=1e-9)
    assert found.slices[0].slice_key.endswith("org.1=华东") or "华东" in found.slices[0].slice_key


def test_too_little_history_is_said_and_nothing_is_scanned(store: Engine, settings: Settings) -> None:
    early = Question("complaints", "all", START - timedelta(weeks=6), NOW - timedelta(weeks=6))
    assert explore.find(store, settings, early, (), NOW).state == "no_history"
    assert explore.find(store, settings, Question("waiting_now", "all", START, NOW), (), NOW).state == "not_sliceable"


def test_a_place_without_roll_ups_is_drawn_record_by_record(store: Engine, settings: Settings) -> None:
    deep = Question("complaints", "category.2=支付/支付失败|channel=App|org.1=华南", START, NOW)
    line = explore.line(store, settings, deep, "3h", NOW, ())
    assert line is not None and sum(point.value or 0 for point in line.points) >= 40
    assert all(point.value is None for point in line.points if point.at + timedelta(seconds=line.step_s) > NOW)


def test_nobody_watches_a_place_without_a_series(store: Engine, settings: Settings) -> None:
    found = explore.why(store, settings, QUESTION, (), NOW)
    assert found.outcome == "unwatched" and found.alert is None


def test_an_alert_is_explained_by_its_own_rule(afternoon: Engine, settings: Settings) -> None:
    """Other rules watch the same figure and place; one of words has no series, so its alert has the figures."""
    found = explore.why(afternoon, settings, Question("complaints", "all", NOW - timedelta(minutes=10), NOW), (), NOW)
    assert found.alert is not None and found.rule_id == found.alert.rule_id == "media"
    assert found.outcome == "alert" and (found.observed, found.expected, found.score) == (1.0, None, None)


def test_a_slice_is_named_by_the_deepest_level_of_each_dimension() -> None:
    assert inside("org.1=华南|channel=App", {"org.2": "华南/广东"}) == "channel=App|org.2=华南/广东"


def test_what_people_said_of_a_stretch_changes_the_history_it_is_compared_with(settings: Settings, store: Engine) -> None:
    before = QUESTION.start - timedelta(weeks=2)
    until = before + timedelta(hours=1)
    span = {"start_at": before.isoformat(), "end_at": until.isoformat()}
    body = {"metric": "complaints", "slice_key": "org.1=华南", "name": "停机", **span}
    row = {"kind": "stretch", "id": "one", "by": "ana", "valid_from": NOW}
    with store.begin() as conn:
        conn.execute(
            insert(t.definition), {**row, "version": 1, "body": {**body, "verdict": "real", "start_at": before.isoformat()}}
        )
    found = explore.find(store, settings, QUESTION, (), NOW)
    assert found.skipped == 1 and len(found.windows) == 5
    other = explore.find(store, settings, Question("complaints", "org.1=华东", START, NOW), (), NOW)
    assert other.skipped == 0 and len(other.windows) == 6
    with store.begin() as conn:
        new = {**body, "verdict": "new_normal"}
        conn.execute(insert(t.definition), {**row, "version": 2, "body": new})
    assert explore.find(store, settings, QUESTION, (), NOW).state == "no_history"
    shown = explore.shifts(store, Question("complaints", "all", before, until))
    assert [(one.verdict, one.name["zh_CN"]) for one in shown] == [("new_normal", "停机")]


def test_a_search_that_takes_long_looks_at_two_values_first_and_goes_on_beside_the_page(
    settings: Settings, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fengsui.board.explore.finding.MANY_ROWS", 0)
    first = explore.find(store, settings, QUESTION, (), NOW)
    assert first.order == 2 and all(one.slice_key.count("=") <= 2 for one in first.slices)
    known = explore.Searches()
    search = known.begin("q", lambda on: explore.find(store, settings, QUESTION, (), NOW, on.unwanted, 3, on.tell))
    assert search is not None and search.wait(20) and search.found is not None
    assert search.share == 1.0 and search.found.order == 3 and search.found.slices[0].slice_key.count("=") == 3
    assert known.begin("q", lambda on: first) is search and known.get("q") is search


def test_a_search_can_be_stopped_and_begun_again(settings: Settings, store: Engine) -> None:
    known = explore.Searches()
    begun = threading.Event()

    def slow(search: explore.Search) -> explore.Finding:
        begun.set()
        while not search.unwanted():
            time.sleep(0.01)
        return explore.find(store, settings, QUESTION, (), NOW, search.unwanted, 3)

    search = known.begin("q", slow)
    assert search is not None and begun.wait(5) and search.running
    assert all(known.begin(n, slow) is not None for n in range(7)) and known.begin("one too many", slow) is None
    for key in ("q", *range(7)):
        running = known.get(key)
        assert running is not None
        running.stop()
        assert running.wait(5) and running.stopped and running.fault is None
    again = known.begin("q", lambda on: explore.find(store, settings, QUESTION, (), NOW, on.unwanted, 2))
    assert again is not None and again is not search and again.wait(20) and again.found is not None


def test_what_was_found_is_shown_for_a_minute_and_not_after_something_was_marked(settings: Settings, store: Engine) -> None:
    at = [1000.0]
    known = explore.Searches(lambda: at[0])
    answer = explore.find(store, settings, QUESTION, (), NOW)

    def over(key: str) -> explore.Search:
        search = known.begin(key, lambda _: answer)
        assert search is not None and search.wait(5)
        return search

    first = over("q")
    at[0] += 59.0
    assert known.get("q") is first is over("q")
    at[0] += 1.0
    assert known.get("q") is None
    again = over("q")
    assert again is not first and known.get("q") is again
    go = threading.Event()
    runs = known.begin("runs", lambda _: answer if go.wait(5) else pytest.fail("never let go"))
    at[0] += 600.0
    over("p")
    known.forget()
    assert (known.get("q"), known.get("p")) == (None, None) and known.get("runs") is runs
    go.set()
    assert runs is not None and runs.wait(5) and runs.found is answer


def test_who_waits_keeps_a_search_alive_that_another_wants_to_stop() -> None:
    search = explore.Search(lambda on: pytest.fail("never asked"))
    search.look("li", 100.0)
    search.look("wang", 101.0)
    assert search.stop("li", 102.0) == 1 and not search.unwanted()
    search.look("li", 103.0)
    assert search.stop("li", 120.0) == 0 and search.unwanted(), "wang closed the page long ago"


LONG = {
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    "postgresql": "select count(*) from generate_series(1, 100000000000) n",
}


def test_a_statement_that_runs_ends_within_a_second_and_the_store_answers_on(store: Engine) -> None:
    wanted = threading.Event()
    threading.Timer(0.3, wanted.set).start()
    begun = time.monotonic()
    with pytest.raises(Stopped), store.connect() as conn, stoppable(conn, wanted.is_set):
        conn.execute(text(LONG[store.dialect.name]))
    assert time.monotonic() - begun < 1.3
    for _ in range(5):
        with store.connect() as conn, stoppable(conn, lambda: False):
            assert conn.execute(text("select 1")).scalar_one() == 1
    with pytest.raises(DBAPIError), store.connect() as conn, stoppable(conn, lambda: False):
        conn.execute(text("select nothing from nowhere"))


def test_a_search_says_how_far_it_is_and_never_goes_back(store: Engine, settings: Settings) -> None:
    told: list[float] = []
    for metric in ("complaints", "sla_attainment", "answer_rate"):
        told.clear()
        explore.find(store, settings, replace(QUESTION, metric=metric), (), NOW, order=3, tell=told.append)
        assert told == sorted(told) and told and told[-1] <= 1.0
        assert metric == "answer_rate" or (len(told) > 10 and told[-1] >= 0.8), "a rate without mix has less to look at"


def test_calls_answered_too_late_or_given_up_are_counted_the_same_in_both_databases(store: Engine) -> None:
    waits = [(5, True), (20, True), (21, True), (9, False)]
    rows = []
    for n, (seconds, answered) in enumerate(waits):
        row = _row(90_000 + n, START, ORGS[0], "电话", MATTERS[0])
        end = START + timedelta(seconds=seconds)
        rows.append({**row, "kind": "call", "offered_at": START, "answered_at" if answered else "abandoned_at": end})
    with store.begin() as conn:
        for row in rows:
            conn.execute(insert(t.feedback), row)
    with store.connect() as conn:
        for metric, wrong in (("service_level_20", 2), ("answer_rate", 1)):
            before = read.Partners(((START - timedelta(weeks=1), NOW - timedelta(weeks=1)),), 1.0)
            cases, bad = read.cubes(conn, COUNTED[metric], "all", (START, NOW), before, ("channel",), lambda dims: True)
            assert bad is not None and (cases.now.sum(), bad.now.sum()) == (4, wrong)
