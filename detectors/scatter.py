"""How much steps scatter: variance = within / n + between, learned from squared residuals.

Sums of 1, n, n^2, n r^2, n^2 r^2 with forgetting give the least-squares line of n r^2 over n; ``n`` is the number of
cases behind a step, or the level of a gauge. The last sixty minutes of a night and the busy noon then share two numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

MEMORY = 4000.0
LEAST = 1e-4
START = (20.0, 100.0, 1000.0, 12.0, 60.0)


def variance(sums: Sequence[float], n: float) -> float:
    """Variance of a step of size ``n``."""
    count, s1, s2, t0, t1 = sums
    det = count * s2 - s1 * s1
    between = max((count * t1 - s1 * t0) / det, 0.0) if det > 1e-6 * count * s2 else 0.0
    within = max((t0 - between * s1) / count, 0.0)
    return max(within / n + between, LEAST)


def learned(sums: Sequence[float], n: float, square: float) -> list[float]:
    """The sums with one more step of size ``n`` and squared residual ``square``."""
    keep = 1 - 1 / MEMORY
    fresh = (1.0, n, n * n, n * square, n * n * square)
    return [keep * old + new for old, new in zip(sums, fresh, strict=True)]
