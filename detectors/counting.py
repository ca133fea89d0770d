"""What the detectors of faults in counts have in common: a count per step, in order of time, with age and readiness."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from detectors import reading, telling
from detectors.base import Detector, Reading, State, Verdict
from detectors.parameter import Parameter, check_all
from detectors.telling import Band, Finding

DAY = 86400
QUARTER = 900


class Counting(Detector, abc.ABC):
    """Template: a child says what it expects and what it finds; an incomplete reading is never an alarm here, for a connector
    that is behind is told of by the health of the sources, not by its customers' silence."""

    kind: ClassVar[Literal["count", "share"]] = "count"
    PARAMETERS: ClassVar[Sequence[Parameter]]
    step_s: int

    def _lay_out(self) -> None:
        check_all(self.PARAMETERS, self.parameters())
        self._end = self._age = 0

    @abc.abstractmethod
    def _expected(self, x: Reading) -> tuple[float, Band]:
        """Of the reading itself, with its band."""

    @abc.abstractmethod
    def _find(self, x: Reading) -> Finding:
        """The evidence with this reading in; ``x`` is complete, has a value, and is newer than what was learned."""

    @abc.abstractmethod
    def _take(self, x: Reading) -> None:
        """Learn it."""

    @property
    def _days(self) -> float:
        return self._age / DAY

    def judge_one(self, x: Reading) -> Verdict:
        budget = reading.budget(x)
        start = self._checked(x)
        if x.value is None or x.exposure == 0:
            return telling.quiet(x, None, None, self._days)
        expected, band = self._expected(x)
        if not x.complete or start < self._end or self._days < 1:
            return telling.quiet(x, expected, band, self._days)
        finding = self._find(x)
        if finding.surprise == 0:
            return telling.quiet(x, expected, band, self._days)
        return telling.loud(x, expected, band, self._days, finding, budget)

    def _checked(self, x: Reading) -> int:
        start = reading.seconds(x.start)
        reading.span(x, start, (self.step_s, max(self.step_s, QUARTER)))
        reading.exposure(x)
        if x.value is not None:
            reading.number("value", x.value)
        return start

    def learn_one(self, x: Reading) -> None:  # type: ignore[override]
        start = self._checked(x)
        if x.value is None or x.exposure == 0 or not x.complete or start < self._end:
            return
        self._take(x)
        end = reading.seconds(x.end)
        self._age += end - start + (min(start - self._end, DAY) if self._end else 0)
        self._end = end

    # State ---------------------------------------------------------------------------------------------------------

    def parameters(self) -> Mapping[str, float | int | str]:
        return {parameter.name: getattr(self, parameter.name) for parameter in self.PARAMETERS}

    @abc.abstractmethod
    def _own(self) -> dict[str, Any]:
        """The child's own numbers, JSON-ready and fresh."""

    @abc.abstractmethod
    def _load_own(self, own: dict[str, Any]) -> None:
        """Take over what ``_own`` gave."""

    def body(self) -> State:
        return {"end": self._end, "age": self._age, "own": self._own()}

    def load(self, body: State) -> None:
        self._end, self._age = body["end"], body["age"]
        self._load_own(body["own"])
