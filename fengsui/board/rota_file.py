"""A duty roster as somebody uploads it: the rows of a CSV or Excel file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fengsui.board.uploaded_table import MOST_BYTES, NotATable, lines_of
from fengsui.people.rota_file import MOST_ROWS, RotaMistakes, RowMistake

SUFFIXES = (".csv", ".xlsx")


def rows_of(name: str, content: bytes) -> list[Mapping[str, Any]]:
    """By heading. Raises ``RotaMistakes`` for what is no such file; blank rows are left out."""
    if Path(name).suffix.lower() not in SUFFIXES:
        raise _wrong("kind", name=name[-60:], allowed=list(SUFFIXES))
    try:
        lines = lines_of(name, content, MOST_ROWS + 2)
    except NotATable as fault:
        if fault.why == "large":
            raise _wrong("size", mb=MOST_BYTES >> 20) from None
        raise _wrong("unread", name=name[-60:]) from fault
    heads = [str(one or "").strip() for one in lines[0]] if lines else []
    return [dict(zip(heads, line, strict=False)) for line in lines[1:] if any(str(one or "").strip() for one in line)]


def _wrong(what: str, **params: Any) -> RotaMistakes:
    return RotaMistakes([RowMistake(0, f"board.rota.{what}", params)])
