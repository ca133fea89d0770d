"""What stands out among the children of a family in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.dispersion import Vector

Flags: TypeAlias = NDArray[np.bool_]


class Window(NamedTuple):
    """What a child had in the last ``seconds``; ``nats``: -ln of the chance of as many."""

    seconds: int
    nats: float
    observed: float
    expected: float
    variance: float


@dataclass(slots=True)
class Look:
    """The children worth a look, by their places; ``evidence`` in nats that they have begun to have more; ``total``: of all of
    them together."""

    places: NDArray[np.intp]
    arrived: Flags
    evidence: Vector
    total: float = 0.0

    @classmethod
    def of_nobody(cls) -> Look:
        return cls(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=bool), np.zeros(0))

    def first(self, wanted: Flags) -> int | None:
        """Which of them has the most of ``wanted``."""
        if not wanted.any():
            return None
        return int(np.argmax(np.where(wanted, self.evidence, -1.0)))
