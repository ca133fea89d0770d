"""The outlook of a figure, from roll-ups: today cut at this quarter of an hour, beside days of its kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from fengsui.board.outlook import outlook
from fengsui.metrics.kpis import METRICS
from fengsui.settings import Settings
from fengsui.store.slices import bucket, slice_id
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
"""A Wednesday, 14:32 in the centre."""
HOLIDAY, MADE_UP = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 7, 23, tzinfo=UTC)), date(2026, 10, 10)
MIDNIGHT = datetime(2026, 11, 17, 16, tzinfo=UTC)


def history(store: Engine, days: int) -> None:
    """Workdays: 40 before 14:30 and 60 after; days off: 5 and 5. Today 80 so far, and one that lies ahead."""
    rows = []
    for back in range(days + 1):
        start = MIDNIGHT - timedelta(days=back)
        noon = start + timedelta(hours=12)
        off = HOLIDAY[0] <= noon <= HOLIDAY[1] or (noon.weekday() >= 5 and noon.date() != MADE_UP)
        early, late = (5, 5) if off else (40 + back % 3, 60 + back % 5)
        pairs = [(9, early), (16, late)] if back else [(9, 80), (20, 1000)]
        rows += [(bucket(start + timedelta(hours=hour), 15), n) for hour, n in pairs]
    cell = {"grain": 15, "slice_id": slice_id("all"), "measure": "complaint.n", "bin": -32768}
    with store.begin() as conn:
        rollups.put(conn, [{**cell, "bucket": at, "value": n} for at, n in rows])


def test_today_is_beside_workdays_and_what_lies_ahead_does_not_count(store: Engine, settings: Settings) -> None:
    history(store, 84)
    found = outlook(store, settings, METRICS["complaints"], "all", NOW)
    assert found is not None and found.today is not None
    assert (
        found.today.n > 20 and 140 < found.today.low <= found.today.high < 200
    )  # 80 and 60 to 64, somewhat more on a busy day
    days = dict(found.days)
    assert len(days) == 27 and min(days).isoformat() == "2026-11-19"
    saturday = days[min(day for day in days if day.weekday() == 5)]
    assert saturday.middle == 10 and days[min(days)].middle > 95


def test_little_history_says_little_and_a_stock_nothing(store: Engine, settings: Settings) -> None:
    history(store, 5)
    found = outlook(store, settings, METRICS["complaints"], "all", NOW)
    assert found is not None and found.today is None and found.days == ()
    assert outlook(store, settings, METRICS["backlog"], "all", NOW) is None
    assert outlook(store, settings, METRICS["waiting_now"], "all", NOW) is None
