"""The strongest of the windows that end now.

Long windows speak only while the last hour is high, so that the all-clear comes quickly; short ones always may. The tail
is computed only where a sum exceeds its expectation by two standard deviations: elsewhere it cannot matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from detectors import tail
from detectors.windows import Ring

Beam: TypeAlias = tuple[int, float, float, bool]
"""Width in steps; phi and total a of Var = phi E + a E^2; whether its own height opens or shuts the longer ones."""

Sum: TypeAlias = tuple[float, float, float]
"""Observed, expected, variance of one window that ends now."""


NOTABLE = 4.0
HIGH = 0.5
NATS = (12.0, 20.0)
"""Surprise that the higher grades need as well: many sd of a sparse count are no rarity."""


class Bars(NamedTuple):
    """What a window needs for the higher grades: z = excess / sd, and the excess itself."""

    important_z: float
    severe_z: float
    important_excess: float
    severe_excess: float


class Evidence(NamedTuple):
    """``surprise`` in nats; ``rank`` 1 beyond the important bars, 2 beyond the severe; the window that gave it, in steps."""

    surprise: float = 0.0
    rank: int = 0
    width: int = 1
    observed: float = 0.0
    expected: float = 0.0


CALM = Evidence()


def sums(ring: Ring, beams: Sequence[Beam], observed: float, expected: float, floor: float) -> list[Sum]:
    """The windows that end with a step not yet in the ring; those that reach beyond the ring are left out. None is surer than
    its last step alone: after a closed night the longest holds nothing else."""
    found: list[Sum] = []
    at, seen, due, filled = ring.at, ring.observed, ring.expected, ring.filled
    total_seen, total_due, least = seen[at] + observed, due[at] + expected, 0.0
    for width, phi, a, _ in beams:
        if width - 1 > filled:
            break
        start = at - width + 1
        mean = total_due - due[start]
        if floor > mean:
            mean = floor
        variance = mean * (phi + a * mean)
        if least > variance:
            variance = least
        found.append((total_seen - seen[start], mean, variance))
        if width == 1:
            least = variance
    return found


def strongest(beams: Sequence[Beam], found: Sequence[Sum], bars: Bars, high: float = HIGH) -> Evidence:
    """The highest surprise upwards; the rank is the best of all windows that may speak, the longer ones while the last hour
    is ``high`` sd above its expectation."""
    best, rank, live = CALM, 0, True
    for (width, _, _, gate), (observed, expected, variance) in zip(beams, found, strict=False):
        excess = observed - expected
        if live and excess > 0 and excess * excess > NOTABLE * variance:
            surprise = tail.upper(observed, expected, variance)
            rank = max(rank, _rank(excess, variance, surprise, bars))
            if surprise > best.surprise:
                best = Evidence(surprise, 0, width, observed, expected)
        if gate:
            live = excess > 0 and excess * excess > high * high * variance
    return best if best is CALM else Evidence(best.surprise, rank, *best[2:])


def latest(ring: Ring, beams: Sequence[Beam], observed: float, expected: float, floor: float, bars: Bars) -> Evidence:
    """``strongest`` of ``sums`` in one pass, for a step that comes each minute: a window without an excess costs a look."""
    best, rank, live = CALM, 0, True
    at, seen, due, filled = ring.at, ring.observed, ring.expected, ring.filled
    total_seen, total_due = seen[at] + observed, due[at] + expected
    mean = max(total_due - due[at], floor)
    _, phi, a, _ = beams[0]
    least = mean * (phi + a * mean)
    for width, phi, a, gate in beams:
        if width - 1 > filled:
            break
        start = at - width + 1
        mean = total_due - due[start]
        if floor > mean:
            mean = floor
        window = total_seen - seen[start]
        excess = window - mean
        if excess <= 0:
            live = live and not gate
        elif live or gate:
            variance = mean * (phi + a * mean)
            if least > variance:
                variance = least
            square = excess * excess
            if live and square > NOTABLE * variance:
                surprise = tail.upper(window, mean, variance)
                rank = max(rank, _rank(excess, variance, surprise, bars))
                if surprise > best.surprise:
                    best = Evidence(surprise, 0, width, window, mean)
            if gate:
                live = square > HIGH * HIGH * variance
    return best if best is CALM else Evidence(best.surprise, rank, *best[2:])


def _rank(excess: float, variance: float, surprise: float, bars: Bars) -> int:
    z = excess / math.sqrt(variance)
    if z >= bars.severe_z and excess >= bars.severe_excess and surprise >= NATS[1]:
        return 2
    return int(z >= bars.important_z and excess >= bars.important_excess and surprise >= NATS[0])


def lowest(beams: Sequence[Beam], found: Sequence[Sum], bars: Bars) -> Evidence:
    """The same downwards, over windows of two steps and more: a single empty step says little.

    A lack cannot exceed 1 / sqrt(a) sd, so its rank is taken from the tail: z sd are as rare as z^2 / 2 nats."""
    best, live = CALM, True
    for (width, _, _, gate), (observed, expected, variance) in zip(beams, found, strict=False):
        lack = expected - observed
        if width > 1 and live and lack > 0 and lack * lack > 4 * variance:
            surprise = tail.lower(observed, expected, variance)
            if surprise > best.surprise:
                best = Evidence(surprise, _rank_low(surprise, lack, bars), width, observed, expected)
        if gate and width > 1:
            live = lack > 0 and lack * lack > HIGH * HIGH * variance
    return best


def _rank_low(surprise: float, lack: float, bars: Bars) -> int:
    if surprise >= bars.severe_z**2 / 2 and lack >= bars.severe_excess:
        return 2
    return int(surprise >= bars.important_z**2 / 2 and lack >= bars.important_excess)
