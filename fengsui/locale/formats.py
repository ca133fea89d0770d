"""How one parameter is written: numbers, times, spans, tiers, scopes. The visible table of contracts §8.

Values are JSON: times are ISO 8601 strings (or epoch seconds, or datetimes from code), spans are seconds, shares are
fractions of one, tiers are 0..3, slices are slice keys, metrics are metric ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from fengsui.store.slices import ALL, slice_levels

MINUS = "\N{MINUS SIGN}"
TIER_MARKS = {0: "✓", 1: "●", 2: "▲", 3: "◆"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sentence is read: language, the centre's zone, and the words that formats need."""

    lang: str
    zone: str
    words: Mapping[str, str]

    @property
    def joiner(self) -> str:
        return "、" if self.lang == "zh_CN" else ", "

    def word(self, code: str) -> str:
        return self.words.get(code, f"«{code}»")


def local(value: Any, zone: str) -> datetime:
    """An aware local time from a datetime, an ISO string or epoch seconds; without an offset it is UTC."""
    if isinstance(value, int | float):
        at = datetime.fromtimestamp(value, UTC)
    elif isinstance(value, datetime):
        at = value
    else:
        at = datetime.fromisoformat(str(value))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone))


def _decimal(value: float, pattern: str, place: Place) -> str:
    return format_decimal(value, format=pattern, locale=place.lang).replace("-", MINUS)


def as_int(value: Any, place: Place) -> str:
    return _decimal(round(float(value)), "#,##0", place)


def as_num(value: Any, place: Place) -> str:
    """Two decimals below 10, one below 100, none above: what a person reads aloud."""
    number = float(value)
    pattern = "#,##0.##" if abs(number) < 10 else "#,##0.#" if abs(number) < 100 else "#,##0"
    return _decimal(number, pattern, place)


def as_pct(value: Any, place: Place) -> str:
    return _decimal(float(value) * 100, "#,##0.#", place) + "%"


def as_time(value: Any, place: Place) -> str:
    return f"{local(value, place.zone):%H:%M}"


def as_day(value: Any, place: Place) -> str:
    at = local(value, place.zone)
    return f"{at.month} 月 {at.day} 日" if place.lang == "zh_CN" else f"{at:%b} {at.day}"


_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_NO_SECONDS_FROM = 600  # from ten minutes on nobody reads seconds


def as_span(value: Any, place: Place) -> str:
    """Seconds in at most two neighbouring units, cut, not rounded: 125 -> ``2 分 5 秒``, 3725 -> ``1 小时 2 分``."""
    seconds = int(abs(float(value)))
    if seconds >= _NO_SECONDS_FROM:
        seconds -= seconds % 60
    first = next((n for n, (_, size) in enumerate(_UNITS) if seconds >= size), len(_UNITS) - 1)
    parts: list[str] = []
    for unit, size in _UNITS[first : first + 2]:
        amount, seconds = divmod(seconds, size)
        if amount or not parts:
            parts.append(f"{amount} {place.word(f'locale.unit.{unit}')}")
    return " ".join(parts)


def as_tier(value: Any, place: Place) -> str:
    tier = int(value)
    return f"{TIER_MARKS[tier]} {place.word(f'locale.tier.{tier}')}" if tier in TIER_MARKS else str(value)


def as_slice(value: Any, place: Place) -> str:
    """``channel=App|org.1=华南`` -> ``华南 · App``: organisation first, as people say it."""
    key = str(value)
    if key == ALL:
        return place.word("locale.slice.all")
    levels = slice_levels(key)
    order = sorted(levels, key=lambda level: (not level.startswith("org"), not level.startswith("channel"), level))
    return " · ".join(levels[level].replace("/", " ") for level in order)


def as_metric(value: Any, place: Place) -> str:
    return place.words.get(f"locale.metric.{value}", str(value))


def as_about(value: Any, place: Place) -> str:
    """A count that was computed, not counted: 0.1 (and anything between 0 and that), 0.9, 3.4, 12, 180."""
    number = float(value)
    if 0 < abs(number) < 0.1:
        number = 0.1 if number > 0 else -0.1
    return _decimal(number, "#,##0.#" if abs(number) < 10 else "#,##0", place)


def as_brief(value: Any, place: Place) -> str:
    """A count to be read from five metres: 3.4, 138, 9,999, and in Chinese 1.23 万 and 4.5 亿."""
    number = float(value)
    for size, word in ((100_000_000, "亿"), (10_000, "万")):
        if place.lang == "zh_CN" and round(abs(number)) >= size:
            return f"{_decimal(number / size, '#,##0.##', place)} {word}"
    return as_about(value, place)


def as_cue(value: Any, place: Place) -> str:
    """``outage`` -> 用不了; words of the centre's own lexicon stand as they are."""
    return place.words.get(f"alerts.cue.{value}", str(value))


def as_floor(value: Any, place: Place) -> str:
    """``core-outage`` -> 核心业务中断; a floor that the centre defined itself stands by its id."""
    return place.words.get(f"alerts.floor.{value}", str(value))


def as_room(value: Any, place: Place) -> str:
    """``ingest`` -> 接入: a step of a round by its name."""
    return place.words.get(f"locale.room.{value}", str(value))


def as_field(value: Any, place: Place) -> str:
    """A field of the mapping by its name beside its key, so that a reader knows it and an operator finds it."""
    key = str(value)
    head = key.partition(".")[0]
    name = place.words.get(f"locale.field.{key}") or place.words.get(f"locale.field.{head}") or key
    return key if name == head else f"{name} {key}"


def as_role(value: Any, place: Place) -> str:
    """``duty`` -> 值班员; several one after another."""
    roles = [value] if isinstance(value, str) else list(value)
    return place.joiner.join(place.words.get(f"locale.role.{role}", str(role)) for role in roles)


def as_text(value: Any, place: Place) -> str:
    return str(value)


Format = Callable[[Any, Place], str]
FORMATS: dict[str, Format] = {
    "int": as_int,
    "num": as_num,
    "about": as_about,
    "brief": as_brief,
    "pct": as_pct,
    "time": as_time,
    "day": as_day,
    "span": as_span,
    "tier": as_tier,
    "slice": as_slice,
    "metric": as_metric,
    "cue": as_cue,
    "floor": as_floor,
    "room": as_room,
    "field": as_field,
    "role": as_role,
    "text": as_text,
}
