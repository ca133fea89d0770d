"""One test for all sparse children of a parent, on the budget of one series: which child has more than its share?

Two statistics, each on six tenths of the budget: the strongest evidence of any child that it has begun to have more
(``detectors.onset``), and the sum of what all children have beyond some nats, for several that rise a little together. A child
is judged given its parent: where the whole rises, its expectation rises with it, so a flood of the parent is no flood of its
children. Only children that had an event in this step alarm: without an event evidence only falls.
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
from detectors.dispersion import Vector
from detectors.lean import Lean
from detectors.look import Flags, Look, Window
from detectors.mixture import mixed
from detectors.onset import Onset
from detectors.own_day import HOURS, OwnDay
from detectors.recent import HOUR, SHORT, Recent, risen
from detectors.renaming import NEW
from detectors.scan import NATS, Bars
from detectors.telling import CALM_SCORE

SMALL = 1e-7
"""Events a step that are expected at least: nothing is impossible."""
POOLED = 1.0
"""Nats above which a child's evidence enters the sum."""
OVER = 3.0
"""Nats of the short windows below which an excess is over."""
PART = 0.6
"""Of the budget for each statistic: their false alarms coincide in part."""
RARER = 1.0
"""Decades rarer than the budget: what is beyond was real, and is no example of chance."""
KNOWN_DAYS = 6
"""Of its parent that a child's share must rest on, if it has few of its own: before, nobody knows what would be many."""
STANDING = 8.0
STANDING_DAYS = 3
"""A child that was that far out on one of the last days is not summed: one that shifted would block all others."""
OFTEN, OFTEN_WEIGHT, OFTEN_PRIOR, OFTEN_KEEP = 3.0, 4.0, 2.0, 0.985
"""Nats; nats per e-fold; days as its siblings; memory. A child that exceeds 3 nats on more days than they must exceed more."""
BARS = Bars(7.0, 13.0, 5.0, 10.0)
NAMED = 6
RENAMED = 3.0
"""Score of a name that changed: chance leaves out what was expected once in a thousand weeks."""


