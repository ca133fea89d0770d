"""Views of the wall as an administrator edits them: what a form says becomes a body, and a place among the others an order.

Works on plain bodies (contracts §7, kind ``view``); nothing is stored here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from pydantic import ValidationError
from sqlalchemy import Engine, select

from fengsui.board import panels
from fengsui.board.panels import Asked
from fengsui.board.scope import org_slice
from fengsui.board.wrong import Mistake, Wrong, mistakes_of
from fengsui.metrics.catalogue import load
from fengsui.metrics.kpis import METRICS
from fengsui.metrics.view_body import KIND, LONGEST_S, SHORTEST_S, ViewBody
from fengsui.settings import Settings
from fengsui.store.slices import ALL, UNKNOWN
from fengsui.store.tables import slice_

__all__ = ["KIND", "KINDS", "LEVELS", "LONGEST_S", "METRICS", "MOST_FIGURES", "MOST_PANELS", "SHORTEST_S"]

Body: TypeAlias = Mapping[str, Any]
KINDS = ("complaints", "heat", "trend", "by", "deadlines", "phrases")
LEVELS = ("channel", "org", "category")
MOST_PANELS, MOST_FIGURES = 2, 4
STEP, LAST = 10, 999
ID_CHARS = 32
_TAGS = frozenset(KINDS)


def plain(body: Body) -> dict[str, Any]:
    """The body with everything it may say."""
    found: dict[str, Any] = ViewBody.model_validate(body).model_dump(mode="json")
    return found


def checked(body: Body) -> ViewBody:
    """Raises ``Wrong`` with every mistake, in the words of the form."""
    try:
        return ViewBody.model_validate(body)
    except ValidationError as fault:
        raise Wrong(readable(mistakes_of(fault))) from None


def readable(found: Sequence[Mistake]) -> list[Mistake]:
    """Places as the form names them; the kind that told panels apart is no field."""
    return [Mistake(_place(one.place), one.code, one.params) for one in found]


def _place(place: Sequence[str | int]) -> tuple[str | int, ...]:
    """Which of several figures it was, its value says."""
    first, *rest = place or ("",)
    if first == "name" and rest:
        return tuple(rest)
    if first != "panels" or not rest or not isinstance(rest[0], int):
        return tuple(place)
    inner = [part for n, part in enumerate(rest[1:]) if isinstance(part, str) and not (n == 0 and part in _TAGS)]
    return (f"panel{rest[0] + 1}", *inner)


def seconds(text: str) -> int:
    """How long it stays, as typed. Raises ``Wrong``; the range is the body's."""
    try:
        return int(text.strip())
    except ValueError:
        raise Wrong([Mistake(("seconds",), "board.wrong.number", {"value": text.strip()[:40]})]) from None


def in_order(known: Mapping[str, Body]) -> list[str]:
    """Ids of the views that screens show, as they follow each other."""
    return sorted((id_ for id_, body in known.items() if not body.get("withdrawn")), key=lambda id_: (known[id_]["order"], id_))


def placed(known: Mapping[str, Body], id_: str, at: int) -> dict[str, int]:
    """``id_`` (also a new one) as number ``at``, from 0 on: id -> the order of those that get another one.

    Only its own where there is room between its neighbours; else all are numbered anew."""
    others = [one for one in in_order(known) if one != id_]
    at = min(max(at, 0), len(others))
    before = known[others[at - 1]]["order"] if at else -1
    after = known[others[at]]["order"] if at < len(others) else before + 2 * STEP
    own = known.get(id_, {}).get("order")
    if own is not None and before < own < after:
        return {}
    between = (before + after) // 2
    if before < between < min(after, LAST + 1):
        return {id_: between}
    wide = min(STEP, LAST // (len(others) + 1))
    wanted = {one: wide * n for n, one in enumerate([*others[:at], id_, *others[at:]], 1)}
    return {one: order for one, order in wanted.items() if known.get(one, {}).get("order") != order}


def id_for(name: str, known: Mapping[str, Body], fresh: str) -> str:
    """A new view's id, which stands in the addresses of screens: of its English name, else ``fresh``."""
    own = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[: ID_CHARS - 4] or fresh
    tried = [own, *(f"{own}-{n}" for n in range(2, 100)), fresh]
    return next(one for one in tried if one not in (*known, "all"))


def places(store: Engine) -> list[str]:
    """Organisations whose figures are kept, as paths."""
    with store.connect() as conn:
        rows = conn.execute(select(slice_.c.dims).where(slice_.c.cuboid.like("org.%"), slice_.c.cuboid.not_like("%|%")))
        return sorted({str(value) for (dims,) in rows for value in dims.values() if value != UNKNOWN})


def preview(store: Engine, settings: Settings, body: ViewBody, now: datetime) -> dict[str, Any]:
    """The view as pictures carry it, and the data of its panels: ``{"view", "key", "data"}``; ``key``: the slice it is of."""
    key = org_slice(body.scope) if body.scope else ALL
    with store.connect() as conn:
        asked = Asked(conn, load(conn, now), settings.sources, key, now)
        data = {name: panels.made(asked, panel) for name, panel in panels.wanted([body]).items()}
    return {"view": panels.shown({"preview": body})[0], "key": key, "data": data}
