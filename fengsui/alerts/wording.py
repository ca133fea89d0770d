"""Title and lead sentence of an alert as (code, params): what, where, since when, how much more than usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from fengsui.alerts.sight import Sight

Said: TypeAlias = tuple[str, dict[str, Any]]
CUES = (
    "media",
    "regulator",
    "legal",
    "safety",
    "fraud",
    "money",
    "churn",
    "waiting",
    "repeated",
    "impatience",
    "outage",
)
TITLE, LEAD = "alerts.title.", "alerts.lead."
TOLD = ("cue", "hours", "before", "scenario")
"""What a title may name besides place and figure."""
RECORDS = ("staff-report", "media-regulator", "safety-record")


def title(row: Mapping[str, Any]) -> Said:
    """``row``: an episode. 「华南 · App：投诉量突增」"""
    return f"{TITLE}{_kind(row['reason'])}", {"slice": row["slice_key"], "metric": row["metric"], **_told(row)}


def lead(row: Mapping[str, Any]) -> Said:
    """The first sentence of the desk and of notices; as stored with the newest assessment."""
    return str(row["reason"]), dict(row["reason_params"])


def lead_of(sight: Sight, n: int, customers: int, started_at: Any) -> Said:
    """The sentence to store for ``sight``: ``started_at`` aware; ``customers`` affected."""
    params: dict[str, Any] = {
        "since": started_at.isoformat(),
        "slice": sight.slice_key,
        "metric": sight.metric,
        "span": int((sight.end - sight.window_start).total_seconds()),
        "observed": sight.observed,
        "expected": sight.expected,
        "excess": abs(sight.excess),
        "n": n,
        "customers": customers,
    }
    if sight.observed is not None and sight.expected:
        params["ratio"] = sight.observed / sight.expected
    if sight.cue is not None:
        params["cue"] = sight.cue
    return _lead_code(sight), {**sight.reason_params, **params}


def _lead_code(sight: Sight) -> str:
    if sight.shape == "phrase":
        return f"alerts.lead.phrase_{sight.cue}" if sight.cue in CUES else "alerts.lead.phrase"
    if sight.shape == "record":
        return f"alerts.lead.record_{sight.rule_id.replace('-', '_')}" if sight.rule_id in RECORDS else "alerts.lead.record"
    if sight.shape == "fault":
        return f"alerts.lead.fault_{sight.reason.rpartition('.')[2]}"
    side = "up" if sight.direction == "up" else "down"
    if sight.shape == "count" and side == "up" and not sight.expected:
        return "alerts.lead.count_new"
    return f"alerts.lead.{sight.shape}_{side}"


def _kind(reason: str) -> str:
    return reason.removeprefix(LEAD)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row["reason_params"][name] for name in TOLD if row["reason_params"].get(name) is not None}
