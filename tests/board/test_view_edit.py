"""Views of the wall as a form makes them: their order, their ids, and what is said where one will not do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from fengsui.board import read, revision, snapshot, view_edit
from fengsui.board.revision import Draft
from fengsui.board.wrong import Wrong
from fengsui.metrics import view_body
from fengsui.people import Person
from fengsui.settings import Settings

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
GAO = Person("gao", "高岩", "admin")
BODY = view_edit.plain(view_body.SEEDS["sla"])


def known(**orders: int) -> dict[str, dict[str, Any]]:
    return {id_: {"order": order} for id_, order in orders.items()}


@pytest.mark.parametrize(
    ("orders", "id_", "at", "told"),
    [
        ({"a": 10, "b": 20, "c": 30}, "b", 1, {}),
        ({"a": 10, "b": 20, "c": 30}, "c", 0, {"c": 4}),
        ({"a": 10, "b": 20, "c": 30}, "new", 3, {"new": 40}),
        ({"a": 10, "b": 20}, "new", 1, {"new": 15}),
        ({"a": 10, "b": 11}, "new", 1, {"new": 20, "b": 30}),
        ({"a": 0, "b": 1}, "b", 0, {"b": 10, "a": 20}),
        ({"a": 10, "b": 10}, "c", 1, {"c": 20, "b": 30}),
        ({"a": 998, "b": 999}, "c", 9, {"a": 10, "b": 20, "c": 30}),
        ({}, "new", 5, {"new": 9}),
    ],
)
def test_a_view_is_put_between_others_and_all_are_numbered_anew_only_without_room(
    orders: dict[str, int], id_: str, at: int, told: dict[str, int]
) -> None:
    found = view_edit.placed(known(**orders), id_, at)
    assert found == told
    after = {one: {"order": order} for one, order in {**orders, **found}.items()}
    if id_ in after:
        assert view_edit.in_order(after).index(id_) == min(at, len(after) - 1)
    assert all(0 <= order <= view_edit.LAST for order in found.values())


def test_many_views_still_find_a_place() -> None:
    orders = {f"v{n:03}": n for n in range(400)}
    found = view_edit.placed(known(**orders), "new", 7)
    after = {**orders, **found}
    assert view_edit.in_order(known(**after)).index("new") == 7 and max(after.values()) <= view_edit.LAST


@pytest.mark.parametrize(
    ("name", "id_"),
    [("Morning talk", "morning-talk"), ("SLA", "sla-2"), ("早会", "fresh"), ("ALL", "all-2"), ("--", "fresh")],
)
def test_a_new_view_is_named_by_its_english_name(name: str, id_: str) -> None:
    assert view_edit.id_for(name, {"sla": {}}, "fresh") == id_


@pytest.mark.parametrize(
    ("wrong", "place", "code", "says"),
    [
        ({"seconds": 70}, ("seconds",), "board.wrong.at_most", {"value": "70", "limit": 60}),
        ({"seconds": 14}, ("seconds",), "board.wrong.at_least", {"value": "14", "limit": 15}),
        ({"name": {"zh_CN": "", "en": "x"}}, ("zh_CN",), "board.wrong.missing", {}),
        ({"name": {"zh_CN": "一二三四五六七八九十一二三", "en": "x"}}, ("zh_CN",), "board.wrong.long", {"limit": 12}),
        ({"panels": []}, ("panels",), "board.wrong.missing", {}),
        ({"panels": [{"kind": "pie"}]}, ("panel1", "kind"), "board.wrong.choice", {"value": "pie"}),
        ({"panels": [{"level": "org"}]}, ("panel1", "kind"), "board.wrong.missing", {}),
        (
            {"panels": [{"kind": "heat"}, {"kind": "trend", "metric": "gold"}]},
            ("panel2", "metric"),
            "metrics.body.metric",
            {"metric": "gold"},
        ),
        (
            {"panels": [{"kind": "by", "level": "org", "metrics": ["csat"] * 5}]},
            ("panel1", "metrics"),
            "board.wrong.many",
            {"limit": 4},
        ),
        ({"panels": [{"kind": "by", "level": "org", "metrics": []}]}, ("panel1", "metrics"), "board.wrong.missing", {}),
    ],
)
def test_what_a_view_cannot_be_is_said_with_field_value_and_what_is_allowed(
    wrong: dict[str, Any], place: tuple[str, ...], code: str, says: dict[str, Any]
) -> None:
    with pytest.raises(Wrong) as told:
        view_edit.checked({**BODY, **wrong})
    (one,) = told.value.mistakes
    assert (one.place, one.code) == (place, code) and says.items() <= one.params.items()
    assert revision.of_body(Draft("view", "sla", {**BODY, **wrong}, 0, "x")) == [one], "a file is told the same"


def test_a_view_of_an_organisation_is_drawn_for_those_who_see_it(afternoon: Engine, settings: Settings, no_fence: Any) -> None:
    with afternoon.begin() as conn:
        view_body.seed(conn, NOW)
    south = {**BODY, "scope": "西北", "order": 1}
    gone = {**view_edit.plain(view_body.SEEDS["voice"]), "withdrawn": True}
    made = [Draft("view", "south", south, 0, "西北周会"), Draft("view", "voice", gone, 1, "不用了")]
    revision.save(afternoon, settings, made, GAO, NOW)
    snapshot.build(afternoon, settings, 9_001, NOW, no_fence)
    picture = read.picture(afternoon, 9_001)
    assert picture
    assert [one["id"] for one in picture.body["shown"]][:2] == ["south", "overview"]
    assert "voice" not in [one["id"] for one in picture.body["shown"]]
    assert "org.1=西北" in picture.body["views"], "nobody's scope, but a view's"
    assert view_edit.places(afternoon) and "西北" in view_edit.places(afternoon)


def test_a_preview_is_what_the_picture_would_carry(afternoon: Engine, settings: Settings) -> None:
    seen = view_edit.preview(afternoon, settings, view_edit.checked({**BODY, "scope": "华南"}), NOW)
    assert seen["key"] == "org.1=华南" and set(seen["data"]) == {"trend:sla_attainment", "deadlines"}
    assert seen["view"]["panels"][0]["key"] == "trend:sla_attainment"


def test_where_every_view_is_withdrawn_those_of_the_seed_are_shown(afternoon: Engine, settings: Settings) -> None:
    gone = {**BODY, "withdrawn": True}
    revision.save(afternoon, settings, [Draft("view", "sla", gone, 0, "x")], GAO, NOW)
    with afternoon.connect() as conn:
        assert list(view_body.load(conn, NOW)) == list(view_body.SEEDS)
