"""How a value of a metric is written: number and unit apart, signed gaps with a true minus."""

from __future__ import annotations

from fengsui.locale.catalogue import catalogue
from fengsui.locale.formats import MINUS, Place, as_about, as_brief, as_int, as_num
from pages.look.visitor import Visitor


def figure(visitor: Visitor, shape: str, unit: str, value: float | None, *, brief: bool = False) -> tuple[str, str]:
    """(number, unit): a share in per cent, a duration in seconds or minutes, a count plain (``brief``: in 万 where it is long);
    unknown is a dash."""
    if value is None:
        return "—", ""
    place = Place(visitor.lang, visitor.zone, catalogue(visitor.lang))
    if unit == "permille":
        return f"{value * 1000:.1f}", "‰"
    if shape in ("share", "ratio"):
        return f"{value * 100:.1f}", "%"
    if shape in ("duration", "mean", "work_off"):
        return _duration(visitor, value, place)
    count = as_brief if brief else as_about
    number = count(value, place) if shape == "count" or abs(value) >= 10 else as_num(value, place)
    return number, visitor.say(f"pages.unit.{unit}")


def _duration(visitor: Visitor, value: float, place: Place) -> tuple[str, str]:
    if value < 120:
        return as_int(value, place), visitor.say("locale.unit.second")
    if value < 7200:
        return as_num(value / 60, place), visitor.say("locale.unit.minute")
    return as_num(value / 3600, place), visitor.say("locale.unit.hour")


def signed(visitor: Visitor, shape: str, unit: str, value: float | None, *, brief: bool = False) -> str:
    """``+39``, ``−2.9``: a share in percentage points. Unknown is empty."""
    if value is None:
        return ""
    number, _ = figure(visitor, shape, unit, abs(value), brief=brief)
    if not number.strip("0.,"):
        return f"±{number}"
    return f"{'+' if value > 0 else MINUS}{number}"


def together(visitor: Visitor, shape: str, unit: str, value: float | None, *, brief: bool = False) -> str:
    """Number and unit in one, for second lines."""
    number, name = figure(visitor, shape, unit, value, brief=brief)
    return f"{number}{name}" if name in ("%", "‰") else f"{number} {name}".strip()


def short(visitor: Visitor, n: float) -> str:
    """A bare count for the wall: 138, and in Chinese 1.23 万."""
    return as_brief(n, Place(visitor.lang, visitor.zone, catalogue(visitor.lang)))
