"""One value of a row, as the mapping says: text, number or time. What cannot be read raises ``Unreadable``."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from connectors.mapping import Column
from connectors.times import NotATime, read_time

Flat: TypeAlias = Mapping[str, Any]
"""A row with only the columns that may be read, by the name or dotted path that the mapping uses."""

MISSING = object()


class Unreadable(Exception):
    """A value cannot become its field: code of the catalogue, what is allowed, and the value for its shape."""

    def __init__(self, code: str, field: str, allowed: str, value: Any = "") -> None:
        super().__init__(code, field)
        self.code, self.field, self.allowed, self.value = code, field, allowed, value


def reach(row: Mapping[str, Any], path: str) -> Any:
    """The value at a column name or a dotted path into nested JSON; MISSING where the row has none."""
    if path in row:
        return row[path]
    found: Any = row
    for part in path.split("."):
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, Sequence) and not isinstance(found, str) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return MISSING
    return found


def blank(value: Any) -> bool:
    return value is None or value is MISSING or (isinstance(value, str) and not value.strip()) or value != value


def raw_of(row: Flat, column: Column, field: str) -> Any:
    """The value as the store has it, or None where it is blank. A column that the row lacks is a mistake unless
    it is ``optional`` or has a ``default``."""
    names = column.fields
    if not names:
        return column.value
    may_lack = column.optional or column.default is not None
    found = None
    for name in names:  # nearly always one: no generator, for this is asked ten times a row
        value = row.get(name, MISSING)
        if value is MISSING and not may_lack:
            raise Unreadable("connectors.bad.column", field, name)
        if found is None and not blank(value):
            found = value
    return column.default if found is None else found


def text_of(row: Flat, column: Column, field: str, join: str = "\n", strict: bool = False) -> str | None:
    """The column's text through its value map. ``strict``: a word that the value map does not name is refused."""
    value = raw_of(row, column, field)
    if value is None:
        return None
    if len(column.fields) > 1:
        words = [plain(row.get(name), column.trim) for name in column.fields if not blank(row.get(name))]
        return mapped(join.join(words) or str(column.default), column, field, strict)
    return mapped(plain(value, column.trim), column, field, strict)


def mapped(word: str, column: Column, field: str, strict: bool) -> str:
    if not column.values or word in column.values:
        return column.values.get(word, word)
    if column.default is not None:
        return str(column.default)
    if strict:
        raise Unreadable("connectors.bad.value", field, ", ".join(column.values), word)
    return word


def path_of(row: Flat, column: Column, field: str) -> str | None:
    """A dimension: one column as it stands, several as levels joined by ``/`` up to the first blank one."""
    if len(column.fields) < 2:
        return text_of(row, column, field)
    raw_of(row, column, field)
    levels: list[str] = []
    for name in column.fields:
        if blank(row.get(name)):
            break
        levels.append(plain(row[name]).replace("/", "／"))  # a slash inside a name is not a level
    return (
        mapped("/".join(levels), column, field, False) if levels else (None if column.default is None else str(column.default))
    )


def time_of(row: Flat, column: Column, field: str, zone: str, lowest: datetime, highest: datetime) -> datetime | None:
    """The column's time as aware UTC inside ``[lowest, highest]``; None where blank."""
    value = raw_of(row, column, field)
    if value is None:
        return None
    try:
        found = read_time(value, column.zone or zone, column.format)
    except NotATime:
        raise Unreadable("connectors.bad.time", field, column.format, value) from None
    if not lowest <= found <= highest:
        raise Unreadable("connectors.bad.time_range", field, f"{lowest:%Y-%m-%d} – {highest:%Y-%m-%d}", value)
    return found


def number_of(row: Flat, column: Column, field: str) -> float | None:
    """The column's number; None where blank. Thousands separators and full-width digits are read."""
    value = raw_of(row, column, field)
    if value is None:
        return None
    word = unicodedata.normalize("NFKC", mapped(plain(value), column, field, False)).replace(",", "").strip()
    try:
        number = float(word)
    except ValueError:
        raise Unreadable("connectors.bad.number", field, "0-9", value) from None
    if not math.isfinite(number):
        raise Unreadable("connectors.bad.number", field, "0-9", value)
    return number


def plain(value: Any, trim: bool = True) -> str:
    """Text as it may be stored: no NUL, no half surrogates; 13800000000.0 of a spreadsheet is 13800000000."""
    text = _text(value)
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.strip() if trim else text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return str(int(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def scalar(value: Any) -> Any:
    """A JSON scalar for ``extra``, ``data`` and the quarantine's raw form."""
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return plain(value, trim=False)
