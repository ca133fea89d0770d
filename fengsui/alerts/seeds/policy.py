"""Deadlines by tier and the life of an alert (docs/alerts.md)."""

from __future__ import annotations

from typing import Any

MINUTE, HOUR = 60, 3600

TIER_POLICY: dict[str, Any] = {
    "tiers": {
        "1": {"claim_s": 4 * HOUR, "handle_s": 24 * HOUR, "lapse_s": 12 * HOUR, "tell": ["duty"]},
        "2": {"claim_s": 30 * MINUTE, "handle_s": 4 * HOUR, "lapse_s": 2 * HOUR, "tell": ["duty"]},
        "3": {"claim_s": 5 * MINUTE, "handle_s": 4 * HOUR, "lapse_s": HOUR, "tell": ["duty", "manager"]},
    },
    "escalate_to": ["manager"],
    "hold_s": 10 * MINUTE,
    "calm_s": 10 * MINUTE,
    "calm_steps": 2,
    "blind_s": 15 * MINUTE,
    "refire_s": 30 * MINUTE,
    "relate_s": HOUR,
    "storm_n": 10,
    "storm_s": 5 * MINUTE,
}
