"""Lines of a text file in bounded memory, from a position on. One noun: ``Line``.

A line ends with LF, CR LF or, in a file whose beginning has CR alone and no LF (old Macintosh exports), with CR.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

LINE_MAX = 1 << 20
"""Bytes of one line; an export has a row there, and no customer writes a million characters."""
KEPT = 1 << 12
"""Bytes of a longer line that go to the quarantine."""
SAMPLE = 1 << 16


@dataclass(frozen=True, slots=True)
class Line:
    """``end``: position behind it. ``whole``: False for a last line without line end. ``size``: its bytes; ``data`` holds
    only the first ``KEPT`` of a line above ``LINE_MAX``."""

    data: bytes
    end: int
    whole: bool
    size: int

    @property
    def cut(self) -> bool:
        return len(self.data) < self.size


class TextLines:
    """An open text file. ``ceiling``: where to stop, whatever was appended since. ``skip``: lines above the first."""

    def __init__(self, stream: BinaryIO, final: bool, ceiling: int | None, skip: int) -> None:
        self.stream, self.final, self.ceiling, self.skip = stream, final, ceiling, skip
        stream.seek(0)
        sample = stream.read(SAMPLE)
        self._mac = b"\r" in sample[:-1] and b"\n" not in sample

    def start(self) -> int:
        """Where the first line after the skipped ones begins."""
        position = 0
        lines = self.lines(0) if self.skip else iter(())
        for _, line in zip(range(self.skip), lines, strict=False):
            position = line.end
        return position

    def lines(self, position: int) -> Iterator[Line]:
        """The lines from ``position`` on; the last only when it is whole or the file ``final``."""
        self.stream.seek(position)
        for data, size in self._mac_pieces() if self._mac else self._pieces():
            position += size
            whole = data.endswith((b"\n", b"\r")) if self._mac else data.endswith(b"\n")
            if self.ceiling is not None and position > self.ceiling:
                return
            if whole or self.final:
                yield Line(data[:KEPT] if size > LINE_MAX else data, position, whole, size)

    def _pieces(self) -> Iterator[tuple[bytes, int]]:
        """(line, its bytes); of one that is too long its beginning, with its line end if it has one."""
        while data := self.stream.readline(LINE_MAX + 1):
            yield (data, len(data)) if len(data) <= LINE_MAX else self._rest(data)

    def _rest(self, data: bytes) -> tuple[bytes, int]:
        size, last = len(data), data
        while not last.endswith(b"\n") and (piece := self.stream.readline(LINE_MAX)):
            size, last = size + len(piece), piece
        return data[:KEPT] + last[-1:], size

    def _mac_pieces(self) -> Iterator[tuple[bytes, int]]:
        rest = b""
        while block := self.stream.read(SAMPLE):
            *lines, rest = (rest + block).split(b"\r")
            yield from ((line + b"\r", len(line) + 1) for line in lines)
            if len(rest) > LINE_MAX:
                raise ValueError("no line end")
        if rest:
            yield rest, len(rest)
