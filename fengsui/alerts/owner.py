"""Which department an alert is for: what its customers' records say; one where that is sure, else the three likeliest.

A department counts by voices, not by records; machines' own doubt counts, too: a record whose department is a guess is half a
word.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from fengsui.alerts.bodies import TierPolicy
from fengsui.alerts.said import said
from fengsui.alerts.voices import Crowd

SURE: Final = 0.8
"""Share of the voices with a department: the same as of one record that is dispatched without a question."""
KNOWN: Final = 0.5
"""So much of all voices must have a department: else what the rest wants is not known."""
LEAST, OFFERED = 3, 3


def proposal(crowd: Crowd) -> list[dict[str, Any]]:
    """A reason with ``choices``: [department, share] and whether the first one is sure; none where too few voices tell."""
    voices = crowd.once()
    held = [(one.department, one.department_sure) for one in voices if one.department]
    if len(held) < LEAST:
        return []
    weights: dict[str, float] = defaultdict(float)
    for department, sure in held:
        weights[department] += sure
    whole = max(sum(weights.values()), 1e-9)
    order = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    choices = [[department, round(weight / whole, 2)] for department, weight in order[:OFFERED]]
    sure = order[0][1] >= SURE * whole and len(held) >= KNOWN * len(voices)
    return [said("owner", choices=choices[:1] if sure else choices, sure=sure, n=len(held))]


def told(policy: TierPolicy, factors: Any) -> tuple[str, ...]:
    """Who of the department hears of it besides those of the tier: only of one that is sure."""
    found = factors.get("owner") or []
    if not found or not found[0]["params"]["sure"]:
        return ()
    return policy.departments.get(found[0]["params"]["choices"][0][0], ())
