"""Panels of the wall's views: what the store holds, for the centre and for one organisation, made once a minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, insert, update

from fengsui.alerts import definitions
from fengsui.board import panels, read, snapshot
from fengsui.board.panels import Asked
from fengsui.metrics import catalogue, view_body
from fengsui.metrics.view_body import By, Deadlines, Phrases, Trend, ViewBody
from fengsui.settings import Settings
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
Fence = Callable[[object], None]


@pytest.fixture
def asked(afternoon: Engine, settings: Settings) -> Any:
    with afternoon.connect() as conn:
        yield Asked(conn, catalogue.load(conn, NOW), settings.sources, "all", NOW)


def by(level: Any, *metrics: str) -> By:
    return By(kind="by", level=level, metrics=metrics)


def test_rows_of_a_level_are_its_figures_the_largest_first(asked: Asked) -> None:
    made = panels.made(asked, by("channel", "complaints", "sla_attainment"))
    assert [one["metric"] for one in made["metrics"]] == ["complaints", "sla_attainment"]
    counts = [row["figures"][0]["value"] for row in made["rows"]]
    assert counts == sorted(counts, reverse=True) and counts[0] > 0
    assert {row["name"] for row in made["rows"]} >= {"App", "电话"}
    assert all(len(row["spark"]) == 24 for row in made["rows"])


def test_a_scope_has_its_own_rows_only(asked: Asked) -> None:
    mine = replace(asked, view="org.1=华南")
    whole = panels.made(asked, by("channel", "complaints"))["rows"]
    part = panels.made(mine, by("channel", "complaints"))["rows"]
    assert all("org.1=华南" in row["slice_key"] for row in part)
    assert sum(row["figures"][0]["value"] or 0 for row in part) < sum(row["figures"][0]["value"] or 0 for row in whole)
    below = panels.made(mine, by("org", "complaints"))["rows"]
    assert all("华南/" in row["slice_key"] for row in below)
    assert {row["name"] for row in panels.made(asked, by("org", "complaints"))["rows"]} >= {"华南", "华东"}


def test_a_day_by_the_hour_ends_with_the_last_full_one(asked: Asked) -> None:
    made = panels.made(asked, Trend(kind="trend", metric="sla_attainment"))
    assert len(made["values"]) == 24 and made["target"] == 0.95
    assert datetime.fromtimestamp(made["start"], UTC) + timedelta(hours=24) == NOW.replace(minute=0, second=0)


def test_open_tickets_are_counted_by_the_time_left(afternoon: Engine, settings: Settings) -> None:
    with afternoon.begin() as conn:
        conn.execute(update(t.feedback).values(state="solved"))
        row = dict(conn.execute(t.feedback.select().limit(1)).mappings().one())
        lefts = [("华南/广东", -60), ("华南/广东", 60), ("华南/海南", 3600), ("华东", 7200), ("华东", 30_000), (None, 1799)]
        for n, (org, left) in enumerate(lefts):
            due = NOW + timedelta(seconds=left)
            dims = {"org": org} if org else {}
            own = {
                "record_key": f"x:{n}",
                "state": "open",
                "due_at": due,
                "dims": dims,
                "deleted_at": None,
            }
            conn.execute(insert(t.feedback).values(**{**row, **own}))
        conn.execute(insert(t.feedback).values(**{**row, "record_key": "x:gone", "state": "open",
                                                  "due_at": NOW, "deleted_at": NOW}))  # fmt: skip
        ask = Asked(conn, {}, settings.sources, "all", NOW)
        made = panels.made(ask, Deadlines(kind="deadlines"))
        assert made["all"] == [1, 2, 1, 1, 1]
        assert made["rows"][0] == ["华南", [1, 1, 1, 0, 0]] and ["", [0, 1, 0, 0, 0]] in made["rows"]
        mine = panels.made(replace(ask, view="org.1=华南"), Deadlines(kind="deadlines"))
        assert mine["rows"] == [["广东", [1, 1, 0, 0, 0]], ["海南", [0, 0, 1, 0, 0]]]


def test_phrases_are_those_of_several_customers(afternoon: Engine, settings: Settings) -> None:
    with afternoon.begin() as conn:
        conn.execute(t.feedback_text.delete())
        base = dict(conn.execute(t.feedback.select().limit(1)).mappings().one())
        said = [f"第{n}次了，付款页面打不开，急" for n in range(12)] + ["我的小狗叫旺财，只有我这样说"]
        usual = ["物流太慢了什么时候到", "快递一直没有更新", "想问一下会员怎么续费"] * 20
        texts = [(NOW - timedelta(minutes=30), text) for text in said]
        texts += [(NOW - timedelta(days=2), text) for text in usual]
        for n, (at, text) in enumerate(texts):
            own = {"record_key": f"p:{n}", "opened_at": at, "deleted_at": None}
            conn.execute(insert(t.feedback).values(**{**base, **own}))
            conn.execute(insert(t.feedback_text).values(record_key=f"p:{n}", text=text, mask_version=1, text_hash=str(n)))
        ask = Asked(conn, {}, settings.sources, "all", NOW)
        made = panels.made(ask, Phrases(kind="phrases"))
    shown = [one["text"] for one in made["phrases"]]
    assert any("页面打不开" in text for text in shown) and not any("旺财" in text for text in shown)
    assert all(len(text) <= panels.AT_MOST for text in shown)


def test_phrases_wait_ten_minutes_and_one_where_nobody_had_said_anything(asked: Asked) -> None:
    for texts, after_s, due in ((0, 61, True), (0, 59, False), (40, 61, False), (40, 601, True)):
        data = {"at": NOW.isoformat(), "phrases": [], "texts": texts, "before": 0, "hours": 3.0}
        later = replace(asked, now=NOW + timedelta(seconds=after_s))
        found = panels.refreshed({"phrases": Phrases(kind="phrases")}, {"all": later}, {"all": {"phrases": data}})
        assert (found["all"]["phrases"]["at"] != data["at"]) is due, (texts, after_s)


def test_few_panels_are_made_with_each_picture_the_oldest_first(asked: Asked) -> None:
    wanted = panels.wanted(view_body.load(asked.conn, NOW).values())

    def at(seconds: float, last: Any) -> tuple[Any, int]:
        found = panels.refreshed(wanted, {"all": replace(asked, now=NOW + timedelta(seconds=seconds))}, last)["all"]
        stamp = (NOW + timedelta(seconds=seconds)).isoformat()
        return {"all": found}, sum(data["at"] == stamp for data in found.values())

    first, n = at(0, None)
    assert n == len(wanted) >= 6
    assert at(59, first)[1] == 0, "fresh enough"
    kept, made = first, []
    for seconds in range(61, 66):
        kept, n = at(seconds, kept)
        made.append(n)
    assert made == [2, 2, 2, len(wanted) - 7, 0], "all but the phrases, which stay ten minutes"
    assert at(601, kept)[0]["all"]["phrases"]["at"] != NOW.isoformat()
    assert at(61, {})[1] == panels.AT_ONCE, "of a picture without panels: a few with each"


def test_the_picture_carries_the_views_that_people_saved(afternoon: Engine, settings: Settings, no_fence: Fence) -> None:
    snapshot.build(afternoon, settings, 1, NOW, no_fence)
    first = read.picture(afternoon, 1)
    assert first and [view["id"] for view in first.body["shown"]] == list(view_body.SEEDS)
    with afternoon.begin() as conn:
        view_body.seed(conn, NOW)
        mine = {"name": {"zh_CN": "早会", "en": "Morning"}, "order": 1, "panels": [{"kind": "trend", "metric": "csat"}]}
        definitions.save(conn, "view", "morning", mine, "wang", NOW)
    snapshot.build(afternoon, settings, 2, NOW + timedelta(seconds=61), no_fence)
    second = read.picture(afternoon, 2)
    assert second and second.body["shown"][0]["name"]["zh_CN"] == "早会"
    assert set(second.body["panels"]) == set(second.body["views"])
    assert "trend:csat" in second.body["panels"]["org.1=华南"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 5},
        {"seconds": 61},
        {"panels": []},
        {"panels": [{"kind": "heat"}] * 3},
        {"panels": [{"kind": "trend", "metric": "nonsense"}]},
        {"panels": [{"kind": "verbatims"}]},
        {"panels": [{"kind": "by", "level": "customer", "metrics": ["csat"]}]},
        {"name": {"zh_CN": "只有中文"}},
        {"sql": "drop"},
    ],
)
def test_a_view_that_cannot_be_shown_is_not_saved(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ViewBody.model_validate({**view_body.SEEDS["overview"], **wrong})
