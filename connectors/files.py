"""``files``: a drop folder (or one file) of CSV, JSON lines and Excel, plain or gzipped.

A file is known by name, size, time of change and a hash of its beginning, not by inode. The cursor holds, for each file in
the folder, how far it was read: a file that grew goes on behind the last complete line, a truncated or rewritten one starts
over (delivered again, never twice stored), a renamed one is not read again. ``.part``, ``.tmp``, ``~$…`` and dot files are
ignored.

One file never holds up the others: what cannot be opened or read is one bad record (told once), what fails for a moment is
tried again after the others were read. A poll holds at most ``POLL_BYTES`` of text and one line more.

Fails on: an edit in the middle of a file that also grew (only its first KiB and the bytes before the position are compared).
Row ids: without an ``id`` in the mapping a row is the hash of its mapped fields and its ordinal among equal rows of its file.
"""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from gzip import BadGzipFile
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from connectors.base import BadRecord, Batch, Capabilities, Common, ConfigFault, Cursor, Fault, Preview, TryLater
from connectors.checked import Strict, checked
from connectors.file_rows import Format, RawLine, Style, format_of, rows_of
from connectors.file_state import FileState, Found, adopt, at_position, goes_on, look, spelt
from connectors.gather import opened, preview_of, sort_out
from connectors.mapper import Mapper, Outcome, fingerprint, mapper_of
from connectors.mapping import RawMapping
from connectors.not_a_workbook import NotAWorkbook

BROKEN = (EOFError, zlib.error, BadGzipFile, ValueError, csv.Error)
"""What gzip and the reading of a header raise for a file that is not what its name says; workbooks: ``sheet_rows``."""

POLL_BYTES = 32 << 20
"""Of text read in one poll; the rest waits for the next, which follows at once."""


class NotSuchAFile(Exception):
    """The file is not what its name says, or may not be read: one bad record, and the others are read."""

    def __init__(self, got: str, code: str = "connectors.bad.file") -> None:
        super().__init__(got)
        self.code = code


class FilesOptions(Strict):
    path: str = Field(description="folder or file; relative paths start at FENGSUI_HOME")
    glob: str = Field("*", description="which files of the folder; **/* includes folders below")
    format: Literal["auto", "csv", "jsonl", "excel"] = Field("auto", description="by suffix unless said here")
    encoding: Literal["auto", "utf-8", "gb18030", "utf-16"] = Field("auto", description="of text files")
    delimiter: Literal["auto", ",", ";", "\t", "|"] = Field("auto", description="of CSV")
    columns: list[str] = Field(default_factory=list, description="names of the columns of files without a header")
    skip_lines: int = Field(0, ge=0, description="lines above the header")
    sheet: str | None = Field(None, description="of Excel; the first by default")
    settle_s: float = Field(
        5.0, ge=0, description="a last line without line end, a workbook and a gzip wait this long unchanged"
    )

    @field_validator("glob")
    @classmethod
    def _relative(cls, glob: str) -> str:
        parts = Path(glob).parts
        if not parts or parts[0] == "/" or any(part == ".." or ("**" in part and part != "**") for part in parts):
            raise ValueError("*.csv, 2026*/*.xlsx, **/*")
        return glob

    def style(self) -> Style:
        return Style(self.encoding, self.delimiter, tuple(self.columns), self.skip_lines, self.sheet)


OPTIONS = FilesOptions


def connect(common: Common, options: FilesOptions, mapper: Mapper) -> FilesConnector:
    return FilesConnector(common, options, mapper)


@dataclass(slots=True)
class _Reader:
    """An open file between two polls; only a short cut: it can be rebuilt from the cursor."""

    found: Found
    state: FileState
    lines: Iterator[RawLine]
    equal: Counter[str] = field(default_factory=Counter)


