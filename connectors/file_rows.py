"""Rows of one file from a position on: CSV, JSON lines, Excel. One noun: ``RawLine``.

A position counts bytes of the content (after gunzip, UTF-16 as UTF-8) or, for Excel, rows. A last line without a line end is
only given when ``final``: a file that still grows shows half of it.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, cast

from connectors import gb18030
from connectors.base import BadRecord
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
}
DELIMITERS = ",;\t|"
RECORD_MAX = 128 << 10
"""Bytes of one row with quoted line ends; beyond it the quote was never meant to open anything."""
CELL_MAX = 1 << 24

csv.field_size_limit(CELL_MAX)


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


@dataclass(frozen=True, slots=True)
class _Text:
    """An open text file. ``ceiling``: its size when it was looked at; what was appended since is for the next look."""

    stream: BinaryIO
    final: bool
    ceiling: int | None


def rows_of(
    path: Path, form: Format, style: Style, position: int, final: bool, ceiling: int | None = None
) -> Iterator[RawLine]:
    """The rows behind ``position``. Raises OSError, EOFError, zlib.error, BadZipFile … where the file is no such file."""
    if form == "excel":
        from connectors.sheet_rows import sheet_rows

        yield from sheet_rows(path, style, position)
        return
    with content(path, style) as stream:
        text = _Decoder(style, stream)
        unpacked = isinstance(stream, BytesIO) or path.suffix.lower() == ".gz"
        file = _Text(stream, final, None if unpacked else ceiling)
        yield from _jsonl(text, _lines(file, position)) if form == "jsonl" else _csv(text, file, style, position)


def content(path: Path, style: Style) -> BinaryIO:
    """The bytes of the file, unpacked; UTF-16 as UTF-8, so that a line end is one byte."""
    raw = cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")  # noqa: SIM115  handed out
    if style.encoding != "utf-16" and raw.read(2) not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raw.seek(0)
        return raw
    with raw:
        raw.seek(0)
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        return BytesIO(decoder.decode(raw.read()).encode("utf-8", "replace"))


class _Decoder:
    """Decodes lines. Undeclared encodings are settled by the first line that is not plain ASCII: UTF-8 or else GB 18030."""

    def __init__(self, style: Style, stream: BinaryIO) -> None:
        self.encoding = style.encoding
        if isinstance(stream, BytesIO):
            self.encoding = "utf-8"
        elif self.encoding == "auto":
            self._settle(stream.read(1 << 16))
            stream.seek(0)

    def text(self, data: bytes) -> str:
        """Raises UnicodeDecodeError."""
        if self.encoding == "auto":
            self._settle(data)
        if self.encoding == "gb18030":
            return gb18030.decode(data)
        return data.decode("utf-8" if self.encoding in ("auto", "utf-16") else self.encoding)

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


def _lines(file: _Text, position: int) -> Iterator[tuple[bytes, int, bool]]:
    """(line, position behind it, whole) from ``position`` on."""
    file.stream.seek(position)
    for line in file.stream:
        position += len(line)
        whole = line.endswith(b"\n")
        if file.ceiling is not None and position > file.ceiling:
            return
        if whole or file.final:
            yield line, position, whole


def _unmarked(line: bytes, end: int) -> bytes:
    """The first line without a byte order mark."""
    return line.removeprefix(codecs.BOM_UTF8) if end == len(line) else line


# --- JSON lines ------------------------------------------------------------------------------------------------------


def _jsonl(text: _Decoder, lines: Iterator[tuple[bytes, int, bool]]) -> Iterator[RawLine]:
    for raw, end, whole in lines:
        line = _unmarked(raw, end).strip()
        if line:
            values, bad = _object(text, line)
            yield RawLine(values, bad, end, whole)


def _object(text: _Decoder, line: bytes) -> tuple[dict[str, Any] | None, BadRecord | None]:
    try:
        found = json.loads(text.text(line))
    except UnicodeDecodeError:
        return None, _bad("connectors.bad.encoding", line, text.encoding, "")
    except (ValueError, RecursionError):
        return None, _bad("connectors.bad.json", line, "JSON", "")
    return (found, None) if isinstance(found, dict) else (None, _bad("connectors.bad.json", line, "{…}", ""))


def _bad(code: str, raw: bytes | str, allowed: str, got: str) -> BadRecord:
    return BadRecord(code, raw, field="", allowed=allowed, got=got)


# --- CSV -------------------------------------------------------------------------------------------------------------


def _csv(text: _Decoder, file: _Text, style: Style, position: int) -> Iterator[RawLine]:
    head, start = _head(file, style)
    if head is None:
        return
    header = text.text(head)
    delimiter = _delimiter(style.delimiter, header)
    names = list(style.columns) or unique(_cells(header, delimiter))
    for raw, end, whole in _records(file, max(position, start), delimiter.encode()):
        line = _unmarked(raw, end) if style.columns else raw
        if line.strip():
            values, bad = _fields(text, line, delimiter, names)
            yield RawLine(values, bad, end, whole)


def _head(file: _Text, style: Style) -> tuple[bytes | None, int]:
    """The line that names the columns (the first data line where the options name them) and where the rows begin."""
    file.stream.seek(0)
    start = sum(len(file.stream.readline()) for _ in range(style.skip_lines))
    line = file.stream.readline()
    if not line or not (file.final or line.endswith(b"\n")):
        return None, 0
    marked = line.removeprefix(codecs.BOM_UTF8) if start == 0 else line
    return marked.rstrip(b"\r\n"), start if style.columns else start + len(line)


def _delimiter(wanted: str, header: str) -> str:
    """Of the four in use the one that the header has most of, outside quotes."""
    if wanted != "auto":
        return wanted
    outside = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=outside.count)


def unique(names: list[Any]) -> list[str]:
    """Trimmed column names; a repeated one gets ``#2``, so that no column hides another."""
    seen: dict[str, int] = {}
    found = []
    for name in (str(name).strip() if name is not None else "" for name in names):
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return found


def _records(file: _Text, position: int, delimiter: bytes) -> Iterator[tuple[bytes, int, bool]]:
    """Logical rows: lines joined while a quote is open. A quote that never closes spoils its own line only."""
    while True:
        lines = _joined(file, position, delimiter)
        if not lines:
            return
        record = b"".join(lines)
        if _open(record, delimiter):
            if len(record) <= RECORD_MAX and not file.final:
                return  # half a row: the rest may still be written
            record = lines[0]
        position += len(record)
        yield record, position, record.endswith(b"\n")


def _joined(file: _Text, position: int, delimiter: bytes) -> list[bytes]:
    """The lines from ``position`` up to where no quote is open, or too many."""
    lines: list[bytes] = []
    size = 0
    for line, _, _ in _lines(file, position):
        lines.append(line)
        size += len(line)
        if size > RECORD_MAX or not _open(b"".join(lines), delimiter):
            break
    return lines


def _open(record: bytes, delimiter: bytes) -> bool:
    """Is a quoted field left open? A quote opens at the start of a field only (RFC 4180)."""
    if record.count(b'"') % 2 == 0:
        return False
    starts = re.compile(rb"(?:^|(?<=" + re.escape(delimiter) + rb'))"(?:[^"]|"")*("|\Z)')
    position = 0
    while match := starts.search(record, position):
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
    """The fields of one record, line ends inside quotes kept. Raises csv.Error."""
    lines = re.split(r"(?<=\n)", record.rstrip("\r\n"))  # splitlines would also cut at U+2028 and its like
    return next(csv.reader(lines, delimiter=delimiter, strict=True))


def is_blank_row(values: dict[str, Any]) -> bool:
    return all(blank(value) for value in values.values())
