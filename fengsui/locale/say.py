"""``say``: a code and its parameters become a sentence.

A template is plain text with ``{name:format}``; ``{{`` and ``}}`` are braces. A code or a parameter that is missing shows
as ``«name»``: visible on screen, findable in a screenshot, never an exception on the wall.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fengsui.locale.catalogue import catalogue
from fengsui.locale.formats import FORMATS, Place

_HOLE = re.compile(r"\{\{|\}\}|\{(\w+)(?::(\w+))?\}")
DEFAULT_ZONE = "Asia/Shanghai"


def say(lang: str, code: str, params: Mapping[str, Any] | None = None, *, zone: str = DEFAULT_ZONE) -> str:
    """``say("zh_CN", "alerts.transition.claim", {"who": "李强"})`` -> ``李强 认领``. Times are shown in ``zone``."""
    template = catalogue(lang).get(code)
    if template is None:
        return f"«{code}»"
    place = Place(lang, zone, catalogue(lang))
    values = params or {}
    return _HOLE.sub(lambda hole: _fill(hole, values, place), template)


def has(lang: str, code: str) -> bool:
    return code in catalogue(lang)


def holes(template: str) -> set[tuple[str, str]]:
    """The (name, format) pairs of a template; tests compare them over languages."""
    return {(match[1], match[2] or "text") for match in _HOLE.finditer(template) if match[1]}


def _fill(hole: re.Match[str], values: Mapping[str, Any], place: Place) -> str:
    name, kind = hole[1], hole[2] or "text"
    if name is None:
        return hole[0][0]
    if name not in values or kind not in FORMATS:
        return f"«{name}»"
    value = values[name]
    if isinstance(value, list | tuple):
        return place.joiner.join(_one(kind, part, place) for part in value)
    return _one(kind, value, place)


def _one(kind: str, value: Any, place: Place) -> str:
    if value is None:
        return "—"
    try:
        return FORMATS[kind](value, place)
    except (TypeError, ValueError):  # a room stored another kind of value: show it rather than nothing
        return str(value)
