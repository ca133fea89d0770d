"""Every view that can be taken away: by whom, with a reason, and with what the page shows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from streamlit.testing.v1 import AppTest

from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.pages.conftest import NOW

Looks = Callable[[str | None], None]
VIEWS = ("kpi", "due", "alerts", "sources")


def _kpi() -> None:
    from pages.kpi.page import page

    page()


def _due() -> None:
    from pages.due.page import page

    page()


def _alerts() -> None:
    from pages.alerts.page import page

    page()


def _sources() -> None:
    from pages.sources.page import page

    page()


PAGES: dict[str, Callable[[], None]] = {"kpi": _kpi, "due": _due, "alerts": _alerts, "sources": _sources}


def show(view: str) -> AppTest:
    app = AppTest.from_function(PAGES[view], default_timeout=30)
    app.query_params["lang"] = "zh_CN"
    return app.run()


def taken(view: str, reason: str = "周会材料") -> tuple[AppTest, list[list[str]]]:
    """The page after the file was made, and the lines of the file."""
    app = show(view)
    app.button(key=f"export_{view}").click().run()
    app.session_state["export_format"] = "csv_utf8"
    app.session_state["export_reason"] = reason
    app.button(key="export_make").click().run()
    assert not app.exception
    try:
        file: Any = app.session_state["export_file"]
    except KeyError:
        file = None
    text = file.content.decode("utf-8-sig") if file else ""
    return app, list(csv.reader(io.StringIO(text, newline="")))


def ticket(home: Path, key: str, hours: float, org: str, text: str = "") -> None:
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    row = dict.fromkeys(t.feedback.c.keys())
    row |= {"record_key": f"tickets:{key}", "source": "tickets", "source_id": key, "kind": "complaint", "state": "open"}
    row |= {"opened_at": NOW - timedelta(hours=20), "due_at": NOW + timedelta(hours=hours), "due_source": "default@1"}
    row |= {"dims": {"org": org, "channel": text or "电话"}, "extra": {}, "tags": {}, "ratings": {}, "content_hash": key}
    row |= {"updated_at": NOW, "first_stored_at": NOW, "stored_at": NOW, "seq": 1, "pace": "live"}
    known = {name: value for name, value in row.items() if name in t.feedback.c}
    with store.begin() as conn:
        conn.execute(insert(t.feedback).values({k: v for k, v in known.items() if v is not None}))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_taken_with_a_reason_and_leaves_an_audit_row(home: Path, looks: Looks, view: str) -> None:
    ticket(home, "T1", 2, "华南/广东")
    looks("wang")
    app, lines = taken(view)
    assert "王敏 (wang)" in lines[0][0] and "周会材料" in lines[0][0] and len(lines) > 2
    assert "«" not in "\n".join(cell for line in lines for cell in line)
    assert len({len(line) for line in lines[1:]}) == 1, "each row has all columns"
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.connect() as conn:
        row = conn.execute(select(t.audit).where(t.audit.c.action == "export")).one()
    assert (row.by, row.params["view"], row.params["rows"]) == ("wang", view, len(lines) - 2)
    app.button(key="export_close").click().run()
    assert not app.exception and "export_file" not in app.session_state


@pytest.mark.parametrize("view", VIEWS)
def test_without_a_reason_there_is_no_file(home: Path, looks: Looks, view: str) -> None:
    looks("wang")
    app, lines = taken(view, reason="  ")
    assert lines == []
    assert "用途：不能为空" in "\n".join(str(element.value) for element in app.html)


@pytest.mark.parametrize("view", VIEWS)
def test_a_duty_officer_has_no_button_and_cannot_make_one(home: Path, looks: Looks, view: str) -> None:
    looks("li")
    app = show(view)
    assert not [button for button in app.button if button.key and button.key.startswith("export_")]


def test_who_lost_the_right_while_the_dialog_was_open_gets_nothing(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("kpi")
    app.button(key="export_kpi").click().run()
    app.session_state["export_format"], app.session_state["export_reason"] = "xlsx", "周会"
    looks("li")
    app.button(key="export_make").click().run()
    assert "export_file" not in app.session_state


def test_figures_leave_as_numbers_with_their_unit(home: Path, looks: Looks) -> None:
    looks("wang")
    _, lines = taken("kpi")
    row = next(dict(zip(lines[1], line, strict=True)) for line in lines[2:] if line[2] == "sla_attainment")
    assert (row["单位"], row["目标"]) == ("%", "95.0") and 80 < float(row["数值"]) < 100
    assert float(row["区间下限"]) < float(row["数值"]) < float(row["区间上限"])


def test_a_ticket_leaves_with_its_times_of_the_centre_and_no_formula(home: Path, looks: Looks) -> None:
    ticket(home, "T1", 2, "华南/广东", "=cmd()")
    ticket(home, "T2", -2, "华南/广东")
    looks("wang")
    _, lines = taken("due")
    rows = [dict(zip(lines[1], line, strict=True)) for line in lines[2:]]
    assert [row["工单"] for row in rows] == ["tickets:T1"], "what the page shows: those not overdue"
    assert rows[0]["时限 (Asia/Shanghai)"] == "2026-11-18 16:32:06" and rows[0]["剩余分钟（负数为超时）"] == "120"
    assert rows[0]["渠道"] == "'=cmd()" and rows[0]["部门"] == "华南"
