"""One ``[source.NAME]`` table: how a channel store is polled. What is in its options and map only its connector knows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from pydantic import AfterValidator, Field, StrictBool
from pydantic_core import PydanticCustomError

from fengsui.settings.secret import SecretText
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


AFTER_ITS_SPAN = timedelta(seconds=60)
"""No sum over a span is written before the span is over."""


def _lateness(so_far: dict[str, Any]) -> timedelta:
    found = so_far["map"]
    maps = found if isinstance(found, list) else [found]
    spans = (one for one in maps if isinstance(one, dict) and one.get("shape") == "measurement" and "gauge" not in one)
    return timedelta(0) if next(spans, None) is None else AFTER_ITS_SPAN


PUSHED = ("webhook", "staff", "typed")
"""Kinds that are not polled: they deliver to the dashboard, which keeps it for the worker."""
SECRET_CHARS = 16


def _long_enough(value: str) -> str:
    if len(value) < SECRET_CHARS and not value.startswith(("env:", "file:")):  # a source that is off keeps its references
        raise PydanticCustomError("settings.mistake.secret_short", "a longer secret")
    return value


class Push(Table):
    """How a sender proves who it is, and where the rows are in what it sends."""

    secret: Annotated[SecretText, AfterValidator(_long_enough)]
    previous: Annotated[SecretText, AfterValidator(_long_enough)] | None = None  # also right while senders change over
    auth: Literal["signature", "bearer"] = "signature"
    window: Span = timedelta(minutes=5)  # a signed request older (or newer) than this is refused
    items: str = ""  # dotted path to the rows in an object; empty: the object is the row


class Source(Table):
    kind: str = Field(min_length=1)  # of connectors.registry
    purpose: str = Field(min_length=1)  # why the centre may process these data; shown on the sources page
    title: Words | None = None
    enabled: StrictBool = True
    pace: Literal["live", "batch"] = "live"
    belongs_to: str | None = None  # the source whose feedback these events are about
    map: Any = Field(default_factory=dict)  # a table, or an array of tables
    cadence: Span = timedelta(seconds=5)
    lateness: Span = Field(default_factory=_lateness)  # sums over a span: a minute; else none
    overlap: Span = timedelta(seconds=60)
    stall: Span = Field(default_factory=_stall)  # 3 x cadence + lateness
    timezone: Zone | None = None  # of times without offset; None: the centre's
    raw_text: StrictBool = False
    count_coverage: StrictBool = False
    options: dict[str, Any] = Field(default_factory=dict)
    push: Push | None = None  # of a webhook

    @property
    def pushed(self) -> bool:
        return self.kind in PUSHED

    @property
    def promise(self) -> timedelta | None:
        """How often it says that it delivers; None for a pushed source that declared no cadence: its silence means nothing."""
        return self.cadence if not self.pushed or "cadence" in self.model_fields_set else None
