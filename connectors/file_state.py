"""How far each file of a folder was read, and whether a file is still the one that was read."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from connectors.file_rows import RawLine

HEAD = 1024
ANCHOR = 256
IGNORED = (".part", ".tmp", ".partial", ".crdownload", ".filepart")


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it lies in the folder now."""

    path: Path
    size: int
    mtime_ns: int

    @property
    def plain(self) -> bool:
        """Can grow line by line: neither packed nor a workbook."""
        return self.path.suffix.lower() not in (".gz", ".xlsx", ".xlsm", ".xls")


@dataclass(slots=True)
class FileState:
    """One file's part of the cursor. ``position`` is behind the last complete line, ``head`` and ``anchor`` are hashes of
    the first bytes and of those before the position; ``done``: nothing to read until size or time of change differ;
    ``refused``: it could not be opened for lack of rights, which change without a trace in size and time."""

    size: int
    mtime_ns: int
    head: str
    position: int = 0
    rows: int = 0
    anchor: str = ""
    done: bool = False
    refused: bool = False

    @classmethod
    def start(cls, found: Found) -> FileState:
        return cls(found.size, found.mtime_ns, _hash(found.path, 0, min(HEAD, found.size)))

    @classmethod
    def waiting(cls, found: Found) -> FileState:
        """Seen, not read: it was changed a moment ago. A size of -1 never matches."""
        return cls(-1, found.mtime_ns, "")

    @classmethod
    def given_up(cls, found: Found) -> FileState:
        """It cannot be read, was told, and rests until it changes or, where we have no right to, until we have."""
        return replace(cls.start(found), done=True, refused=not readable(found.path))

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> FileState:
        return cls(**raw)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def grown(self, found: Found) -> FileState:
        """The same place in the file as it is now."""
        return replace(FileState.start(found), position=self.position, rows=self.rows)

    def same(self, found: Found) -> bool:
        return (self.size, self.mtime_ns) == (found.size, found.mtime_ns)

    def rests(self, found: Found) -> bool:
        """Is there nothing to read?"""
        return self.done and self.same(found) and not (self.refused and readable(found.path))

    def take(self, line: RawLine) -> None:
        """A line was read. A last one without line end is not passed: when the file grows it is read again, in full."""
        if line.whole:
            self.position, self.rows = line.end, self.rows + 1

    def finished(self, found: Found, settled: bool) -> FileState:
        """Read to the end; but half a line may wait behind the position until the file has settled."""
        return replace(at_position(self, found), done=settled or self.position == found.size)


def look(root: Path, glob: str) -> dict[str, Found]:
    """Files by their name below ``root``, in order of name. Raises FileNotFoundError, PermissionError."""
    if root.is_file() and (alone := _found(root)) is not None:
        return {spelt(root.name): alone}
    if not root.is_dir():
        raise FileNotFoundError(root)
    next(root.iterdir(), None)  # glob is silent about a folder that it may not read
    inside = root.resolve()  # whoever may write here must not make us read elsewhere by a link
    chosen = (path for path in sorted(root.glob(glob)) if not ignored(path) and _inside(path, inside))
    looked = ((spelt(path.relative_to(root).as_posix()), _found(path)) for path in chosen)
    return {name: found for name, found in looked if found is not None}


def spelt(name: str) -> str:
    """A name as text that JSON and every store take: bytes that are no UTF-8 as ``\\udcff``."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def readable(path: Path) -> bool:
    return os.access(path, os.R_OK)


def _inside(path: Path, folder: Path) -> bool:
    """Is it below the folder, links followed? A link to itself is nowhere."""
    try:
        return path.resolve().is_relative_to(folder)
    except (OSError, RuntimeError):
        return False


def ignored(path: Path) -> bool:
    return path.name.startswith((".", "~$")) or path.suffix.lower() in IGNORED


def _found(path: Path) -> Found | None:
    """None for what is no file, or no longer there. One that we may not even look at is found, and told when it is read."""
    try:
        seen = path.stat()
    except PermissionError:
        return Found(path, 0, 0)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as mistake:
        if mistake.errno == errno.ELOOP:
            return None
        raise
    return Found(path, seen.st_size, seen.st_mtime_ns) if stat.S_ISREG(seen.st_mode) else None


def adopt(raw: dict[str, Any], files: dict[str, Found]) -> dict[str, FileState]:
    """The states of files that are there; a new name takes over the state of a vanished file of equal size, time and
    beginning. Files that are gone are forgotten, which bounds the cursor."""
    old = {name: FileState.from_json(state) for name, state in raw.items()}
    states = {name: state for name, state in old.items() if name in files}
    vanished = [state for name, state in old.items() if name not in files]
    for name, found in files.items():
        if name not in states and vanished:
            moved = next((state for state in vanished if state.same(found) and _head_same(state, found)), None)
            if moved is not None:
                states[name] = moved
    return states


def goes_on(state: FileState, found: Found) -> bool:
    """May reading go on at the position? Untouched, or grown behind what was read."""
    if state.same(found):
        return True
    grown = found.plain and found.size > state.size >= state.position
    return grown and _head_same(state, found) and state.anchor == _anchor(found, state.position)


def at_position(state: FileState, found: Found) -> FileState:
    """The state with the hash of the bytes before its position, for ``goes_on``."""
    return replace(state, anchor=_anchor(found, state.position) if found.plain else "")


def _head_same(state: FileState, found: Found) -> bool:
    return state.head == _hash(found.path, 0, min(HEAD, state.size))


def _anchor(found: Found, position: int) -> str:
    start = max(0, position - ANCHOR)
    return _hash(found.path, start, position - start)


def _hash(path: Path, start: int, length: int) -> str:
    """Of ``length`` bytes from ``start``; '' where the file is gone by now."""
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            return hashlib.blake2b(stream.read(max(0, length)), digest_size=8).hexdigest()
    except OSError:
        return ""
