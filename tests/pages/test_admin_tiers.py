"""分级与预案 on the page 管理: cells come back as they were, changes are told, tried, saved with a reason, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select

from fengsui.alerts.seed import seed
from fengsui.board import revision, tier_edit
from fengsui.board.wrong import Wrong
from fengsui.store import tables as t
from pages.look.house import house
from tests.pages.test_admin import NOW, field, office, show, texts, versions

__all__ = ["office"]
Looks = Callable[[str | None], None]
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def graded(office: Engine) -> Engine:
    with office.begin() as conn:
        seed(conn, house().settings, NOW.replace(year=2025))
    return office


def choose(app: Any, kind: str) -> Any:
    app.session_state["adm_tiers_kind"] = kind
    return app.run()


def cell(app: Any, name: str) -> Any:
    kinds = [*app.text_input, *app.text_area, *app.checkbox]
    return next(one for one in kinds if one.key and f"_tier_{name}_" in one.key)


def put(app: Any) -> Any:
    return next(one for one in app.button if str(one.key).endswith("adm_tiers_put")).click().run()


@pytest.mark.parametrize("kind", tier_edit.KINDS)
def test_a_form_that_nobody_touched_says_the_same(graded: Engine, kind: str) -> None:
    for one in revision.newest(graded, kind).values():
        full = tier_edit.plain(kind)(one.body)
        assert tier_edit.drafted(kind, one.body, tier_edit.written(kind, one.body)) == full


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize("kind", tier_edit.KINDS)
def test_each_part_is_shown_with_its_words(graded: Engine, looks: Looks, kind: str, lang: str) -> None:
    looks("gao")
    app = choose(show("tiers", lang), kind)
    assert not app.exception
    said = texts(app) + "".join(one.label for one in (*app.text_area, *app.checkbox, *app.selectbox))
    assert "«" not in said, said[max(0, said.find("«") - 60) :][:120]
    parts = {part for one in tier_edit.FIELDS[kind] for part in one.path if not part.isdigit()}
    labels = [one.label for one in (*app.text_input, *app.text_area, *app.checkbox)]
    assert lang == "en" or not [part for part in parts if part in labels], "a field without a word"


def test_a_deadline_is_changed_saved_and_taken_back(graded: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("tiers")
    cell(app, "tiers.2.claim_s").input("20")
    put(app)
    assert "▲ 重要 · 认领时限：30 分 → 20 分" in texts(app)
    app.button(key="adm_tiers_try").click().run()
    assert not app.exception and "认领超时" in texts(app)
    app.button(key="adm_save").click().run()
    assert "原因：不能为空" in texts(app) and versions(graded, "tier_policy") == 1
    field(app, "reason").input(f"国庆 {EVIL}").run()
    app.button(key="adm_save").click().run()
    assert not app.exception and versions(graded, "tier_policy") == 2
    one = revision.of(graded, "tier_policy", "default")[-1].revision
    assert one.body["tiers"]["2"]["claim_s"] == 1200 and one.by == "gao" and "<script" not in texts(app)
    with graded.connect() as conn:
        audits = conn.scalars(select(t.audit.c.params).where(t.audit.c.action == revision.SAVED)).all()
    assert any(params["kind"] == "tier_policy" and "国庆" in params["reason"] for params in audits)
    app.button(key="adm_tiers_back_1").click().run()
    assert "20 分 → 30 分" in texts(app)
    field(app, "reason").input("改回去").run()
    app.button(key="adm_save").click().run()
    steps = revision.of(graded, "tier_policy", "default")
    assert [step.revision.version for step in steps] == [1, 2, 3]
    assert steps[2].revision.body["tiers"]["2"]["claim_s"] == steps[0].revision.body["tiers"]["2"]["claim_s"]


def test_a_matrix_that_falls_is_refused_in_words_and_nothing_is_drafted(graded: Engine, looks: Looks) -> None:
    looks("gao")
    app = choose(show("tiers"), "matrix")
    cell(app, "cells.2.2").input("3 2 1")
    put(app)
    assert "反而变低" in texts(app) and app.button(key="adm_save").disabled
    cell(app, "cells.2.2").input("3 三 3")
    put(app)
    assert "要写数字" in texts(app)
    cell(app, "cells.2.2").input("3 3 3")
    put(app)
    assert "矩阵" in texts(app) and not app.button(key="adm_save").disabled
    app.button(key="adm_tiers_try").click().run()
    assert not app.exception and "条会换级别" in texts(app)


@pytest.mark.parametrize(
    ("kind", "id_", "cells", "place"),
    [
        ("tier_policy", "default", {"tiers.1.claim_s": "soon"}, "claim_s"),
        ("tier_policy", "default", {"tiers.1.claim_s": ""}, "claim_s"),
        ("tier_policy", "default", {"escalate_times": "11"}, "escalate_times"),
        ("tier_policy", "default", {"tiers.3.tell": "duty, managr"}, "tell"),
        ("tier_policy", "default", {"escalate_to": "person:"}, "escalate_to"),
        ("plan", "tier-3", {"owner_role": "boss"}, "owner_role"),
        ("weights", "default", {"cues": "media 3"}, "cues"),
        ("weights", "default", {"cues": "media = 4"}, "media"),
        ("weights", "default", {"negative_share": "150"}, "negative_share"),
        ("weights", "default", {"impact_customers": "5"}, "impact_customers"),
        ("floor", "safety", {"customers": "0"}, "customers"),
        ("floor", "safety", {"tier": "4"}, "tier"),
        ("plan", "tier-3", {"steps": "a | 一 | one\na | 二 | two"}, "steps"),
        ("plan", "tier-3", {"name.en": ""}, "en"),
    ],
)
def test_what_cannot_be_is_said_with_its_field(graded: Engine, kind: str, id_: str, cells: dict[str, str], place: str) -> None:
    body = revision.newest(graded, kind)[id_].body
    with pytest.raises(Wrong) as fault:
        tier_edit.drafted(kind, body, {**tier_edit.written(kind, body), **cells})
    assert place in {str(part) for one in fault.value.mistakes for part in one.place}


def test_a_plan_holds_contacts_and_what_customers_are_told(graded: Engine) -> None:
    body = revision.newest(graded, "plan")["tier-3"].body
    wanted = {"contacts": "机房 8021\n法务 王敏", "wording.zh_CN": "正在抢修", "wording.en": "We are on it"}
    made = tier_edit.drafted("plan", body, {**tier_edit.written("plan", body), **wanted})
    assert made["contacts"] == ["机房 8021", "法务 王敏"] and made["wording"]["zh_CN"] == "正在抢修"
    none = tier_edit.drafted("plan", body, {**tier_edit.written("plan", body), "wording.zh_CN": "", "wording.en": ""})
    assert none["wording"] is None
