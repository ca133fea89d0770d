"""Breach risk (超时风险): the chance that an open ticket is still open when it falls due.

p = S(deadline) / S(age), S the Kaplan-Meier survival of its queue and priority over the last weeks. A stratum with fewer than
30 closures says too little: its parent is asked, and the answer says whose it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fengsui.metrics.survival import Survival, survival

ENOUGH = 30
"""Closures without which a stratum is not believed."""
Stratum: TypeAlias = tuple[str | None, str | None]
"""(queue, priority); (queue, None): all priorities of it; (None, None): everything."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One ticket of the past weeks. Seconds of the clock of its queue."""

    queue: str | None
    priority: str | None
    lasted_s: float
    ended: bool


@dataclass(frozen=True, slots=True)
class Risk:
    """``p`` None: older than anything that was watched. ``stratum``: whose curve was asked; ``n``: its closures."""

    p: float | None
    stratum: Stratum
    n: int


class Risks:
    """Curves of all strata with enough closures, and of everything."""

    def __init__(self, curves: Mapping[Stratum, Survival]) -> None:
        self._curves = dict(curves)

    def of(self, queue: str | None, priority: str | None, age_s: float, due_s: float) -> Risk:
        """Of a ticket that is ``age_s`` old and falls due at the age of ``due_s``; 1 where it is overdue."""
        for stratum in parents(queue, priority):
            curve = self._curves.get(stratum)
            if curve is not None:
                return Risk(curve.reach(age_s, due_s), stratum, curve.ends)
        return Risk(1.0 if due_s <= age_s else None, (None, None), 0)


def parents(queue: str | None, priority: str | None) -> tuple[Stratum, ...]:
    """From the narrowest to everything."""
    return tuple(dict.fromkeys([(queue, priority), (queue, None), (None, None)]))


def risks(tickets: Iterable[Watched]) -> Risks:
    groups: dict[Stratum, list[Watched]] = defaultdict(list)
    for one in tickets:
        for stratum in parents(one.queue, one.priority):
            groups[stratum].append(one)
    known = {stratum: group for stratum, group in groups.items() if sum(one.ended for one in group) >= ENOUGH}
    return Risks({stratum: _curve(group) for stratum, group in known.items()})


def expected(found: Iterable[Risk]) -> float:
    """Expected breaches among tickets: the sum of what is known."""
    return sum(risk.p for risk in found if risk.p is not None)


def brier(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """Mean squared error of stated chances against what came (G. W. Brier, Monthly Weather Review 78, 1950)."""
    return sum((p - came) ** 2 for p, came in pairs) / len(pairs) if pairs else None


def reliability(pairs: Sequence[tuple[float, bool]], bins: int = 5) -> list[tuple[float, float, int]]:
    """For each bin of stated chances that holds any: mean chance, share that came, n."""
    groups: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for p, came in pairs:
        groups[min(int(p * bins), bins - 1)].append((p, came))
    return [
        (sum(p for p, _ in group) / len(group), sum(came for _, came in group) / len(group), len(group))
        for _, group in sorted(groups.items())
    ]


def _curve(group: Sequence[Watched]) -> Survival:
    return survival([one.lasted_s for one in group], [one.ended for one in group])
