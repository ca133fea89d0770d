"""One hidden layer over the features: what a sum of words cannot say (好 beside 不 is not good plus not).

Each feature has a row of ``UNITS`` numbers; a text is their sum by its length, cut at zero, and a linear layer over it. It is
learned by Adam (D. Kingma, J. Ba, ICLR 2015) with most features of each text left out at random (N. Srivastava et al., JMLR 15,
2014), in seconds; the same examples give the same layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fengsui.text.features import Ints
from fengsui.text.table import Floats

UNITS: Final = 24
LEAST: Final = 8_000
"""Of fewer examples it learns them by heart and makes the line worse."""
ROUNDS, PARTS = 12, 24
"""Each round in so many parts, of 100 to 1,500 examples."""
LEFT_OUT: Final = 0.7
RATE, SLOWER = 0.01, 0.9
"""Of Adam; the last round learns at a tenth of the first."""
KEPT_SLOPE, KEPT_SQUARE, DECAY = 0.9, 0.999, 1e-6
SPREAD: Final = 0.3
SEED: Final = 20260101


@dataclass(frozen=True, slots=True)
class Layer:
    """``bias`` (units,), ``out`` (units, classes), ``out_bias`` (classes,); the features' rows are in the base's table."""

    bias: Floats
    out: Floats
    out_bias: Floats

    def margins(self, sums: Floats) -> Floats:
        """(texts, classes) of (texts, units): the rows of a text's features summed and divided by its length."""
        found: Floats = np.maximum(sums + self.bias, 0.0) @ self.out + self.out_bias
        return found


@dataclass(slots=True)
class _Adam:
    """Steps of some arrays that are changed in place."""

    held: list[Floats]
    slopes: list[Floats]
    squares: list[Floats]
    n: int = 0

    @classmethod
    def of(cls, *held: Floats) -> _Adam:
        return cls(list(held), [np.zeros_like(one) for one in held], [np.zeros_like(one) for one in held])

    def step(self, found: tuple[Floats, ...], rate: float) -> None:
        self.n += 1
        first, second = 1 - KEPT_SLOPE**self.n, 1 - KEPT_SQUARE**self.n
        for one, slope, square, fresh in zip(self.held, self.slopes, self.squares, found, strict=True):
            slope += np.float32(1 - KEPT_SLOPE) * (fresh - slope)
            square += np.float32(1 - KEPT_SQUARE) * (fresh * fresh - square)
            one -= np.float32(rate / first) * slope / (np.sqrt(square / np.float32(second)) + np.float32(1e-8))


def learn(x: Any, y: Ints, classes: int, believed: npt.NDArray[np.float64]) -> tuple[Floats, Layer]:
    """(rows of the features, layer). ``x``: (texts, features) of unit length, ``y``: the class of each."""
    draw = np.random.Generator(np.random.PCG64(SEED))
    n, size = x.shape
    rows = (draw.standard_normal((size, UNITS)) * SPREAD).astype(np.float32)
    out = (draw.standard_normal((UNITS, classes)) / np.sqrt(UNITS)).astype(np.float32)
    layer = Layer(np.zeros(UNITS, np.float32), out, np.zeros(classes, np.float32))
    adam = _Adam.of(rows, layer.bias, layer.out, layer.out_bias)
    truth = np.eye(classes, dtype=np.float32)[y]
    at_once = min(1_500, max(100, n // PARTS))
    weight = (believed / believed.mean()).astype(np.float32)[:, None]
    for turn in range(ROUNDS):
        order = draw.permutation(n)
        for start in range(0, n, at_once):
            some = order[start : start + at_once]
            slopes = _slopes(_thinned(x[some], draw), truth[some], weight[some], rows, layer)
            adam.step(slopes, RATE * (1 - SLOWER * turn / ROUNDS))
    return rows, layer


def _thinned(x: Any, draw: np.random.Generator) -> Any:
    """Most features left out, the others heavier."""
    kept = (draw.random(len(x.data)) > LEFT_OUT).astype(np.float32) / np.float32(1 - LEFT_OUT)
    return sparse.csr_matrix((x.data * kept, x.indices, x.indptr), shape=x.shape)


def _slopes(x: Any, truth: Floats, weight: Floats, rows: Floats, layer: Layer) -> tuple[Floats, Floats, Floats, Floats]:
    inside = np.asarray(x @ rows) + layer.bias
    held = np.maximum(inside, 0.0)
    margins = held @ layer.out + layer.out_bias
    risen = np.exp(margins - margins.max(axis=1, keepdims=True))
    wrong = (risen / risen.sum(axis=1, keepdims=True) - truth) * weight / np.float32(len(truth))
    back = (wrong @ layer.out.T) * (inside > 0)
    return np.asarray(x.T @ back) + np.float32(DECAY) * rows, back.sum(axis=0), held.T @ wrong, wrong.sum(axis=0)
