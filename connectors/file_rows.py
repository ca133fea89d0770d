"""Rows of one file from a position on: CSV, JSON lines, Excel. One noun: ``RawLine``.

A position counts bytes of the content (after gunzip, UTF-16 as UTF-8) or, for Excel, rows. A last line without a line end is
only given when ``final``: a file that still grows shows half of it. No line is ever held beyond ``LINE_MAX`` bytes: a longer
one is one bad record of its beginning, and the next line is read.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, cast

from connectors import gb18030
from connectors.base import BadRecord
from connectors.lines import LINE_MAX, Line, TextLines
from connectors.nesting import too_deep
from connectors.utf16 import as_utf8, is_recoded, utf16_of
from connectors.values import blank

Format: TypeAlias = Literal["csv", "jsonl", "excel"]

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
}
DELIMITERS = ",;\t|"
SAMPLE = 1 << 16
MARK = "\ufeff"
RECORD_MAX = 128 << 10
"""Bytes of one row with quoted line ends; beyond it the quote was never meant to open anything."""

csv.field_size_limit(LINE_MAX + RECORD_MAX)


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is written; ``auto`` is found out per file."""

    encoding: str = "auto"
    delimiter: str = "auto"
    columns: tuple[str, ...] = ()
    skip_lines: int = 0
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class RawLine:
    """One row, or why it cannot be read. ``end``: position behind it. ``whole``: False for a last line without line end."""

    values: dict[str, Any] | None
    bad: BadRecord | None
    end: int
    whole: bool = True


def format_of(path: Path) -> Format | None:
    """By suffix, looking through ``.gz``; None for files that are none of ours."""
    suffixes = path.suffixes
    if suffixes and suffixes[-1].lower() == ".gz":
        suffixes = suffixes[:-1]
    return SUFFIXES.get(suffixes[-1].lower()) if suffixes else None


def rows_of(
    path: Path, form: Format, style: Style, position: int, final: bool, ceiling: int | None = None
) -> Iterator[RawLine]:
    """The rows behind ``position``. ``ceiling``: the file's size when it was looked at; what was appended since is for the
    next look. Raises OSError, EOFError, zlib.error, BadZipFile … where the file is no such file."""
    if form == "excel":
        from connectors.sheet_rows import sheet_rows

        yield from sheet_rows(path, style, position)
        return
    with content(path, style) as stream:
        text = _Decoder(style, stream)
        packed = path.suffix.lower() == ".gz" or text.recoded
        file = TextLines(stream, final, None if packed else ceiling, style.skip_lines)
        yield from _jsonl(text, file.lines(position)) if form == "jsonl" else _csv(text, file, style, position)


def content(path: Path, style: Style) -> BinaryIO:
    """The bytes of the file, unpacked; UTF-16 as UTF-8, so that a line end is one byte."""
    raw = cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")  # noqa: SIM115  handed out
    try:
        sample = raw.read(SAMPLE) if style.encoding in ("auto", "utf-16") else b""
        raw.seek(0)
    except BaseException:
        raw.close()
        raise
    form = utf16_of(sample, style.encoding == "utf-16")
    return raw if form is None else as_utf8(raw, form)


class _Decoder:
    """Decodes lines. Undeclared encodings are settled by the first line that is not plain ASCII: UTF-8 or else GB 18030."""

    def __init__(self, style: Style, stream: BinaryIO) -> None:
        self.encoding = style.encoding
        self.recoded = is_recoded(stream)
        if self.recoded:
            self.encoding = "utf-8"
        elif self.encoding == "auto":
            self._settle(stream.read(SAMPLE))
            stream.seek(0)

    def text(self, data: bytes) -> str:
        """Without the byte order mark that each part of a file put together from several brings. Raises UnicodeDecodeError."""
        if self.encoding == "auto":
            self._settle(data)
        if self.encoding == "gb18030":
            return gb18030.decode(data).removeprefix(MARK)
        return data.decode("utf-8" if self.encoding in ("auto", "utf-16") else self.encoding).removeprefix(MARK)

    def _settle(self, sample: bytes) -> None:
        if sample.isascii():
            return
        decoder = codecs.getincrementaldecoder("utf-8")()  # the sample may end within a character
        lines = [line for line in sample.splitlines() if not line.isascii()]
        good = sum(_decodes(line) for line in lines)
        try:
            decoder.decode(sample)
            self.encoding = "utf-8"
        except UnicodeDecodeError:
            # A few broken lines do not make a UTF-8 file GB 18030: Chinese in GB 18030 hardly ever passes as UTF-8.
            self.encoding = "utf-8" if good * 2 > len(lines) else "gb18030"


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


