"""What share and duration drift have in common: the order of judging and learning, age, patience, and the state.

A step without exposure changes nothing. Learning of the baseline stops while an alarm stands (stopping earlier biases it:
five times the false alarms) until the shift has stood for ``patience_s``; then it is the new normal.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from detectors import reading, telling
from detectors.base import Detector, Reading, State, Verdict
from detectors.calibration import Peaks
from detectors.guard import Guard
from detectors.harmonics import DAY, Harmonics, Vector
from detectors.parameter import Parameter, check_all
from detectors.telling import NOTHING, Band, Finding

WEEK = 604800
QUARTER = 900
"""History is warmed in steps of this length where the base step is shorter."""

STEPS_A_DAY = 24
"""A day of learning needs this many steps with exposure: few numbers do not ripen by waiting."""

SUDDEN_THRESHOLD = 4.0
BACK = (4, 16)
BACK_Z = 3.5
"""The last steps contradict a chart that far: what it added up is over."""

NATS = (10.0, 21.0)
"""Evidence, beyond size, that the higher grades need: 4.5 and 6.5 sd."""


class View(NamedTuple):
    """A reading against its expectation; derived, never part of the state. Units are the detector's own."""

    reading: Reading
    row: Vector
    n: float
    usual: float
    q: float
    expected: float
    band: Band


