"""A line for each class against the others, over features scaled by naive-Bayes log ratios (S. Wang, C. Manning, "Baselines and
Bigrams", ACL 2012), by the squared hinge, which L-BFGS finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from fengsui.text.features import Ints
from fengsui.text.table import Floats

Believed = npt.NDArray[np.float64]
STRENGTHS: Final = (0.5, 1.0, 4.0)
"""Of which one is chosen by examples kept back: many short texts want a weak one, few long ones a strong one."""
USUAL: Final = 2.0
ENOUGH: Final = 1_000
"""Of fewer examples the choice would be chance."""
STEPS = 60


@dataclass(frozen=True, slots=True)
class Line:
    """``scale`` (features,), ``weights`` (features, classes) of scaled features in texts of length 1, ``bias`` (classes,)."""

    scale: Floats
    weights: Floats
    bias: Floats

    def margins(self, x: Any) -> Floats:
        return np.asarray(to_length(x, self.scale) @ self.weights + self.bias, dtype=np.float32)


def learn(x: Any, y: Ints, classes: int, believed: Believed, strength: float) -> Line:
    """``x``: (texts, features) of ones."""
    scale = _scale(x, y, classes, believed)
    weights, bias = _solve(to_length(x, scale), y, classes, believed, strength)
    return Line(scale, weights, bias)


def strength_for(x: Any, y: Ints, classes: int, believed: Believed, back: npt.NDArray[np.bool_]) -> float:
    """The one of ``STRENGTHS`` under which most of ``back`` is right; ``USUAL`` where there are too few examples."""
    if len(y) < ENOUGH or not back.any() or len(np.unique(y[~back])) < classes:
        return USUAL
    taught, asked = x[~back], x[back]

    def right(strength: float) -> float:
        said = learn(taught, y[~back], classes, believed[~back], strength).margins(asked).argmax(axis=1)
        return float(((said == y[back]) * believed[back]).sum())

    return max(STRENGTHS, key=right)


def to_length(x: Any, scale: Floats) -> Any:
    """Features scaled, each text to length 1."""
    x = (x @ sparse.diags(scale)).tocsr()
    length = np.sqrt(np.maximum(np.asarray(x.multiply(x).sum(axis=1)).ravel(), 1e-9))
    return (sparse.diags(1.0 / length) @ x).tocsr().astype(np.float32)


def _scale(x: Any, y: Ints, classes: int, believed: Believed) -> Floats:
    """Of each feature the largest log ratio, over the classes, of how often it stands in one and in the others."""
    best = np.full(x.shape[1], 1e-3)
    whole = x.T @ believed
    for one in range(classes):
        inside = x.T @ (believed * (y == one))
        p, q = inside + 1.0, whole - inside + 1.0
        best = np.maximum(best, np.abs(np.log((p / p.sum()) / (q / q.sum()))))
    return np.asarray(best, dtype=np.float32)


def _solve(x: Any, y: Ints, classes: int, believed: Believed, strength: float) -> tuple[Floats, Floats]:
    """(features, classes), (classes,): one class after the other, for each needs other steps."""
    turned, weight = x.T.tocsr(), believed.astype(np.float32)
    found = [_one(x, turned, np.where(y == one, 1.0, -1.0).astype(np.float32), weight, strength) for one in range(classes)]
    return np.stack([line[:-1] for line in found], axis=1), np.array([line[-1] for line in found], dtype=np.float32)


def _one(x: Any, turned: Any, side: Floats, weight: Floats, strength: float) -> Floats:
    """Weights and bias of one line; ``side``: 1 or -1."""

    def loss(v: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        w = v[:-1].astype(np.float32)
        short = np.maximum(1.0 - side * (x @ w + np.float32(v[-1])), 0.0)
        slope = -2.0 * short * side * weight
        fault = float((short * short * weight).sum() + 0.5 / strength * (w @ w))
        return fault, np.append(turned @ slope + w / strength, slope.sum()).astype(np.float64)

    best = optimize.minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.asarray(best.x, dtype=np.float32)
