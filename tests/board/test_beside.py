"""Figures beside the roll-ups: coverage, the corrected share, handling time at a fixed mix; and their place on the page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, insert

from fengsui.board import beside, kpi_sheet
from fengsui.locale import say
from fengsui.settings import Settings
from fengsui.store import tables as t
from fengsui.store.slices import bucket, slice_id
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
START = NOW - timedelta(days=7)


def cell(conn: Connection, key: str, measure: str, at: datetime, value: int) -> None:
    row = {"grain": 15, "slice_id": slice_id(key), "measure": measure, "bin": -32768, "bucket": bucket(at, 15), "value": value}
    rollups.put(conn, [row])


def test_coverage_never_counts_what_we_hold_twice(store: Engine, settings: Settings) -> None:
    days = [("a", 15, 100, 120), ("a", 16, 100, 90), ("b", 16, 800, 800), ("a", 1, 500, 0)]
    with store.begin() as conn:
        rows = [{"source": s, "day": date(2026, 11, d), "theirs": n, "ours": m, "checked_at": NOW} for s, d, n, m in days]
        conn.execute(insert(t.coverage_day), rows)
    found = beside.figures(store, settings, "all", START, NOW, NOW)["coverage"]
    assert (found.value, found.n) == (0.99, 1000)
    assert beside.figures(store, settings, "channel=电话", START, NOW, NOW)["coverage"].state == "no_data"


def test_the_negative_share_is_corrected_once_somebody_has_checked(store: Engine, settings: Settings) -> None:
    with store.begin() as conn:
        for measure, n in (("negative.n", 120), ("feedback.n", 1000)):
            cell(conn, "all", measure, NOW - timedelta(days=1), n)
    assert beside.figures(store, settings, "all", START, NOW, NOW)["negative_corrected"].state == "no_data"
    body = {"positives": 100, "found": 80, "negatives": 200, "cleared": 190}
    row = {"kind": "classifier", "id": "sentiment", "version": 2, "valid_from": START, "by": "li", "body": body}
    with store.begin() as conn:
        conn.execute(insert(t.definition).values(**row))
    found = beside.figures(store, settings, "all", START, NOW, NOW)["negative_corrected"]
    assert found.value == pytest.approx((0.12 + 0.95 - 1) / (0.8 + 0.95 - 1)) and found.version == 2
    assert found.lower is not None and found.value is not None and found.lower < found.value


def test_more_long_calls_do_not_move_the_time_at_fixed_mix(store: Engine, settings: Settings) -> None:
    """Three weeks ago half short (60 s) and half long (600 s); this week nine of ten are long."""
    calls = {"category.1=密码": ((100, 60), (10, 60)), "category.1=投诉": ((100, 600), (90, 600))}
    with store.begin() as conn:
        for key, weeks in calls.items():
            row = {"slice_id": slice_id(key), "cuboid": "category.1", "slice_key": key, "dims": {}, "first_at": START}
            conn.execute(insert(t.slice_).values(**row))
            for (n, seconds), days in zip(weeks, (20, 1), strict=True):
                for measure, value in (("m.calls.num", n), ("m.calls.sum", n * seconds)):
                    cell(conn, key, measure, NOW - timedelta(days=days), value)
    found = beside.figures(store, settings, "all", START, NOW, NOW)["aht_fixed"]
    plain = (10 * 60 + 90 * 600) / 100
    assert plain == 546 and found.value == pytest.approx((110 * 60 + 190 * 600) / 300) and found.n == 100


def test_the_page_holds_them_in_their_groups_and_leaves_out_what_nobody_delivers(afternoon: Engine, settings: Settings) -> None:
    sheet = kpi_sheet.figures(afternoon, settings, "all", "today", NOW)
    more = kpi_sheet.from_records(afternoon, settings, "all", "today", NOW)
    shown = {row.metric.id for rows in more.values() for row in rows}
    assert "repeat_contact" in shown and "aht_fixed" not in shown
    joined = sheet.joined(more)
    assert [row.metric.id for row in joined.groups["solve"]][: len(sheet.groups["solve"])] == [
        row.metric.id for row in sheet.groups["solve"]
    ]
    assert joined.row("repeat_contact") is more["solve"][-1] and list(joined.groups)[-1] == "alerts"


def test_each_has_words_in_both_languages() -> None:
    for metric in (one for group in beside.BESIDE.values() for one in group):
        for lang in ("zh_CN", "en"):
            assert say(lang, f"locale.metric.{metric.id}") == metric.names[lang]
            assert not say(lang, f"metrics.means.{metric.id}").startswith("«")
