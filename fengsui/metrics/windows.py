"""The value of a window as a detector speaks of it, from the roll-ups as they stand now."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from itertools import accumulate

from fengsui.metrics.catalogue import Metric
from fengsui.metrics.read import Value
from fengsui.store.slices import bucket


class Windows:
    """Any window over ``steps`` (of ``read.steps``) of one series: added up once, then two look-ups each."""

    def __init__(self, metric: Metric, steps: Mapping[int, Value]) -> None:
        self._shape = None if metric.shape == "count" and metric.total else metric.shape
        self._at = sorted(steps)
        found = [steps[at] for at in self._at]
        weighed = [one.value * one.exposure if self._shape == "duration" else one.value for one in found]
        self._sums = [0.0, *accumulate(weighed)]
        self._exposures = [0.0, *accumulate(one.exposure for one in found)]

    def observed(self, start: datetime, end: datetime) -> float | None:
        """Counts: the sum over ``[start, end)``; durations: the mean natural logarithm of seconds. None where nobody knows,
        and for other shapes."""
        first, last = bisect_left(self._at, bucket(start, 1)), bisect_left(self._at, bucket(end, 1))
        total = self._sums[last] - self._sums[first]
        if self._shape == "count":
            return total
        exposure = self._exposures[last] - self._exposures[first]
        return total / exposure if self._shape == "duration" and exposure > 0 else None
