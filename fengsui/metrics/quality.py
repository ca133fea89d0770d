"""How good tags are, by what people said of them: precision, recall, F1, confusion, calibration, each with n and an interval.

Accuracy alone says nothing where one class is rare: "92 %" is met by calling everything neutral where 8 % are negative. The
interval of F1 is that of its share form, F1 = TP / (TP + (FP + FN) / 2), which is Wilson's for the precision of a classifier
whose two kinds of errors are pooled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fengsui.metrics.intervals import wilson

NOTHING = ""
"""Stands for "no value" on either side."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What stood there, what a person says, and how sure the machine was (0..1, None: it did not say)."""

    said: str
    truth: str
    sure: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """``value`` None where ``n`` is 0; bounds of 95 %."""

    value: float | None
    n: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class OfClass:
    """``n``: records that are of this class by people's word."""

    label: str
    n: int
    precision: Share
    recall: Share
    f1: Share


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers given with ``sure`` in ``[low, high)``: how sure on average, and how many were right."""

    low: float
    high: float
    n: int
    sure: float
    right: Share


@dataclass(frozen=True, slots=True)
class Quality:
    """``confusion``: (truth, said) -> n. ``error``: mean gap between confidence and share of right ones, weighted by n;
    None where nobody said how sure."""

    n: int
    accuracy: Share
    unclassified: Share
    classes: tuple[OfClass, ...]
    confusion: Mapping[tuple[str, str], int]
    bins: tuple[Bin, ...]
    error: float | None

    @property
    def macro_f1(self) -> float | None:
        known = [one.f1.value for one in self.classes if one.f1.value is not None and one.n]
        return sum(known) / len(known) if known else None


def of(pairs: Iterable[Pair], edges: Sequence[float] = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)) -> Quality:
    """Figures of all pairs; of none, zeros and whole intervals."""
    held = list(pairs)
    confusion = Counter((pair.truth, pair.said) for pair in held)
    labels = sorted({name for pair in confusion for name in pair} - {NOTHING})
    right = sum(n for (truth, said), n in confusion.items() if truth == said)
    silent = sum(n for (_, said), n in confusion.items() if said == NOTHING)
    bins = tuple(_bins(held, edges))
    judged = sum(one.n for one in bins)
    gaps = sum(one.n * abs(one.sure - (one.right.value or 0.0)) for one in bins)
    return Quality(
        len(held),
        share(right, len(held)),
        share(silent, len(held)),
        tuple(_of_class(label, confusion) for label in labels),
        confusion,
        bins,
        gaps / judged if judged else None,
    )


def share(part: float, n: float) -> Share:
    lower, upper = wilson(part, n)
    return Share(part / n if n else None, n, lower, upper)


def _of_class(label: str, confusion: Mapping[tuple[str, str], int]) -> OfClass:
    hit = confusion.get((label, label), 0)
    of_it = sum(n for (truth, _), n in confusion.items() if truth == label)
    called = sum(n for (_, said), n in confusion.items() if said == label)
    return OfClass(label, of_it, share(hit, called), share(hit, of_it), share(hit, (of_it + called) / 2))


def _bins(pairs: Iterable[Pair], edges: Sequence[float]) -> Iterable[Bin]:
    sure = [(pair.sure, pair.said == pair.truth) for pair in pairs if pair.sure is not None and pair.said != NOTHING]
    for low, high in pairwise(edges):
        inside = [(p, ok) for p, ok in sure if low <= p < high or (p >= high == edges[-1])]
        if inside:
            n = len(inside)
            yield Bin(low, high, n, sum(p for p, _ in inside) / n, share(sum(ok for _, ok in inside), n))
