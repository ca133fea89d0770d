"""The inbox as a script: hostile words stay text, rubbish from the browser is no word, a word sent twice is stored once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from streamlit.testing.v1 import AppTest

from fengsui.store import tables as t
from pages.look import house as house_module
from pages.records import words

Looks = Callable[[str | None], None]
HOSTILE = "<script>alert(1)</script>\u202e=cmd|' /C calc'!A0\u200b支付失败<img src=x onerror=alert(2)>" + "长" * 10_000


def _page() -> None:
    from pages.records.page import page

    page()


def _heard() -> None:
    import streamlit as st

    from pages.records import saying

    st.session_state.setdefault("goes", 0)
    saying.heard(st.session_state["news"], "all")


def shown(app: Any) -> str:
    parts = [str(element.value) for element in app.html]
    parts += [json.dumps(json.loads(element.proto.json), ensure_ascii=False) for element in app.get("bidi_component")]
    return "\n".join(parts)


def test_hostile_words_stay_text_in_list_and_detail(home: Path, looks: Looks) -> None:
    with house_module.house().writer.begin() as conn:
        conn.execute(update(t.feedback_text).where(t.feedback_text.c.record_key == "app:0").values(text=HOSTILE))
        dims = {"channel": "<b>x</b>", "org": "\u202e华南", "category": "=1+1"}
        url = "javascript:alert(1)"
        conn.execute(update(t.feedback).where(t.feedback.c.record_key == "app:0").values(dims=dims, url=url))
    looks("wang")
    app = AppTest.from_function(_page, default_timeout=30)
    app.query_params["id"] = "app:0"
    app.run()
    assert not app.exception
    found = shown(app)
    assert "&lt;script&gt;" in found and "<script>" not in found and "<img src=x" not in found
    assert "<b>x</b>" not in found and "javascript:" not in found
    assert "\u202e" not in found and "\u200b" not in found
    assert "<mark>支付失败</mark>" in found, "what was heard is marked inside escaped words"


def test_a_word_sent_twice_is_stored_once_and_rubbish_never(home: Path, looks: Looks) -> None:
    looks("wang")
    word = [1, "issue", ["app:0", "app:1"], "service/waiting"]
    rubbish: list[Any] = [[2, "issue", "app:2", "safety"], [3, "issue", ["app:2"], "<b>"], [True, "issue", [], "0"], "x", None]
    rubbish += [[4, "phone", ["app:2"], "safety"], [5, "issue", ["../../etc"], "safety"]]
    app = AppTest.from_function(_heard, default_timeout=30)
    for news in ({"said": [word]}, {"said": [word, *rubbish]}, {"said": 7}, None, [], "said"):
        app.session_state["news"] = news
        app.run()
        assert not app.exception
    with house_module.house().reader.connect() as conn:
        rows = conn.execute(select(t.label.c.record_key, t.label.c.new, t.label.c.by).order_by(t.label.c.record_key)).all()
    assert [tuple(row) for row in rows] == [("app:0", "service/waiting", "wang"), ("app:1", "service/waiting", "wang")]
    app.session_state["news"] = {"said": [[9, "issue", [], "undo"], [10, "issue", [], "undo"]]}
    app.run()
    with house_module.house().reader.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(t.label)) == 0


def test_who_only_looks_at_a_wall_says_nothing(home: Path, looks: Looks) -> None:
    looks("screen")
    app = AppTest.from_function(_heard, default_timeout=30)
    app.session_state["news"] = {"said": [[1, "issue", ["app:0"], "safety"]]}
    app.run()
    with house_module.house().reader.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(t.label)) == 0


@pytest.mark.parametrize(
    ("text", "found", "markup"),
    [
        ("等待<b>等待", ["等待"], "<mark>等待</mark>&lt;b&gt;<mark>等待</mark>"),
        ("a.c abc", ["a.c"], "<mark>a.c</mark> abc"),
        ("x", [""], "x"),
    ],
)
def test_words_are_marked_inside_escaped_text(text: str, found: list[str], markup: str) -> None:
    assert words.marked(text, found) == markup
