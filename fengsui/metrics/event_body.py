"""What a definition of kind ``known_event`` may say: something that people announced, with what it does to a figure.

While it lasts, detectors expect ``lift`` times the usual (1.0: nobody knows how much, so the time is judged and not learned),
give or take ``margin`` (a share of what is expected).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from fengsui.metrics.kpis import METRICS

LONGEST = timedelta(days=366)
NAME_MAX = 80


def _with_offset(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise PydanticCustomError("metrics.body.offset", "a time needs its offset from UTC, such as +08:00")
    return at


def _name(name: str | dict[str, str]) -> str | dict[str, str]:
    words = [name] if isinstance(name, str) else list(name.values())
    if not words or any(not 0 < len(word.strip()) <= NAME_MAX for word in words):
        raise PydanticCustomError("metrics.body.event_name", "a name of 1 to {most} characters", {"most": NAME_MAX})
    return name


def _metric(metric: str | None) -> str | None:
    if metric is not None and metric not in METRICS:
        raise PydanticCustomError("metrics.body.metric", "'{metric}' is not a metric", {"metric": metric})
    return metric


Moment = Annotated[datetime, AfterValidator(_with_offset)]


class KnownEventBody(BaseModel):
    """``metric`` and ``where`` (level -> value) narrow it down; without them it concerns every figure everywhere.
    ``withdrawn``: it does not take place after all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str | dict[str, str], AfterValidator(_name)]
    start_at: Moment
    end_at: Moment
    lift: Annotated[float, Field(gt=0, le=100)] = 1.0
    margin: Annotated[float, Field(ge=0, le=10)] = 0.0
    metric: Annotated[str | None, AfterValidator(_metric)] = None
    where: dict[str, str] = Field(default_factory=dict)
    note: str = Field(default="", max_length=500)
    withdrawn: bool = False

    @model_validator(mode="after")
    def _lasts(self) -> KnownEventBody:
        if not timedelta() < self.end_at - self.start_at <= LONGEST:
            raise PydanticCustomError("metrics.body.event_length", "end_at is after start_at, by at most 366 days")
        return self

    def title(self, lang: str) -> str:
        if isinstance(self.name, str):
            return self.name
        return self.name.get(lang) or next(iter(self.name.values()))
