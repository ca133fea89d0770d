"""Rows of an Excel sheet. Numbers that are shown as text stay what a person sees: ids, phone numbers, leading zeros.

Of merged cells only the first has the value, and of a formula the value is read that was saved with it. The sheet itself is
streamed; what openpyxl holds in memory (shared texts, styles) may be ``PART_MAX`` bytes unpacked, and a workbook in all
``BOOK_MAX``.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import load_workbook

from connectors.base import ConfigFault, Fault
from connectors.checked import nearest
from connectors.file_rows import RawLine, Style, is_blank_row, unique
from connectors.not_a_workbook import NotAWorkbook

_ZEROS = re.compile(r"0{2,}")
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
PART_MAX = 64 << 20
BOOK_MAX = 2 << 30


def sheet_rows(path: Path, style: Style, position: int) -> Iterator[RawLine]:
    """Rows behind the first ``position`` ones of the sheet (header included). Raises NotAWorkbook, OSError, ConfigFault."""
    with path.open("rb") as stream:
        try:
            _weigh(stream)
            yield from _rows(stream, style, position)
        except (Fault, NotAWorkbook):
            raise
        except OSError as mistake:
            if mistake.errno is not None:
                raise  # of the disk
            raise NotAWorkbook("connectors.bad.file", "OSError") from None  # openpyxl's word for "no workbook part"
        except Exception as mistake:  # zipfile, the XML parser and openpyxl raise nearly anything for a damaged workbook
            raise NotAWorkbook("connectors.bad.file", type(mistake).__name__) from None


def _weigh(stream: BinaryIO) -> None:
    """Refuse what is no workbook, and one that unpacks to more than we hold. zipfile never unpacks more than is declared."""
    head = stream.read(8)
    if head == _OLE:
        locked = _ENCRYPTED in head + stream.read(1 << 20)
        raise NotAWorkbook("connectors.bad.locked_workbook" if locked else "connectors.bad.old_workbook", "")
    stream.seek(0)
    with zipfile.ZipFile(stream) as book:
        parts = book.infolist()
    held = [part.file_size for part in parts if "/worksheets/sheet" not in part.filename and "/media/" not in part.filename]
    size = sum(part.file_size for part in parts)
    if max(held, default=0) > PART_MAX or size > BOOK_MAX:
        raise NotAWorkbook("connectors.bad.large_workbook", str(size >> 20))
    stream.seek(0)


def _rows(stream: BinaryIO, style: Style, position: int) -> Iterator[RawLine]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which are not read
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    try:
        sheet = _sheet(book, style.sheet)
        sheet.reset_dimensions()  # some exporters declare A1 only
        rows = enumerate(sheet.iter_rows(), start=1)
        names = list(style.columns)
        for number, cells in rows:
            if number <= style.skip_lines:
                continue
            if names and (number <= position or all(cell.value is None for cell in cells)):
                continue
            values = [_value(cell) for cell in cells]
            if not names:
                names = unique(_without_blank_end(values))
            else:
                padded = values + [None] * (len(names) - len(values))
                row = dict(zip(names, padded, strict=False))
                if not is_blank_row(row):
                    yield RawLine(row, None, number)
    finally:
        book.close()


def _without_blank_end(values: list[Any]) -> list[Any]:
    """Header cells that are formatted but empty name no column."""
    used = [number for number, value in enumerate(values, start=1) if value is not None]
    return values[: used[-1] if used else 0]


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
