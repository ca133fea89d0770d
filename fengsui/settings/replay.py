"""The ``[replay]`` table of a mapping file: which columns of history become known when."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from pydantic import Field

from fengsui.settings.span import Span
from fengsui.settings.table import Table, Zone


class Later(Table):
    """Columns that are filled in later: ``at`` holds the time, ``reveals`` what becomes known with it."""

    at: str
    reveals: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.at, *self.reveals)


class Replay(Table):
    """``opened``: column of the opening time. ``zone``: of times without an offset. ``delay``: known only so long after
    ``opened`` (an aggregate is known at the end of its interval). ``later``: columns that wait for their own time."""

    source: str  # whose mapping reads the history
    opened: str = "opened_at"
    zone: Zone = "UTC"
    delay: Span = timedelta(0)
    later: tuple[Later, ...] = Field(default=())

    @cached_property
    def later_columns(self) -> frozenset[str]:
        return frozenset(name for later in self.later for name in later.columns)
