"""One series to watch."""

from __future__ import annotations

from dataclasses import dataclass

from fengsui.engine.rules import Rule


@dataclass(frozen=True, slots=True)
class Planned:
    """One series to watch, with the rule that asks for it. ``parent``: the head series around it."""

    series: str
    slice_id: int
    slice_key: str
    parent: str | None
    rule: Rule
