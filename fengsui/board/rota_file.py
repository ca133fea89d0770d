"""A duty roster as somebody uploads it: rows of a CSV or Excel file, in bounded memory."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from fengsui.people.rota_file import MOST_ROWS, RotaMistakes, RowMistake

MOST_BYTES = 5 << 20
UNPACKED = 64 << 20
COLUMNS = 40
SUFFIXES = (".csv", ".xlsx")
_ENCODINGS = ("utf-8-sig", "gb18030")


def rows_of(name: str, content: bytes) -> list[Mapping[str, Any]]:
    """By heading. Raises ``RotaMistakes`` for what is no such file; blank rows are left out."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise _wrong("kind", name=name[-60:], allowed=list(SUFFIXES))
    if len(content) > MOST_BYTES:
        raise _wrong("size", mb=MOST_BYTES >> 20)
    try:
        lines = list(_sheet(content) if suffix == ".xlsx" else _csv(content))
    except RotaMistakes:
        raise
    except Exception as fault:  # zipfile, the XML parser and openpyxl raise nearly anything for a damaged workbook
        raise _wrong("unread", name=name[-60:]) from fault
    heads = [str(one or "").strip() for one in lines[0]] if lines else []
    return [dict(zip(heads, line, strict=False)) for line in lines[1:] if any(str(one or "").strip() for one in line)]


def _csv(content: bytes) -> Iterator[list[str]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16")
    else:
        text = next(known for one in _ENCODINGS if (known := _decoded(content, one)) is not None)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    for n, line in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)):
        if n > MOST_ROWS + 1:
            return
        yield line[:COLUMNS]


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _sheet(content: bytes) -> Iterator[list[Any]]:
    """Of the first sheet. A formula counts as the value that was saved with it."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > UNPACKED:
            raise _wrong("size", mb=MOST_BYTES >> 20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which are not read
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        yield from (list(row) for row in sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=COLUMNS, values_only=True))
    finally:
        book.close()


def _wrong(what: str, **params: Any) -> RotaMistakes:
    return RotaMistakes([RowMistake(0, f"board.rota.{what}", params)])
