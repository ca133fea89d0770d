"""探查 as a script: what it says, to whom, and what an address may ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.explore.words import marked

Looks = Callable[[str | None], None]


def texts(app: Any) -> str:
    """Everything the page shows, components included."""
    shown = [str(element.value) for element in app.html]
    shown += [json.dumps(json.loads(element.proto.json), ensure_ascii=False) for element in app.get("bidi_component")]
    shown += [button.label for button in app.button]
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
    for nonsense in ({"at": "org.1"}, {"from": "gestern"}, {"metric": "nothing"}, backwards):
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
