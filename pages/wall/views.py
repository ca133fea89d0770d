"""The views of a wall: what stands left, below the figures, and takes turns where a screen has several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from fengsui.board.alert import Alert
from fengsui.board.read import Picture
from fengsui.board.scope import org_slice, sees, view_of
from pages.look.pieces import esc
from pages.look.visitor import Visitor
from pages.wall import complaints, deadlines, heat, phrases, side, trend
from pages.wall.ask import EVERY, Ask

View: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a panel is drawn of. ``data``: its own, empty before the worker made it; ``tall``: it has all the room."""

    visitor: Visitor
    picture: Picture
    place: str | None
    alerts: Sequence[Alert]
    panel: Mapping[str, Any]
    data: Mapping[str, Any]
    tall: bool


DRAWN: Mapping[str, Callable[[Shown], str]] = {
    "complaints": lambda shown: complaints.panel(shown.visitor, shown.picture, shown.place),
    "heat": lambda shown: heat.panel(shown.visitor, shown.picture, shown.alerts),
    "trend": lambda shown: trend.panel(shown.visitor, shown.data),
    "by": lambda shown: side.panel(shown.visitor, shown.panel["level"], shown.data, shown.alerts, tall=shown.tall),
    "deadlines": lambda shown: deadlines.panel(shown.visitor, shown.data),
    "phrases": lambda shown: phrases.panel(shown.visitor, shown.data),
}
"""Kind of a panel (docs/wall.md) -> its markup."""

PLAIN: View = {
    "id": "overview",
    "name": {},
    "seconds": 0,
    "panels": [{"kind": "complaints", "key": "complaints"}, {"kind": "heat", "key": "heat"}],
}
"""Of a picture that an older worker drew."""


def chosen(ask: Ask, picture: Picture) -> list[View]:
    """Those that the screen asks for, as it orders them; every one there is for ``all``; else the first."""
    known = {id_: view for id_, view in _known(picture).items() if _may(ask, view)} or {PLAIN["id"]: PLAIN}
    asked = list(known) if ask.views == (EVERY,) else [id_ for id_ in ask.views if id_ in known]
    return [known[id_] for id_ in asked or list(known)[:1]]


def ids(picture: Picture | None) -> frozenset[str]:
    """Of the views there are."""
    return frozenset(_known(picture)) if picture else frozenset()


def _may(ask: Ask, view: View) -> bool:
    """A view of one organisation is for those who see that organisation."""
    return not view.get("scope") or sees(ask.scope, org_slice(view["scope"]))


def _known(picture: Picture) -> dict[str, View]:
    return {view["id"]: view for view in picture.body.get("shown", [PLAIN])}


def order(ask: Ask, picture: Picture | None) -> dict[str, Any]:
    """``[{id, seconds}]`` for the browser, which lets them take turns."""
    views = chosen(ask, picture) if picture else []
    return {"turns": [{"id": view["id"], "seconds": ask.turn_s or view["seconds"]} for view in views]}


def panels(ask: Ask, visitor: Visitor, picture: Picture, alerts: Sequence[Alert]) -> str:
    views = chosen(ask, picture)
    many = len(views) > 1
    made = []
    for n, view in enumerate(views):
        made.append(one(view, ask, visitor, picture, alerts, hidden=n > 0))
    return f'<div class="views{" many" if many else ""}">{_strip(visitor, views) if many else ""}{"".join(made)}</div>'


def _strip(visitor: Visitor, views: Sequence[View]) -> str:
    names = "".join(f'<button data-go="{esc(view["id"])}">{esc(view["name"][visitor.lang])}</button>' for view in views)
    words = f'data-on="{esc(visitor.say("pages.wall.pause"))}" data-off="{esc(visitor.say("pages.wall.go_on"))}"'
    return f'<div class="vs" role="tablist">{names}<button data-pause {words}></button></div>'


def one(view: View, ask: Ask, visitor: Visitor, picture: Picture, alerts: Sequence[Alert], *, hidden: bool = False) -> str:
    """One view: of its own organisation where it has one, else of what the screen shows."""
    scope, place, tall = ask.scope, ask.place, len(view["panels"]) == 1
    if view.get("scope"):
        scope, place = (view["scope"],), None
        visitor = replace(visitor, person=replace(visitor.person, scope=scope))
    data = picture.body.get("panels", {}).get(view_of(scope, place), {})
    shown = (Shown(visitor, picture, place, alerts, panel, data.get(panel["key"], {}), tall) for panel in view["panels"])
    drawn = "".join(DRAWN[each.panel["kind"]](each) for each in shown)
    return f'<section data-view="{esc(view["id"])}"{_place(view)}{" hidden" if hidden else ""}>{drawn}</section>'


def _place(view: View) -> str:
    """Its organisation, which the style sheet puts before what each panel says of itself. Spelled in code points: it is the
    text of a style, and names may hold anything."""
    text = "".join(f"\\{ord(sign):x} " for sign in f"{view['scope'].replace('/', ' ')} · ") if view.get("scope") else ""
    return f" style='--of:\"{text}\"'" if text else ""