class Pool(FamilyDetector):
    """The children of one parent; by name, in the order of ``children``. Steps must come in order of time."""

    name: ClassVar[str] = "pool"
    version: ClassVar[int] = 2

    def __init__(self, step_s: int = 900) -> None:
        if not 60 <= step_s <= HOUR or HOUR % step_s:
            raise ValueError(f"step_s={step_s!r}: a part of an hour from 60")
        self.step_s = step_s
        self.children: list[str] = []
        self.lean, self.own = Lean(), OwnDay()
        self.recent, self.onset = Recent(0, step_s), Onset(0, step_s)
        self.most, self.sum = Blocks(), Blocks()
        self._muted = np.zeros(0, dtype=bool)
        self._clear(0)
        self._end = self._day = self._days = 0
        self._total, self._steps, self._whole, self._off = 0.0, 0, False, False
        self._level = self._often_days = 0.0

    def _clear(self, n: int) -> None:
        self._place = {name: at for at, name in enumerate(self.children)}
        self._evidence, self._highest, self._often = np.zeros(n), np.zeros(n), np.zeros(n)
        self._burning = np.zeros(n, dtype=bool)
        self._standing = np.zeros(n, dtype=int)
        """Days until a child may be summed again."""

    # Children ------------------------------------------------------------------------------------------------------

    def adopt(self, children: Sequence[str], muted: Collection[str] = ()) -> None:
        if list(children) != self.children:
            rows = self._children_body()
            places = [self._place.get(name) for name in children]
            self.lean, self.recent = self.lean.arranged(places), self.recent.arranged(places)
            self.own = self.own.arranged(places, self.lean.phi)
            self.children = list(children)
            self._load_children([rows[at] if at is not None else [0.0, 0.0, False, 0, []] for at in places])
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
        look = self._look(x, *self._take(x))
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
            self._close_day(self._whole and self._steps * self.step_s >= 0.9 * 86400)
        self._day, self._off, self._total, self._steps, self._whole = day, x.off, 0.0, 0, True
        self._settle(self.recent.level)

    @property
    def _last(self) -> int:
        return self._end - self.step_s

    def _close_day(self, whole: bool) -> None:
        self._learn_day(whole)
        self._days += whole
        if self._days > maturity.YOUNG_DAYS:
            self._often = OFTEN_KEEP * self._often + (self._highest > OFTEN)
            self._often_days = OFTEN_KEEP * self._often_days + 1
        self._standing = np.where(self._highest > STANDING, STANDING_DAYS, np.maximum(self._standing - 1, 0))
        self._highest[:] = 0

    def _learn_day(self, whole: bool) -> None:
        hours = self.own.usual
        kind = slice(HOURS * self._off, HOURS * (self._off + 1))
        tilt = self.own.tilt[:, kind] @ hours / hours.sum() if hours.any() else 1.0
        share = self.lean.share
        self.lean.close_day(self._total, whole, tilt)
        self.own.close_day(whole, self._off, share, self.lean.phi)

    def _settle(self, level: float) -> None:
        self._level = level
        known = KNOWN_DAYS * level * 86400 / self.step_s
        self._fresh = (self.lean.a < NEW) & (self.lean.b < known)
        self._lift = self._lifted() if self._often_days else np.zeros(len(self.children))
        self.onset.settle(self.lean.share * level, self.lean.mixture)

    def _take(self, x: FamilyReading) -> tuple[NDArray[np.intp], Vector]:
        """Let the step in; which children had an event, and how many."""
        self._end = int(x.end.timestamp())
        rows = sorted((at, count) for name, count in x.counts.items() if count and (at := self._place.get(name)) is not None)
        places, came = np.array([at for at, _ in rows], dtype=np.intp), np.array([count for _, count in rows], dtype=float)
        self.recent.take(x.expected, x.observed, places, came)
        self.lean.day[places] += came
        self.own.today[places, x.hour] += came
        self.own.usual[x.hour] += round(self.recent.usual, 6)
        self._total += x.observed
        self._steps += 1
        self._whole &= x.complete
        return places, came

    def _remember(self, x: FamilyReading, look: Look) -> None:
        self._highest[look.places] = np.maximum(self._highest[look.places], look.evidence * look.arrived)
        if x.complete and look.arrived.any():
            bar = RARER - math.log10(PART * x.budget)
            self.most.rise(float(look.evidence[look.arrived].max()), bar)
            self.sum.rise(look.total, bar)
        if self._burning.any():
            self._put_out()

    def _put_out(self) -> None:
        """An excess that is over is forgotten, or the evidence would ring on at the next event."""
        burning = np.flatnonzero(self._burning)
        over = burning[self._surprises(burning, SHORT)[0].max(axis=0) <= OVER]
        self.recent.forget(over)
        self.onset.ratio[over] = 0.0
        self._burning[over] = False
        self._evidence[over] = 0.0

    # Looking -------------------------------------------------------------------------------------------------------

    def _look(self, x: FamilyReading, places: NDArray[np.intp], came: Vector) -> Look:
        if self._days < maturity.YOUNG_DAYS:
            return Look.of_nobody()
        self._weigh(x, places, came)
        arrived = np.zeros(len(self.children), dtype=bool)
        arrived[places] = True
        looked = np.flatnonzero((arrived | (self._evidence > POOLED)) & ~self._muted)
        look = Look(looked, arrived[looked], self._evidence[looked])
        look.total = float((np.maximum(look.evidence - POOLED, 0.0) * self._pooled(looked)).sum())
        return look

    def _weigh(self, x: FamilyReading, places: NDArray[np.intp], came: Vector) -> None:
        """What the step is evidence of, and of which dispersion."""
        share = self.lean.share[places]
        tilt = self.own.tilt[places, HOURS * x.off + x.hour]
        usual = np.maximum(self.recent.usual * share * tilt, SMALL)
        mean = usual * self.recent.rise(places, share) if len(places) else usual
        self.onset.step(places, came, mean, self.lean.mixture[places])
        if x.complete:
            calm = ~self._burning[places]
            self.lean.learn_step(places[calm], came[calm], mean[calm])
        self.onset.ratio[self._muted | self._fresh] = 0.0
        self._evidence = np.maximum(self.onset.nats() - self._lift, 0.0)

    def _surprises(self, places: NDArray[np.intp], n: int | None = None) -> tuple[Vector, Vector, Vector, Vector]:
        """-ln p, what was observed and expected, and the variance of that, of the first ``n`` windows and ``places``."""
        share, relative = self.lean.share[places], self.lean.relative[places]
        observed, expected, rest = self.recent.windows(places, share, n)
        rise = risen(rest, np.maximum(self.recent.due()[:n, None] - expected, 1e-6))
        expected, relative = expected * rise, relative + (rise > 1) / (rest + 1.0)
        variance = self.lean.phi[places] * expected + relative * expected**2
        return mixed(observed, expected, relative, self.lean.mixture[places]), observed, expected, variance

    def _window(self, place: int) -> Window:
        """The window that shows best what stands out."""
        nats, observed, expected, variance = (one[:, 0] for one in self._surprises(np.array([place])))
        at = int(nats.argmax())
        width = min(self.recent.widths[at], self.recent.filled)
        return Window(width * self.step_s, float(nats[at]), float(observed[at]), float(expected[at]), float(variance[at]))

    def _pooled(self, places: NDArray[np.intp]) -> Flags:
        """Who may be summed: not one that has its alarm, nor one that stood out on the last days."""
        return np.asarray((self._standing[places] == 0) & ~self._burning[places])

    def _lifted(self) -> Vector:
        usual = max(float(self._often.mean()) / self._often_days, 1e-3)
        ratio = (self._often + OFTEN_PRIOR) / (self._often_days * usual + OFTEN_PRIOR)
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
            old = renaming.before(new, self.recent.sums, self.recent.expected, self.lean)
            if old is not None:
                told = {"before": self.children[old], "after": self.children[new]}
                said[told["after"]] = replace(
                    self._calm(x, told["after"]), grade=Tier.GENERAL, score=RENAMED, direction="up", p_value=10**-RENAMED,
                    reason=Reason("detectors.reason.renamed", told),
                )  # fmt: skip
                self.lean.take_over(new, old)
                self.own.take_over(new, old, self.lean.phi)
                self.recent.forget(np.array([new]))
                self.onset.ratio[new], self._evidence[new] = 0.0, 0.0
        if said:
            self._settle(self._level)
        return said

    def _alarm(self, look: Look, bar: float) -> tuple[int | None, float]:
        """The child to name, and the score of the sum if it is that which speaks (0: one child alone)."""
        alone = look.first(look.arrived)
        if alone is None:
            return None, 0.0
        if self._score(self.most, float(look.evidence[alone])) >= bar:
            return alone, 0.0
        together = self._score(self.sum, look.total)
        summed = look.first((look.evidence > POOLED) & self._pooled(look.places))
        return (summed, together) if together >= bar else (None, 0.0)

    @staticmethod
    def _score(blocks: Blocks, value: float) -> float:
        return max(CALM_SCORE, blocks.score(value) + math.log10(PART)) if value > 0 else CALM_SCORE

    def _verdict(self, x: FamilyReading, look: Look, at: int, bar: float, together: float = 0.0) -> Verdict:
        score = max(together, self._score(self.most, float(look.evidence[at])) if look.arrived[at] else CALM_SCORE)
        name, window = self.children[look.places[at]], self._window(int(look.places[at]))
        nats = window.nats
        if score < bar:
            return self._calm(x, name, score, nats)
        seen, due = window.observed, window.expected
        told: dict[str, Any] = {"observed": seen, "expected": due, "ratio": seen / due, "window_s": window.seconds}
        code = "detectors.reason.count_high"
        if together:
            order = np.argsort(-look.evidence, kind="stable")
            parts = [self.children[look.places[i]] for i in order if look.evidence[i] > POOLED]
            code, told = "detectors.reason.parts_high", {**told, "n": len(parts), "parts": parts[:NAMED]}
        rank = 0 if together else _rank(seen - due, window.variance, nats)
        start = x.end - timedelta(seconds=window.seconds)
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
        usual = float(self.lean.share[at] * self.own.tilt[at, HOURS * x.off + x.hour]) * x.expected
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
            "own": self.own.body(),
            "recent": self.recent.body(),
            "most": self.most.body(),
            "sum": self.sum.body(),
            "children": self._children_body(),
            "clock": [self._end, self._day, self._days, self._steps, int(self._whole), int(self._off)],
            "total": self._total,
            "level": self._level,
            "often_days": self._often_days,
        }

    def _children_body(self) -> list[list[Any]]:
        rows = zip(self._highest, self._often, self._burning, self._standing, self.onset.ratio.tolist(), strict=True)
        return [[float(h), float(o), bool(b), int(d), ratio] for h, o, b, d, ratio in rows]

    def load(self, body: State) -> None:
        self.children = list(body["names"])
        n = len(self.children)
        self.lean, self.own, self.recent = Lean(n), OwnDay(n), Recent(n, self.step_s)
        self.lean.load(body["lean"])
        self.own.load(body["own"], self.lean.phi)
        self.recent.load(body["recent"])
        self.most.load(body["most"])
        self.sum.load(body["sum"])
        self._end, self._day, self._days, self._steps, whole, off = body["clock"]
        self._whole, self._off, self._total = bool(whole), bool(off), body["total"]
        self._level, self._often_days = body["level"], body["often_days"]
        self._load_children(body["children"])
        self._muted = np.zeros(n, dtype=bool)

    def _load_children(self, rows: Sequence[Sequence[Any]]) -> None:
        self._clear(len(rows))
        self.onset = Onset(len(rows), self.step_s)
        for at, (highest, often, burning, standing, ratio) in enumerate(rows):
            self._highest[at], self._often[at], self._burning[at], self._standing[at] = highest, often, burning, standing
            self.onset.ratio[at] = ratio or 0.0
        self._settle(self._level)

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


def _rank(excess: float, variance: float, nats: float) -> int:
    z = excess / math.sqrt(variance)
    if z >= BARS.severe_z and excess >= BARS.severe_excess and nats >= NATS[1]:
        return 2
    return int(z >= BARS.important_z and excess >= BARS.important_excess and nats >= NATS[0])
