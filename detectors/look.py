"""What stands out among the children of a family in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.lean import Vector

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(slots=True)
class Look:
    """The children worth a look, by their places; ``surprise`` in nats, its window as a place among the windows, what was
    observed and expected there and with what variance."""

    places: NDArray[np.intp]
    arrived: Flags
    surprise: Vector
    short: Vector
    window: NDArray[np.intp]
    observed: Vector
    expected: Vector
    variance: Vector
    total: float = 0.0

    def first(self, wanted: Flags) -> int | None:
        """Which of them is the most surprising of ``wanted``."""
        if not wanted.any():
            return None
        return int(np.argmax(np.where(wanted, self.surprise, -1.0)))
