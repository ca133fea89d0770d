"""Lengths of time as people write them: ``5s``, ``90min``, ``2h``, ``8d``, ``500ms``, ``1h30min``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|h|d)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)


def parse_span(text: str) -> timedelta:
    """``1h30min`` -> 90 minutes. ``ValueError`` for anything else, a bare number included: its unit would be a guess."""
    compact = text.replace(" ", "")
    if not _WHOLE.fullmatch(compact):
        raise ValueError(f"{text!r} is not a length of time such as 5s, 15min, 2h, 8d")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(compact)))


def _before(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_span(value)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise PydanticCustomError("settings.mistake.span", "a length of time") from None


Span = Annotated[timedelta, BeforeValidator(_before)]
"""A pydantic field: a string in the file, a ``timedelta`` in the program."""
