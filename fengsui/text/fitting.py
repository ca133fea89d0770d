"""Fit a base model in seconds: a line for each class, and a hidden layer where there are examples enough. Some examples are
kept back to set how much each is believed, and to measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from fengsui.text import features, hidden, line
from fengsui.text.features import BUCKETS, Bags
from fengsui.text.model import Base, softmax
from fengsui.text.table import Floats

LEAST = 20
"""Fewer examples than this teach nothing."""
SEEN = 2
CHOSEN_BY = 7
"""One example of so many chooses the line's strength."""
GENTLE = 0.01
"""The layer's features are scaled by the root of the line's scale, and at least of this."""
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


def fit(examples: Examples, strength: float | None = None) -> Base:
    """A base model of all labels that occur, margins not yet calibrated. ``strength`` of the line: chosen where None. Raises
    ``TooFew``."""
    classes = tuple(sorted(set(examples.labels)))
    if len(examples) < LEAST or len(classes) < 2:
        raise TooFew(len(examples), len(classes))
    number = {label: place for place, label in enumerate(classes)}
    y = np.array([number[label] for label in examples.labels], dtype=np.int64)
    believed = np.ones(len(y)) if examples.weights is None else np.asarray(examples.weights, dtype=np.float64)
    x = matrix(bags_of(examples.texts))
    columns = np.flatnonzero(np.asarray(x.sum(axis=0)).ravel() >= SEEN)
    x = x[:, columns]
    if strength is None:
        strength = line.strength_for(x, y, len(classes), believed, sides(examples.texts, CHOSEN_BY) == 0)
    found = line.learn(x, y, len(classes), believed, strength)
    parts = [found.weights * found.scale[:, None], (found.scale**2)[:, None]]
    layer = None
    if len(examples) >= hidden.LEAST:
        gentle = np.sqrt(np.maximum(found.scale, GENTLE))
        rows, layer = hidden.learn(line.to_length(x, gentle), y, len(classes), believed)
        parts += [rows * gentle[:, None], (gentle**2)[:, None]]
    table = np.concatenate(parts, axis=1).astype(np.float32)
    kept = np.abs(table[:, : len(classes) + 1]).max(axis=1) > SMALL
    return Base.of(classes, columns[kept].astype(np.int64), table[kept], found.bias, layer)


def calibrated(base: Base, kept_back: Examples) -> Base:
    """``base`` with line and layer as sharp as makes the labels kept back likeliest; as it is where there are too few."""
    number = {label: place for place, label in enumerate(base.classes)}
    known = [i for i, label in enumerate(kept_back.labels) if label in number]
    if len(known) < LEAST:
        return base
    y = np.array([number[kept_back.labels[i]] for i in known])
    outer, inner = base.parts(bags_of([kept_back.texts[i] for i in known]))

    def surprise(logs: npt.NDArray[np.float64]) -> float:
        first, second = np.exp(logs)
        p = softmax((outer * first + inner * second).astype(np.float32))
        return float(-np.log(np.maximum(p[np.arange(len(y)), y], 1e-9)).mean())

    best = optimize.minimize(surprise, np.zeros(2), method="Nelder-Mead", bounds=[(-3.0, 3.0)] * 2, options={"maxiter": 200})
    return base.sharpened(*map(float, np.exp(best.x)))


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


def scores(base: Base, texts: Sequence[str]) -> Floats:
    """(texts, classes) calibrated probabilities."""
    return softmax(base.margins(bags_of(texts)))
