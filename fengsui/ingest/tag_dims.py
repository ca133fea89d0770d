"""Tags that are slices, too: where settings have a dimension of that name and the source gave no value of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from fengsui.settings.model import Settings

AS_DIMS: Final = ("issue", "department")
Dims: TypeAlias = dict[str, str]


def dims_with(dims: Mapping[str, str], before: Mapping[str, Any], tags: Mapping[str, Any], names: Sequence[str]) -> Dims:
    """``dims`` with the tags ``names`` where the source gave nothing: what equals the tag ``before`` is ours to change."""
    found = dict(dims)
    for name in names:
        held = found.get(name)
        if held and held != before.get(name):
            continue
        value = tags.get(name)
        if value:
            found[name] = str(value)
        else:
            found.pop(name, None)
    return found


def as_dims(settings: Settings) -> tuple[str, ...]:
    """The tags that are slices in this centre."""
    return tuple(name for name in AS_DIMS if name in settings.dimension_names)
