"""One test for all sparse children of a parent, on the budget of one series: which child has more than its share?

Two statistics, each on six tenths of the budget: the highest surprise of a child over windows of a step to three days, and
the sum of what all children's surprises have beyond 3 nats, for several that rise a little together. A child is judged given
its parent: where the whole rises, its expectation rises with it, so a flood of the parent is no flood of its children.
Only children that had an event in this step, or stood out before, are looked at: without an event evidence only falls.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors import maturity, renaming, telling
from detectors.base import SCHEMA, FamilyDetector, FamilyReading, Reason, State, StateMismatch, Tier, Verdict
from detectors.blocks import BLOCK_S, Blocks
from detectors.lean import Lean, Vector
from detectors.look import Flags, Look
from detectors.mixture import mixed
from detectors.renaming import NEW
from detectors.runs import packed, unpacked
from detectors.scan import NATS, Bars
from detectors.telling import CALM_SCORE

HOUR = 3600
HOURS = (0.25, 1, 4, 12, 24, 72)
SHORT = 3
"""The first windows: while they are high an excess is still going on."""
FLAT = 0.05
"""Of the expectation: a child may be open when its parent is closed."""
STEADY, SURELY = 1.0, 0.7
"""Counts by which a small parent's chance rise is damped; standard deviations below a count that it surely meant."""
POOLED = 3.0
"""Nats above which a child's surprise enters the sum."""
PART = 0.6
"""Of the budget for each statistic: their false alarms coincide in part."""
RARER = 1.0
"""Decades rarer than the budget: what is beyond was real, and is no example of chance."""
STANDING = 12.0
STANDING_DAYS = 3
"""A child that was that far out on one of the last days is not summed: one that shifted would block all others."""
OFTEN, OFTEN_WEIGHT, OFTEN_PRIOR, OFTEN_KEEP = 5.0, 4.0, 14.0, 0.985
"""Nats; nats per e-fold; days; memory. A child that exceeds 5 nats on more days than its siblings must exceed more."""
BARS = Bars(7.0, 13.0, 5.0, 10.0)
NAMED = 6
RENAMED = 3.0
"""Score of a name that changed: chance leaves out what was expected once in a thousand weeks."""


