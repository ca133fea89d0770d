"""Is the excess people, or paper? Batch entry by staff, copies of one text and one-author floods cap the tier.

The test is on the excess alone: staff entries and copies that are always there are part of what is expected.
"""

from __future__ import annotations

from typing import Any

from fengsui.alerts.bodies import Weights
from fengsui.alerts.said import said
from fengsui.alerts.sight import Sight
from fengsui.alerts.voices import Crowd

MIN_EXCESS = 3.0
STAFF_MAJORITY = 0.6


def paper(sight: Sight, crowd: Crowd, people: int, usual_staff: float, weights: Weights) -> dict[str, Any] | None:
    """The reason why the tier is capped at ``weights.batch_tier``; None where real people make the excess.

    ``people``: affected customers (``factors.affected``)."""
    if not crowd.heard:
        return None
    if sight.shape == "count" and sight.direction == "up" and sight.excess >= MIN_EXCESS:
        if people / sight.excess >= weights.genuine_share:
            return None
        return _which(sight, crowd, usual_staff, people)
    if sight.shape != "record" and crowd.staff_n / crowd.n >= STAFF_MAJORITY:
        return said("staff_entry", n=crowd.staff_n, of=crowd.n)
    return None


def _which(sight: Sight, crowd: Crowd, usual_staff: float, people: int) -> dict[str, Any]:
    staff_more = crowd.staff_n - usual_staff * (sight.expected or 0.0)
    copies = crowd.n - crowd.staff_n - crowd.customers()
    if staff_more >= copies:
        return said("staff_entry", n=crowd.staff_n, of=crowd.n)
    return said("copies", n=crowd.n, voices=crowd.customers(), people=people)
