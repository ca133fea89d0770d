"""What the watermarks need of each source's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fengsui.settings import Settings


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. ``pace``: live, or batch (a daily file, which holds no minute series up)."""

    pace: str
    cadence_s: float
    lateness_s: float
    stall_s: float | None


def paces(settings: Settings) -> Mapping[str, Pace]:
    """Every source that is switched on. One that is not holds nothing up."""
    return {
        name: Pace(source.pace, source.cadence.total_seconds(), source.lateness.total_seconds(), source.stall.total_seconds())
        for name, source in settings.sources.items()
        if source.enabled
    }
