"""Which holidays the centre keeps."""

from __future__ import annotations

from pydantic_core import PydanticCustomError


def check_calendar(code: str) -> str:
    """``CN`` (with make-up workdays), ``none``, or a country code of the ``holidays`` library."""
    if code in ("CN", "none") or code in countries():
        return code
    raise PydanticCustomError("settings.mistake.calendar", "a calendar")


def countries() -> list[str]:
    import holidays  # a second of imports that a Chinese centre never pays

    return sorted(holidays.list_supported_countries())
