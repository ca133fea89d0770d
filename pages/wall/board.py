"""Everything a wall shows, as markup: the same for all screens of one scope, language and set of views, in either theme."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from fengsui.board import read
from fengsui.board.alert import Alert
from fengsui.board.read import Picture
from fengsui.board.scope import place_of, sees
from pages.look.house import House
from pages.look.pieces import esc
from pages.look.visitor import Visitor
from pages.wall import duty, head, rows, tiles, views
from pages.wall.ask import Ask
from pages.wall.sound import sound

HERE = Path(__file__).parent
FRAME = (
    '<div data-part="head"></div><div data-part="counters"></div><div data-part="tiles"></div>'
    '<div class="cols"><div data-part="views"></div><div><div data-part="rows"></div><div data-part="loop"></div></div></div>'
    '<div data-part="none"></div>'
)
"""Where the parts go; the browser replaces those that changed."""


@dataclass(frozen=True)
class Board:
    """``parts``: name -> escaped markup. ``sound``: what to ring for. ``views``: how they follow each other."""

    parts: Mapping[str, str]
    sound: Mapping[str, Any]
    views: Mapping[str, Any]

    @cached_property
    def body(self) -> bytes:
        return json.dumps({"parts": self.parts, "sound": self.sound, "views": self.views}, ensure_ascii=False).encode()

    @cached_property
    def tag(self) -> str:
        return blake2b(self.body, digest_size=8).hexdigest()

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.body, 5)


def made_of() -> str:
    """A short hash of the code that draws."""
    files = [*sorted(HERE.glob("*.py")), *sorted(HERE.glob("*.css")), HERE.parent / "look" / "living.js"]
    return blake2b(b"".join(file.read_bytes() for file in files), digest_size=4).hexdigest()


def board(ask: Ask, house: House, picture: Picture | None, now: datetime) -> Board:
    """Reads what people did (``read.burning``) live; figures come from the picture."""
    visitor, fires = ask.visitor(house), read.burning(house.reader, ask.scope, now)
    parts = {
        "head": head.header(visitor, picture, house, ask.place),
        "counters": head.counters(visitor, [one for one in fires.rows if not one.drill], now),
        **(_parts(ask, visitor, house, picture, fires, now) if picture else _none(visitor)),
    }
    return Board(parts, sound(visitor, fires.rows, house, now), views.order(ask, picture))


def _none(visitor: Visitor) -> dict[str, str]:
    words = f'<p class="empty">{esc(visitor.say("pages.wall.no_picture"))}</p>'
    return {"none": words, "tiles": "", "views": "", "rows": "", "loop": ""}


def _parts(ask: Ask, visitor: Visitor, house: House, picture: Picture, fires: read.Burning, now: datetime) -> dict[str, str]:
    return {
        "none": "",
        "tiles": tiles.tiles(visitor, picture, _here(ask, fires.every), ask.place),
        "views": views.panels(ask, visitor, picture, fires.every),
        "rows": rows.panel(visitor, picture, fires, now),
        "loop": rows.loop(visitor, picture, _today(ask, house, picture, now), duty.words(visitor, house, now)),
    }


def _today(ask: Ask, house: House, picture: Picture, now: datetime) -> Mapping[str, Any]:
    """The picture's loop is the whole centre's: a scoped person gets the loop of the scope."""
    if not ask.scope:
        whole: Mapping[str, Any] = picture.body["loop"]
        return whole
    return read.today(house.reader, ask.scope, house.zone, now)


def _here(ask: Ask, alerts: Sequence[Alert]) -> list[Alert]:
    """Alerts that may mark a figure: those of the place whose figures are shown."""
    if not ask.scope:
        return list(alerts)
    return [alert for alert in alerts if sees([place_of(ask.scope, ask.place)], alert.slice_key)]
