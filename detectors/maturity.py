"""How much a detector may say after so many days of learning: nothing, at most 重要, everything."""

from __future__ import annotations

from detectors.base import Tier

SILENT_DAYS = 1.0
YOUNG_DAYS = 8.0


def ready(days: float) -> bool:
    """Day 1 is silent."""
    return days >= SILENT_DAYS


def youth(days: float) -> float:
    """1 on the first day, falling to 0 after eight: the share of the extra width that bands still get."""
    return min(1.0, max(0.0, (YOUNG_DAYS - days) / (YOUNG_DAYS - SILENT_DAYS)))


def capped(grade: Tier, days: float) -> Tier:
    """Until day 8 at most IMPORTANT; on day 1 nobody asks."""
    return min(grade, Tier.IMPORTANT) if days < YOUNG_DAYS else grade
