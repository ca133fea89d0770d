"""Reasons as chips: what a command's ``reason`` may be, in the order in which pages show them.

Words: ``alerts.chip.<command>.<reason>``; those of ``judge`` are causes. Another reason is accepted too (an API may have its
own); pages offer these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CHIPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "transfer": ("their_field", "knows_case", "busy", "shift_ends"),
        "give_back": ("not_mine", "busy", "shift_ends", "by_mistake"),
        "snooze": ("watching", "awaiting", "recovering", "busy"),
        "escalate": ("spreading", "needs_decision", "no_answer", "media"),
        "regrade": ("wider", "narrower", "key_customers", "money", "media", "mitigated", "known_cause"),
        "judge": ("release", "product", "system", "supplier", "process", "staffing", "campaign", "weather", "data", "unknown"),
        "resolve": ("fixed", "recovered", "workaround", "answered", "no_fault"),
        "merge_into": ("same_cause", "same_customers", "duplicate"),
        "reopen": ("came_back", "not_fixed", "by_mistake"),
    }
)