# --- JSON lines ------------------------------------------------------------------------------------------------------


def _jsonl(text: _Decoder, lines: Iterator[Line]) -> Iterator[RawLine]:
    for line in lines:
        if line.cut:
            yield _endless(line)
        elif line.data.strip():
            values, bad = _object(text, line.data.strip())
            yield RawLine(values, bad, line.end, line.whole)


def _object(text: _Decoder, line: bytes) -> tuple[dict[str, Any] | None, BadRecord | None]:
    """Of a key that occurs twice the last counts, as nearly every reader of JSON has it."""
    try:
        found = json.loads(text.text(line))
    except UnicodeDecodeError:
        return None, _bad("connectors.bad.encoding", line, text.encoding, "")
    except (ValueError, RecursionError):
        return None, _bad("connectors.bad.json", line, "JSON", "")
    if not isinstance(found, dict) or too_deep(found):
        return None, _bad("connectors.bad.json", line, "{…}", "")
    return found, None


def _endless(line: Line) -> RawLine:
    bad = _bad("connectors.bad.line", line.data, str(LINE_MAX), str(line.size))
    return RawLine(None, bad, line.end, line.whole)


def _bad(code: str, raw: bytes | str, allowed: str, got: str) -> BadRecord:
    return BadRecord(code, raw, field="", allowed=allowed, got=got)


# --- CSV -------------------------------------------------------------------------------------------------------------


def _csv(text: _Decoder, file: TextLines, style: Style, position: int) -> Iterator[RawLine]:
    head = _head(file, style)
    if head is None:
        return
    header, start = head
    delimiter = _delimiter(style.delimiter, text.text(header))
    names = list(style.columns) or unique(_cells(text.text(header), delimiter))
    for record in _records(text, file, max(position, start), delimiter, len(names)):
        if record.cut:
            yield _endless(record)
        elif record.data.strip():
            values, bad = _fields(text, record.data, delimiter, names)
            yield RawLine(values, bad, record.end, record.whole)


def _head(file: TextLines, style: Style) -> tuple[bytes, int] | None:
    """The line that names the columns (the first data line where the options name them) and where the rows begin; None
    while it is not complete. A name may be quoted over several lines. Raises ValueError where it has no end."""
    start = file.start()
    lines = []
    for line in file.lines(start):
        if line.cut:
            raise ValueError("header")
        lines.append(line)
        data = b"".join(one.data for one in lines)
        if style.columns or len(data) > RECORD_MAX or not any(is_open(data, sign.encode()) for sign in _signs(style)):
            return data.rstrip(b"\r\n"), start if style.columns else line.end
    if lines and file.final:  # a quote that is never closed: the first line says what it can
        return lines[0].data.rstrip(b"\r\n"), lines[0].end
    return None


def _signs(style: Style) -> str:
    return DELIMITERS if style.delimiter == "auto" else style.delimiter


def _delimiter(wanted: str, header: str) -> str:
    """Of the four in use the one that the header has most of, outside quotes."""
    if wanted != "auto":
        return wanted
    outside = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=outside.count)


