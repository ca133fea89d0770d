"""The value of one window as a detector speaks of it, from the roll-ups as they stand now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from fengsui.metrics.catalogue import Metric
from fengsui.metrics.read import Value
from fengsui.store.slices import bucket


def observed(metric: Metric, steps: Mapping[int, Value], start: datetime, end: datetime) -> float | None:
    """Counts: the sum over ``[start, end)``; durations: the mean natural logarithm of seconds. ``steps``: of ``read.steps``.
    None where nobody knows, and for other shapes."""
    first, last = bucket(start, 1), bucket(end, 1)
    found = [value for at, value in steps.items() if first <= at < last]
    if metric.shape == "count" and not metric.total:
        return float(sum(value.value for value in found))
    exposure = sum(value.exposure for value in found)
    if metric.shape != "duration" or not exposure:
        return None
    return sum(value.value * value.exposure for value in found) / exposure
