"""While history is being read, 0 is not a figure; and every organisation of somebody's scope has figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from fengsui.board import heat, read, snapshot
from fengsui.board.curve import Point, newest
from fengsui.board.read import Picture
from fengsui.metrics.catalogue import METRICS
from fengsui.settings import Settings
from fengsui.store import tables as t
from fengsui.store.slices import bucket, slice_id
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
Fence = Callable[[object], None]
SINCE = NOW - timedelta(hours=3)


@pytest.fixture
def drawn(afternoon: Engine, settings: Settings, no_fence: Fence) -> Callable[[int], Picture]:
    def draw(version: int) -> Picture:
        snapshot.build(afternoon, settings, version, NOW + timedelta(seconds=10 * version), no_fence)
        found = read.picture(afternoon, version)
        assert found is not None
        return found

    return draw


def _half_read(store: Engine, *, filling: bool) -> None:
    """The tickets of the last three hours are not there yet."""
    with store.begin() as conn:
        rollups.forget(conn, 15, since=bucket(SINCE, 15))
        rollups.forget(conn, 1)
        conn.execute(update(t.source_state).where(t.source_state.c.source == "tickets").values(backfilled=not filling))


def _tile(picture: Picture, metric: str) -> dict[str, Any]:
    return next(dict(one) for one in picture.view(())["tiles"] if one["metric"] == metric)


def test_nothing_counted_yet_is_not_zero(afternoon: Engine, drawn: Callable[[int], Picture]) -> None:
    _half_read(afternoon, filling=True)
    picture = drawn(1)
    complaints = _tile(picture, "complaints")
    assert complaints["reading"] and complaints["value"] is None
    assert (complaints["yesterday"], complaints["last_week"]) == (None, None)
    values = [point[1] for point in picture.view(())["curve"]]
    assert 0 not in values and values[-1] is None and values[0] > 0
    assert {cell["observed"] for cell in picture.body["heat"]} == {None}
    assert not _tile(picture, "waiting_now")["reading"], "another source feeds it"


def test_once_it_is_read_zero_is_zero_at_once(afternoon: Engine, drawn: Callable[[int], Picture]) -> None:
    _half_read(afternoon, filling=True)
    drawn(1)
    _half_read(afternoon, filling=False)
    picture = drawn(2)
    complaints = _tile(picture, "complaints")
    assert not complaints["reading"] and complaints["value"] == 0
    assert complaints["yesterday"] > 0, "compared again, not carried over from while it was read"
    assert {cell["observed"] for cell in picture.body["heat"]} == {0}
    assert heat.busiest(picture.body["heat"], "org", 3)


def test_before_its_history_begins_there_is_no_other_day(afternoon: Engine, drawn: Callable[[int], Picture]) -> None:
    with afternoon.begin() as conn:
        rollups.forget(conn, before=bucket(NOW - timedelta(days=3), 15))
    complaints = _tile(drawn(1), "complaints")
    assert complaints["last_week"] is None and complaints["yesterday"] > 0


def test_every_organisation_of_a_scope_has_its_figures(afternoon: Engine, drawn: Callable[[int], Picture]) -> None:
    with afternoon.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "nan").values(scope=["华南", "华东"]))
    picture = drawn(1)
    first, second = (_value(picture, place) for place in (None, "华东"))
    assert first == _value(picture, "华南") != second
    assert _value(picture, "华北") == first, "what is not theirs is never drawn for them"


def _value(picture: Picture, place: str | None) -> float:
    tiles = picture.view(("华南", "华东"), place)["tiles"]
    return float(next(one["value"] for one in tiles if one["metric"] == "complaints"))


def test_the_curve_of_an_alert_ends_at_the_last_full_minute(afternoon: Engine) -> None:
    found = read.detail(afternoon, "e1", (), NOW)
    assert found is not None
    last = found.curve[-1]
    assert NOW - last.at - timedelta(minutes=5) < timedelta(minutes=1), "what happened since is in it"
    assert last.value == pytest.approx(_minutes(afternoon, last.at), abs=0)
    assert last.expected is not None and last.value > last.upper


def _minutes(store: Engine, start: datetime) -> float:
    here, at = (1, slice_id("channel=App|org.1=华南"), "complaint.n"), bucket(start, 1)
    return float(sum(cell.value for cell in rollups.stored(store) if cell[:3] == here and at <= cell.bucket < at + 5))


def test_the_newest_share_is_a_share(afternoon: Engine) -> None:
    rows = [
        {"grain": 1, "slice_id": slice_id("all"), "measure": measure, "bin": -1, "bucket": bucket(NOW, 1) - 2, "value": value}
        for measure, value in (("answered.n", 8), ("abandoned.n", 2), ("answered20.n", 7))
    ]
    from fengsui.store.slices import NO_BIN

    with afternoon.begin() as conn:
        rollups.put(conn, [row | {"bin": NO_BIN} for row in rows])
        minute = NOW.replace(second=0, microsecond=0)
        found = newest(conn, METRICS["service_level_20"], "all", None, minute, 300)
    assert isinstance(found, Point) and found.value == pytest.approx(0.7)
