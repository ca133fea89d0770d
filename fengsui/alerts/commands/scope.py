"""Whether an alert lies inside a person's organisation scope (contracts §9)."""

from __future__ import annotations

from collections.abc import Sequence

from fengsui.store.slices import slice_levels


def within(scope: Sequence[str], slice_key: str) -> bool:
    """``["华南"]`` covers ``org.1=华南`` and ``org.2=华南/广东``, but neither ``org.1=华东`` nor ``all``; ``[]`` covers all."""
    if not scope:
        return True
    places = [value for level, value in slice_levels(slice_key).items() if level.partition(".")[0] == "org"]
    return any(place == part or place.startswith(f"{part}/") for place in places for part in scope)
