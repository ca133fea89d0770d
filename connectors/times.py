"""Times as channel stores write them, read as aware UTC.

ISO 8601 with and without offset, epoch seconds and milliseconds, strptime formats, and what Chinese systems export
(``2026年11月18日 14:32``, ``2026/11/18 下午2:32``). A naive time is one of ``zone``; of a time that the clocks passed twice the
first is meant; one that they left out counts on from before the gap (02:30 becomes 03:30), as PEP 495 says for fold=0.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
EPOCH_MS_FROM = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973: no channel store has either, so the size tells the unit."""

ISO_LENGTH = len("2026-11-18 14:32:06")

_WRITTEN = re.compile(
    r"(?P<year>\d{4})\s*[-年/.]\s*(?P<month>\d{1,2})\s*[-月/.]\s*(?P<day>\d{1,2})\s*日?"
    r"(?:[\sT]*(?P<half>上午|下午|凌晨|早上|中午|晚上|AM|PM)?\s*(?P<hour>\d{1,2})\s*[:时点]\s*(?P<minute>\d{1,2})\s*分?"
    r"(?:\s*:?\s*(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?\s*秒?)?)?"
    r"\s*(?P<half_after>AM|PM)?\s*(?P<offset>Z|UTC|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_AFTERNOON = ("下午", "晚上", "PM")


class NotATime(ValueError):
    """The value does not say a time in a form that is known, or says one that does not exist."""


def read_time(value: Any, zone: str, form: str = "auto") -> datetime:
    """``value`` as aware UTC. ``form``: auto, iso, epoch, epoch_ms or a strptime format. Raises NotATime."""
    try:
        found = _FORMS[form](value) if form in _FORMS else datetime.strptime(_plain(value), form)  # noqa: DTZ007
        return in_utc(found, zone)
    except (ValueError, OverflowError, OSError, TypeError, ArithmeticError) as mistake:
        raise NotATime(str(mistake)) from None


def in_utc(found: datetime, zone: str) -> datetime:
    """Aware UTC; a naive time is one of ``zone``."""
    aware = found if found.tzinfo is not None else found.replace(tzinfo=zone_of(zone))
    return aware.astimezone(UTC)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _auto(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  the zone comes with in_utc
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _epoch_of_size(float(value))
    text = _plain(value)
    if len(text) >= ISO_LENGTH and text[4] == "-" and (found := _quick(text)) is not None:
        return found
    if text.lstrip("-").replace(".", "", 1).isdigit():
        return _digits(text)
    return _written(text)


def _plain(value: Any) -> str:
    """Full-width digits and colons (２０２６，：) as ASCII, ends trimmed."""
    text = str(value)
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def _quick(text: str) -> datetime | None:
    """What most channel stores write, in a tenth of the time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _digits(text: str) -> datetime:
    form = _COMPACT.get(len(text))
    if form is not None and text.startswith(("19", "20")):
        return datetime.strptime(text, form)  # noqa: DTZ007
    return _epoch_of_size(float(text))


def _epoch_of_size(number: float) -> datetime:
    return _epoch(number / 1000 if abs(number) >= EPOCH_MS_FROM else number)


def _epoch(value: Any) -> datetime:
    return datetime.fromtimestamp(float(value), UTC)


def _epoch_ms(value: Any) -> datetime:
    return _epoch(float(value) / 1000)


def _iso(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(_plain(value))


def _written(text: str) -> datetime:
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return datetime.fromisoformat(text)
    part = match.groupdict()
    hour = _hour(int(part["hour"] or 0), part["half"] or (part["half_after"] or "").upper())
    micro = int((part["fraction"] or "0").ljust(6, "0")[:6])
    return datetime(
        int(part["year"]),
        int(part["month"]),
        int(part["day"]),
        hour,
        int(part["minute"] or 0),
        int(part["second"] or 0),
        micro,
        tzinfo=_offset(part["offset"]),
    )


def _hour(hour: int, half: str) -> int:
    if half.upper() in _AFTERNOON and hour < 12:
        return hour + 12
    return 0 if hour == 12 and half.upper() in ("上午", "凌晨", "AM") else hour


def _offset(text: str | None) -> timezone | None:
    if not text:
        return None
    if text.upper() in ("Z", "UTC"):
        return UTC
    away = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-away if text[0] == "-" else away)


_FORMS = {"auto": _auto, "iso": _iso, "epoch": _epoch, "epoch_ms": _epoch_ms}
