"""Which records lie in a slice, as a condition of SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_

from fengsui.store.slices import UNKNOWN, slice_levels
from fengsui.store.tables import feedback


def in_slice(slice_key: str) -> ColumnElement[bool]:
    """Records of ``channel=App|org.1=华南``: the level itself and everything below it."""
    return and_(True, *(_level(level, value) for level, value in slice_levels(slice_key).items()))


def _level(level: str, value: str) -> ColumnElement[bool]:
    found = feedback.c.dims[level.partition(".")[0]].as_string()
    if value == UNKNOWN:
        return or_(found.is_(None), found == "", found == UNKNOWN)
    return or_(found == value, found.startswith(f"{value}/", autoescape=True))
