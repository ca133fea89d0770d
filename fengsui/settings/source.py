"""One ``[source.NAME]`` table: how a channel store is polled. What is in its options and map only its connector knows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypedDict

from pydantic import Field, StrictBool

from fengsui.settings.span import Span
from fengsui.settings.table import Table, Zone
from fengsui.settings.words import Words


class CommonFields(TypedDict):
    """The fields of ``connectors.base.Common``; settings knows no connector, so this is plain data."""

    name: str
    zone: str
    cadence_s: float
    lateness_s: float
    overlap_s: float
    home: Path
    dimensions: tuple[str, ...]


def _stall(so_far: dict[str, Any]) -> timedelta:
    cadence, lateness = so_far["cadence"], so_far["lateness"]
    return timedelta(seconds=3 * cadence.total_seconds() + lateness.total_seconds())


class Source(Table):
    kind: str = Field(min_length=1)  # of connectors.registry
    purpose: str = Field(min_length=1)  # why the centre may process these data; shown on the sources page
    title: Words | None = None
    enabled: StrictBool = True
    pace: Literal["live", "batch"] = "live"
    belongs_to: str | None = None  # the source whose feedback these events are about
    cadence: Span = timedelta(seconds=5)
    lateness: Span = timedelta(0)
    overlap: Span = timedelta(seconds=60)
    stall: Span = Field(default_factory=_stall)  # 3 x cadence + lateness
    timezone: Zone | None = None  # of times without offset; None: the centre's
    raw_text: StrictBool = False
    count_coverage: StrictBool = False
    options: dict[str, Any] = Field(default_factory=dict)
    map: Any = Field(default_factory=dict)  # a table, or an array of tables
