"""Something a person should know of the engine itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fengsui.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class Notice:
    """A code of the catalogue with its parameters."""

    code: str
    params: dict[str, Any]


def notices_of(made: Plan, refused: Mapping[str, str]) -> tuple[Notice, ...]:
    """What a plan left out, and what no detector could be built for."""
    capped = [Notice("engine.plan.capped", {"n": made.dropped})] if made.dropped else []
    unknown = [Notice("engine.plan.unknown_metric", {"rule": rule, "metric": m}) for rule, m in sorted(made.unknown.items())]
    return (*capped, *unknown, *(Notice("engine.plan.refused", {"series": key, "why": why}) for key, why in refused.items()))
