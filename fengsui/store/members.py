"""Which records lie in a slice, as a condition of SQL and of a record at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from fengsui.store.slices import UNKNOWN, slice_levels
from fengsui.store.tables import feedback

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[0-9]+)?")


class NotALevel(ValueError):
    """``code`` and ``params`` (field, value, allowed) for the catalogue: no dimension has such a level."""

    def __init__(self, value: str, allowed: Iterable[str]) -> None:
        super().__init__(value)
        self.code = "alerts.refused.value"
        self.params: dict[str, Any] = {"field": "slice_key", "value": value, "allowed": list(allowed)}


def in_slice(slice_key: str) -> ColumnElement[bool]:
    """Records of ``channel=App|org.1=华南``: the level itself and everything below it. Raises ``NotALevel``."""
    return and_(True, *(_level(level, value) for level, value in slice_levels(slice_key).items()))


def is_in(dims: Mapping[str, str], slice_key: str) -> bool:
    """``in_slice``, of one record at hand."""
    return all(_holds(dims.get(level.partition(".")[0]) or UNKNOWN, value) for level, value in slice_levels(slice_key).items())


def _holds(found: str, value: str) -> bool:
    return found == value or (value != UNKNOWN and found.startswith(f"{value}/"))


def _level(level: str, value: str) -> ColumnElement[bool]:
    if not _NAME.fullmatch(level):  # it goes into a JSON path, where ``agen\x74`` or a quotation mark means something else
        raise NotALevel(level, [_NAME.pattern])
    found = feedback.c.dims[level.partition(".")[0]].as_string()
    if value == UNKNOWN:
        return or_(found.is_(None), found == "", found == UNKNOWN)
    return or_(found == value, found.startswith(f"{value}/", autoescape=True))
