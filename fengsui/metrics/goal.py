"""A dated goal (from 60 % to 95 % in six months): what it asks for today, and whether the trend so far will meet it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.special import stdtr, stdtrit

Chance: TypeAlias = Literal["likely", "open", "unlikely", "unknown"]
FEWEST, LIKELY, UNLIKELY = 6, 0.8, 0.2
CONFIDENCE = 0.9
RECENT = 12
"""Weeks that the trend is taken from: what was done before says little about what is being done."""


class Goal(BaseModel):
    """Body of a definition of kind ``goal``; its id is a metric. Values in its unit: shares in [0, 1], seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: date
    end: date
    start_value: float = Field(allow_inf_nan=False)
    end_value: float = Field(allow_inf_nan=False)

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Goal:
        if self.end <= self.start:
            raise ValueError("end must be after start")
        if self.start_value == self.end_value:
            raise ValueError("end_value equals start_value: that is a target, not a goal")
        return self

    @property
    def rising(self) -> bool:
        return self.end_value > self.start_value

    def required(self, day: date) -> float:
        """What the straight way from start to end asks for on ``day``; flat before and after."""
        gone = (day - self.start).days / (self.end - self.start).days
        return self.start_value + (self.end_value - self.start_value) * min(max(gone, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Progress:
    """``required`` of today, ``gap`` to it (positive: better than asked for). ``forecast`` with its 90 % band: the value on the
    last day if the trend of the last weeks goes on; None with fewer than six weeks."""

    goal: Goal
    required: float
    gap: float | None
    forecast: float | None
    lower: float | None
    upper: float | None
    chance: Chance


def progress(
    goal: Goal, today: date, value: float | None, weeks: Sequence[float | None], bounds: tuple[float, float]
) -> Progress:
    """``weeks``: the figure of each week up to today, oldest first; ``bounds``: what a value of the metric can be."""
    required = goal.required(today)
    gap = None if value is None else (value - required) * (1 if goal.rising else -1)
    if today >= goal.end:
        met = gap is not None and gap >= 0
        return Progress(goal, required, gap, None, None, None, "unknown" if gap is None else "likely" if met else "unlikely")
    known = [(n, one) for n, one in enumerate(weeks[-RECENT:], 1 - min(len(weeks), RECENT)) if one is not None]
    if len(known) < FEWEST:
        return Progress(goal, required, gap, None, None, None, "unknown")
    middle, spread, freedom = _trend(known, (goal.end - today).days / 7)
    half = spread * float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
    miss = (goal.end_value - middle) * (1 if goal.rising else -1)
    p = (1.0 if miss <= 0 else 0.0) if spread == 0 else float(stdtr(freedom, -miss / spread))
    chance: Chance = "likely" if p >= LIKELY else "unlikely" if p <= UNLIKELY else "open"
    at, low, high = (min(max(one, bounds[0]), bounds[1]) for one in (middle, middle - half, middle + half))
    return Progress(goal, required, gap, at, low, high, chance)


def _trend(known: Sequence[tuple[int, float]], ahead: float) -> tuple[float, float, int]:
    """(value ``ahead`` weeks from the newest, its standard error as a prediction, degrees of freedom) of a straight line."""
    x, y = (np.array(column, dtype=np.float64) for column in zip(*known, strict=True))
    slope, at = np.polyfit(x, y, 1)
    freedom = len(x) - 2
    noise = float(((y - (slope * x + at)) ** 2).sum()) / freedom
    away = (ahead - x.mean()) ** 2 / float(((x - x.mean()) ** 2).sum())
    return float(slope * ahead + at), math.sqrt(noise * (1 + 1 / len(x) + away)), freedom
