"""How a database column writes time, so that bounds can be compared inside the database.

A column holds real timestamps (aware or naive), dates, ISO-like text, or epoch seconds or milliseconds as numbers; one value
tells which. Lower bounds are rounded down and upper bounds up to the column's resolution: a bound may read a row twice, but
never skips one.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connectors.base import ConfigFault
from connectors.shape import shape_of
from connectors.times import EPOCH_MS_FROM

_TEXT = re.compile(
    r"\d{4}(?P<dash>[-/.])\d{2}(?P=dash)\d{2}"
    r"(?:(?P<gap>[T ])\d{2}:\d{2}(?P<second>:\d{2}(?:\.\d+)?)?)?"
    r"(?P<offset>Z|[+-]\d{2}:?\d{2})?"
)
"""Text of these forms sorts like the time it says, so the database can compare it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The way one column writes time. ``form`` is the strftime pattern of a text column."""

    kind: Literal["aware", "naive", "date", "text", "epoch", "epoch_ms"]
    zone: str = "UTC"
    form: str = ""
    resolution_s: int = 1

    def at_least(self, moment: datetime) -> Any:
        """The bound for ``column >= bound``."""
        return self._written(_floor(moment, self.resolution_s, self.zone))

    def below(self, moment: datetime) -> Any:
        """The bound for ``column < bound`` that still holds every value before ``moment``."""
        floor = _floor(moment, self.resolution_s, self.zone)
        return self._written(floor if floor == moment else floor + timedelta(seconds=self.resolution_s))

    def fits(self, value: Any, zone: str) -> bool:
        """Does ``value`` sort on this axis? True for what is no time at all, as is 0."""
        if value == 0:
            return True
        try:
            other = axis_of(value, zone, "")
        except ConfigFault:
            return True
        return (other.kind, other.zone, other.form) == (self.kind, self.zone, self.form)

    def _written(self, moment: datetime) -> Any:
        local = moment.astimezone(_zone(self.zone))
        if self.kind == "aware":
            return moment.astimezone(UTC)
        if self.kind == "naive":
            return local.replace(tzinfo=None)
        if self.kind == "date":
            return local.date()
        if self.kind == "text":
            return local.strftime(self.form)
        return round(moment.timestamp() * (1000 if self.kind == "epoch_ms" else 1))


def axis_of(sample: Any, zone: str, column: str) -> Axis:
    """The axis of a column from one of its values. Raises ConfigFault where the column cannot be ordered by time."""
    if isinstance(sample, datetime):
        return Axis("naive", zone) if sample.tzinfo is None else Axis("aware")
    if isinstance(sample, date):
        return Axis("date", zone, resolution_s=86_400)
    if isinstance(sample, int | float | Decimal) and not isinstance(sample, bool):
        return Axis("epoch_ms" if abs(float(sample)) >= EPOCH_MS_FROM else "epoch")
    match = _TEXT.fullmatch(str(sample))
    if match is None:
        raise ConfigFault(
            "connectors.config.time_column",
            field=column,
            value=shape_of(sample),
            allowed="YYYY-MM-DD HH:MM:SS",
            nearest=None,
        )
    return _text_axis(match, zone)


def _text_axis(match: re.Match[str], zone: str) -> Axis:
    dash, gap = match["dash"], match["gap"]
    day = f"%Y{dash}%m{dash}%d"
    where = _zone_of_offset(match["offset"]) or zone
    if gap is None:
        return Axis("text", where, day, 86_400)
    if match["second"] is None:
        return Axis("text", where, f"{day}{gap}%H:%M", 60)
    return Axis("text", where, f"{day}{gap}%H:%M:%S")


def _zone_of_offset(offset: str | None) -> str | None:
    """The offset as it is read by ``_zone``; its text column is ordered by local time of that offset."""
    return "UTC" if offset == "Z" else offset


def _zone(name: str) -> tzinfo:
    """Of an IANA name, or of an offset such as ``+05:30``."""
    if name[0] not in "+-":
        return ZoneInfo(name)
    away = timedelta(hours=int(name[1:3]), minutes=int(name[-2:]))
    return timezone(away if name[0] == "+" else -away)


def _floor(moment: datetime, resolution_s: int, zone: str) -> datetime:
    if resolution_s == 86_400:
        local = moment.astimezone(_zone(zone))
        return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    seconds = math.floor(moment.timestamp() / resolution_s) * resolution_s
    return datetime.fromtimestamp(seconds, UTC)


# --- key values in the cursor ----------------------------------------------------------------------------------------

_READERS: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "uuid": uuid.UUID,
    "bytes": bytes.fromhex,
}


def key_to_json(value: Any) -> Any:
    """A value of a key column as JSON that comes back as the same value."""
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, uuid.UUID):
        return {"uuid": str(value)}
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def key_from_json(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, written),) = value.items()
        return _READERS[kind](written)
    return value
