"""Rows of an Excel sheet. Numbers that are shown as text stay what a person sees: ids, phone numbers, leading zeros."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from connectors.base import ConfigFault
from connectors.checked import nearest
from connectors.file_rows import RawLine, Style, is_blank_row, unique

_ZEROS = re.compile(r"0{2,}")


def sheet_rows(path: Path, style: Style, position: int) -> Iterator[RawLine]:
    """Rows behind the first ``position`` ones of the sheet (header included). Raises what zipfile and openpyxl raise."""
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = _sheet(book, style.sheet)
        sheet.reset_dimensions()  # some exporters declare A1 only
        rows = enumerate(sheet.iter_rows(), start=1)
        names = list(style.columns)
        for number, cells in rows:
            if number <= style.skip_lines:
                continue
            values = [_value(cell) for cell in cells]
            if not names:
                names = unique(values)
            elif number > position:
                padded = values + [None] * (len(names) - len(values))
                row = dict(zip(names, padded, strict=False))
                if not is_blank_row(row):
                    yield RawLine(row, None, number)
    finally:
        book.close()


def _sheet(book: Any, name: str | None) -> Any:
    if name is None:
        return book.worksheets[0]
    if name not in book.sheetnames:
        raise ConfigFault(
            "connectors.config.unknown",
            field="options.sheet",
            value=name,
            allowed=list(book.sheetnames),
            nearest=nearest(name, book.sheetnames),
        )
    return book[name]


def _value(cell: Any) -> Any:
    """13800000000 and not 1.38E+10; 7 shown as 0007 is 0007; #N/A is blank."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and _ZEROS.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return value
