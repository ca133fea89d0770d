"""The days of sparse children that are not quite their parent's.

A child is expected to have its share of what its parent has, times a tilt of its own for each hour of workdays and of days
off. The logarithm of the tilt is smooth: a Gaussian process over the hours, a part of it common to both sorts of day, and a
level of days off, seen through overdispersed counts (Laplace's approximation by Newton steps on the leading eigenvectors of the
covariance; Rasmussen & Williams, *Gaussian Processes for Machine Learning*, 2006, ch. 3.4). With few counts the tilt stays near
one; a busy child has its own day after a week. Learned once a day, on the day just past.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]

HOURS = 24
KINDS = 2
"""Workdays and days off."""
PLACES = KINDS * HOURS
SD, SMOOTH = 0.5, 0.8
"""Of the logarithm of a tilt; length of its course as a part of the circle's radius."""
APART, LEVEL = 0.5, 0.6
"""Of ``SD``: how far the two sorts of day differ in their course; in their level."""
KEEP = 0.985
LEAST_DAYS = 7
NEWTON = 5
EXPLAINED = 0.999
LEAST_DUE = 0.01
"""Counts that a parent is expected to have in a day that teaches anything: one that has been silent for months has no hours."""


def _basis() -> Vector:
    """Columns whose products with independent standard normals are the logarithm of a tilt."""
    hour = np.arange(HOURS)
    course = np.exp(-2 * np.sin(np.pi * (hour[:, None] - hour) / HOURS) ** 2 / SMOOTH**2)
    own, off = np.eye(KINDS), np.diag([0.0, 1.0])
    cov = np.kron(np.ones((KINDS, KINDS)) + APART**2 * own, course) + LEVEL**2 * np.kron(off, np.ones((HOURS, HOURS)))
    weight, vectors = np.linalg.eigh(SD**2 * cov)
    order = np.argsort(weight)[::-1]
    n = int(np.searchsorted(np.cumsum(weight[order]) / weight.sum(), EXPLAINED)) + 1
    return np.asarray(vectors[:, order[:n]] * np.sqrt(weight[order[:n]]))


BASIS = _basis()
SQUARES = (BASIS[:, :, None] * BASIS[:, None, :]).reshape(PLACES, -1)


class OwnDay:
    """``seen``: counts by hour and sort of day of each of ``n`` children, forgotten; ``due``: what their parent was expected to
    have then. ``today``: the hours of the day that is not over. ``age``: days of each child: a newcomer of Wednesday had no
    weekend because it was not there, and has no tilt before it has had a week."""

    __slots__ = ("age", "days", "due", "seen", "tilt", "today", "usual")

    def __init__(self, n: int = 0) -> None:
        self.seen, self.today, self.tilt = np.zeros((n, PLACES)), np.zeros((n, HOURS)), np.ones((n, PLACES))
        self.age = np.zeros(n, dtype=np.int64)
        self.due, self.usual = np.zeros(PLACES), np.zeros(HOURS)
        self.days = 0

    def close_day(self, whole: bool, off: bool, share: Vector, phi: Vector) -> None:
        """Learn the day just past, of which ``share`` was expected; of a wild hour only what is likely."""
        if whole and self.usual.sum() >= LEAST_DUE:
            kind = slice(HOURS * off, HOURS * (off + 1))
            mean = share[:, None] * self.usual * self.tilt[:, kind]
            limit = np.maximum(3.0, mean + 4 * np.sqrt(1.5 * mean) + 1)
            self.seen *= KEEP
            self.due *= KEEP
            self.seen[:, kind] += np.minimum(self.today, limit)
            self.due[kind] += self.usual
            self.seen, self.due = np.round(self.seen, 4), np.round(self.due, 6)
            self.days += 1
            self.age += 1
            self.settle(phi)
        self.today[:], self.usual[:] = 0.0, 0.0

    def settle(self, phi: Vector) -> None:
        """Tilts from what was seen; ``phi``: dispersion of each child."""
        if self.days < LEAST_DAYS or not len(self.seen):
            return
        level = (self.seen.sum(axis=1) + 0.5) / self.due.sum()
        seen, due = self.seen / phi[:, None], level[:, None] * self.due / phi[:, None]
        log_tilt, unit = np.zeros_like(seen), np.eye(BASIS.shape[1])
        for _ in range(NEWTON):
            mean = due * np.exp(log_tilt)
            slope = unit + np.einsum("ij,jk->ik", mean, SQUARES).reshape(-1, *unit.shape)  # no BLAS: its threads cost more
            right = (mean * log_tilt + seen - mean) @ BASIS
            found = np.linalg.solve(slope, right[:, :, None])[:, :, 0] @ BASIS.T
            log_tilt += np.clip(found - log_tilt, -1.0, 1.0)
        tilt = np.where(self.age[:, None] < LEAST_DAYS, 1.0, np.exp(log_tilt))
        self.tilt = np.asarray(np.round(tilt, 6), dtype=float)

    def take_over(self, new: int, old: int, phi: Vector) -> None:
        """``new`` is another name of ``old``, which begins anew."""
        self.seen[new], self.age[new] = self.seen[old], self.age[old]
        self.seen[old], self.today[old], self.age[old] = 0.0, 0.0, 0
        self.settle(phi)

    def arranged(self, places: Sequence[int | None], phi: Vector) -> OwnDay:
        fresh = OwnDay(len(places))
        old = np.array([-1 if place is None else place for place in places], dtype=int)
        for name in ("seen", "today", "age"):
            getattr(fresh, name)[old >= 0] = getattr(self, name)[old[old >= 0]]
        fresh.due, fresh.usual, fresh.days = self.due.copy(), self.usual.copy(), self.days
        fresh.settle(phi)
        return fresh

    def body(self) -> dict[str, Any]:
        return {"seen": [_short(row) for row in self.seen], "today": [_short(row) for row in self.today],
                "age": self.age.tolist(), "days": self.days, "due": self.due.tolist(),
                "usual": self.usual.tolist()}  # fmt: skip

    def load(self, body: dict[str, Any], phi: Vector) -> None:
        n = len(body["seen"])
        self.__init__(n)  # type: ignore[misc]
        self.seen[:], self.today[:] = _rows(body["seen"], PLACES), _rows(body["today"], HOURS)
        self.age[:] = body["age"]
        self.due, self.usual, self.days = np.array(body["due"]), np.array(body["usual"]), body["days"]
        self.settle(phi)


def _short(row: Vector) -> list[float]:
    """Whole numbers without their point, nothing for nothing."""
    return [int(one) if one == int(one) else float(one) for one in row] if row.any() else []


def _rows(rows: Sequence[Sequence[float]], width: int) -> Vector:
    return np.array([row or [0.0] * width for row in rows], dtype=float).reshape(-1, width)