def unique(names: list[Any]) -> list[str]:
    """Trimmed column names; a repeated one gets ``#2``, so that no column hides another."""
    found: dict[str, None] = {}
    times: dict[str, int] = {}
    for name in (str(name).strip() if name is not None else "" for name in names):
        new = name
        while new in found:
            times[name] = times.get(name, 1) + 1
            new = f"{name}#{times[name]}"
        found[new] = None
    return list(found)


def _records(text: _Decoder, file: TextLines, position: int, delimiter: str, width: int) -> Iterator[Line]:
    """Logical rows: lines joined while a quote is open. A quote that never closes, or closes where the next row opens one,
    spoils its own line only."""
    while True:
        lines, still = _joined(file, position, delimiter.encode())
        if not lines:
            return
        size = sum(line.size for line in lines)
        if still and size <= RECORD_MAX and not file.final:
            return  # half a row: the rest may still be written
        record = Line(b"".join(line.data for line in lines), lines[-1].end, lines[-1].whole, size)
        split = len(lines) > 1 and (still or not _reads(text, record.data, delimiter, width))
        record = lines[0] if split or lines[0].cut else record
        position = record.end
        yield record


def _joined(file: TextLines, position: int, delimiter: bytes) -> tuple[list[Line], bool]:
    """The lines from ``position`` up to where no quote is open, or too many, or one without end; is one still open?"""
    lines: list[Line] = []
    size, still = 0, False
    for line in file.lines(position):
        if line.cut and lines:
            return lines, True
        lines.append(line)
        size += line.size
        still = not line.cut and is_open(line.data, delimiter, still)
        if size > RECORD_MAX or not still:
            break
    return lines, still


def _reads(text: _Decoder, data: bytes, delimiter: str, width: int) -> bool:
    """Does a row over several lines make sense as one?"""
    try:
        cells = _cells(text.text(data), delimiter)
    except UnicodeDecodeError:
        return True  # told as such
    except csv.Error:
        return False
    return len(cells) >= width and not any(cell.strip() for cell in cells[width:])


@lru_cache(maxsize=8)
def _quotes(delimiter: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|(?<=" + re.escape(delimiter) + rb'))"[^"]*(?:""[^"]*)*("|\Z)')


_CLOSING = re.compile(rb'[^"]*(?:""[^"]*)*("|\Z)')


def is_open(data: bytes, delimiter: bytes, inside: bool = False) -> bool:
    """Is a quoted field left open at the end of ``data``? ``inside``: one is open where it begins. A quote opens at the
    start of a field only (RFC 4180)."""
    if b'"' not in data:
        return inside
    position = 0
    if inside:
        closing = _CLOSING.match(data)
        if closing is None or not closing[1]:
            return True
        position = closing.end()
    starts = _quotes(delimiter)
    while match := starts.search(data, position):
        if not match[1]:
            return True
        position = match.end()
    return False


def _fields(text: _Decoder, line: bytes, delimiter: str, names: list[str]) -> tuple[dict[str, Any] | None, BadRecord | None]:
    try:
        cells = _cells(text.text(line), delimiter)
    except UnicodeDecodeError:
        return None, _bad("connectors.bad.encoding", line, text.encoding, "")
    except csv.Error:
        return None, _bad("connectors.bad.quote", line, "CSV", "")
    if len(cells) < len(names) or any(cell.strip() for cell in cells[len(names) :]):
        return None, _bad("connectors.bad.ragged", line, str(len(names)), str(len(cells)))
    return dict(zip(names, cells, strict=False)), None


def _cells(record: str, delimiter: str) -> list[str]:
    """The fields of one record, line ends inside quotes kept. Raises csv.Error, also where it is more than one record."""
    lines = re.split(r"(?<=\n)", record.rstrip("\r\n"))  # splitlines would also cut at U+2028 and its like
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    cells = next(reader)
    if any(reader):
        raise csv.Error("more than one record")
    return cells


def is_blank_row(values: dict[str, Any]) -> bool:
    return all(blank(value) for value in values.values())