class Drift(Detector, abc.ABC):
    """Template of the two drift detectors."""

    PARAMETERS: ClassVar[Sequence[Parameter]]
    SLOW_PART: ClassVar[float] = 0.9
    """Of the budget; the sudden test has the rest. A break that it is for is far beyond any limit, so its part may be small;
    each tenth that the slow one gives away costs it hours."""
    step_s: int
    patience_s: int

    def _lay_out(self, level_variance: float, memory: float) -> None:
        check_all(self.PARAMETERS, self.parameters())
        self._harmonics = Harmonics(level_variance, memory)
        self._guard = Guard(max(2, self.patience_s // self.step_s))
        self._sudden = Peaks(SUDDEN_THRESHOLD, max(2, 7200 // self.step_s), 2.5 * math.exp(-SUDDEN_THRESHOLD))
        self._end = self._age = self._steps = 0
        self._seen: tuple[View, Finding, float] | None = None

    @property
    def _days(self) -> float:
        return min(self._age / DAY, self._steps / STEPS_A_DAY)

    @property
    def _week_steps(self) -> float:
        return WEEK / self.step_s

    def _cases(self, x: Reading) -> float:
        """How many cases stand behind a reading."""
        return reading.exposure(x)

    # What a child brings -------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def _view(self, x: Reading, n: float) -> View:
        """Expectation and band of a reading with exposure ``n`` > 0; checks the value."""

    @abc.abstractmethod
    def _slow(self, view: View) -> Finding:
        """The cumulative test with this reading in."""

    @abc.abstractmethod
    def _fast(self, view: View) -> Finding:
        """The sudden test, scored zero; its surprise goes through the calibration."""

    @abc.abstractmethod
    def _absorb(self, view: View, frozen: bool) -> None:
        """Move the statistics; teach the baseline unless ``frozen``."""

    @abc.abstractmethod
    def _forget(self) -> None:
        """The shift is the new normal: open the baseline, start the statistics anew."""

    # Template ------------------------------------------------------------------------------------------------------

    def judge_one(self, x: Reading) -> Verdict:
        budget = reading.budget(x)
        looked = self._look_at(x)
        if looked is None:
            return telling.quiet(x, None, None, self._days)
        view, finding, _ = looked
        if finding.surprise == 0 or self._days < 1:
            return telling.quiet(x, view.expected, view.band, self._days)
        return telling.loud(x, view.expected, view.band, self._days, finding, budget)

    def _look_at(self, x: Reading) -> tuple[View, Finding, float] | None:
        """View, best finding and the sudden test's surprise; None when there is nothing to judge."""
        if self._seen is not None and self._seen[0].reading is x:
            return self._seen
        reading.span(x, reading.seconds(x.start), (self.step_s, max(self.step_s, QUARTER)))
        n = self._cases(x)
        if x.value is None or n == 0:
            return None
        view = self._view(x, n)
        fast = self._fast(view)
        self._seen = (view, self._best(self._slow(view), fast), fast.surprise)
        return self._seen

    def _best(self, slow: Finding, fast: Finding) -> Finding:
        if self._days < 1:
            return NOTHING
        if fast.surprise:
            score = self._sudden.score(fast.surprise, self._week_steps) + math.log10(1 - self.SLOW_PART)
            fast = fast._replace(score=max(telling.CALM_SCORE, score))
        if slow.surprise:
            slow = slow._replace(score=max(telling.CALM_SCORE, slow.score + math.log10(self.SLOW_PART)))
        return max(slow, fast, key=lambda finding: finding.score if finding.surprise else -math.inf)

    def learn_one(self, x: Reading) -> None:  # type: ignore[override]
        looked, self._seen = self._look_at(x), None
        start = reading.seconds(x.start)
        if looked is None or not x.complete or start < self._end:
            return
        view, finding, sudden = looked
        alarm = self._days >= 1 and telling.alarms(finding, reading.budget(x))
        if self._days >= 1:
            self._sudden.learn(sudden)
        accepted = self._guard.observe(alarm, False, view.n, view.n)
        if accepted:
            self._forget()
        self._absorb(view, alarm and not accepted)
        self._pass_time(start, reading.seconds(x.end))

    def _pass_time(self, start: int, end: int) -> None:
        """Age grows with time, but a long absence counts for a day at most."""
        self._age += end - start + (min(start - self._end, DAY) if self._end else 0)
        self._end = end
        self._steps += 1

    # State ---------------------------------------------------------------------------------------------------------

    def parameters(self) -> Mapping[str, float | int | str]:
        return {parameter.name: getattr(self, parameter.name) for parameter in self.PARAMETERS}

    @abc.abstractmethod
    def _own(self) -> dict[str, Any]:
        """The child's own numbers, by the name of the attribute, as fresh lists and numbers."""

    def body(self) -> State:
        parts = {"harmonics": self._harmonics.body(), "guard": self._guard.body(), "sudden": self._sudden.body()}
        return parts | {"end": self._end, "age": self._age, "steps": self._steps, "own": self._own()}

    def load(self, body: State) -> None:
        self._harmonics.load(body["harmonics"])
        self._guard.load(body["guard"])
        self._sudden.load(body["sudden"])
        self._end, self._age, self._steps = body["end"], body["age"], body["steps"]
        for name, value in body["own"].items():
            setattr(self, name, _copied(value))
        self._seen = None


def _copied(value: Any) -> Any:
    return [_copied(item) for item in value] if isinstance(value, list) else value


def crossings(z: float, keep: float) -> float:
    """How often per step an exponentially weighted mean, in its own sd, climbs over ``z`` by chance: the rate of an
    Ornstein-Uhlenbeck process (Durbin 1985), pace z phi(z), at a level that is higher by what steps miss between them
    (Siegmund 1985: 0.583 sd of a step)."""
    pace = 1 - keep
    z += 0.583 * math.sqrt(2 * pace)
    return pace * z / math.sqrt(2 * math.pi) * math.exp(-min(z * z / 2, 600.0))


def contradicted(claim: float, recent: Iterable[tuple[float, float]]) -> bool:
    """Whether the last steps, newest first as (shift x weight, weight), are far from the shift that a chart claims."""
    side = math.copysign(1.0, claim)
    pulled = weight = 0.0
    for width, (step, heavy) in enumerate(recent, start=1):
        pulled, weight = pulled + step, weight + heavy
        if width in BACK and weight > 0 and side * (claim * weight - pulled) > BACK_Z * math.sqrt(weight):
            return True
    return False


def ranked(size: float, nats: float, important: float, severe: float) -> int:
    """Grades above general need both size and evidence."""
    return int(size >= important and nats >= NATS[0]) + int(size >= severe and nats >= NATS[1])
