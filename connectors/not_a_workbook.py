"""A file with the name of a workbook that is none, or one that would fill the memory."""

from __future__ import annotations


class NotAWorkbook(Exception):
    """``code`` of the catalogue; ``got``: what was found instead, never a cell."""

    def __init__(self, code: str, got: str) -> None:
        super().__init__(code, got)
        self.code, self.got = code, got
