"""Intervals: Wilson's for a share, the standard error of a net promoter score.

E. B. Wilson: "Probable inference, the law of succession, and statistical inference", JASA 22 (158), 1927, pp. 209-212.
Unlike p +- 1.96 * se it stays inside [0, 1] and is honest for small n: 5 of 5 is [57 %, 100 %], not "100 % +- 0".
"""

from __future__ import annotations

import math

Z95 = 1.959963984540054


def wilson(successes: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Lower and upper bound of the share ``successes / n``; ``(0.0, 1.0)`` where nothing was counted."""
    if n <= 0:
        return 0.0, 1.0
    share = min(max(successes / n, 0.0), 1.0)
    shrink = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrink
    return (0.0 if share == 0 else max(centre - half, 0.0)), (1.0 if share == 1 else min(centre + half, 1.0))


def net_score(plus: float, minus: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Bounds of ``100 * (plus - minus) / n``, by the variance of a trial that is 1, 0 or -1: p + q - (p - q)^2."""
    if n <= 0:
        return -100.0, 100.0
    p, q = plus / n, minus / n
    half = z * 100 * math.sqrt(max(p + q - (p - q) ** 2, 0.0) / n)
    score = 100 * (p - q)
    return max(score - half, -100.0), min(score + half, 100.0)
