"""Rows of ``slice`` and ``slice_source`` for what is new; what a process has committed once is not asked again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from fengsui.ingest.deltas import cuboid_of
from fengsui.ingest.pending import Pending
from fengsui.store.slices import slice_id, slice_levels
from fengsui.store.tables import slice_, slice_source

LONGEST = 200
"""Characters of one dimension's value or of an id: a longer one is a text in the wrong field, and no index holds it."""
Fed: TypeAlias = Mapping[tuple[str, str], set[str]]
"""(measure, source) -> slice keys"""


def longest(dims: Mapping[str, str]) -> int:
    return max(map(len, dims.values()), default=0)


class Known:
    """Slices and feeds that are in the store. Remember only after the commit: a rolled back take has stored nothing."""

    def __init__(self) -> None:
        self._fed: dict[tuple[str, str], set[str]] = {}
        self._keys: set[str] = set()

    def write(self, pending: Pending, fed: Fed, now: datetime) -> Fed:
        """Make ready what is not known; gives it back for ``remember``."""
        new = {pair: keys - self._fed.get(pair, set()) for pair, keys in fed.items()}
        fresh = set().union(*new.values()) - self._keys if new else set()
        pending.put(slice_, [_slice_row(key, now) for key in sorted(fresh)], keep=True)
        rows = [(slice_id(key), measure, source) for (measure, source), keys in sorted(new.items()) for key in sorted(keys)]
        pending.put(slice_source, [dict(zip(("slice_id", "measure", "source"), row, strict=True)) for row in rows], keep=True)
        return new

    def remember(self, new: Fed) -> None:
        for pair, keys in new.items():
            self._fed.setdefault(pair, set()).update(keys)
            self._keys |= keys


def _slice_row(key: str, now: datetime) -> dict[str, object]:
    return {"slice_id": slice_id(key), "cuboid": cuboid_of(key), "slice_key": key, "dims": slice_levels(key), "first_at": now}
