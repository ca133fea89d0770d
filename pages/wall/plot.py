"""A line with its normal range, as markup that any size and either theme can show: made once, drawn by every browser.

Shapes are stretched, words and marks are not: they lie over the drawing at their place in per cent.
"""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from fengsui.locale import tier_mark
from pages.look.charts import wall_time
from pages.look.pieces import esc

WIDE, HIGH = 1000.0, 100.0
HOURS = 3
TICKS = 4
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Dot:
    """One step: start (aware), value, expected, lower, upper; None where unknown. ``grade`` 0: nothing to mark."""

    at: datetime
    value: float | None
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    grade: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time with a name: what somebody announced. ``end`` None: a moment."""

    start: datetime
    end: datetime | None
    name: str


@dataclass(frozen=True, slots=True)
class Axis:
    """``low`` to ``high``, and a line at each of ``ticks``."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


def plot(
    dots: Sequence[Dot],
    zone: str,
    written: Callable[[float], str],
    *,
    target: float | None = None,
    zero: bool = True,
    told: Sequence[Stretch] = (),
) -> str:
    """``written``: how a number stands at the axis. Needs one known value. ``zero`` False: the axis begins where the line does.
    ``told``: lie under the drawing, their names at the top."""
    axis = axis_of(dots, target, zero)
    x = _across(dots)
    rows = "".join(
        f'<span class="gl" style="bottom:{axis.share(tick):.2%}"></span><span class="yl" style="bottom:{axis.share(tick):.2%}">{esc(written(tick))}</span>'
        for tick in axis.ticks
    )
    hours = "".join(
        f'<span class="xl" style="left:{x(at):.2%}">{wall_time(at, zone):%H:%M}</span>' for at in _hours(dots, zone)
    )
    aim = (
        "" if target is None else f'<line class="aim" x1="0" x2="{WIDE:.0f}" y1="{_y(axis, target)}" y2="{_y(axis, target)}"/>'
    )
    shapes = f"{_band(dots, axis, x)}{aim}{_line('exp', [dot.expected for dot in dots], dots, axis, x)}{_line('act', [dot.value for dot in dots], dots, axis, x)}"
    svg = f'<svg viewBox="0 0 {WIDE:.0f} {HIGH:.0f}" preserveAspectRatio="none" aria-hidden="true">{shapes}</svg>'
    return f'<div class="plot">{rows}{hours}<div class="area">{_told(told, dots, x)}{svg}{_marks(dots, axis, x)}</div></div>'


def axis_of(dots: Sequence[Dot], target: float | None, zero: bool) -> Axis:
    """At most ``TICKS`` steps of 1, 2 or 5 times a power of ten around all that is drawn; counts show at least 0 to 1."""
    known = [each for dot in dots for each in (dot.value, dot.expected, dot.lower, dot.upper) if each is not None]
    known += [] if target is None else [target]
    low, high = (0.0, max([*known, 1.0])) if zero else (min(known), max(known))
    rough = max(high - low, 1e-9) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return Axis(first * step, last * step, tuple(round(n * step, 10) for n in range(first, last + 1)))


def _across(dots: Sequence[Dot]) -> Callable[[datetime], float]:
    start, span = dots[0].at, max((dots[-1].at - dots[0].at).total_seconds(), 1.0)
    return lambda at: (at - start).total_seconds() / span


def _y(axis: Axis, value: float) -> str:
    return f"{HIGH * (1 - axis.share(value)):.2f}"


def _hours(dots: Sequence[Dot], zone: str) -> Iterator[datetime]:
    """Full hours of the centre's clock, every third; none where it would leave the drawing."""
    first, last = dots[0].at, dots[-1].at
    local = wall_time(first, zone)
    at = first - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    edge = (last - first) / 50
    while at <= last - edge:
        if at >= first + edge and wall_time(at, zone).hour % HOURS == 0:
            yield at
        at += timedelta(hours=1)


def _told(told: Sequence[Stretch], dots: Sequence[Dot], x: Callable[[datetime], float]) -> str:
    """Cut to the drawing; a name that begins late lies to the left."""
    shown = []
    for one in told:
        start, end = max(one.start, dots[0].at), min(one.end or one.start, dots[-1].at)
        if one.start <= dots[-1].at and end >= start:
            late = " late" if x(start) > 0.6 else ""
            place = f"left:{x(start):.2%};width:{x(end) - x(start):.2%}"
            shown.append(f'<s class="ev{"" if one.end else " at"}{late}" style="{place}"><b>{esc(one.name)}</b></s>')
    return "".join(shown)


def _band(dots: Sequence[Dot], axis: Axis, x: Callable[[datetime], float]) -> str:
    shapes = []
    for known, run in groupby(dots, key=lambda dot: dot.lower is not None and dot.upper is not None):
        part = list(run)
        if known and len(part) > 1:
            over = [f"{x(dot.at) * WIDE:.1f},{_y(axis, dot.upper or 0.0)}" for dot in part]
            under = [f"{x(dot.at) * WIDE:.1f},{_y(axis, dot.lower or 0.0)}" for dot in reversed(part)]
            shapes.append(f'<polygon class="band" points="{" ".join([*over, *under])}"/>')
    return "".join(shapes)


def _line(name: str, values: Sequence[float | None], dots: Sequence[Dot], axis: Axis, x: Callable[[datetime], float]) -> str:
    shapes = []
    for known, run in groupby(zip(dots, values, strict=True), key=lambda pair: pair[1] is not None):
        part = [f"{x(dot.at) * WIDE:.1f},{_y(axis, value)}" for dot, value in run if value is not None]
        if known and len(part) > 1:
            shapes.append(f'<polyline class="{name}" points="{" ".join(part)}"/>')
    return "".join(shapes)


def _marks(dots: Sequence[Dot], axis: Axis, x: Callable[[datetime], float]) -> str:
    """Where the grade changed, and at the end."""
    before, found = 0, []
    for n, dot in enumerate(dots):
        told = dot.grade and (dot.grade != before or n == len(dots) - 1)
        if told and dot.value is not None:
            place = f"left:{x(dot.at):.2%};bottom:{axis.share(dot.value):.2%}"
            found.append(f'<i class="mk c{dot.grade}" style="{place}">{tier_mark(dot.grade)}</i>')
        before = dot.grade
    return "".join(found)
