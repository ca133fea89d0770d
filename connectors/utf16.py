"""UTF-16 files read as UTF-8, piece by piece, so that a line end is one byte and memory stays bounded."""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO, Literal, TypeAlias, cast

Form: TypeAlias = Literal["utf-16-le", "utf-16-be"]

PIECE = 1 << 16
_MARKS: dict[bytes, Form] = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def utf16_of(sample: bytes, declared: bool) -> Form | None:
    """Which UTF-16 a file is that begins with ``sample``; None for one that is not. Without a mark the NUL bytes beside
    digits, delimiters and line ends tell: nearly all stand on one side (一 is U+4E00), and a line end has its own."""
    if sample[:2] in _MARKS:
        return _MARKS[sample[:2]]
    left, right = sample[0::2].count(0), sample[1::2].count(0)
    if right > 3 * left and (declared or _ends(sample, b"\n\0", right)):
        return "utf-16-le"
    if left > 3 * right and (declared or _ends(sample, b"\0\n", left)):
        return "utf-16-be"
    return "utf-16-le" if declared else None


def _ends(sample: bytes, line_end: bytes, nuls: int) -> bool:
    """Is there a line end on an even place, and a NUL in at least every tenth pair?"""
    at = sample.find(line_end)
    while at >= 0 and at % 2:
        at = sample.find(line_end, at + 1)
    return at >= 0 and nuls * 20 >= len(sample)


class _AsUtf8(io.RawIOBase):
    """Forward reading; going back starts over. Half a character at the end becomes U+FFFD."""

    def __init__(self, source: BinaryIO, form: Form) -> None:
        self._source, self._form = source, form
        self._start()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("seek from the end")
        if offset < self._position:
            self._start()
        while self._position < offset and self._take(min(PIECE, offset - self._position)):
            pass
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()

    def _start(self) -> None:
        self._source.seek(0)
        self._decoder = codecs.getincrementaldecoder(self._form)("replace")
        self._waiting, self._position, self._over = b"", 0, False

    def _take(self, size: int) -> bytes:
        while not self._waiting and not self._over:
            data = self._source.read(PIECE)
            self._over = not data
            self._waiting = self._decoder.decode(data, final=self._over).encode("utf-8", "replace")
        found, self._waiting = self._waiting[:size], self._waiting[size:]
        self._position += len(found)
        return found


def as_utf8(source: BinaryIO, form: Form) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_AsUtf8(source, form)))


def is_recoded(stream: BinaryIO) -> bool:
    return isinstance(getattr(stream, "raw", None), _AsUtf8)
