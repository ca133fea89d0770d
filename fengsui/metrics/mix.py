"""Why a rate moved: because parts did better or worse (level), or because there are more of the worse ones (mix).

E. M. Kitagawa: "Components of a difference between two rates", JASA 50 (272), 1955, pp. 1168-1194, symmetric form: half of each
period's weights, so that level and mix of all parts add up to the change of the whole, exactly. It closes Simpson's trap: a
total may fall while every part rises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Sums(NamedTuple):
    """Numerator and exposure before and after."""

    value0: float
    n0: float
    value1: float
    n1: float


@dataclass(frozen=True, slots=True)
class Effect:
    """``before`` and ``after``: the part's own rates, None without exposure; ``level + mix``: its share of the change."""

    name: str
    before: float | None
    after: float | None
    level: float
    mix: float


def effects(parts: Mapping[str, Sums]) -> tuple[Effect, list[Effect]]:
    """The whole (name ``""``), and its parts, those that moved it most first. Without exposure in one of the two periods there
    is nothing to explain: effects are 0."""
    whole = Sums(*(sum(column) for column in zip(*parts.values(), strict=True))) if parts else Sums(0, 0, 0, 0)
    before, after = _rate(whole.value0, whole.n0), _rate(whole.value1, whole.n1)
    found = [_effect(name, part, whole) for name, part in parts.items()]
    found.sort(key=lambda one: (-abs(one.level + one.mix), one.name))
    total = Effect("", before, after, sum(one.level for one in found), sum(one.mix for one in found))
    return total, found


def _effect(name: str, part: Sums, whole: Sums) -> Effect:
    before, after = _rate(part.value0, part.n0), _rate(part.value1, part.n1)
    if not whole.n0 or not whole.n1:
        return Effect(name, before, after, 0.0, 0.0)
    weight0, weight1 = part.n0 / whole.n0, part.n1 / whole.n1
    rate0, rate1 = before if before is not None else after, after if after is not None else before
    if rate0 is None or rate1 is None:
        return Effect(name, None, None, 0.0, 0.0)
    middle = (whole.value0 / whole.n0 + whole.value1 / whole.n1) / 2
    level = (rate1 - rate0) * (weight0 + weight1) / 2
    mix = (weight1 - weight0) * ((rate0 + rate1) / 2 - middle)
    return Effect(name, before, after, level, mix)


def _rate(value: float, n: float) -> float | None:
    return value / n if n else None
