"""What charts mark: announced events that touch the window and the place, and new versions of what a figure is judged by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.board import chart_marks
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def put(store: Engine) -> Any:
    def add(kind: str, id_: str, body: dict[str, Any], at: datetime = NOW - DAY, version: int = 1, by: str = "gao") -> None:
        row = {"kind": kind, "id": id_, "version": version, "valid_from": at, "by": by, "body": body}
        with store.begin() as conn:
            conn.execute(insert(t.definition).values(**row))

    return add


def event(start: datetime, end: datetime, **more: Any) -> dict[str, Any]:
    return {"name": "双11", "start_at": start.isoformat(), "end_at": end.isoformat(), "lift": 3.0, "margin": 0.2, **more}


def test_events_that_touch_the_window_and_the_place(store: Engine, put: Any) -> None:
    put("known_event", "in", event(NOW - 2 * DAY, NOW))
    put("known_event", "before", event(NOW - 9 * DAY, NOW - 8 * DAY))
    put("known_event", "off", event(NOW - 2 * DAY, NOW, withdrawn=True))
    put("known_event", "elsewhere", event(NOW - 2 * DAY, NOW, where={"org": "华东"}))
    put("known_event", "other", event(NOW - 2 * DAY, NOW, metric="csat"))
    found = chart_marks.marks(store, "complaints", "org.1=华南", NOW - 3 * DAY, NOW)
    assert [(one.kind, one.lift, one.margin, one.start, one.end) for one in found] == [("event", 3.0, 0.2, NOW - 2 * DAY, NOW)]
    assert len(chart_marks.marks(store, "complaints", "all", NOW - 3 * DAY, NOW)) == 2  # the whole holds the part


def test_new_versions_of_what_the_figure_is_judged_by(store: Engine, put: Any) -> None:
    put("target", "sla_attainment", {"target": 0.9}, NOW - 9 * DAY, 1, "seed")
    put("target", "sla_attainment", {"target": 0.95}, NOW - 2 * DAY, 2)
    put("target", "csat", {"target": 0.95}, NOW - 2 * DAY, 2)
    put("calendar", "default", {}, NOW - DAY, 2)
    put("sla_policy", "default", {}, NOW - DAY / 2, 2)
    kinds = {
        metric: [one.kind for one in chart_marks.marks(store, metric, "all", NOW - 3 * DAY, NOW)]
        for metric in ("sla_attainment", "contacts")
    }
    assert kinds == {"sla_attainment": ["target", "calendar", "sla_policy"], "contacts": ["calendar"]}
    assert chart_marks.marks(store, "sla_attainment", "all", NOW, NOW + DAY) == []
