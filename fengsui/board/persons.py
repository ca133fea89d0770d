"""Figures of single persons (坐席): which dimensions name them, and who may see them. Nothing else may.

Nothing is added up by such a dimension beforehand (settings), so that no tile, rule, wall or BI view can hold it; what is
counted from records asks here. Who says nothing about the reader gets no figure of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from fengsui.people import NotAllowed
from fengsui.settings import Settings
from fengsui.store.members import NotALevel
from fengsui.store.slices import slice_levels

Persons: TypeAlias = Sequence[str]
"""Dimensions that name persons whose figures a reader may see."""
NOBODY: Persons = ()


def seen_by(settings: Settings, role: str) -> tuple[str, ...]:
    return tuple(one.name for one in settings.dimensions if one.persons is not None and role in one.persons)


def hidden(settings: Settings, persons: Persons) -> frozenset[str]:
    """Dimensions whose figures the reader may not see."""
    return frozenset(one.name for one in settings.dimensions if one.persons is not None and one.name not in persons)


def open_to(settings: Settings, persons: Persons, *keys: str) -> bool:
    """Whether none of these slices is cut by a person whom the reader may not look at, nor by what is no level at all: its
    name says nothing of what a store would read for it."""
    return _named(keys) <= set(levels(settings, persons))


def _named(keys: Sequence[str]) -> set[str]:
    return {level for key in keys for level in slice_levels(key)}


def check(settings: Settings, persons: Persons, *keys: str) -> None:
    """Raises ``NotAllowed``, ``NotALevel``. A slice left out tells as much as the slice: it belongs to ``keys``, too."""
    known = [level for one in settings.dimensions for level in one.level_names]
    for level in sorted(_named(keys) - set(known)):
        raise NotALevel(level, known)
    if not open_to(settings, persons, *keys):
        allowed = sorted({role for one in settings.dimensions for role in one.persons or ()})
        raise NotAllowed("people.fault.not_allowed", role="", allowed=allowed)


def levels(settings: Settings, persons: Persons) -> list[str]:
    """Of all dimensions those by which this reader may see figures."""
    closed = hidden(settings, persons)
    return [level for one in settings.dimensions if one.name not in closed for level in one.level_names]
