"""A small table as somebody uploads it, CSV or Excel: its lines, in bounded memory."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from openpyxl import load_workbook

MOST_BYTES = 5 << 20
UNPACKED = 64 << 20
COLUMNS = 40
_WORKBOOKS = (".xlsx", ".xlsm")
_ENCODINGS = ("utf-8-sig", "gb18030")

Why = Literal["large", "encoding", "csv", "workbook"]


class NotATable(Exception):
    """``why``: more than ``MOST_BYTES`` (or ``UNPACKED``), in no known encoding, no CSV, no workbook that can be opened."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


def lines_of(name: str, content: bytes, most: int) -> list[Sequence[Any]]:
    """At most ``most`` lines of at most ``COLUMNS`` cells: text of a CSV, values of a workbook's first sheet (a formula counts
    as the value that was saved with it). What the file is, its name says. Raises ``NotATable``."""
    if len(content) > MOST_BYTES:
        raise NotATable("large")
    return _sheet(content, most) if Path(name).suffix.lower() in _WORKBOOKS else _csv(content, most)


def _csv(content: bytes, most: int) -> list[Sequence[Any]]:
    text = _text(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [line[:COLUMNS] for _, line in zip(range(most), rows, strict=False)]
    except csv.Error as fault:
        raise NotATable("csv") from fault


def _text(content: bytes) -> str:
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # as Excel saves "Unicode text"
    for encoding in ("utf-16",) if utf16 else _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotATable("encoding")


def _sheet(content: bytes, most: int) -> list[Sequence[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            large = sum(part.file_size for part in packed.infolist()) > UNPACKED
        rows = [] if large else _rows(content, most)
    except Exception as fault:  # zipfile, the XML parser and openpyxl raise nearly anything for a damaged workbook
        raise NotATable("workbook") from fault
    if large:
        raise NotATable("large")
    return rows


def _rows(content: bytes, most: int) -> list[Sequence[Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which are not read
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        return [list(row) for row in sheet.iter_rows(max_row=most, max_col=COLUMNS, values_only=True)]
    finally:
        book.close()