class Pool(FamilyDetector):
    """The children of one parent; by name, in the order of ``children``. Steps must come in order of time."""

    name: ClassVar[str] = "pool"
    version: ClassVar[int] = 1

    def __init__(self, step_s: int = 900) -> None:
        if not 60 <= step_s <= HOUR or HOUR % step_s:
            raise ValueError(f"step_s={step_s!r}: a part of an hour from 60")
        self.step_s = step_s
        self.widths = tuple(max(1, round(hours * HOUR / step_s)) for hours in HOURS)
        self.kept = self.widths[-1]
        self.children: list[str] = []
        self.lean = Lean()
        self.most, self.sum = Blocks(), Blocks()
        self._muted = np.zeros(0, dtype=bool)
        self._clear(0)
        self._expected = np.zeros(self.kept)
        self._observed = np.zeros(self.kept)
        self._filled = 0
        self._end = self._day = self._days = 0
        self._total, self._steps, self._whole = 0.0, 0, False
        self._often_days = 0.0

    def _clear(self, n: int) -> None:
        self._place = {name: at for at, name in enumerate(self.children)}
        self._sums = np.zeros((self.kept + 1, n))
        """Cumulative counts at the end of each step of the last three days, as a ring."""
        self._at = 0
        self._surprise, self._highest, self._often = np.zeros(n), np.zeros(n), np.zeros(n)
        self._burning = np.zeros(n, dtype=bool)
        self._standing = np.zeros(n, dtype=int)
        """Days until a child may be summed again."""

    # Children ------------------------------------------------------------------------------------------------------

    def adopt(self, children: Sequence[str], muted: Collection[str] = ()) -> None:
        if list(children) != self.children:
            before = self.body()
            places = [self._place.get(name) for name in children]
            self.lean = self.lean.arranged(places)
            self.children = list(children)
            empty: list[Any] = [0.0, 0.0, 0.0, False, 0, [-self.kept]]
            self._load_children([before["children"][at] if at is not None else empty for at in places])
        self._muted = np.array([name in muted for name in children], dtype=bool)

    @property
    def ready(self) -> bool:
        """Silent until the shares are known: a week of half-known ones is twenty false alarms."""
        return self._days >= maturity.YOUNG_DAYS and self.most.known

    # Stepping ------------------------------------------------------------------------------------------------------

    def step(self, x: FamilyReading, watched: Collection[str] = ()) -> list[Verdict]:
        start = int(x.start.timestamp())
        if start < self._end:
            return []
        self._turn(x, start)
        self._take(x)
        look = self._look(x)
        said = self._say(x, look, watched) if self.ready else []
        self._remember(x, look)
        return said

    def _turn(self, x: FamilyReading, start: int) -> None:
        """Close the day and the quarter of a day that are over."""
        if self._end and start // BLOCK_S > self._last // BLOCK_S and self._days >= maturity.YOUNG_DAYS:
            self.most.close()
            self.sum.close()
        day = x.day.toordinal()
        if day == self._day:
            return
        if self._day:
            whole = self._whole and self._steps * self.step_s >= 0.9 * 86400
            self.lean.close_day(self._total, whole)
            self._close_day(whole)
        self._day, self._total, self._steps, self._whole = day, 0.0, 0, True

    @property
    def _last(self) -> int:
        return self._end - self.step_s

    def _close_day(self, whole: bool) -> None:
        self._days += whole
        if self._days > maturity.YOUNG_DAYS:
            self._often = OFTEN_KEEP * self._often + (self._highest > OFTEN)
            self._often_days = OFTEN_KEEP * self._often_days + 1
        self._standing = np.where(self._highest > STANDING, STANDING_DAYS, np.maximum(self._standing - 1, 0))
        self._highest[:] = 0

    def _take(self, x: FamilyReading) -> None:
        """Let the step in: windows end with it."""
        self._end = int(x.end.timestamp())
        self._expected[:-1], self._observed[:-1] = self._expected[1:], self._observed[1:]
        self._expected[-1], self._observed[-1] = round(x.expected, 6), x.observed
        self._filled = min(self._filled + 1, self.kept)
        before, self._at = self._at, (self._at + 1) % (self.kept + 1)
        self._sums[self._at] = self._sums[before]
        for name, count in x.counts.items():
            if (at := self._place.get(name)) is not None:
                self._sums[self._at, at] += count
                self.lean.day[at] += count
                self.lean.hour[at] += count
        self._total += x.observed
        self._steps += 1
        self._whole &= x.complete

    def _remember(self, x: FamilyReading, look: Look) -> None:
        self._surprise[:] = 0
        self._surprise[look.places] = look.surprise
        self._highest[look.places] = np.maximum(self._highest[look.places], look.surprise * look.arrived)
        if x.complete and look.arrived.any():
            bar = RARER - math.log10(PART * x.budget)
            self.most.rise(float(look.surprise[look.arrived].max()), bar)
            self.sum.rise(look.total, bar)
        if self._end % HOUR == 0:
            self.lean.close_hour(float(self._expected[-HOUR // self.step_s :].sum()))
        if self._burning.any():
            self._put_out(look)

    def _put_out(self, look: Look) -> None:
        """An excess that is over is forgotten, or the long windows would ring with it at the next event."""
        still = np.zeros(len(self.children), dtype=bool)
        still[look.places[look.short > POOLED]] = True
        over = np.flatnonzero(self._burning & ~still)
        self._sums[:, over] = self._sums[self._at, over]
        self._burning[over] = False
        self._surprise[over] = 0

    # Looking -------------------------------------------------------------------------------------------------------

    def _look(self, x: FamilyReading) -> Look:
        came = [at for name, count in x.counts.items() if count > 0 and (at := self._place.get(name)) is not None]
        arrived = np.zeros(len(self.children), dtype=bool)
        arrived[came] = True
        places = np.flatnonzero((arrived | (self._surprise > POOLED)) & ~self._muted)
        if not len(places) or self._days < maturity.YOUNG_DAYS:
            none, nobody = np.zeros(0), places[:0]
            return Look(nobody, arrived[nobody], none, none, nobody, none, none, none)
        observed, expected, relative = self._windows(places)
        variance = self.lean.phi[places] * expected + relative * expected**2
        nats = mixed(observed, expected, relative, self.lean.mixture[places])
        best = nats.argmax(axis=0)
        pick = best, np.arange(len(places))
        lift = self._lift()[places] if self._often_days else 0.0
        surprise = np.maximum(nats[pick] - lift, 0.0)
        summed = np.maximum(surprise - POOLED, 0.0) * self._pooled(places)
        short = nats[:SHORT].max(axis=0)
        look = Look(places, arrived[places], surprise, short, best, observed[pick], expected[pick], variance[pick])
        look.total = float(summed.sum())
        return look

    def _windows(self, places: NDArray[np.intp]) -> tuple[Vector, Vector, Vector]:
        """What was observed and expected of ``places`` in each window, given what their parent had, and the relative variance
        of the expectation."""
        widths = np.minimum(self.widths, self._filled)
        then = (self._at - widths) % (self.kept + 1)
        observed = self._sums[self._at, places] - self._sums[then[:, None], places]
        due, had = (np.cumsum(one[::-1])[widths - 1] for one in (self._expected, self._observed))
        day = min(self._filled, 24 * HOUR // self.step_s)
        level = self._expected[-day:].mean()
        usual = (1 - FLAT) * due + FLAT * level * widths
        expected = np.maximum(usual[:, None] * self.lean.share[places], 1e-6)
        rest = had[:, None] - observed
        rise = risen(rest, np.maximum(due[:, None] - expected, 1e-6))
        return observed, expected * rise, self.lean.relative[places] + (rise > 1) / (rest + STEADY)

    def _pooled(self, places: NDArray[np.intp]) -> Flags:
        """Who may be summed: not one that has its alarm, nor one that stood out on the last days."""
        return np.asarray((self._standing[places] == 0) & ~self._burning[places])

    def _lift(self) -> Vector:
        usual = max(float(self._often.mean()) / self._often_days, 1e-3)
        ratio = (self._often + OFTEN_PRIOR * usual) / ((self._often_days + OFTEN_PRIOR) * usual)
        return np.asarray(OFTEN_WEIGHT * np.maximum(0.0, np.log(ratio)))

    # Saying --------------------------------------------------------------------------------------------------------

    def _say(self, x: FamilyReading, look: Look, watched: Collection[str]) -> list[Verdict]:
        bar = -math.log10(x.budget)
        named, together = self._alarm(look, bar)
        said = self._renamed(x, look)
        if named is not None and self.children[look.places[named]] not in said:
            self._burning[look.places[named]] = True
            said[self.children[look.places[named]]] = self._verdict(x, look, named, bar, together)
        for name in watched:
            if name in self._place and name not in said:
                found = np.flatnonzero(look.places == self._place[name])
                said[name] = self._verdict(x, look, int(found[0]), bar) if len(found) else self._calm(x, name)
        return [said[name] for name in sorted(said)]

    def _renamed(self, x: FamilyReading, look: Look) -> dict[str, Verdict]:
        """Newcomers that are another name of a child that has vanished: they take over what was known of it."""
        said = {}
        for at in np.flatnonzero(look.arrived & (self.lean.a[look.places] <= NEW)).tolist():
            new = int(look.places[at])
            order = (self._at + 1 + np.arange(self.kept + 1)) % (self.kept + 1)
            old = renaming.before(new, self._sums[order], self._expected, self.lean)
            if old is not None:
                told = {"before": self.children[old], "after": self.children[new]}
                said[told["after"]] = replace(
                    self._calm(x, told["after"]), grade=Tier.GENERAL, score=RENAMED, direction="up", p_value=10**-RENAMED,
                    reason=Reason("detectors.reason.renamed", told),
                )  # fmt: skip
                self.lean.take_over(new, old)
                self._sums[:, new] = self._sums[self._at, new]
        return said

    def _alarm(self, look: Look, bar: float) -> tuple[int | None, float]:
        """The child to name, and the score of the sum if it is that which speaks (0: one child alone)."""
        alone = look.first(look.arrived)
        if alone is None:
            return None, 0.0
        if self._score(self.most, float(look.surprise[alone])) >= bar:
            return alone, 0.0
        together = self._score(self.sum, look.total)
        summed = look.first((look.surprise > POOLED) & self._pooled(look.places))
        return (summed, together) if together >= bar else (None, 0.0)

    @staticmethod
    def _score(blocks: Blocks, value: float) -> float:
        return max(CALM_SCORE, blocks.score(value) + math.log10(PART)) if value > 0 else CALM_SCORE

    def _verdict(self, x: FamilyReading, look: Look, at: int, bar: float, together: float = 0.0) -> Verdict:
        nats = float(look.surprise[at])
        score = max(together, self._score(self.most, nats) if look.arrived[at] else CALM_SCORE)
        name = self.children[look.places[at]]
        if score < bar:
            return self._calm(x, name, score, nats)
        seconds = min(self.widths[look.window[at]], self._filled) * self.step_s
        seen, due = float(look.observed[at]), float(look.expected[at])
        told = {"observed": seen, "expected": due, "ratio": seen / due, "window_s": seconds}
        code = "detectors.reason.count_high"
        if together:
            order = np.argsort(-look.surprise, kind="stable")
            parts = [self.children[look.places[i]] for i in order if look.surprise[i] > POOLED]
            code, told = "detectors.reason.parts_high", {**told, "n": len(parts), "parts": parts[:NAMED]}
        rank = 0 if together else _rank(seen - due, float(look.variance[at]), nats)
        start = x.end - timedelta(seconds=seconds)
        value, usual, band = self._of_step(x, name)
        return Verdict(
            name, x.start, x.end, value, usual, *band, score, max(math.exp(-nats), 1e-300), True, Tier(1 + rank), "up",
            Reason(code, told), start, seen, due,
        )  # fmt: skip

    def _calm(self, x: FamilyReading, name: str, score: float = CALM_SCORE, nats: float = 0.0) -> Verdict:
        value, usual, band = self._of_step(x, name)
        reason = telling.LOOKS_CALM if x.complete else telling.IS_INCOMPLETE
        p = max(math.exp(-nats), 1e-300)
        return Verdict(
            name, x.start, x.end, value, usual, *band, score, p, True, Tier.NONE, "none", reason, x.start, value, usual
        )

    def _of_step(self, x: FamilyReading, name: str) -> tuple[float, float, tuple[float, float]]:
        at = self._place[name]
        usual = float(self.lean.share[at]) * x.expected
        spread = 1.96 * math.sqrt(float(self.lean.phi[at]) * usual + float(self.lean.relative[at]) * usual**2)
        return float(x.counts.get(name, 0.0)), usual, (max(0.0, usual - spread), usual + spread)

    # State ---------------------------------------------------------------------------------------------------------

    def shares(self) -> dict[str, tuple[float, float]]:
        """Share of each child as a gamma (a, b)."""
        return {name: (float(self.lean.a[at]), float(self.lean.b[at])) for name, at in self._place.items()}

    def body(self) -> State:
        return {
            "names": list(self.children),
            "lean": self.lean.body(),
            "most": self.most.body(),
            "sum": self.sum.body(),
            "children": self._children_body(),
            "expected": self._expected[self.kept - self._filled :].tolist(),
            "observed": self._observed[self.kept - self._filled :].tolist(),
            "clock": [self._end, self._day, self._days, self._steps, int(self._whole)],
            "total": self._total,
            "often_days": self._often_days,
        }

    def _children_body(self) -> list[list[Any]]:
        order = (self._at + 1 + np.arange(self.kept + 1)) % (self.kept + 1)
        counts = np.diff(self._sums[order], axis=0)
        flat = zip(self._surprise, self._highest, self._often, self._burning, self._standing, counts.T, strict=True)
        return [[float(s), float(h), float(o), bool(b), int(d), packed(row.tolist())] for s, h, o, b, d, row in flat]

    def load(self, body: State) -> None:
        self.children = list(body["names"])
        self.lean = Lean(len(self.children))
        self.lean.load(body["lean"])
        self.most.load(body["most"])
        self.sum.load(body["sum"])
        self._load_children(body["children"])
        self._muted = np.zeros(len(self.children), dtype=bool)
        self._filled = len(body["expected"])
        for ring, values in ((self._expected, body["expected"]), (self._observed, body["observed"])):
            ring[:] = 0
            ring[self.kept - self._filled :] = values
        self._end, self._day, self._days, self._steps, whole = body["clock"]
        self._whole, self._total, self._often_days = bool(whole), body["total"], body["often_days"]

    def _load_children(self, rows: Sequence[Sequence[Any]]) -> None:
        self._clear(len(rows))
        for at, (surprise, highest, often, burning, standing, counts) in enumerate(rows):
            self._surprise[at], self._highest[at], self._often[at] = surprise, highest, often
            self._burning[at], self._standing[at] = burning, standing
            self._sums[1:, at] = np.cumsum(unpacked(counts))
        self._at = self.kept

    def to_state(self) -> State:
        return {"schema": SCHEMA, "detector": self.name, "version": self.version, "parameters": {"step_s": self.step_s},
                "body": self.body()}  # fmt: skip

    def restore(self, state: State) -> None:
        """Raises ``StateMismatch`` where the state is another detector's, version's or step's."""
        found = (state.get("schema"), state.get("detector"), state.get("version"), state.get("parameters"))
        wanted = (SCHEMA, self.name, self.version, {"step_s": self.step_s})
        if found != wanted:
            raise StateMismatch(found, wanted)
        self.load(state["body"])


def risen(had: Vector, due: Vector) -> Vector:
    """How much higher a parent stands than was expected, at least 1. A small one's chance rise is damped; where it had many
    more than expected, the lower bound of a Poisson count holds instead, for damping would hide a flood."""
    surely = np.maximum(np.sqrt(np.maximum(had, 0.0)) - SURELY, 0.0) ** 2 / due
    return np.asarray(np.maximum(np.maximum((had + STEADY) / (due + STEADY), surely), 1.0))


def _rank(excess: float, variance: float, nats: float) -> int:
    z = excess / math.sqrt(variance)
    if z >= BARS.severe_z and excess >= BARS.severe_excess and nats >= NATS[1]:
        return 2
    return int(z >= BARS.important_z and excess >= BARS.important_excess and nats >= NATS[0])