class FilesConnector:
    """One folder. See the module for its promises."""

    kind = "files"

    def __init__(self, common: Common, options: FilesOptions, mapper: Mapper) -> None:
        self.common, self.options, self.mapper = common, options, mapper
        deletes = any(getattr(one, "deleted", None) for one in mapper.maps)
        self.capabilities = Capabilities(updates=True, deletes=deletes, clock=False, count_by_day=False, between=True)
        self._reader: _Reader | None = None

    # --- the contract ---

    def poll(self, cursor: Cursor | None, limit: int, now: datetime) -> Batch:
        files = self._files()
        states = adopt((cursor or {}).get("files", {}), files)
        outcomes: list[Outcome] = []
        read, more, failed = 0, False, None
        for name, found in files.items():
            state = states.get(name)
            if state is not None and state.rests(found):
                continue
            if read >= limit:
                more = True
                break
            try:
                count, more, states[name] = self._read(found, state, limit - read, now, outcomes)
            except Fault as fault:  # of this file; it is tried again with the next poll
                failed = failed or fault
                continue
            read += count
            if more:
                break
        if failed is not None and not (read or more):
            raise failed
        records, bad = sort_out(outcomes)
        kept = {name: state.to_json() for name, state in states.items()}
        return Batch(records, bad, {"files": kept}, more, now, not more and failed is None, read)

    def between(self, start: datetime, end: datetime, limit: int) -> Iterator[Batch]:
        failed: Fault | None = None
        for found in self._files().values():
            try:
                for batch in self._whole(found, limit, end):
                    chosen = tuple(one for one in batch.records if (at := opened(one)) is None or start <= at < end)
                    yield Batch(chosen, batch.bad, {}, True, end, False, batch.read)
            except Fault as fault:
                failed = failed or fault
        if failed is not None:
            raise failed
        yield Batch((), (), {}, False, end, True, 0)

    def count_by_day(self, start: date, end: date, zone: str) -> Mapping[date, int]:
        raise ConfigFault(
            "connectors.config.cannot",
            field=f"source.{self.common.name}",
            value="count_by_day",
            allowed="between",
            nearest=None,
        )

    def preview(self, limit: int, now: datetime) -> Preview:
        rows: list[dict[str, Any]] = []
        for found in self._files().values():
            rows += self._first(found, limit - len(rows))
        columns = list(dict.fromkeys(name for row in rows for name in row))
        return preview_of(self.mapper, rows, columns, now)

    def close(self) -> None:
        self._reader = None

    # --- one file ---

    def _read(
        self, found: Found, state: FileState | None, limit: int, now: datetime, outcomes: list[Outcome]
    ) -> tuple[int, bool, FileState]:
        """Up to ``limit`` rows of a file into ``outcomes``: how many, whether there are more, and where the file stands.
        Raises Fault where not one row could be read."""
        settled = not 0 <= now.timestamp() - found.mtime_ns / 1e9 < self.options.settle_s
        if not (settled or found.plain):
            return 0, False, FileState.waiting(found)
        count = 0
        try:
            reader = self._reader_at(found, state, settled)
            began = reader.state.position
            for line in reader.lines:
                outcomes.extend(self._outcomes(line, reader, now))
                count += 1
                reader.state.take(line)
                if count >= limit or reader.state.position - began > POLL_BYTES:
                    return count, True, self._keep(reader)
        except NotSuchAFile as mistake:
            outcomes.append(_unreadable(found, mistake))
            return count + 1, False, FileState.given_up(found)
        except Fault:
            if count == 0:
                raise
            return count, True, at_position(reader.state, found)  # what was read counts; the next poll meets the fault first
        return count, False, reader.state.finished(found, settled)

    def _keep(self, reader: _Reader) -> FileState:
        self._reader = reader
        return at_position(reader.state, reader.found)

    def _reader_at(self, found: Found, state: FileState | None, final: bool) -> _Reader:
        """The open file if it stands there; otherwise opened, at its position or, to count equal rows, from its start."""
        kept, self._reader = self._reader, None
        if kept is not None and state is not None and kept.found == found and kept.state.rows == state.rows:
            return kept
        resumed = state if state is not None and goes_on(state, found) else None
        form = self._format(found)
        if resumed is None or resumed.position == 0:
            return _Reader(found, FileState.start(found), _opened(found, form, self.options.style(), 0, final))
        if self.mapper.has_id:
            return _Reader(found, resumed.grown(found), _opened(found, form, self.options.style(), resumed.position, final))
        reader = _Reader(found, FileState.start(found), _opened(found, form, self.options.style(), 0, final))
        for line in reader.lines:
            self._ordinal(line, reader)
            reader.state.take(line)
            if reader.state.rows >= resumed.rows:
                break
        return reader

    def _outcomes(self, line: RawLine, reader: _Reader, now: datetime) -> Iterator[Outcome]:
        if line.bad is not None:
            yield line.bad
        elif line.values is not None:
            yield from self.mapper.apply(self.mapper.narrow(line.values), now, self._ordinal(line, reader))

    def _ordinal(self, line: RawLine, reader: _Reader) -> int:
        if self.mapper.has_id or line.values is None:
            return 0
        print_ = fingerprint(self.mapper.narrow(line.values))
        reader.equal[print_] += 1
        return reader.equal[print_] - 1

    def _whole(self, found: Found, limit: int, now: datetime) -> Iterator[Batch]:
        """All of one file in batches, whatever the cursor says; its last line counts as complete."""
        reader = _Reader(found, FileState.start(found), _opened(found, self._format(found), self.options.style(), 0, True))
        outcomes: list[Outcome] = []
        read = 0
        try:
            for line in reader.lines:
                outcomes.extend(self._outcomes(line, reader, now))
                read += 1
                if read == limit:
                    yield _batch(outcomes, read, now, True)
                    outcomes, read = [], 0
        except NotSuchAFile as mistake:
            outcomes.append(_unreadable(found, mistake))
            read += 1
        yield _batch(outcomes, read, now, False)

    def _first(self, found: Found, limit: int) -> list[dict[str, Any]]:
        lines = _opened(found, self._format(found), self.options.style(), 0, True)
        try:
            return [line.values for line, _ in zip(lines, range(limit), strict=False) if line.values is not None]
        except NotSuchAFile:
            return []

    # --- the folder ---

    def _files(self) -> dict[str, Found]:
        """Files to read by name. Raises TryLater where the folder is gone (a share that is not mounted comes back)."""
        root = self.common.home / self.options.path
        try:
            found = look(root, self.options.glob)
        except FileNotFoundError:
            raise TryLater("connectors.later.no_folder", path=self.options.path) from None
        except PermissionError:
            raise self._denied() from None
        except OSError as mistake:
            raise TryLater("connectors.later.gone", what=type(mistake).__name__) from None
        return {name: one for name, one in found.items() if self.options.format != "auto" or format_of(one.path)}

    def _format(self, found: Found) -> Format:
        return (format_of(found.path) or "csv") if self.options.format == "auto" else self.options.format

    def _denied(self) -> ConfigFault:
        field_name = f"source.{self.common.name}.options.path"
        return ConfigFault("connectors.config.denied", field=field_name, value=self.options.path, allowed="", nearest=None)


