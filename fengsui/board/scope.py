"""Who may see what: the organisation scope of a person, applied to slices.

A scope is a list of organisation paths (``["华南", "华东/上海"]``); an empty one sees everything. A scoped person sees a slice
only if one of its ``org`` levels lies inside the scope: the whole centre (``all``) is not theirs (contracts §9).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from fengsui.alerts.commands.scope import within
from fengsui.store.slices import ALL, slice_key

Scope: TypeAlias = Sequence[str]
EVERYTHING: Scope = ()


def sees(scope: Scope, key: str) -> bool:
    """True where ``key`` (a slice key) lies inside ``scope``; the rule of the commands, so that nobody sees what they may
    not touch or touches what they may not see."""
    return within(scope, key)


def sees_org(scope: Scope, org: str | None) -> bool:
    """The same for a record's own organisation path; a record without one belongs to the whole centre."""
    return not scope or (org is not None and any(inside(place, org) for place in scope))


def inside(place: str, org: str) -> bool:
    return org == place or org.startswith(f"{place}/")


def view_of(scope: Scope, wanted: str | None = None) -> str:
    """The slice whose figures a person's wall shows: the whole centre, or one organisation of the scope."""
    return org_slice(place_of(scope, wanted)) if scope else ALL


def place_of(scope: Scope, wanted: str | None = None) -> str:
    """``wanted`` where it is one of the scope's own organisations, else the first. Of a scope that is not empty."""
    return wanted if wanted is not None and wanted in scope else scope[0]


def org_slice(path: str) -> str:
    """``华东/上海`` -> ``org.2=华东/上海``."""
    return slice_key({f"org.{path.count('/') + 1}": path})
