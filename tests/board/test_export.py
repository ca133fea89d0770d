"""What leaves the house as a file: safe to open, marked, audited, and only with those who may."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import Engine, select

from fengsui.board import export as exporter
from fengsui.board.export import FORMATS, File, Table, safe
from fengsui.board.wrong import Wrong
from fengsui.people import NotAllowed, Person
from fengsui.settings import Settings, parse
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
WANG = Person("wang", "王敏", "manager")
EVIL = ("=1+1", "+SUM(A1)", "-2+3", "@x", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://x")', "\x00=1", "\n=1")
TABLE = Table(
    "kpi", "指标", "全中心", ("名称", "数值", "时间"), [("投诉量", 1.5, NOW), *((text, -3, None) for text in EVIL)], (2,)
)


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return parse('[centre]\nname = "=中心"\n[limits]\nexport_rows = 12\n', tmp_path, {})


def made(store: Engine, settings: Settings, kind: str, table: Table = TABLE, who: Person = WANG, reason: str = "周会") -> File:
    return exporter.export(store, settings, who, table, kind, reason, "zh_CN", NOW)


def lines(file: File, kind: str) -> list[list[Any]]:
    if kind == "xlsx":
        return [list(row) for row in load_workbook(io.BytesIO(file.content)).worksheets[0].iter_rows(values_only=True)]
    text = file.content.decode("utf-8-sig" if kind == "csv_utf8" else "gb18030")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("kind", list(FORMATS))
def test_no_cell_of_a_file_is_a_formula(sqlite_store: Engine, settings: Settings, kind: str) -> None:
    rows = lines(made(sqlite_store, settings, kind), kind)
    cells = [str(cell) for row in rows for cell in row if isinstance(cell, str) and not cell.lstrip("-").isdigit()]
    assert [cell for cell in cells if cell.strip()[:1] in "=+-@＝" and cell.strip()] == []
    assert rows[3][0] == "'=1+1" and str(rows[3][1]) == "-3", "a number stays a number"
    if kind == "xlsx":
        book = load_workbook(io.BytesIO(made(sqlite_store, settings, kind).content))
        assert {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row} <= {"s", "n", "d"}


@given(st.text(max_size=40))
def test_whatever_a_customer_wrote_is_text(text: str) -> None:
    shown = safe(text).lstrip()
    assert not shown.startswith(("=", "+", "-", "@")) and not safe(text).startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("kind", list(FORMATS))
def test_times_are_the_centres_and_the_head_says_the_zone(sqlite_store: Engine, settings: Settings, kind: str) -> None:
    rows = lines(made(sqlite_store, settings, kind), kind)
    assert rows[1] == ["名称", "数值", "时间 (Asia/Shanghai)"]
    assert str(rows[2][2]) == "2026-11-18 14:32:06"


@pytest.mark.parametrize("kind", list(FORMATS))
def test_the_first_line_says_who_took_what_when_and_why(sqlite_store: Engine, settings: Settings, kind: str) -> None:
    mark = lines(made(sqlite_store, settings, kind), kind)[0][0]
    assert all(word in mark for word in ("=中心", "指标", "全中心", "王敏 (wang)", "2026-11-18 14:32:06 Asia/Shanghai", "周会"))


def test_utf8_has_its_mark_and_gb18030_is_what_it_says(sqlite_store: Engine, settings: Settings) -> None:
    assert made(sqlite_store, settings, "csv_utf8").content.startswith(b"\xef\xbb\xbf")
    table = Table("x", "x", "x", ("𠮷", "\ud800"), [("€", "①")])
    assert "€" in made(sqlite_store, settings, "csv_gb18030", table).content.decode("gb18030")
    assert made(sqlite_store, settings, "csv_utf8", table).content


def test_an_export_leaves_an_audit_row_and_more_rows_than_allowed_are_cut_and_said(
    sqlite_store: Engine, settings: Settings
) -> None:
    many = Table("due", "时限", "已超时", ("n",), [(n,) for n in range(20)])
    file = made(sqlite_store, settings, "csv_utf8", many)
    assert (file.rows, file.cut, file.name) == (12, True, "fengsui_due_20261118_143206.csv")
    assert lines(file, "csv_utf8")[-1] == ["共 20 行，按上限只导出前 12 行"]
    with sqlite_store.connect() as conn:
        row = conn.execute(select(t.audit).where(t.audit.c.action == "export")).one()
    assert (row.by, row.at) == ("wang", NOW)
    assert row.params == {
        "view": "due", "about": "已超时", "rows": 12, "cut": True, "format": "csv_utf8", "reason": "周会",
    }  # fmt: skip


def test_no_number_of_a_customer_stays_in_the_audit(sqlite_store: Engine, settings: Settings) -> None:
    about = "找 " + "很" * 190 + " 13812345678"
    made(sqlite_store, settings, "csv_utf8", Table("x", "x", about, ("n",), [(1,)]), reason="客户 13812345678 要")
    with sqlite_store.connect() as conn:
        params = conn.scalars(select(t.audit.c.params)).one()
    assert params["reason"] == "客户 [手机号] 要" and "138" not in params["about"]


@pytest.mark.parametrize("role", ["wall", "duty"])
def test_who_may_not_gets_nothing_and_leaves_no_row(sqlite_store: Engine, settings: Settings, role: str) -> None:
    with pytest.raises(NotAllowed):
        made(sqlite_store, settings, "xlsx", who=Person("li", "李强", role))
    with sqlite_store.connect() as conn:
        assert conn.execute(select(t.audit)).all() == []


@pytest.mark.parametrize(
    ("kind", "reason", "place"), [("pdf", "周会", "format"), ("xlsx", "  ", "reason"), ("xlsx", "周" * 201, "reason")]
)
def test_a_reason_and_a_known_format_are_needed(
    sqlite_store: Engine, settings: Settings, kind: str, reason: str, place: str
) -> None:
    with pytest.raises(Wrong) as fault:
        made(sqlite_store, settings, kind, reason=reason)
    assert [one.place for one in fault.value.mistakes] == [(place,)]


def test_an_endless_text_fits_a_cell(sqlite_store: Engine, settings: Settings) -> None:
    table = Table("x", "x", "x", ("n",), [("长" * 90_000,)])
    assert len(lines(made(sqlite_store, settings, "xlsx", table), "xlsx")[2][0]) <= 32_767
