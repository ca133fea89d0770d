"""A child that is new and has what another one has stopped having: a name that changed, not complaints.

Since the newcomer's first event, the other one should have had E and had next to nothing, and the newcomer had about E. The
nearest in size is taken. Until E is large enough nothing is said; a newcomer is no surge meanwhile, for nobody knows its share.
"""

from __future__ import annotations

import numpy as np

from detectors.dispersion import Vector
from detectors.lean import PRIOR, Lean

NEW = 25.0
"""Counts that a share rests on, above which a child is no newcomer."""
GONE = 0.1
"""Part of the expected that a vanished child may still have had."""
SURE = 7.0
"""Expected counts from which silence is no chance, of a sibling of the same size."""
ALIKE = 2.5
"""Standard deviations that the newcomer may differ from it."""


def before(new: int, sums: Vector, usual: Vector, lean: Lean) -> int | None:
    """Whom ``new`` has replaced. ``sums``: cumulative counts by step and child, oldest first; ``usual``: of the parent."""
    if sums[-1, new] <= sums[0, new] or lean.a[new] > PRIOR + sums[-1, new] - sums[0, new]:
        return None  # it has a past beyond these steps
    first = int(np.argmax(sums[:, new] > sums[0, new]))
    observed = sums[-1] - sums[first - 1]
    expected = np.maximum(lean.share * float(usual[first - 1 :].sum()), 1e-6)
    variance = lean.phi * expected + lean.relative * expected**2
    apart = (observed[new] - expected) ** 2
    gone = (expected >= SURE) & (observed <= GONE * expected) & (apart <= ALIKE**2 * (variance + observed[new]))
    gone[new] = False
    return int(np.argmin(np.where(gone, apart / variance, np.inf))) if gone.any() else None
