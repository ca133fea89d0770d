"""A view as a file: CSV (UTF-8 with BOM, or GB18030), Excel or a picture of its charts; safe to open, with who took it, when
and why, and an audit row.

A cell that a spreadsheet would read as a formula is text with an apostrophe before it. Times are those of the centre's wall
clock; each head of such a column says the zone. The first line says whose data this is and who took it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Font
from sqlalchemy import Engine

from fengsui.board.wrong import Mistake, Wrong
from fengsui.locale import say
from fengsui.people import NotAllowed, Person, audit
from fengsui.people.plain import plain
from fengsui.settings import Settings
from fengsui.text.masks import mask

ROLES = frozenset({"manager", "admin", "analyst", "auditor"})
"""Who may take data out; duty officers read on the screen, and an auditor sees nothing but the audit."""
REASON_MIN, REASON_MAX = 2, 200
ACTION = "export"
PNG = "png"
CELL_MAX = 32_000
"""Excel takes 32 767 characters in a cell."""
_FORMULA = re.compile(r"^[\s\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠]|^[\t\r\n]")
Cell: TypeAlias = str | int | float | datetime | None


@dataclass(frozen=True, slots=True)
class Table:
    """``view``: short name (part of the file's); ``title`` and ``about`` (place, window) in words. Datetimes are aware."""

    view: str
    title: str
    about: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    timed: tuple[int, ...] = ()
    """Columns of times: their heads get the zone."""


@dataclass(frozen=True, slots=True)
class File:
    """``cut``: more rows than one may take; the first ones are in it."""

    name: str
    mime: str
    content: bytes
    rows: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """``mark``: what must stand on it."""

    name: str
    mark: str


def export(
    store: Engine, settings: Settings, who: Person, table: Table, kind: str, reason: str, lang: str, now: datetime
) -> File:
    """The file, once the audit row is stored. Raises ``NotAllowed``; ``Wrong`` for a reason or format that will not do."""
    if who.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(ROLES))
    _check(kind, reason, FORMATS)
    most = settings.limits.export_rows
    rows = list(table.rows[:most])
    cut = len(table.rows) > most
    lines: list[Sequence[Cell]] = [
        [_mark(settings, who, table.title, table.about, reason, lang, now)],
        _heads(settings, table),
        *_plain(settings, rows),
    ]
    if cut:
        lines.append([say(lang, "board.export.cut", {"n": most, "all": len(table.rows)})])
    suffix, mime, write = FORMATS[kind]
    content = write(lines, table.view)
    stamp = now.astimezone(settings.centre.tz)
    params = {"view": table.view, "about": mask(plain(table.about))[:200], "rows": len(rows), "cut": cut, "format": kind}
    with store.begin() as conn:
        audit.record(conn, who.person_id, ACTION, {**params, "reason": mask(plain(reason))}, now)
    return File(f"fengsui_{table.view}_{stamp:%Y%m%d_%H%M%S}.{suffix}", mime, content, len(rows), cut)


def picture(
    store: Engine, settings: Settings, who: Person, view: str, title: str, about: str, reason: str, lang: str, now: datetime
) -> Picture:
    """Leave to draw the charts of a view as a file, once the audit row is stored: the browser draws them, for only it has them.
    Raises ``NotAllowed``; ``Wrong`` for a reason that will not do."""
    if who.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(ROLES))
    _check(PNG, reason, (PNG,))
    params = {"view": view, "about": mask(plain(about))[:200], "rows": 0, "cut": False, "format": PNG}
    with store.begin() as conn:
        audit.record(conn, who.person_id, ACTION, {**params, "reason": mask(plain(reason))}, now)
    stamp = now.astimezone(settings.centre.tz)
    return Picture(f"fengsui_{view}_{stamp:%Y%m%d_%H%M%S}.{PNG}", _mark(settings, who, title, about, reason, lang, now))


def safe(cell: str) -> str:
    """Text that no spreadsheet takes for a formula, and that every one can hold."""
    text = ILLEGAL_CHARACTERS_RE.sub("", cell)
    text = f"'{text}" if _FORMULA.match(text) else text
    return text if len(text) <= CELL_MAX else f"{text[: CELL_MAX - 1]}…"


def _check(kind: str, reason: str, allowed: Collection[str]) -> None:
    wrong = []
    if kind not in allowed:
        wrong.append(Mistake(("format",), "board.wrong.choice", {"value": kind[:20], "allowed": list(allowed)}))
    if len(plain(reason)) < REASON_MIN:
        wrong.append(Mistake(("reason",), "board.wrong.missing"))
    if len(reason) > REASON_MAX:
        wrong.append(Mistake(("reason",), "board.wrong.long", {"limit": REASON_MAX}))
    if wrong:
        raise Wrong(wrong)


def _mark(settings: Settings, who: Person, title: str, about: str, reason: str, lang: str, now: datetime) -> str:
    params = {
        "centre": settings.centre.name,
        "title": title,
        "about": about,
        "who": f"{who.name} ({who.person_id})",
        "at": f"{now.astimezone(settings.centre.tz):%Y-%m-%d %H:%M:%S} {settings.centre.zone}",
        "reason": plain(reason),
    }
    return safe(say(lang, "board.export.mark", params))


def _heads(settings: Settings, table: Table) -> list[Cell]:
    zone = settings.centre.zone
    return [safe(f"{name} ({zone})" if n in table.timed else name) for n, name in enumerate(table.columns)]


def _plain(settings: Settings, rows: Sequence[Sequence[Cell]]) -> Iterator[list[Cell]]:
    for row in rows:
        yield [_cell(settings, value) for value in row]


def _cell(settings: Settings, value: Cell) -> Cell:
    if isinstance(value, datetime):
        return value.astimezone(settings.centre.tz).replace(tzinfo=None, microsecond=0)
    return safe(value) if isinstance(value, str) else value


def _csv(encoding: str) -> Callable[[Sequence[Sequence[Cell]], str], bytes]:
    def write(lines: Sequence[Sequence[Cell]], view: str) -> bytes:
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerows([_text(cell) for cell in line] for line in lines)
        return out.getvalue().encode(encoding, "replace")

    return write


def _text(cell: Cell) -> Any:
    return f"{cell:%Y-%m-%d %H:%M:%S}" if isinstance(cell, datetime) else cell


def _excel(lines: Sequence[Sequence[Cell]], view: str) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(view[:31])
    for n, line in enumerate(lines):
        sheet.append([_styled(sheet, cell, bold=n == 1) for cell in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _styled(sheet: Any, cell: Cell, *, bold: bool) -> Any:
    made = WriteOnlyCell(sheet, cell)
    if isinstance(cell, str):
        made.data_type = "s"  # never a formula
    if isinstance(cell, datetime):
        made.number_format = "yyyy-mm-dd hh:mm:ss"
    if bold:
        made.font = Font(bold=True)
    return made


Write: TypeAlias = Callable[[Sequence[Sequence[Cell]], str], bytes]
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Mapping[str, tuple[str, str, Write]] = {
    "xlsx": ("xlsx", _SHEET, _excel),
    "csv_utf8": ("csv", "text/csv; charset=utf-8", _csv("utf-8-sig")),
    "csv_gb18030": ("csv", "text/csv; charset=gb18030", _csv("gb18030")),
}
