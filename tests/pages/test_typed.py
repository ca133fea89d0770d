"""人工填报 on the page of figures: who may types a month, everybody reads who did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

Looks = Callable[[str | None], None]
TYPED = '\n[source.monthly]\nkind = "typed"\npurpose = "test"\n'


def _kpi() -> None:
    from pages.kpi.page import page

    page()


@pytest.fixture
def takes(home: Path) -> Iterator[Path]:
    """A house that takes what is typed."""
    from pages.kpi import typed
    from pages.look import house

    file = home / "fengsui.toml"
    file.write_text(file.read_text(encoding="utf-8") + TYPED, encoding="utf-8")
    house.house.cache_clear()
    typed.slot.cache_clear()
    yield home
    typed.slot.cache_clear()


def show(lang: str = "zh_CN") -> AppTest:
    app = AppTest.from_function(_kpi, default_timeout=30)
    app.query_params["lang"] = lang
    return app.run()


def texts(app: AppTest) -> str:
    return "\n".join([*(str(one.value) for one in app.html), *(field.label for field in app.text_input)])


def test_a_manager_types_a_month_and_everybody_reads_who_did(takes: Path, looks: Looks) -> None:
    looks("wang")
    app = show()
    app.button(key="typed").click().run()
    assert "参训人数" in texts(app)
    for name, value in (("month", "2026-13"), ("numerator", "92"), ("denominator", "100")):
        app.text_input(key=f"typed_{name}").input(value)
    app.button(key="typed_send").click().run()
    assert "月份：「2026-13」不是月份" in texts(app) and app.text_input(key="typed_numerator").value == "92"
    app.text_input(key="typed_month").input("2026-10")
    app.button(key="typed_send").click().run()
    assert not app.exception
    assert "92.0%" in texts(app) and "92 / 100" in texts(app) and "等待入库" in texts(app)
    looks("li")
    reader = show()
    assert "人工填报" in texts(reader) and "王敏 2026-11-18 14:32" in texts(reader) and "«" not in texts(reader)
    assert not [button for button in reader.button if button.key == "typed"]


def test_the_form_speaks_both_languages_and_counts_have_one_number(takes: Path, looks: Looks) -> None:
    looks("wang")
    app = show("en")
    app.button(key="typed").click().run()
    app.selectbox(key="typed_metric").set_value("active_customers").run()
    assert "Active customers at the end of the month" in texts(app) and "«" not in texts(app)
    assert not [field for field in app.text_input if field.key == "typed_denominator"]


def test_without_such_a_source_there_is_nothing_to_type(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show()
    assert not [button for button in app.button if button.key == "typed"] and "人工填报" not in texts(app)
