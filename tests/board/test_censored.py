"""Figures of tickets of which some have not ended: open ones count for as long as they have waited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf
from sqlalchemy import Engine, insert

from fengsui.board import censored
from fengsui.metrics import calendars
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLOCKS = calendars.published("CN", "Asia/Shanghai", 2026)


@pytest.fixture
def opened(store: Engine) -> Any:
    made: list[int] = []

    def add(ago: float, solved: float | None = None, replied: float | None = None, **more: Any) -> None:
        made.append(1)
        at = NOW - ago * HOUR
        times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), at)
        row = {"record_key": f"crm:{len(made)}", "source": "crm", "kind": "complaint", "seq": 1, "content_hash": "h"}
        facts: dict[str, Any] = {"state": "open", "due_at": at + 24 * HOUR}
        if solved is not None:
            facts |= {"state": "solved", "solved_at": at + solved * HOUR}
        if replied is not None:
            facts |= {"response_s": round(replied * 3600), "first_response_at": at + replied * HOUR}
        about = {"dims": {"org": "华南/广东"}, "extra": {}, "ratings": [], "tags": {}}
        with store.begin() as conn:
            conn.execute(insert(t.feedback).values(**row | times | facts | about | more))

    return add


def test_closed_within_a_day_counts_open_ones_for_as_long_as_they_wait(store: Engine, opened: Any) -> None:
    ages = [(30.0, 2.0), (30.0, 20.0), (30.0, 28.0), (40.0, None), (10.0, 1.0), (10.0, None), (3.0, None), (26.0, 23.0)]
    for ago, solved in ages * 4:
        opened(ago, solved)
    opened(30, 1, due_at=None)  # has no deadline: no ticket
    opened(30, 1, state="cancelled")
    with store.connect() as conn:
        found = censored.closed(conn, "all", NOW - 48 * HOUR, NOW, NOW)
        here = censored.closed(conn, "org.1=华东", NOW - 48 * HOUR, NOW, NOW)
    lasted = [min(solved if solved is not None else ago, ago) for ago, solved in ages * 4]
    ended = [solved is not None for _, solved in ages * 4]
    theirs = ecdf(CensoredData.right_censored(np.array(lasted), ~np.array(ended))).sf.evaluate(24.0)
    assert found.value == pytest.approx(1 - float(theirs)) and found.n == 32 and found.state == "ok"
    assert found.lower is not None and found.upper is not None and found.lower < found.value < found.upper
    naive = sum(s is not None and s <= 24 for _, s in ages) / sum(s is not None for _, s in ages)
    assert found.value < naive and here.state == "no_data"


def test_a_queue_that_nobody_answers_does_not_look_fast(store: Engine, opened: Any) -> None:
    for n in range(10):
        opened(8, replied=0.1 + n / 100)
    with store.connect() as conn:
        before = censored.answered(conn, CLOCKS, "all", NOW - 24 * HOUR, NOW, NOW)
    assert before.value is not None and before.value < 900 and before.more.keys() == {"p50", "p90"}
    for _ in range(9):
        opened(5)
    opened(5, kind="survey")
    opened(5, source="calls", offered_at=NOW - 5 * HOUR)
    opened(5, source="never_tells")
    with store.connect() as conn:
        after = censored.answered(conn, CLOCKS, "all", NOW - 24 * HOUR, NOW, NOW)
    assert after.n == 19 and after.value is not None and after.value == pytest.approx(684, abs=1)  # 10 of 19: the slowest
    for _ in range(12):
        opened(5)
    with store.connect() as conn:
        assert censored.answered(conn, CLOCKS, "all", NOW - 24 * HOUR, NOW, NOW).state == "no_data"  # fewer than half


def test_nothing_opened_is_no_data(store: Engine) -> None:
    with store.connect() as conn:
        assert censored.closed(conn, "all", NOW - HOUR, NOW, NOW).state == "no_data"
        assert censored.answered(conn, CLOCKS, "all", NOW - HOUR, NOW, NOW).state == "no_data"
