"""规则: rehearsed before it is on, a threshold raised instead of an alert dropped, versions kept, hostile words as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from fengsui.alerts import definitions
from fengsui.alerts.seeds.rules import PHRASES, THRESHOLDS
from fengsui.board import revision, rules
from fengsui.board.wrong import Wrong
from fengsui.people import Person
from fengsui.store import tables as t
from tests.conftest import NOW

Looks = Callable[[str | None], None]
EVIL = "<script>alert(1)</script>"
WANG = Person("wang", "王敏", "manager")
RECORD = {"name": {"zh_CN": "一线上报", "en": "Staff"}, "kind": "record", "metric": "contacts", "kinds": ["staff_report"]}


def _rules() -> None:
    from pages.rules.page import page

    page()


def store() -> Any:
    from pages.look.house import house

    return house().writer


@pytest.fixture
def ruled(home: Path) -> Path:
    """Two real rules beside those of the seeded house."""
    with store().begin() as conn:
        for old in conn.execute(select(t.definition).where(t.definition.c.kind == "rule")).all():
            conn.execute(t.definition.delete().where(t.definition.c.kind == "rule", t.definition.c.id == old.id))
        for id_, body in (("cue-outage", PHRASES["cue-outage"]), ("waiting-now", THRESHOLDS["waiting-now"]), ("staff", RECORD)):
            definitions.save(conn, "rule", id_, {"mode": "on", **body}, "seed", NOW)
    return home


def show(rule: str, lang: str = "zh_CN") -> AppTest:
    app = AppTest.from_function(_rules, default_timeout=30)
    app.query_params["rule"] = rule
    app.query_params["lang"] = lang
    return app.run()


def words(app: AppTest) -> str:
    shown = [str(one.value) for one in app.html] + [one.label for one in (*app.button, *app.text_input)]
    shown += [json.dumps(json.loads(one.proto.json), ensure_ascii=False) for one in app.get("bidi_component")]
    return "\n".join(shown)


def key(app: AppTest, field: str) -> str:
    return next(str(one.key) for one in app.text_input if str(one.key).endswith(f"_{field}"))


def answer(result: dict[str, Any]) -> None:
    with store().begin() as conn:
        conn.execute(update(t.request).where(t.request.c.kind == rules.KIND).values(state="done", result=result, progress=1.0))


def told(**more: Any) -> dict[str, Any]:
    plain = {"kind": "phrase", "days": 28, "limit": 3.0, "alerts": 2, "per_day": {"1": 0, "2": 0, "3": 0.07}, "slices": 1}
    days = [["2026-11-17", 0, 0, 2], ["2026-11-18", 0, 0, 0]]
    return {**plain, "by_day": days, "newest": [[29651892, None, 3, "all"]], "fits": None, "too_many": False, **more}


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize("rule", ["cue-outage", "waiting-now", "staff", EVIL])
def test_a_rule_draws_with_its_fields_and_versions(ruled: Path, looks: Looks, rule: str, lang: str) -> None:
    looks("wang")
    app = show(rule, lang)
    assert not app.exception and "«" not in words(app) and "<script" not in words(app)


@pytest.mark.parametrize("person", [None, "screen", "li"])
def test_who_may_not_sees_no_rule(ruled: Path, looks: Looks, person: str | None) -> None:
    looks(person)
    app = show("cue-outage")
    assert not app.text_input and "rule_save" not in [one.key for one in app.button]


def test_an_analyst_reads_and_changes_nothing(ruled: Path, looks: Looks) -> None:
    looks("ana")
    assert not [one for one in show("cue-outage").button if str(one.key).startswith("rule_")]


def test_a_rule_is_changed_only_after_a_rehearsal_of_what_is_saved(ruled: Path, looks: Looks) -> None:
    looks("wang")
    app = show("cue-outage")
    app.session_state[key(app, "count")] = "12"
    app.session_state[key(app, "reason")] = f"少一点 {EVIL}"
    app.button(key="rule_save").click().run()
    assert "请先按现在的表单预演一次" in words(app)
    app.button(key="rule_rehearse").click().run()
    with store().connect() as conn:
        (asked,) = conn.execute(select(t.request).where(t.request.c.kind == rules.KIND)).all()
    assert asked.params["body"]["count"] == 12
    answer(told())
    app.session_state[key(app, "count")] = "11"
    app.button(key="rule_save").click().run()
    assert "请先按现在的表单预演一次" in words(app), "another body was rehearsed"
    app.session_state[key(app, "count")] = "12"
    app.button(key="rule_save").click().run()
    assert not app.exception
    steps = revision.of(store(), "rule", "cue-outage")
    assert [one.revision.version for one in steps] == [1, 2] and steps[-1].revision.body["count"] == 12
    assert "<script" not in words(show("cue-outage"))


def test_too_many_are_refused_and_the_offered_threshold_is_taken_over(ruled: Path, looks: Looks) -> None:
    looks("wang")
    app = show("cue-outage")
    app.session_state[key(app, "ratio")] = "2"
    app.session_state[key(app, "reason")] = "更灵敏"
    app.button(key="rule_rehearse").click().run()
    answer(told(alerts=200, too_many=True, fits={"field": "count", "value": 16, "alerts": 50, "per_day": 1.8}))
    app.run()
    app.button(key="rule_save").click().run()
    assert "超过上限" in words(app) and len(revision.of(store(), "rule", "cue-outage")) == 1
    app.button(key="rule_raise").click().run()
    with store().connect() as conn:
        bodies = conn.scalars(select(t.request.c.params).where(t.request.c.kind == rules.KIND).order_by(t.request.c.at)).all()
    assert {one["body"]["count"] for one in bodies} == {8, 16}


def test_a_rule_that_raises_too_much_may_run_in_shadow_and_a_copy_always_does(ruled: Path, looks: Looks) -> None:
    looks("wang")
    app = show("cue-outage")
    app.session_state[key(app, "name_zh_CN")] = EVIL
    app.session_state[key(app, "reason")] = "试一试"
    app.button(key="rule_copy").click().run()
    new = next(one for id_, one in revision.newest(store(), "rule").items() if id_.startswith("phrase-"))
    assert new.body["mode"] == "shadow" and new.body["name"]["zh_CN"] == EVIL
    assert "<script" not in words(app)


def drafted(body: dict[str, Any], **cells: str) -> dict[str, Any]:
    from pages.look.house import house

    first = {"mode": "on", "where": {}, "cuboid": "all", **body}
    shown = {**rules.written(house().settings, "zh_CN", first), **cells}
    return rules.drafted(store(), house().settings, first, shown, rules.known_cues(store(), NOW))


@pytest.mark.parametrize("body", [PHRASES["cue-outage"], THRESHOLDS["waiting-now"], THRESHOLDS["stage-due-breach"], RECORD])
def test_a_form_that_nobody_touched_says_the_same(home: Path, body: dict[str, Any]) -> None:
    made = drafted(body)
    assert {name: made[name] for name in body if name != "cuboid"} == {name: body[name] for name in body if name != "cuboid"}


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({"cue": "weather"}, "cue"),
        ({"count": "many"}, "count"),
        ({"count": "0"}, "count"),
        ({"name_zh_CN": " "}, "zh_CN"),
        ({"where": "天气 = 雨"}, 1),
        ({"mode": "loud"}, "mode"),
        ({"ratio": "nan"}, "ratio"),
    ],
)
def test_what_a_rule_cannot_be_is_said_with_its_field(home: Path, cells: dict[str, str], place: Any) -> None:
    with pytest.raises(Wrong) as fault:
        drafted(PHRASES["cue-outage"], **cells)
    assert place in {one.place[-1] for one in fault.value.mistakes}


def test_a_person_of_one_organisation_changes_no_rule_of_the_centre(ruled: Path) -> None:
    from pages.look.house import house

    seen = revision.newest(store(), "rule")["staff"]
    for by in (Person("li", "李强", "duty"), Person("nan", "南", "manager", ("华南",))):
        with pytest.raises(Wrong):
            rules.save(store(), house().settings, seen, {**seen.body, "tier": 2}, None, "x", by, NOW)
