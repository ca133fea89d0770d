"""From roll-ups to an alert with the seeded rules: stocks, silence and faults of the data, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from fengsui import alerts
from fengsui.alerts import wording
from fengsui.alerts.seed import seed
from fengsui.alerts.seeds import rules
from fengsui.engine import Engine
from fengsui.locale import say
from fengsui.store.slices import NO_BIN, bucket, slice_id
from fengsui.store.tables import episode, verdict
from tests import rollups
from tests.engine.smallcentre import START, Centre, make_settings

QUARTER = timedelta(minutes=15)
DAYS = 20
STEPS = DAYS * 96
"""History ends at START, Wednesday 14:00 in Shanghai."""


def usual() -> np.ndarray:
    """Records a quarter of an hour over the history and a day more: busy from nine to six in Shanghai."""
    hour = ((np.arange(STEPS + 96) - STEPS) * 0.25 + 14) % 24
    return np.asarray(0.3 + 12 * np.exp(-0.5 * ((hour - 13) / 3) ** 2))


def write(centre: Centre, key: str, measure: str, values: Sequence[float]) -> None:
    first = bucket(START - DAYS * 96 * QUARTER, 15)
    cells = [
        {"grain": 15, "slice_id": slice_id(key), "measure": measure, "bin": NO_BIN, "bucket": first + 15 * i, "value": int(n)}
        for i, n in enumerate(values)
    ]
    centre.slice(key, measure=measure)
    with centre.store.begin() as conn:
        rollups.put(conn, cells)


def lived(centre: Centre, hours: float) -> list[dict[str, Any]]:
    """The alerts after so many hours, a tick each quarter of an hour: engine, then alerts, as the road calls them."""
    engine = Engine(centre.store, centre.settings)
    with centre.store.begin() as conn:
        seed(conn, centre.settings, START - timedelta(days=60))
    centre.heard("tickets", START)
    engine.warm(START, lambda conn: None)
    for n in range(1, int(4 * hours) + 1):
        now = START + n * QUARTER
        centre.heard("tickets", now)
        _tick(centre, engine, now)
    with centre.store.connect() as conn:
        return [dict(row) for row in conn.execute(select(episode).order_by(episode.c.opened_at)).mappings()]


def _tick(centre: Centre, engine: Engine, now: datetime) -> None:
    for _ in centre.advance(engine, now):
        alerts.advance(centre.store, centre.settings, centre.tick, now, lambda conn: None)


@pytest.fixture
def shop(sqlite_store: Any, tmp_path: Any) -> Centre:
    settings = make_settings(tmp_path)
    return Centre(sqlite_store, settings.model_copy(update={"cuboids": ("all", "channel")}))


def test_a_channel_that_falls_silent_is_an_alert_of_its_own(shop: Centre) -> None:
    rng = np.random.default_rng(1)
    app, phone = rng.poisson(usual()), rng.poisson(usual())
    app[STEPS:] = 0
    write(shop, "channel=App", "feedback.n", app)
    write(shop, "channel=电话", "feedback.n", phone)
    found = lived(shop, 2)
    assert [(row["rule_id"], row["slice_key"]) for row in found] == [("silence-channel", "channel=App")]
    assert found[0]["opened_at"] <= START + timedelta(hours=1, minutes=15)
    assert "App" in say("zh_CN", *wording.title(found[0])) and "骤降" in say("zh_CN", *wording.title(found[0]))


def test_a_backlog_that_piles_up_is_told_as_what_stands_there(shop: Centre) -> None:
    rng = np.random.default_rng(2)
    level = np.maximum(rng.poisson(40 + 2 * usual()), 1).astype(int)
    level[STEPS:] += np.minimum(12 * np.arange(96), 300)
    changes = np.diff(level, prepend=0)
    write(shop, "all", "open.n", np.maximum(changes, 0))
    write(shop, "all", "open.done", np.maximum(-changes, 0))
    found = lived(shop, 6)
    told = {row["rule_id"]: row for row in found}
    assert told.keys() == {"backlog-all", "stage-work-off"}  # it stands too high, and is not worked off: one event
    assert sum(row["parent_id"] is None for row in found) == 1
    found = [told["backlog-all"]]
    assert found[0]["reason"] == "alerts.lead.stock_up" and found[0]["observed"] > 1.5 * found[0]["expected"]
    assert "平时这时约" in say("zh_CN", *wording.lead(found[0]))


def test_a_work_off_time_that_grows_is_told_where_its_rule_is_on(shop: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many come as ever and hardly any is closed."""
    monkeypatch.setitem(rules.HEADS, "work-off-all", {**rules.HEADS["work-off-all"], "mode": "on"})
    rng = np.random.default_rng(4)
    came = rng.poisson(5 + usual())
    done = came.copy()
    came[0] += 40  # what always stands there
    done[STEPS:] //= 8
    write(shop, "all", "open.n", came)
    write(shop, "all", "open.done", done)
    told = {row["rule_id"]: row for row in lived(shop, 6)}
    found = told["work-off-all"]
    assert found["reason"] == "alerts.lead.lasting_up" and found["observed"] > 2 * found["expected"]
    assert "小时" in say("zh_CN", *wording.lead(found))


