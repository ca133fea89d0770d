"""The series in memory: each with its detector and how far it has come. The store can always give them back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from detectors import registry
from detectors.base import Detector, Reading, StateMismatch, Verdict
from fengsui.engine import state
from fengsui.engine.planned import Planned
from fengsui.engine.readings import Maker
from fengsui.metrics.read import Value
from fengsui.store.slices import bucket, bucket_start

log = logging.getLogger(__name__)

Build: TypeAlias = Callable[[str, Mapping[str, Any]], Detector]
"""(name, parameters) -> a detector that has learned nothing. Raises ``ValueError`` for a bad name or parameter."""
Place: TypeAlias = tuple[str, int, int]
"""(metric, step in minutes, slice): what cells and marks are kept by."""


def build_detector(name: str, parameters: Mapping[str, Any]) -> Detector:
    return registry.make(name, **parameters)


@dataclass(slots=True)
class Live:
    """``last_end``: end of the last step that was closed, in minutes; ``None``: the detector has not been warmed.

    ``whole_end``: end of the last step that its stored state knows. ``relearn_to``: it had a state, of another version or
    other parameters, that stood here.
    """

    planned: Planned
    detector: Detector
    maker: Maker
    last_end: int | None = None
    ready: bool = False
    relearn_to: int | None = None
    whole_end: int = 0
    minutes: int = field(init=False)
    place: Place = field(init=False)
    own_quarter: int = field(init=False)

    def __post_init__(self) -> None:
        """What every step asks for."""
        rule = self.planned.rule
        self.minutes = rule.step_s // 60
        self.place = rule.metric, self.minutes, self.planned.slice_id
        self.own_quarter = state.own_quarter(self.planned.series)

    @property
    def next_end(self) -> int | None:
        return None if self.last_end is None else self.last_end + self.minutes

    def close(self, value: Value | None, complete: bool) -> tuple[Reading, Verdict]:
        """Judge and learn the next step."""
        if self.last_end is None:
            raise AssertionError(f"{self.planned.series} is not warmed")
        reading = self.maker.reading(self.last_end, self.minutes, value, complete)
        reading, verdict = heard(self.detector, reading)
        self.last_end += self.minutes
        return reading, verdict

    @property
    def has_tail(self) -> bool:
        return self.last_end is not None and self.last_end > self.whole_end

    def whole(self) -> state.Whole:
        """All that it knows, to be stored."""
        self.whole_end = self.last_end or 0
        return state.Whole(state.canonical(self.detector), bucket_start(self.whole_end))


@dataclass(slots=True)
class Roster:
    """All head series of the plan. ``refused``: series -> why no detector could be built for it; ``resting``: what those of
    them knew that had a detector until now, to be stored: nobody keeps their readings."""

    lives: dict[str, Live] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    resting: dict[str, state.Whole] = field(default_factory=dict)

    def cold(self) -> list[Live]:
        return [one for one in self.lives.values() if one.last_end is None]

    def next_end(self) -> int | None:
        ends = [one.next_end for one in self.lives.values() if one.next_end is not None]
        return min(ends) if ends else None

    def rest(self, before: Roster) -> None:
        """Take over from ``before`` what is now refused."""
        for key in self.refused:
            if key in before.resting:
                self.resting[key] = before.resting[key]
            elif key in before.lives and before.lives[key].has_tail:
                self.resting[key] = before.lives[key].whole()

    def add(self, planned: Planned, build: Build, maker: Maker) -> Live | None:
        """``None`` where the rule's detector or parameters are refused: the others go on."""
        try:
            detector = build(planned.rule.detector, planned.rule.parameters)
        except (ValueError, TypeError, KeyError) as fault:
            self.refused[planned.series] = str(fault)
            return None
        self.lives[planned.series] = Live(planned, detector, maker)
        return self.lives[planned.series]


def heard(detector: Detector, reading: Reading) -> tuple[Reading, Verdict]:
    """Judge and learn; a reading that the detector refuses (a gauge of 10^12) is one without a value, or it would stop all
    other series with it. Judging changes nothing, so what is learned, stored and learned again is that empty reading alone."""
    try:
        verdict = detector.judge_one(reading)
    except ValueError as fault:
        log.warning("%s: left out at %s: %s", reading.series, reading.end, fault)
        reading = replace(reading, value=None, exposure=None)
        verdict = detector.judge_one(reading)
    detector.learn_one(reading)
    return reading, verdict


def taught(detector: Detector, reading: Reading) -> None:
    """Learn history as it would have been learned live. A detector refuses before it learns anything."""
    try:
        detector.learn_one(reading)
    except ValueError:
        detector.learn_one(replace(reading, value=None, exposure=None))


def resume(live: Live, stored: state.Stored) -> None:
    """Go on from a stored state. One of another detector, version or parameters is not used, nor one whose readings since have
    a hole: the series stays cold."""
    try:
        state.restore(live.detector, stored.whole.text)
        if stored.torn:
            raise StateMismatch(("readings with a hole",), ("each one since the whole state",))
    except StateMismatch as mismatch:
        log.warning("%s: %s: learning again from the roll-ups", live.planned.series, mismatch)
        live.relearn_to = bucket(stored.last_end, 1)
    else:
        for reading in stored.tail:
            live.detector.learn_one(reading)
        live.last_end, live.whole_end = bucket(stored.last_end, 1), bucket(stored.whole.end, 1)


def carry_over(live: Live, before: Live | None) -> bool:
    """A series that stays in a new plan with the same detector keeps it; False when it has to be read from the store."""
    if before is None or before.last_end is None or _asked(before) != _asked(live):
        return False
    live.detector, live.last_end, live.ready = before.detector, before.last_end, before.ready
    live.whole_end = before.whole_end
    return True


def _asked(live: Live) -> tuple[str, dict[str, Any]]:
    return live.planned.rule.detector, dict(live.planned.rule.parameters)
