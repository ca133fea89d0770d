"""What a definition of kind ``sla_policy`` may say: limits by priority, customer tier, channel or any other dimension.

docs/sla.md explains each field. Lines are asked from the top; the first that fits a record sets its limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from fengsui.metrics.business import BusinessClock

TICKETS = ("complaint", "inquiry", "suggestion", "request")
"""Kinds that a centre must handle; a review, a survey or a call has no deadline."""
NORMAL = "normal"
Unit: TypeAlias = Literal["minute", "hour", "business_minute", "business_hour", "workday", "day"]
_PLAIN: Mapping[str, timedelta] = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_BUSINESS: Mapping[str, timedelta] = {f"business_{name}": length for name, length in _PLAIN.items()}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(_Body):
    """``n`` units. ``roll``: a last calendar day that is off gives way to the next working day (``day`` only)."""

    n: Annotated[float, Field(gt=0, le=100_000)]
    unit: Unit
    roll: bool = False

    @model_validator(mode="after")
    def _whole_days(self) -> Limit:
        if self.unit in ("workday", "day") and (self.n != int(self.n) or self.n > 1000):
            raise PydanticCustomError("metrics.body.whole_days", "days are counted whole, at most 1000")
        if self.roll and self.unit != "day":
            raise PydanticCustomError("metrics.body.roll", "roll is for calendar days (unit day)")
        return self

    def due(self, opened_at: datetime, clock: BusinessClock) -> datetime:
        """The end of the limit for a record opened at ``opened_at``, by the clock of its queue."""
        if self.unit in _PLAIN:
            return opened_at + self.n * _PLAIN[self.unit]
        if self.unit in _BUSINESS:
            return clock.after(opened_at, self.n * _BUSINESS[self.unit])
        if self.unit == "workday":
            return clock.workdays_after(opened_at, int(self.n))
        return clock.days_after(opened_at, int(self.n), roll=self.roll)


class Line(_Body):
    """One row of the policy. ``when``: dimension (or ``priority``, ``kind``, ``source``) -> values that fit, one of each; a
    value fits what lies below it, too. ``regulator``: referrals of an authority, listed as such. ``pauses``: ``stop`` moves the
    deadline by the time spent waiting for the customer."""

    id: str = Field(min_length=1)
    when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    resolution: Limit | None = None
    response: Limit | None = None
    regulator: bool = False
    pauses: Literal["run", "stop"] = "run"

    def fits(self, about: Mapping[str, str | None]) -> bool:
        return all(_one_of(about.get(name), values) for name, values in self.when.items())


class PolicyBody(_Body):
    """``lines`` in the order in which they are asked. ``kinds``: records of others have no deadline."""

    lines: tuple[Line, ...] = Field(min_length=1)
    kinds: tuple[str, ...] = TICKETS

    @model_validator(mode="before")
    @classmethod
    def _first_form(cls, body: Any) -> Any:
        """Policies stored before there were lines: seconds by priority."""
        if not isinstance(body, Mapping) or "lines" in body or not isinstance(body.get("resolution"), Mapping):
            return body
        left = {name: value for name, value in body.items() if name not in ("resolution", "response")}
        lines = _lines(body["resolution"], body.get("response"))
        return {**left, "lines": lines}

    @model_validator(mode="after")
    def _each_id_once(self) -> PolicyBody:
        ids = [line.id for line in self.lines]
        if len(set(ids)) != len(ids):
            raise PydanticCustomError("metrics.body.line_twice", "each line needs an id of its own")
        return self

    def line_of(self, kind: str, about: Mapping[str, str | None]) -> Line | None:
        if kind not in self.kinds:
            return None
        return next((line for line in self.lines if line.fits(about)), None)


def by_priority(resolution: Mapping[str, timedelta], response: timedelta) -> PolicyBody:
    """The first policy of a centre: plain hours by priority, the normal one for all others."""
    seconds = {name: length.total_seconds() for name, length in resolution.items()}
    return PolicyBody.model_validate({"lines": _lines(seconds, response.total_seconds())})


def _lines(resolution: Mapping[str, float], response: float | None) -> list[dict[str, Any]]:
    """Normal is the last line, for whatever has no priority of its own; without it such records have no deadline."""
    answer = None if response is None else {"n": response / 60, "unit": "minute"}
    named = [
        {"id": name, "when": {"priority": (name,)}, "resolution": {"n": seconds / 60, "unit": "minute"}, "response": answer}
        for name, seconds in resolution.items()
        if name != NORMAL
    ]
    rest = resolution.get(NORMAL)
    last = {"id": NORMAL, "resolution": None if rest is None else {"n": rest / 60, "unit": "minute"}, "response": answer}
    return [*named, last]


def _one_of(value: str | None, allowed: tuple[str, ...]) -> bool:
    return value is not None and any(value == each or value.startswith(f"{each}/") for each in allowed)
