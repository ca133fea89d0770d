"""Fit a base model: NB-weighted softmax regression (S. Wang, C. Manning, "Baselines and Bigrams", ACL 2012), in seconds.

Each feature is scaled by its largest naive-Bayes log ratio over the classes, each text to length 1, and L-BFGS finds the
weights. Some examples are kept back to set the sharpness of the probabilities, and to measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from fengsui.text import features
from fengsui.text.features import BUCKETS, Bags, Ints
from fengsui.text.model import Base, softmax
from fengsui.text.table import Floats

LEAST = 20
"""Fewer examples than this teach nothing."""
STRENGTH = 10.0
STEPS = 50
SEEN = 2
AT_ONCE = 4_000
SMALL = 1e-3


class TooFew(Exception):
    """There is nothing to learn: too few examples, or only one class."""

    def __init__(self, n: int, classes: int) -> None:
        super().__init__(f"{n} examples of {classes} classes")
        self.code, self.params = "text.fit.too_few", {"n": n, "classes": classes, "least": LEAST}


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts with their labels; ``weights``: how much each is believed, 1 for a person's word."""

    texts: Sequence[str]
    labels: Sequence[str]
    weights: Sequence[float] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, rows: npt.NDArray[np.intp]) -> Examples:
        weights = None if self.weights is None else [self.weights[i] for i in rows]
        return Examples([self.texts[i] for i in rows], [self.labels[i] for i in rows], weights)


def fit(examples: Examples, strength: float = STRENGTH) -> Base:
    """A base model of all labels that occur, margins not yet calibrated. Raises ``TooFew``."""
    classes = tuple(sorted(set(examples.labels)))
    if len(examples) < LEAST or len(classes) < 2:
        raise TooFew(len(examples), len(classes))
    number = {label: place for place, label in enumerate(classes)}
    y = np.array([number[label] for label in examples.labels], dtype=np.int64)
    believed = np.ones(len(y)) if examples.weights is None else np.asarray(examples.weights, dtype=np.float64)
    x = matrix(bags_of(examples.texts))
    held = np.asarray(x.sum(axis=0)).ravel()
    columns = np.flatnonzero(held >= SEEN)
    x = x[:, columns]
    scale = _scale(x, y, len(classes), believed)
    x = (x @ sparse.diags(scale)).tocsr()
    length = np.sqrt(np.maximum(np.asarray(x.multiply(x).sum(axis=1)).ravel(), 1e-9))
    x = (sparse.diags(1.0 / length) @ x).tocsr().astype(np.float32)
    weights, bias = _solve(x, y, len(classes), believed, strength)
    table = np.concatenate([weights * scale[:, None], (scale**2)[:, None]], axis=1).astype(np.float32)
    kept = np.abs(table).max(axis=1) > SMALL
    return Base.of(classes, columns[kept].astype(np.int64), table[kept], bias.astype(np.float32))


def calibrated(base: Base, kept_back: Examples) -> Base:
    """``base`` with the sharpness under which the labels kept back are likeliest; as it is where there are too few."""
    number = {label: place for place, label in enumerate(base.classes)}
    known = [i for i, label in enumerate(kept_back.labels) if label in number]
    if len(known) < LEAST:
        return base
    y = np.array([number[kept_back.labels[i]] for i in known])
    margins = base.sharpened(1.0).margins(bags_of([kept_back.texts[i] for i in known]))

    def surprise(log_sharpness: float) -> float:
        p = softmax((margins * np.exp(log_sharpness)).astype(np.float32))
        return float(-np.log(np.maximum(p[np.arange(len(y)), y], 1e-9)).mean())

    best = optimize.minimize_scalar(surprise, bounds=(-2.0, 2.0), method="bounded")
    return base.sharpened(float(np.exp(best.x)))


def sides(texts: Sequence[str], parts: int = 5) -> npt.NDArray[np.int64]:
    """0..parts-1 for each text, the same for a text and nearly all its near copies: they share their rarest-looking trigram."""
    found = np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), AT_ONCE):
        grams = features.trigrams(features.page(texts[start : start + AT_ONCE]))
        for row in range(len(grams)):
            each = grams.of(row)
            found[start + row] = int(each[0]) % 1_000_003 % parts if len(each) else len(texts[start + row]) % parts
    return found


def bags_of(texts: Sequence[str]) -> Bags:
    """Any number of texts."""
    pieces = [features.bags(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]
    if not pieces:
        return Bags(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    sizes = np.concatenate([np.diff(piece.starts) for piece in pieces])
    return Bags(np.concatenate([[0], np.cumsum(sizes)]), np.concatenate([piece.indices for piece in pieces]))


def matrix(bags: Bags) -> Any:
    """(texts, buckets) of ones, as scipy's rows."""
    ones = np.ones(len(bags.indices), dtype=np.float32)
    return sparse.csr_matrix((ones, bags.indices, bags.starts), shape=(len(bags), BUCKETS))


def _scale(x: Any, y: Ints, classes: int, believed: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Of each feature the largest log ratio, over the classes, of how often it stands in one and in the others."""
    best = np.full(x.shape[1], 1e-3)
    whole = x.T @ believed
    for one in range(classes):
        inside = x.T @ (believed * (y == one))
        p, q = inside + 1.0, whole - inside + 1.0
        best = np.maximum(best, np.abs(np.log((p / p.sum()) / (q / q.sum()))))
    return np.asarray(best, dtype=np.float32)


def _solve(
    x: Any, y: Ints, classes: int, believed: npt.NDArray[np.float64], strength: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    n, size = x.shape
    turned = x.T.tocsr()
    truth = np.zeros((n, classes), dtype=np.float32)
    truth[np.arange(n), y] = 1.0
    weight = believed.astype(np.float32)[:, None]

    def loss(v: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        w = v[: size * classes].reshape(size, classes).astype(np.float32)
        p = softmax(x @ w + v[size * classes :].astype(np.float32))
        likely = -np.log(np.maximum(p[np.arange(n), y], 1e-12)) @ believed
        slope = (p - truth) * weight
        return (
            float(likely + 0.5 / strength * float((w * w).sum())),
            np.concatenate([(turned @ slope + w / strength).ravel(), slope.sum(axis=0)]).astype(np.float64),
        )

    start = np.zeros(size * classes + classes)
    best = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 6})
    return best.x[: size * classes].reshape(size, classes), best.x[size * classes :]


def scores(base: Base, texts: Sequence[str]) -> Floats:
    """(texts, classes) calibrated probabilities."""
    return softmax(base.margins(bags_of(texts)))
