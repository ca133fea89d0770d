"""The contract of a detector: a reading comes in, a verdict goes out, and judging changes nothing.

``judge_one`` and ``score_one`` are pure; ``learn_one`` learns; ``step`` is judge, then learn, and is what the engine calls.
A verdict is a function of the readings seen so far and of nothing else, so a restart or a replay gives it bit for bit.
"""

from __future__ import annotations

import abc
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Any, ClassVar, Literal, TypeAlias

from river import base

DayType: TypeAlias = Literal["workday", "weekend", "holiday", "makeup"]
State: TypeAlias = dict[str, Any]

SCHEMA = 1
"""Version of the state header; a change re-warms every series from the roll-ups."""


class Tier(IntEnum):
    """正常 一般 重要 严重. A verdict's ``grade`` and an alert's ``tier`` share the scale, not the meaning (DESIGN §5)."""

    NONE = 0
    GENERAL = 1
    IMPORTANT = 2
    SEVERE = 3


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event that people announced: expected to multiply the level by ``lift`` (1.0 = unknown size: do not learn)."""

    name: str
    lift: float
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Context:
    """Plain data that the house attaches to a reading; a detector asks nobody.

    ``local`` is the start of the reading on the centre's wall clock (profiles follow the wall clock, not UTC).
    ``budget``: false episodes a week that this series may cost.
    """

    local: datetime
    day_type: DayType = "workday"
    events: tuple[KnownEvent, ...] = ()
    budget: float = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of one series in ``[start, end)`` (aware UTC), as it stood when the step closed.

    Counts: ``value`` events. Shares: ``value`` successes of ``exposure``. Durations: ``value`` is the mean of the natural
    logarithm of seconds over ``exposure`` durations. Gauges: ``value`` at ``end``. ``value`` is None when there is no data
    (which is not zero). ``complete`` is False when a source of the series was behind: judged, never learned, and it cannot
    clear an alert. A step is the series' base step or, while warming from old history, a quarter of an hour.
    """

    series: str
    start: datetime
    end: datetime
    value: float | None
    exposure: float | None
    complete: bool
    context: Context


@dataclass(frozen=True, slots=True)
class FamilyReading:
    """A closed step of a parent and its sparse children. ``expected``, ``observed``: counts of the parent; ``counts``: of the
    children that had any, by name. ``day``, ``hour`` and ``off`` (a weekend or a holiday): on the centre's calendar and clock.
    ``budget``: false episodes a week of the whole family."""

    start: datetime
    end: datetime
    day: date
    expected: float
    observed: float
    counts: Mapping[str, float]
    complete: bool
    budget: float
    hour: int
    off: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code of the catalogue with plain parameters; words are chosen when it is read (DESIGN §6)."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a detector says of one reading.

    ``expected``, ``lower``, ``upper``: the step's own value in the reading's unit. ``score`` = -log10 of the expected false
    episodes per week at this surprise; ``p_value`` of the strongest window, in [1e-300, 1]; both are finite. ``ready``
    False: still learning, ``grade`` is NONE whatever the score. ``window_*``: the window that gave the score, as in
    "12 分钟 60 件，平时约 6 件".
    """

    series: str
    start: datetime
    end: datetime
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float
    p_value: float
    ready: bool
    grade: Tier
    direction: Literal["up", "down", "none"]
    reason: Reason
    window_start: datetime
    window_observed: float | None
    window_expected: float | None


class Detector(base.AnomalyDetector, abc.ABC):
    """One series' detector.

    Parameters are keyword arguments with defaults that need no tuning; a bad one raises ``ValueError`` naming parameter,
    value and what is allowed. ``kind`` says which shape of reading it takes.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    kind: ClassVar[Literal["count", "share", "duration", "gauge"]]

    @abc.abstractmethod
    def judge_one(self, x: Reading) -> Verdict:
        """The verdict on ``x`` given what was learned so far. Changes nothing; calling it twice gives the same."""

    def score_one(self, x: Reading) -> float:  # type: ignore[override]
        """``judge_one(x).score``: River's verb."""
        return self.judge_one(x).score

    @abc.abstractmethod
    def learn_one(self, x: Reading) -> None:  # type: ignore[override]
        """Take ``x`` in. A reading that starts before the last one's end, or is not ``complete``, is not learned."""

    @abc.abstractmethod
    def parameters(self) -> Mapping[str, float | int | str]:
        """The constructor's arguments, for the header and for ``from_state``."""

    @abc.abstractmethod
    def body(self) -> State:
        """Everything learned, as JSON-ready plain numbers, lists and dicts."""

    @abc.abstractmethod
    def load(self, body: State) -> None:
        """Take over what ``body()`` gave; afterwards the same readings give the same verdicts bit for bit."""

    def to_state(self) -> State:
        return {
            "schema": SCHEMA,
            "detector": self.name,
            "version": self.version,
            "parameters": dict(self.parameters()),
            "body": self.body(),
        }

    def restore(self, state: State) -> None:
        """Take over a stored state. Raises ``StateMismatch`` when schema, detector, version or parameters are not this
        detector's own (a rule was edited, the product upgraded): the caller re-warms from roll-ups."""
        found = (state.get("schema"), state.get("detector"), state.get("version"), state.get("parameters"))
        wanted = (SCHEMA, self.name, self.version, dict(self.parameters()))
        if found != wanted:
            raise StateMismatch(found, wanted)
        self.load(state["body"])


class FamilyDetector(abc.ABC):
    """One test for all sparse children of a parent."""

    name: ClassVar[str]
    version: ClassVar[int]
    step_s: int

    @abc.abstractmethod
    def adopt(self, children: Sequence[str], muted: Collection[str] = ()) -> None:
        """The children from now on; a new one begins with an equal share and without a past. ``muted``: watched by a detector
        of their own: they go on learning, so that nothing jumps when they come back, and are not judged."""

    @property
    @abc.abstractmethod
    def ready(self) -> bool:
        """Silent until the shares are known."""

    @abc.abstractmethod
    def step(self, x: FamilyReading, watched: Collection[str] = ()) -> list[Verdict]:
        """Judge, then learn. Verdicts of the child that alarms, if one does, and of those that are ``watched``, named in
        ``series``; a step that is not newer than the last one gives none."""

    @abc.abstractmethod
    def to_state(self) -> State:
        """Everything learned, with its header, as JSON-ready plain numbers."""

    @abc.abstractmethod
    def restore(self, state: State) -> None:
        """Take over a stored state. Raises ``StateMismatch`` as a ``Detector`` does."""


class StateMismatch(Exception):
    """A stored state belongs to another schema, detector or version."""

    def __init__(self, found: tuple[Any, ...], wanted: tuple[Any, ...]) -> None:
        super().__init__(f"state {found} is not {wanted}")
        self.found, self.wanted = found, wanted


def step(detector: Detector, reading: Reading) -> Verdict:
    """Judge, then learn. What the engine calls for each closed step, in order of time."""
    verdict = detector.judge_one(reading)
    detector.learn_one(reading)
    return verdict
