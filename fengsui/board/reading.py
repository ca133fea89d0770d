"""While a source still reads its history, nothing counted is not the same as nothing happened.

Figures it feeds say so, and where they would show 0 they show nothing (DESIGN §4: zero, missing and late are three things).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from fengsui.board.curve import Point
from fengsui.store.tables import slice_source

AT_WORK = ("filling", "late")  # a long stretch of history may take longer than two cadences


def reading(sources: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the sources (entries of ``health``) that are at it; one that fell silent meanwhile is ill, not reading."""
    return sorted(source["source"] for source in sources if not source["backfilled"] and source["standing"] in AT_WORK)


def feeds(conn: Connection, measure: str, sources: Sequence[str]) -> bool:
    """Whether one of ``sources`` feeds ``measure`` anywhere."""
    mine = (slice_source.c.measure == measure) & slice_source.c.source.in_(sources)
    return bool(sources) and conn.execute(select(slice_source.c.source).where(mine).limit(1)).first() is not None


def tile(found: Mapping[str, Any], sources: Sequence[str]) -> dict[str, Any]:
    """The tile with ``reading``; then without what only looks like a number: a count of 0, and comparisons with other days."""
    if not set(found["sources"]) & set(sources):
        return {**found, "reading": False}
    unknown = found["shape"] == "count" and not found["value"]
    spark = [value or None for value in found.get("spark", [])] if found["shape"] == "count" else found.get("spark", [])
    past = {"yesterday": None, "last_week": None, "spark": spark}
    return {**found, **past, "value": None if unknown else found["value"], "reading": True}


def points(found: Sequence[Point]) -> list[Point]:
    """A line of counts with gaps where nothing has been counted yet."""
    return [replace(point, value=point.value or None) for point in found]
