"""What a metric is: the measures it reads, and how a figure comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fengsui.metrics.measures import BY_ID

Shape: TypeAlias = Literal["count", "share", "duration", "gauge", "mean", "ratio", "score", "work_off"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One KPI definition (docs/metrics.md has formula, time axis and trap of each).

    ``shape``: ``count``; ``share`` of trials (Wilson); ``duration``: a quantile of bins; ``gauge``; ``mean``: seconds over n;
    ``ratio``: may exceed 1, and has no interval; ``score``: 100 * (plus - minus) / n, as NPS is;
    ``work_off``: seconds until a stock is gone at the rate of the window.

    ``value`` and ``exposure``: measures to add up (``-`` before a name subtracts). Durations: ``value`` names bin measures.
    ``total``: the sum runs over all time before the end, not over the window (a stock, not a flow). ``ripe_s``: younger
    records can still change the figure, so it is provisional. ``needs``: measures without which there is no data, though the
    others are there: a source that never says "told" is not a centre that never tells. ``min_n``: below it the state is
    ``few``. ``quantile``: what a duration shows. ``gauge``: the name of the gauge; ``combine`` says how several queues make
    one figure.
    """

    id: str
    shape: Shape
    names: Mapping[str, str]
    unit: str  # 件, 条 … as a code of the catalogue: item, pct, second, score
    good: Literal["up", "down", "none"]
    value: tuple[str, ...] = ()
    exposure: tuple[str, ...] = ()
    target: float | None = None
    ripe_s: int = 0
    min_n: int = 0
    quantile: float = 0.5
    gauge: str | None = None
    combine: Literal["sum", "max"] = "sum"
    total: bool = False
    needs: tuple[str, ...] = ()
    version: int = 1

    def measures(self) -> tuple[str, ...]:
        """All measures it reads, without sign."""
        if self.gauge is not None:
            return (f"g.{self.gauge}",)
        return tuple(dict.fromkeys(name.lstrip("-") for name in self.value + self.exposure))

    @property
    def step_shape(self) -> Shape:
        """How one step of a series is read: what stands at a time, as a backlog and its work-off time do, as a gauge is."""
        return "gauge" if self.total else self.shape

    @property
    def finest_step_s(self) -> int:
        """The shortest step that can be read: 60, or 900 where a measure is kept by the quarter-hour only."""
        return 60 if all(name in BY_ID and BY_ID[name].minutes for name in self.measures()) or self.gauge else 900
