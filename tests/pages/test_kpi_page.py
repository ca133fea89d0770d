"""指标: a typed window and two sides compared, on the page; what cannot be read is told and nothing moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import NOW

Looks = Callable[[str | None], None]


def _kpi() -> None:
    from pages.kpi.page import page

    page()


def show(lang: str = "zh_CN") -> AppTest:
    app = AppTest.from_function(_kpi, default_timeout=30)
    app.query_params["lang"] = lang
    return app.run()


def texts(app: AppTest) -> str:
    return "\n".join(str(one.value) for one in app.html)


def test_a_window_is_typed_and_a_wrong_one_says_so(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show()
    app.session_state["kpi_window"] = "custom"
    app.run()
    app.text_input(key="kpi_window_start").input("2026-11-16").run()
    app.text_input(key="kpi_window_end").input("昨天").run()
    assert not app.exception and "结束：「昨天」不是时间" in texts(app)
    app.text_input(key="kpi_window_end").input("2026-11-17").run()
    assert not app.exception and "不是时间" not in texts(app)
    assert "2026-11-14 – 2026-11-15 → 2026-11-16 – 2026-11-17" in texts(app)


def test_another_place_stands_beside_over_the_same_time(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show()
    app.selectbox(key="cmp_place").set_value("org.1=华南").run()
    assert not app.exception and app.selectbox(key="cmp_window").value == "same"
    assert "华南 2026-11-18 00:00 – 2026-11-18 14:32 → " in texts(app) and "本范围" in texts(app)


def test_a_place_outside_the_scope_is_never_read(home: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the session holds: the other side falls back to the own place."""
    from fengsui.board.kpi_sheet import Sheet
    from pages.kpi import compare

    looks("nan")
    options = show().selectbox(key="kpi_place").options
    assert options and not [one for one in options if "华东" in one or "全中心" in one]
    held = SimpleNamespace(session_state={"cmp_place": "org.1=华东", "cmp_window": "same"})
    monkeypatch.setattr(compare, "st", held)
    there = compare._then(Sheet(NOW - timedelta(days=1), NOW, {}), "org.1=华南", "today", ["org.1=华南"])
    assert there.place == "org.1=华南"


def test_both_languages_have_every_word(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("en")
    app.selectbox(key="cmp_place").set_value("channel=App").run()
    assert not app.exception and "«" not in texts(app) and "Here" in texts(app)