def _opened(found: Found, form: Format, style: Style, position: int, final: bool) -> Iterator[RawLine]:
    """Rows of a file; its vanishing, refusal and breakage in our terms."""
    try:
        yield from rows_of(found.path, form, style, position, final, found.size)
    except NotAWorkbook as mistake:
        raise NotSuchAFile(mistake.got, mistake.code) from None
    except BROKEN as mistake:
        raise NotSuchAFile(type(mistake).__name__) from None
    except FileNotFoundError:
        raise TryLater("connectors.later.file_gone") from None  # moved while we looked: the next poll knows
    except PermissionError:
        raise NotSuchAFile("", "connectors.bad.denied") from None
    except OSError as mistake:
        raise TryLater("connectors.later.gone", what=type(mistake).__name__) from None


def _batch(outcomes: list[Outcome], read: int, now: datetime, more: bool) -> Batch:
    records, bad = sort_out(outcomes)
    return Batch(records, bad, {}, more, now, not more, read)


def _unreadable(found: Found, mistake: NotSuchAFile) -> BadRecord:
    name = spelt(found.path.name)
    return BadRecord(mistake.code, {"file": name}, field="", allowed=found.path.suffix, got=str(mistake))


# --- uploads ---------------------------------------------------------------------------------------------------------


def of_file(path: Path, mapping: RawMapping, common: Common, options: Mapping[str, Any] | None = None) -> FilesConnector:
    """A connector over one uploaded file, read with a source's mapping. ``options``: those of ``files`` but ``path``."""
    read = checked(
        FilesOptions, {**(options or {}), "path": str(path.resolve()), "settle_s": 0}, f"source.{common.name}.options"
    )
    return FilesConnector(common, read, mapper_of(mapping, common))


def read_file(
    path: Path,
    mapping: RawMapping,
    common: Common,
    now: datetime,
    limit: int = 5000,
    options: Mapping[str, Any] | None = None,
) -> Iterator[Batch]:
    """All of one file in batches of ``limit`` rows, for uploads and replay; the last has ``more=False``. Raises Fault."""
    reader = of_file(path, mapping, common, options)
    for found in reader._files().values():
        yield from reader._whole(found, limit, now)


def preview_file(
    path: Path, mapping: RawMapping, common: Common, now: datetime, limit: int = 20, options: Mapping[str, Any] | None = None
) -> Preview:
    """The first rows of one file as they would be stored. Raises Fault."""
    return of_file(path, mapping, common, options).preview(limit, now)
