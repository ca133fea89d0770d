"""The ``[replay]`` table of a mapping file: which columns of history become known when."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field


class Later(BaseModel):
    """Columns that are filled in later: ``at`` holds the time, ``reveals`` what becomes known with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: str
    reveals: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.at, *self.reveals)


class ReplayPlan(BaseModel):
    """``opened``: column of the opening time. ``zone``: of times without an offset. ``delay_s``: known only so long after
    ``opened`` (an aggregate is known at the end of its interval). ``later``: columns that wait for their own time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opened: str = "opened_at"
    zone: str = "UTC"
    delay_s: float = Field(0, ge=0)
    later: tuple[Later, ...] = ()

    @property
    def delay(self) -> timedelta:
        return timedelta(seconds=self.delay_s)

    @cached_property
    def later_columns(self) -> frozenset[str]:
        return frozenset(name for later in self.later for name in later.columns)
