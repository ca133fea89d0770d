"""探查 as a script: what it says, to whom, and what an address may ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from streamlit.testing.v1 import AppTest

from fengsui.board import explore, watch
from fengsui.people import Person
from fengsui.store.database import open_store
from fengsui.store.tables import definition
from pages.explore import table
from pages.explore.words import marked
from pages.look import house as house_module
from pages.look.visitor import Visitor

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
Looks = Callable[[str | None], None]


def texts(app: Any) -> str:
    """Everything the page shows, components included."""
    shown = [str(element.value) for element in app.html]
    shown += [json.dumps(json.loads(element.proto.json), ensure_ascii=False) for element in app.get("bidi_component")]
    shown += [button.label for button in app.button]
    shown += [toast.value for toast in app.toast]
    return "\n".join(shown)


def _page() -> None:
    from pages.explore.page import page

    page()


def show(lang: str = "zh_CN", **query: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=30)
    app.query_params["lang"] = lang
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh_CN", ("投诉量走势", "为什么报这条预警", "突发说法", "典型原话", "同时变化")),
        ("en", ("Why there is an alert", "Sudden phrases", "Typical words")),
    ],
)
def test_the_page_says_what_it_must_in_both_languages(home: Path, looks: Looks, lang: str, words: tuple[str, ...]) -> None:
    looks("wang")
    app = show(lang)
    assert not app.exception
    assert [word for word in words if word not in texts(app)] == []
    assert "«" not in texts(app), "a code or parameter without words"


def test_nobody_sees_it_signed_out_or_from_the_wall_screen(home: Path, looks: Looks) -> None:
    for person, words in ((None, "重新登录"), ("screen", "")):
        looks(person)
        app = show()
        assert not app.exception and words in texts(app)
        assert "投诉" not in texts(app)


def test_it_starts_from_an_alert_and_nonsense_in_the_address_is_said(home: Path, looks: Looks) -> None:
    looks("wang")
    assert "为什么报这条预警" in texts(show(alert="e1"))
    assert "找不到这条预警" in texts(show(alert="<script>"))
    backwards = {"from": "2026-11-18T14:00", "to": "2026-11-18T13:00"}
    no_levels = ({"at": "agen\\x74=张三"}, {"at": 'agent"=x'}, {"at": "org.9=华东"}, {"out": 'agent"=x'})
    for nonsense in ({"at": "org.1"}, {"from": "gestern"}, {"metric": "nothing"}, backwards, *no_levels):
        app = show(**nonsense)
        assert not app.exception and "看不懂" in texts(app)


def test_a_scoped_person_gets_nothing_of_another_place(home: Path, looks: Looks) -> None:
    looks("nan")
    assert "找不到这条预警" in texts(show(alert="e5"))
    shown = texts(show(at="org.1=华东"))
    assert "看不懂" in shown and "华东" not in shown


def test_customers_words_are_text_and_marks_never_overlap() -> None:
    assert marked("<b>扣款成功</b>", ["扣款成功", "扣款"]) == "&lt;b&gt;<mark>扣款成功</mark>&lt;/b&gt;"
    assert marked("App 打不开", ["app", "打不开"]) == "<mark>App</mark> <mark>打不开</mark>"
    assert marked("没有", []) == "没有"


def test_an_analyst_marks_a_stretch_and_the_empty_form_says_what_is_missing(home: Path, looks: Looks) -> None:
    looks("ana")
    app = show()
    app.button(key="ex_save").click().run()
    assert "没有保存" in "".join(toast.value for toast in app.toast)
    app.session_state["ex_verdict"] = "missed"
    app.button(key="ex_save").click().run()
    assert not app.exception
    assert "漏报" in "".join(toast.value for toast in app.toast)
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.connect() as conn:
        bodies = conn.execute(select(definition.c.body).where(definition.c.kind == "stretch")).scalars().all()
    assert [body["verdict"] for body in bodies] == ["missed"]


def test_duty_reads_and_marks_nothing(home: Path, looks: Looks) -> None:
    looks("li")
    assert not [button for button in show().button if button.key == "ex_save"]


def test_what_was_found_and_the_records_are_taken_away_by_who_may(home: Path, looks: Looks) -> None:
    looks("ana")
    app = show(alert="e1")
    names = [button.key for button in app.button]
    assert "export_explore" in names and "export_records" in names
    looks("li")
    assert not [button for button in show(alert="e1").button if button.key and button.key.startswith("export_")]
    who = visitor_of(looks, "ana")
    question = explore.of_alert(house_module.house().reader, "e1", ())
    assert question is not None
    taken = table.records(who, question[1], "今天")
    assert taken.rows and len(taken.columns) == len(taken.rows[0]) and taken.timed == (0,)
    assert table.found(who, question[1], "今天").columns[1] == "范围"


def visitor_of(looks: Looks, person: str) -> Visitor:
    looks(person)
    return Visitor(Person(person, "陈晨", "analyst"), "zh_CN", "Asia/Shanghai")


def test_where_no_alert_came_one_press_files_it_as_missed(home: Path, looks: Looks) -> None:
    looks("ana")
    app = show(at="channel=邮件")
    app.button(key="ex_missed").click().run()
    assert not app.exception and "漏报" in app.toast[0].value
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.connect() as conn:
        (body,) = conn.execute(select(definition.c.body).where(definition.c.kind == "stretch")).scalars()
    assert (body["verdict"], body["slice_key"]) == ("missed", "channel=邮件")
    assert not [one for one in show(alert="e1").button if one.key == "ex_missed"], "there is an alert"
    looks("li")
    assert not [one for one in show(at="channel=邮件").button if one.key == "ex_missed"]


def test_a_definition_of_all_is_told_by_its_version(home: Path, looks: Looks) -> None:
    looks("wang")
    row = {"kind": "taxonomy", "id": "default", "version": 2, "body": {}, "by": "wang"}
    with house_module.house().writer.begin() as conn:
        conn.execute(insert(definition).values(**row, valid_from=NOW - timedelta(minutes=30)))
    shown = texts(show())
    assert "标签体系第 2 版" in shown and "default" not in shown


def test_what_is_pinned_stands_on_the_page_of_the_alert(home: Path, looks: Looks) -> None:
    looks("ana")
    app = show(alert="e1")
    app.button(key="ex_pin").click().run()
    assert not app.exception and "已固定" in app.toast[0].value
    assert not [one for one in show().button if one.key == "ex_pin"], "nothing to pin to"

    def desk() -> None:
        from pages.alerts.page import page

        page()

    shown = AppTest.from_function(desk, default_timeout=30)
    shown.query_params.update({"lang": "zh_CN", "id": "e1"})
    shown.run()
    assert not shown.exception and "结论" in texts(shown) and "explore?alert=e1" in texts(shown)
    assert texts(shown).count("data:image/svg+xml") == 1 and '<img src=\\"<img' not in texts(shown)


def test_a_question_is_kept_under_a_name_for_its_owner_only(home: Path, looks: Looks) -> None:
    looks("ana")
    app = show(metric="contacts", at="channel=电话", zoom="24h")
    app.button(key="ex_keep").click().run()
    assert "没有保存" in app.toast[0].value, "a name is needed"
    app.text_input(key="ex_view").set_value("<b>电话来件</b>").run()
    app.button(key="ex_keep").click().run()
    shown = texts(app)
    assert not app.exception and "&lt;b&gt;电话来件" in shown and "<b>电话来件" not in shown
    assert "metric=contacts&amp;at=channel%3D%E7%94%B5%E8%AF%9D&amp;zoom=24h" in shown
    looks("wang")
    assert "电话来件" not in texts(show())
    looks("ana")
    app = show()
    next(one for one in app.button if one.key.startswith("ex_drop_")).click().run()
    assert not app.exception and "电话来件" not in texts(app)


def test_a_phrase_is_watched_and_dropped_on_the_page_and_hostile_ones_stay_text(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show()
    app.text_input(key="ex_phrase").set_value("<img src=x onerror=alert(1)>")
    app.button(key="ex_phrase_add").click().run()
    assert not app.exception
    assert "已关注" in app.toast[0].value
    drawn = "".join(json.loads(element.proto.json)["html"] for element in app.get("bidi_component"))
    assert "&lt;img src=x" in drawn and "<img src=x" not in drawn
    app.text_input(key="ex_phrase").set_value("一")
    app.button(key="ex_phrase_add").click().run()
    assert "2 到 40" in texts(app)
    looks("zhang")
    assert "ex_phrase_add" not in [button.key for button in show().button], "a duty officer reads"


AGENTS = """
[[dimension]]
name = "channel"
title = "渠道"
[[dimension]]
name = "org"
title = "机构"
levels = ["大区", "省", "网点"]
[[dimension]]
name = "agent"
title = "坐席"
persons = ["analyst"]
"""


def test_who_sees_one_person_still_marks_nothing_of_one_for_everybody(home: Path, looks: Looks) -> None:
    file = home / "fengsui.toml"
    file.write_text(file.read_text(encoding="utf-8") + AGENTS, encoding="utf-8")
    house_module.house.cache_clear()
    looks("ana")
    shown = show(at="agent=张三|channel=邮件")
    assert not shown.exception and "看不懂" not in texts(shown) and "不能标注" in texts(shown)
    assert not [one for one in shown.button if one.key in ("ex_save", "ex_missed")]
    assert [one for one in show(at="channel=邮件").button if one.key == "ex_save"]


@pytest.mark.parametrize("fault", [None, RuntimeError("the store is away")])
def test_one_press_ends_a_topic_once_refused_or_done(
    home: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch, fault: Exception | None
) -> None:
    """Rows remember what was picked under their key for as long as they are drawn under it."""
    looks("wang")
    who = Person("wang", "王敏", "manager")
    assert watch.add(house_module.house().writer, "积分清零", who, NOW)
    with house_module.house().reader.connect() as conn:
        (topic,) = [one["topic_id"] for one in watch.living(conn)]
    end, keys, asked = watch.end, [], []

    def rows(*_: Any, key: str, **__: Any) -> str | None:
        keys.append(key)
        return f"end:{topic}" if key == keys[0] else None

    def ended(*args: Any) -> bool:
        asked.append(args[1])
        assert len(asked) < 4, "asked again and again"
        if fault is not None:
            raise fault
        return end(*args)

    monkeypatch.setattr("pages.explore.topics.living", rows)
    monkeypatch.setattr(watch, "end", ended)
    monkeypatch.setattr("pages.look.trouble.noted", lambda fault: "abc")
    app = show()
    assert not app.exception and asked == [topic] and len(set(keys)) == 2
    assert ("没有保存：" in texts(app)) == (fault is not None)
    app.run()
    assert asked == [topic]
