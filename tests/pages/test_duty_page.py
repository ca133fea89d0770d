"""值守: each section draws in both languages, hands over with two signatures, and shows what a silence would hide."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from fengsui.alerts import commands
from fengsui.alerts.commands.handling import Somebody
from fengsui.board import rota_change
from fengsui.board.archive import search
from fengsui.board.handover import archive
from fengsui.people import save_rota, shifts_of
from fengsui.store import tables as t
from pages.duty.page import SECTIONS
from tests.conftest import NOW

Looks = Callable[[str | None], None]
WANG = Somebody("wang", "王敏", "manager")
EVIL = "<script>alert(1)</script>"


def _duty() -> None:
    from pages.duty.page import page

    page()


def show(section: str, lang: str = "zh_CN") -> AppTest:
    app = AppTest.from_function(_duty, default_timeout=30)
    app.query_params["section"] = section
    app.query_params["lang"] = lang
    return app.run()


def words(app: AppTest) -> str:
    shown = [str(one.value) for one in app.html] + [one.label for one in app.button]
    shown += [json.dumps(json.loads(one.proto.json), ensure_ascii=False) for one in app.get("bidi_component")]
    return "\n".join(shown)


def store() -> Any:
    from pages.look.house import house

    return house().writer


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize("section", [*SECTIONS, "<script>"])
def test_a_section_draws_and_leaves_no_code_without_words(home: Path, looks: Looks, section: str, lang: str) -> None:
    looks("wang")
    app = show(section, lang)
    assert not app.exception and not app.error
    assert "«" not in words(app) and "<script" not in words(app)


@pytest.mark.parametrize("person", [None, "screen"])
def test_who_is_not_of_the_desk_sees_nothing(home: Path, looks: Looks, person: str | None) -> None:
    looks(person)
    app = show("handover")
    assert "交班签字" not in words(app) and not app.button


def test_an_analyst_reads_and_signs_nothing(home: Path, looks: Looks) -> None:
    looks("ana")
    assert not [one for one in show("handover").button if (one.key or "").startswith(("shift_", "take_"))]
    assert not [one for one in show("silence").button if one.key == "sil_do"]


def test_a_shift_goes_from_one_to_the_other_on_the_page(home: Path, looks: Looks) -> None:
    looks("li")
    app = show("handover")
    app.session_state["shift_note"] = f"注意 {EVIL}"
    app.button(key="shift_give").click().run()
    (given,) = archive(store(), ())
    assert given.taken_at is None and "&lt;script" in words(app) and "<script" not in words(app)
    looks("wang")
    app = show("handover")
    app.button(key=f"take_{given.id}").click().run()
    (given,) = archive(store(), ())
    assert given.taken_by == "wang"
    assert "已接班" in "".join(one.value for one in app.toast)


def test_a_silence_says_what_it_would_have_hidden_before_it_is_set(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("silence")
    assert "过去四周" in words(app)
    app.button(key="sil_do").click().run()
    assert "还缺一项：原因" in words(app)
    app.session_state["sil_reason"] = EVIL
    app.session_state["sil_where"] = "天气 = 雨"
    app.button(key="sil_do").click().run()
    with store().connect() as conn:
        assert conn.execute(select(t.silence)).all() == []
    app.session_state["sil_where"] = "渠道 = App"
    app.session_state["sil_reason"] = EVIL
    app.button(key="sil_do").click().run()
    with store().connect() as conn:
        (row,) = conn.execute(select(t.silence)).all()
    assert row.where == {"channel": "App"} and "<script" not in words(app)
    app.button(key=f"end_{row.silence_id}").click().run()
    with store().connect() as conn:
        assert conn.scalar(select(t.silence.c.ended_by)) == "wang"


def test_what_waits_for_me_stands_there_with_a_link(home: Path, looks: Looks) -> None:
    commands.consult(store(), "e1", 0, WANG, NOW, assessors={"li": "technical"}, decider="wang")
    looks("li")
    app = show("todo")
    assert "会商意见" in words(app) and "alerts?id=e1" in words(app)


def test_one_sets_where_one_is_reached_and_rubbish_is_refused(home: Path, looks: Looks) -> None:
    looks("li")
    app = show("reach")
    assert not app.exception and "«" not in words(app)
    app.session_state["reach_li_mobile"] = "一三八"
    app.button(key="reach_save").click().run()
    with store().connect() as conn:
        assert conn.execute(select(t.reach).where(t.reach.c.person_id == "li")).all() == []
    app.session_state["reach_li_mobile"] = "13800138000"
    app.session_state["reach_li_quiet"] = "22:00-07:00"
    app.button(key="reach_save").click().run()
    with store().connect() as conn:
        row = conn.execute(select(t.reach).where(t.reach.c.person_id == "li")).one()
        audits = str(conn.execute(select(t.audit.c.params).where(t.audit.c.action == "person.reach")).all())
    assert (row.mobile, row.quiet) == ("13800138000", "22:00-07:00") and "13800138000" not in audits
    assert not [one for one in app.selectbox if one.key == "reach_whom"], "another's is an administrator's"


def test_an_administrator_of_an_organisation_sees_and_sets_only_persons_there(home: Path, looks: Looks) -> None:
    with store().begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "wang").values(role="admin", scope=["华南"]))
    looks("wang")
    app = show("reach")
    assert sorted(app.selectbox(key="reach_whom").options) == sorted(["王敏", "何佳"])
    app.session_state["reach_wang_mobile"] = "13800138000"
    app.button(key="reach_save").click().run()
    with store().connect() as conn:
        assert conn.scalars(select(t.reach.c.person_id)).all() == ["wang"], "oneself always"


def _planned() -> None:
    rows = [
        {"日期": f"2026-11-{day}", "开始": start, "结束": end, "姓名": name}
        for day in (18, 19, 20)
        for start, end, name in (("08:00", "20:00", "王敏"), ("20:00", "08:00", "李强"))
    ]
    save_rota(store(), shifts_of([*rows, {**rows[0], "姓名": EVIL, "班组": "华南"}], "Asia/Shanghai"), by="t", now=NOW)


def test_a_week_is_shown_with_names_gaps_and_todays_people(home: Path, looks: Looks) -> None:
    _planned()
    looks("ana")
    app = show("rota")
    said = words(app)
    assert said.count("<bdi>李强</bdi>") == 3 and "今后七天缺岗" in said and "缺岗" in said
    assert "&lt;script&gt;alert(1)" in said and "<script>alert" not in said
    assert not [one for one in app.button if one.key in ("rota_do", "rota_go", "rota_take")], "an analyst only looks"
    app.button(key="rota_after").click().run()
    assert "<bdi>李强</bdi>" not in words(app)


def test_an_officer_asks_for_a_swap_and_the_other_agrees_on_the_page(home: Path, looks: Looks) -> None:
    _planned()
    looks("li")
    app = show("rota")
    app.button(key="rota_do").click().run()
    assert "李强 提出" in words(app) and "已提出" in app.toast[0].value
    looks("wang")
    app = show("todo")
    assert "李强 的换班或请假等您答复" in words(app)
    app = show("rota")
    (yes,) = [one for one in app.button if (one.key or "").startswith("ry_")]
    yes.click().run()
    assert "代 李强" in words(app) and "没有等答复" in words(app)


def test_a_leave_with_a_deputy_and_a_time_that_is_none(home: Path, looks: Looks) -> None:
    _planned()
    looks("wang")
    app = show("rota")
    app.segmented_control(key="rota_what").set_value("leave").run()
    app.text_input(key="rota_end").set_value("明早").run()
    app.button(key="rota_go").click().run()
    assert "「明早」不是日期和时间" in words(app)
    who = next(one for one in app.selectbox(key="rota_who").options if one.startswith("李强"))
    app.selectbox(key="rota_who").set_value(next(one for one in choices() if one.name == who))
    app.text_input(key="rota_end").set_value("2026-11-19 08:00")
    app.selectbox(key="rota_deputy").set_value(next(one for one in choices() if one.name == "王敏"))
    app.button(key="rota_go").click().run()
    assert "代 李强" in words(app) and "请假：李强" in words(app) and "代班 王敏" in words(app)


def choices() -> Any:
    with store().connect() as conn:
        return rota_change.known(conn, NOW)[0]


def test_a_manager_begins_a_drill_and_an_officer_cannot(home: Path, looks: Looks) -> None:
    looks("li")
    assert not [one for one in show("drill").button if one.key == "drill_do"]
    looks("wang")
    app = show("drill")
    app.button(key="drill_do").click().run()
    assert "演练内容" in words(app) and not drills()
    app.session_state["drill_scenario"] = f"支付失败 {EVIL}"
    app.button(key="drill_do").click().run()
    assert not app.exception
    ((_, params),) = drills()
    assert params["scenario"].startswith("支付失败")
    assert "【演练】支付失败" in words(show("drill")) and "<script" not in words(show("drill"))


def drills() -> list[Any]:
    with store().connect() as conn:
        query = select(t.episode.c.episode_id, t.episode.c.reason_params).where(t.episode.c.mode == "drill")
        return [tuple(row) for row in conn.execute(query)]


def test_the_archive_finds_by_words_and_its_export_is_for_those_who_may(
    home: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store().begin() as conn:
        conn.execute(update(t.handling).values(state="reviewed", verdict="real", owner="li"))
    looks("wang")
    app = show("archive")
    assert "共 0 条" not in words(app) and [one for one in app.button if one.key == "export_archive"]
    app.session_state["arc_words"] = f"没有这样的预警 {EVIL}"
    app.run()
    assert "没有符合的预警" in words(app) and "<script" not in words(app)
    asked: list[object] = []
    monkeypatch.setattr("pages.duty.archive.archive.search", lambda *given: asked.append(given) or search(*given))
    app.session_state["arc_words"] = "没有别的"
    app.run()
    app.run()
    assert len(asked) == 1, "each click asks the same, and it may take seconds"
    app.session_state["arc_words"], app.session_state["arc_where"] = "", "华南"
    app.run()
    assert "范围写法不对" in words(app) and not app.exception
    looks("li")
    assert not [one for one in show("archive").button if one.key == "export_archive"]


def test_trouble_of_the_house_is_said_on_the_desk_and_on_the_sources_page(home: Path, looks: Looks) -> None:
    row = {"kind": "source", "since_at": NOW, "seen_at": NOW, "opened_at": NOW, "told": 1, "params": {"names": "x"}}
    with store().begin() as conn:
        conn.execute(t.system_alert.insert().values(**row, subjects=["phone", EVIL]))
    looks("li")
    for section in ("todo", "system"):
        said = words(show(section))
        assert "2 个数据源收不到数据" in said and "<script" not in said


def test_the_form_of_silences_offers_only_what_the_rules_allow(home: Path, looks: Looks) -> None:
    """A severe silence ends after 30 days; an officer keeps nothing severe silent, and nothing for longer than a day."""
    looks("wang")
    app = show("silence")
    app.segmented_control(key="sil_how").set_value("weekly").run()
    assert len(pills(app, "sil_weeks").options) == 4
    pills(app, "sil_weeks").set_value(52).run()
    pills(app, "sil_tier").set_value(3).run()
    assert not app.exception
    assert len(pills(app, "sil_weeks").options) == 1 and pills(app, "sil_weeks").value == 4
    looks("li")
    app = show("silence")
    assert len(pills(app, "sil_tier").options) == 2 and len(pills(app, "sil_hours").options) == 5
    assert app.segmented_control(key="sil_how").options == ["一次"]


def pills(app: AppTest, key: str) -> Any:
    return next(one for one in app.get("button_group") if one.key == key)
