"""稍后提醒: an alert that a person puts off until a time. Pure: how far, and when it is over, from plain values and ``now``.

A severe alert is never put off beyond its claim deadline, whoever asks and whatever was stored: the limit counts when it is
asked for, and again at each look. The tier here is always the gravest that the machine or a person gave it (``gravest``): who
grades an alert down may not thereby put it away for a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

SEVERE = 3
MOST: Mapping[int, timedelta] = MappingProxyType({1: timedelta(hours=24), 2: timedelta(hours=2)})
"""How far an alert below severe may be put off at a time."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """``tier``: the gravest of the alert when it was put off."""

    until: datetime
    tier: int


def gravest(machine: int, effective: int) -> int:
    """``effective``: with a person's re-grade while it holds."""
    return max(machine, effective)


def limit(tier: int, claim_due_at: datetime | None, now: datetime) -> datetime | None:
    """The latest time until which it may be put off now; None: not at all."""
    if tier < SEVERE:
        return now + MOST[tier]
    return claim_due_at if claim_due_at is not None and claim_due_at > now else None


def over(snooze: Snooze, tier: int, claim_due_at: datetime | None, now: datetime) -> str | None:
    """Why it does not hold any more: ``worse`` (the alert is graver than it was), ``severe`` (its claim deadline has come),
    ``time``. None: it holds. ``tier``: as it is now."""
    if tier > snooze.tier:
        return "worse"
    if now >= snooze.until:
        return "time"
    if tier >= SEVERE and (claim_due_at is None or now >= claim_due_at):
        return "severe"
    return None
