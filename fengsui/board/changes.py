"""What one version of a definition says otherwise than another: path by path, so that a page can tell it in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]
ORDER = "order"
"""The last part of a path that stands for the order of a list: lines of a policy are asked from the top."""
_WHOLE = ({"n", "unit"}, {"start", "end"}, {"zh_CN", "en"})
"""Things that are told whole: a limit, an exception of opening hours, a name in two languages."""


@dataclass(frozen=True, slots=True)
class Change:
    """``None`` before: new; ``None`` after: gone."""

    path: Path
    before: Any
    after: Any


def changes(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[Change]:
    """In the order of the new body, what is gone at the end."""
    was, now = dict(_leaves(old or {})), dict(_leaves(new))
    paths = [*now, *(path for path in was if path not in now)]
    return [Change(path, was.get(path), now.get(path)) for path in paths if was.get(path) != now.get(path)]


def _leaves(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    if isinstance(value, Mapping) and not any(names <= value.keys() for names in _WHOLE):
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, (*path, str(name)))]
    if _named(value):
        ids = [one["id"] for one in value]
        rows = [leaf for one in value for leaf in _leaves({k: v for k, v in one.items() if k != "id"}, (*path, one["id"]))]
        return [*rows, ((*path, ORDER), ids)]
    return [] if value is None and path else [(path, value)]


def _named(value: Any) -> bool:
    listed = isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0
    return listed and all(isinstance(one, Mapping) and isinstance(one.get("id"), str) for one in value)
