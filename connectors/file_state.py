"""How far each file of a folder was read, and whether a file is still the one that was read."""

from __future__ import annotations

import hashlib
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
        return self.path.suffix.lower() not in (".gz", ".xlsx", ".xlsm")


@dataclass(slots=True)
class FileState:
    """One file's part of the cursor. ``position`` is behind the last complete line, ``head`` and ``anchor`` are hashes of
    the first bytes and of those before the position; ``done``: nothing to read until size or time of change differ."""

    size: int
    mtime_ns: int
    head: str
    position: int = 0
    rows: int = 0
    anchor: str = ""
    done: bool = False

    @classmethod
    def start(cls, found: Found) -> FileState:
        return cls(found.size, found.mtime_ns, _hash(found.path, 0, min(HEAD, found.size)))

    @classmethod
    def waiting(cls, found: Found) -> FileState:
        """Seen, not read: it was changed a moment ago. A size of -1 never matches."""
        return cls(-1, found.mtime_ns, "")

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

    def take(self, line: RawLine) -> None:
        """A line was read. A last one without line end is not passed: when the file grows it is read again, in full."""
        if line.whole:
            self.position, self.rows = line.end, self.rows + 1

    def finished(self, found: Found, settled: bool) -> FileState:
        """Read to the end; but half a line may wait behind the position until the file has settled."""
        return replace(at_position(self, found), done=settled or self.position == found.size)


def look(root: Path, glob: str) -> dict[str, Found]:
    """Files by their name below ``root``, in order of name. Raises FileNotFoundError, PermissionError."""
    if root.is_file():
        return {root.name: _found(root)}
    if not root.is_dir():
        raise FileNotFoundError(root)
    next(root.iterdir(), None)  # glob is silent about a folder that it may not read
    inside = root.resolve()  # whoever may write here must not make us read elsewhere by a link
    found = (path for path in sorted(root.glob(glob)) if path.is_file() and not ignored(path))
    chosen = (path for path in found if path.resolve().is_relative_to(inside))
    return {path.relative_to(root).as_posix(): _found(path) for path in chosen}


def ignored(path: Path) -> bool:
    return path.name.startswith((".", "~$")) or path.suffix.lower() in IGNORED


def _found(path: Path) -> Found:
    stat = path.stat()
    return Found(path, stat.st_size, stat.st_mtime_ns)


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
