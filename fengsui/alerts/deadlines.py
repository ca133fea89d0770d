"""Until when somebody must have an alert, and be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fengsui.alerts.desk import Desk


def deadlines(desk: Desk, tier: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """A raised tier may bring a deadline forward, never push it back; a claim that was made stays made."""
    policy = desk.book.policy.tiers[str(tier)]  # type: ignore[index]  # "1" | "2" | "3" by the matrix
    claim, handle = (desk.now + timedelta(seconds=s) for s in (policy.claim_s, policy.handle_s))
    return {
        "claim_due_at": min(claim, row["claim_due_at"] or claim),
        "handle_due_at": min(handle, row["handle_due_at"] or handle),
    }
