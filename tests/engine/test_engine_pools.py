"""The pooled test of the tail on the engine's road: one alarm that names the child, on the budget of one series."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from detectors.base import DayType, Tier
from fengsui.engine import Engine, borrowed
from fengsui.engine.family import families
from fengsui.engine.planned import Planned
from fengsui.engine.pools import as_usual
from fengsui.engine.rules import Rule
from fengsui.engine.said import Past, Said
from fengsui.metrics.read import Value
from fengsui.store.slices import NO_BIN, bucket, bucket_start, slice_id
from fengsui.store.tables import audit, detector_state, verdict, watermark
from tests import rollups
from tests.engine.smallcentre import START, Centre

QUARTER, DAYS = timedelta(minutes=15), 28
PROVINCES = [f"org.2=华南/{n:02d}" for n in range(30)]
WHOLE = "complaints|org.1=华南|900|region"
POOL = f"pool|{WHOLE}|provinces"


def child(n: int) -> str:
    return f"complaints|{PROVINCES[n]}|900|provinces"


@pytest.fixture
def family(embedded: Centre) -> Centre:
    """Four weeks of a region with 1 to 20 complaints a week in each of its 30 provinces."""
    for key in ("org.1=华南", *PROVINCES):
        embedded.slice(key)
    about: dict[str, Any] = {"detector": "count_surprise", "step_s": 900, "budget_per_week": 0.1}
    embedded.rule("region", cuboid="org.1", **about)
    embedded.rule("provinces", cuboid="org.2", role="tail", max_series=100, **about)
    rate = np.geomspace(1, 20, len(PROVINCES)) / 672
    hour = (np.arange(DAYS * 96) % 96) / 4
    shape = 0.2 + 1.6 * np.exp(-0.5 * ((hour - 6) / 4) ** 2)
    counts = np.random.default_rng(3).poisson(shape[:, None] * rate)
    first = START - timedelta(days=DAYS)
    rows = [_cell(key, first + t * QUARTER, int(n)) for key, row in zip(PROVINCES, counts.T, strict=True)
            for t, n in enumerate(row) if n]  # fmt: skip
    rows += [_cell("org.1=华南", first + t * QUARTER, int(n)) for t, n in enumerate(counts.sum(axis=1)) if n]
    with embedded.store.begin() as conn:
        rollups.put(conn, rows)
    embedded.heard("tickets", START)
    return embedded


def _cell(key: str, at: datetime, n: int) -> dict[str, Any]:
    about = {"slice_id": slice_id(key), "measure": "complaint.n", "bin": NO_BIN}
    return {"grain": 15, "bucket": bucket(at, 15), "value": n, **about}


def came(centre: Centre, at: datetime, counts: Mapping[int, int]) -> None:
    cells = [_cell(PROVINCES[n], at, count) for n, count in counts.items()]
    with centre.store.begin() as conn:
        rollups.put(conn, [*cells, _cell("org.1=华南", at, sum(counts.values()))])


def quarters(centre: Centre, engine: Engine, n: int, extra: Mapping[int, Mapping[int, int]], first: int = 0) -> None:
    for i in range(first, first + n):
        at = START + i * QUARTER
        if i in extra:
            came(centre, at, extra[i])
        centre.heard("tickets", at + QUARTER)
        centre.advance(engine, at + QUARTER)


def graded(centre: Centre) -> list[tuple[Any, ...]]:
    return [row for row in centre.rows(verdict, "series", "end_at", "grade", "seq", "window_observed") if row[2] and row[3]]


def test_a_flood_in_one_province_is_an_alarm_of_that_province(family: Centre) -> None:
    engine = Engine(family.store, family.settings)
    family.advance(engine, START)
    assert [row[0] for row in family.rows(detector_state, "series")] == [WHOLE, POOL]
    quarters(family, engine, 4, {1: {4: 5}, 2: {4: 4, 9: 1}})
    found = graded(family)
    found = [row for row in found if row[0] != WHOLE]  # nine more are many for the whole region, too
    assert {row[0] for row in found} == {child(4)}
    assert found[0][1] == START + 2 * QUARTER and found[-1][4] == 9
    assert found[-1][2] >= Tier.IMPORTANT


def test_a_flood_of_the_region_is_none_of_its_provinces(family: Centre) -> None:
    engine = Engine(family.store, family.settings)
    family.advance(engine, START)
    rng = np.random.default_rng(1)
    weight = np.geomspace(1, 20, len(PROVINCES))
    flood = {i: dict(enumerate(rng.multinomial(12, weight / weight.sum()).tolist())) for i in range(2, 8)}
    quarters(family, engine, 10, flood)
    assert {row[0] for row in graded(family)} == {WHOLE}


def test_a_restart_at_every_quarter_gives_the_same_verdicts_and_states(family: Centre, tmp_path: Any) -> None:
    extra = {1: {4: 5}, 2: {4: 4, 9: 1}, 30: {7: 3}}
    with family.store.connect() as conn:
        before = rollups.stored(conn)
    seen = []
    for fresh in (False, True):
        with family.store.begin() as conn:
            for table in (verdict, detector_state):
                conn.execute(table.delete())
            rollups.forget(conn)
            rollups.put(conn, [cell._asdict() for cell in before])
            conn.exec_driver_sql("DELETE FROM watermark")
        family.heard("tickets", START)
        family.tick = 0
        engine = Engine(family.store, family.settings)
        family.advance(engine, START)
        for i in range(40):
            engine = Engine(family.store, family.settings) if fresh else engine
            quarters(family, engine, 1, extra, first=i)
        seen.append((family.rows(verdict), family.rows(detector_state)))
    assert graded(family) and seen[0] == seen[1]


def test_a_province_with_a_series_of_its_own_is_judged_there_and_comes_back_without_a_jump(family: Centre) -> None:
    engine = Engine(family.store, family.settings)
    family.advance(engine, START)
    own: dict[str, Any] = {"cuboid": "org.2", "where": {"org.2": "华南/29"}, "detector": "count_surprise", "step_s": 900}
    family.rule("busy", now=START + QUARTER, **own)
    quarters(family, engine, 3, {2: {29: 14}})
    assert {row[0] for row in graded(family)} - {WHOLE} == {"complaints|org.2=华南/29|900|busy"}
    family.rule("busy", version=2, now=START + 4 * QUARTER, mode="off", **own)
    quarters(family, engine, 30, {}, first=3)
    assert {row[0] for row in graded(family)} - {WHOLE} == {"complaints|org.2=华南/29|900|busy"}
    quarters(family, engine, 2, {34: {29: 14}}, first=33)
    assert child(29) in {row[0] for row in graded(family)}


def test_rules_under_one_parent_share_one_budget_and_only_counts_have_a_pool() -> None:
    def planned(rule_id: str, key: str, role: str, metric: str = "complaints", step_s: int = 60) -> Planned:
        rule = Rule(rule_id, 1, metric, "x", {}, role, step_s, "count_surprise", {}, 0.02, 8)
        parent = f"{metric}|all|{step_s}|whole" if role == "tail" else None
        return Planned(f"{metric}|{key}|{step_s}|{rule_id}", slice_id(key), key, parent, rule)

    whole, by_org, by_channel = (
        planned("whole", "all", "head"),
        planned("o", "org.1=x", "tail"),
        planned("c", "channel=y", "tail"),
    )
    found = families([whole, by_org, by_channel, planned("own", "org.1=x", "head")])
    assert [(one.budget, one.muted) for one in found] == [(0.01, frozenset()), (0.01, {"org.1=x"})]
    assert families([planned("whole", "all", "head", "csat"), planned("o", "org.1=x", "tail", "csat")]) == []
    assert families([planned("whole", "all", "head", step_s=3600), planned("o", "org.1=x", "tail", step_s=3600)]) == []
    assert families([by_org]) == []


def test_what_was_usual_of_the_past_follows_hour_sort_of_day_and_level() -> None:
    kinds: list[DayType] = ["weekend" if n // 96 % 7 >= 5 else "workday" for n in range(28 * 96)]
    hours = [(START + n * QUARTER, kind) for n, kind in enumerate(kinds)]
    high = [2.0 if at.hour >= 9 else 0.5 for at, _ in hours]
    rest = [0.5 if kind == "weekend" else 1.0 for kind in kinds]
    truth = [one * other * (1 + n / 5376) for n, (one, other) in enumerate(zip(high, rest, strict=True))]
    usual = borrowed.usual(truth, hours, 15)
    inner = slice(4 * 96, -4 * 96)
    assert np.allclose(usual[inner], truth[inner], rtol=0.2)
    assert borrowed.usual([], [], 15) == []


FLOOD = range(-5 * 96, -5 * 96 + 12)
"""Quarters of an hour, five days before: sixty complaints of one province."""


def flooded(centre: Centre) -> Engine:
    for i in FLOOD:
        came(centre, START + i * QUARTER, {4: 5})
    engine = Engine(centre.store, centre.settings)
    centre.advance(engine, START)
    return engine


def share(engine: Engine) -> float:
    a, b = engine._pools.known[POOL].test.shares()[PROVINCES[4]]  # type: ignore[attr-defined]
    return float(a / b)


def say(centre: Centre, verdict: str, start: datetime, end: datetime, place: str, lift: float | None = None) -> None:
    body = {"verdict": verdict, "metric": "complaints", "slice_key": place, "lift": lift}
    span = {"start_at": start.isoformat(), "end_at": end.isoformat()}
    centre.define("stretch", "s", {**body, **span}, 1, START + timedelta(seconds=1))


def after(centre: Centre, engine: Engine) -> None:
    for n in range(1, 8):
        centre.heard("tickets", START + timedelta(minutes=n))
        centre.advance(engine, START + timedelta(minutes=n))


@pytest.mark.parametrize("verdict", ["real", "expected"])
def test_a_mark_on_a_part_reaches_the_pooled_test_and_is_kept(family: Centre, verdict: str) -> None:
    quiet = Engine(family.store, family.settings)
    family.advance(quiet, START)
    usual = share(quiet)
    with family.store.begin() as conn:
        conn.execute(detector_state.delete())
        conn.execute(watermark.delete())
    engine = flooded(family)
    learned = share(engine)
    assert learned > 1.5 * usual
    say(family, verdict, START + FLOOD[0] * QUARTER, START + (FLOOD[-1] + 1) * QUARTER, PROVINCES[4])
    after(family, engine)
    assert share(engine) == pytest.approx(usual, rel=0.1)
    learned_again = [row for row in family.rows(audit, "action", "params") if row[1] == {"series": POOL}]
    assert [row[0] for row in learned_again] == ["engine.said.learned"], "once"
    assert dict(family.rows(watermark, "name", "at"))["said"] == START + timedelta(seconds=1)
    again = Engine(family.store, family.settings)
    family.heard("tickets", START + timedelta(minutes=9))
    family.advance(again, START + timedelta(minutes=9))
    assert share(again) == pytest.approx(share(engine))


def test_a_false_alarm_of_a_part_stays_part_of_what_is_usual(family: Centre) -> None:
    engine = flooded(family)
    learned = share(engine)
    say(family, "false", START + FLOOD[0] * QUARTER, START + (FLOOD[-1] + 1) * QUARTER, PROVINCES[4])
    after(family, engine)
    assert share(engine) == pytest.approx(learned, rel=0.05)


def test_history_as_usual_keeps_the_level_elsewhere_in_whole_records() -> None:
    start = bucket(START, 15)
    starts = range(start, start + 96 * 15, 15)
    own = {at: Value(1.0, 1.0) for at in starts if at % 60 == 0} | {at: Value(9.0, 1.0) for at in starts[40:48]}
    planned: Any = SimpleNamespace(rule=SimpleNamespace(metric="complaints"), slice_key=PROVINCES[4])

    def past(verdict: str, first: int, last: int, lift: float | None = None) -> Past:
        span = bucket_start(start + 15 * first), bucket_start(start + 15 * last)
        return Past(planned, [Said("s", START, verdict, *span, "complaints", PROVINCES[4], lift)], counts=True)

    found, moved = as_usual(own, starts, past("real", 40, 48))
    assert sum(one.value for one in found.values()) == pytest.approx(22 * 96 / 88, abs=1.0)
    assert set(moved) <= set(starts[40:48]) and all(float(one.value).is_integer() for one in found.values())
    assert sum(moved.values()) == sum(one.value for one in found.values()) - sum(one.value for one in own.values())
    raised, _ = as_usual({at: Value(2.0, 1.0) for at in starts}, starts, past("new_normal", 48, 96, 1.5))
    assert [raised[at].value for at in starts] == [3.0] * 48 + [2.0] * 48
    assert as_usual({}, starts, past("real", 40, 48)) == ({}, {})
