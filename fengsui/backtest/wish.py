"""What one back-test of the store's own history asks for, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MOST_SLICES = 8
LONGEST = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Wish:
    """``[start, end)`` is judged, what lies before only learned. ``direction``: up, down, both: which side is bad."""

    metric: str
    slice_keys: tuple[str, ...]
    start: datetime
    end: datetime
    detector: str
    parameters: Mapping[str, float | int | str]
    budget: float
    direction: str

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Wish:
        """From the parameters of a request. ``ValueError``, ``KeyError`` or ``TypeError`` where they are none."""
        keys = tuple(str(key) for key in params["slice_keys"])[:MOST_SLICES]
        start, end = (datetime.fromisoformat(params[name]) for name in ("start", "end"))
        if not keys or not timedelta() < end - start <= LONGEST:
            raise ValueError(f"slice_keys={keys}, {start} to {end}")
        numbers = dict(params["parameters"])
        return cls(
            params["metric"], keys, start, end, params["detector"], numbers, float(params["budget"]), params["direction"]
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Of the centre, what a back-test needs. ``minute_days``: so long counts are kept by the minute."""

    zone: str
    calendar: str
    minute_days: int
