"""The views of a wall: what stands left, below the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fengsui.board.alert import Alert
from fengsui.board.read import Picture
from pages.look.visitor import Visitor
from pages.wall import complaints, heat
from pages.wall.ask import Ask


def panels(ask: Ask, visitor: Visitor, picture: Picture, alerts: Sequence[Alert]) -> str:
    return complaints.panel(visitor, picture, ask.place) + heat.panel(visitor, picture, alerts)


def order(ask: Ask) -> Mapping[str, Any]:
    return {"ids": list(ask.views), "every_s": ask.every_s}