def test_a_day_that_was_moved_is_a_general_fault_of_the_data_and_nothing_else(shop: Centre) -> None:
    mean = usual()
    mean[STEPS - 96 :] = np.roll(mean, 20)[STEPS - 96 :]
    write(shop, "all", "feedback.n", np.random.default_rng(3).poisson(mean))
    found = lived(shop, 2.5)
    assert [(row["rule_id"], row["tier"], row["impact"], row["loss"]) for row in found] == [("moved-day", 1, 1, 1)]
    assert "数据故障" in say("zh_CN", *wording.title(found[0])) and "5 小时" in say("zh_CN", *wording.title(found[0]))
    assert "not the customers" in say("en", *wording.lead(found[0]))


def test_papers_typed_in_now_are_a_fault_of_the_data_and_no_complaint(shop: Centre) -> None:
    rng = np.random.default_rng(5)
    came = rng.poisson(4 * usual())
    late = rng.binomial(came, 0.02)
    late[STEPS + 2 : STEPS + 6] += 50
    write(shop, "all", "feedback.n", came)
    write(shop, "all", "late.n", late)
    found = lived(shop, 2.5)
    assert [(row["rule_id"], row["tier"], row["impact"], row["loss"]) for row in found] == [("late-batch", 1, 1, 1)]
    for lang, words in (("zh_CN", "补录"), ("en", "not more complaints")):
        text = say(lang, *wording.title(found[0])) + say(lang, *wording.lead(found[0]))
        assert words in text and "{" not in text and "«" not in text


@pytest.mark.parametrize(("cue", "rule"), [("waiting", "waiting-words"), ("churn", "churn-words")])
def test_words_that_suddenly_are_in_a_larger_share_of_what_is_written_are_an_alert(shop: Centre, cue: str, rule: str) -> None:
    """As many write as ever, and no more of them complain: one in twenty spoke of it, now one in three does."""
    rng = np.random.default_rng(7)
    told = rng.poisson(4 * usual())
    said = rng.binomial(told, np.where(np.arange(len(told)) < STEPS + 2, 0.05, 0.33))
    write(shop, "all", "feedback.n", told)
    write(shop, "all", "told.n", told)
    write(shop, "all", f"cue.{cue}.n", said)
    rows = lived(shop, 3)
    assert [row["rule_id"] for row in rows] == [rule]
    assert rows[0]["opened_at"] <= START + timedelta(hours=2) and rows[0]["metric"] == f"{cue}_share"
    assert rows[0]["tier"] < 3
    for lang in ("zh_CN", "en"):
        text = say(lang, *wording.title(rows[0])) + say(lang, *wording.lead(rows[0]))
        assert "{" not in text and "«" not in text


def test_a_figure_that_no_detector_takes_is_left_out_and_stops_no_other_series(shop: Centre) -> None:
    """In the past, now, and after a restart: the state is the same."""
    rng = np.random.default_rng(6)
    came = rng.poisson(5 + usual())
    came[[100, STEPS + 1]] += 2 * 10**9
    came[STEPS + 1] += 1
    write(shop, "all", "feedback.n", rng.poisson(usual()))
    write(shop, "all", "complaint.n", came)
    shop.rule("stuck", metric="complaints", detector="count_surprise", step_s=900, parameters={"step_s": 900})
    shop.rule("other", metric="contacts", detector="count_surprise", step_s=900, parameters={"step_s": 900})
    shop.heard("tickets", START)
    steady = Engine(shop.store, shop.settings)
    steady.warm(START, lambda conn: None)
    told = []
    for n in range(1, 5):
        shop.heard("tickets", START + n * QUARTER)
        for done in shop.advance(steady if n < 3 else Engine(shop.store, shop.settings), START + n * QUARTER):
            told += [notice for notice in done.notices if notice.code == "engine.reading.refused"]
    with shop.store.connect() as conn:
        seen = conn.execute(select(verdict.c.series, verdict.c.value).where(verdict.c.end_at > START)).all()
    assert [notice.params["series"].rpartition("|")[2] for notice in told] == ["stuck"]
    assert sorted(key.rpartition("|")[2] for key, _ in seen) == ["other"] * 4 + ["stuck"] * 4
    assert [key.rpartition("|")[2] for key, value in seen if value is None] == ["stuck"]
