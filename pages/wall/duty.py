"""今日值班: who is on duty now, by name, with the extension."""

from __future__ import annotations

from datetime import datetime

from fengsui import people
from fengsui.board.scope import inside
from fengsui.people import Shift
from pages.look.house import House
from pages.look.pieces import esc
from pages.look.visitor import Visitor

MOST = 2


def words(visitor: Visitor, house: House, now: datetime) -> str:
    """Markup. A scope sees its own teams and those of the whole centre."""
    found = people.on_duty(house.reader, now)
    title = esc(visitor.say("pages.duty.title"))
    if found is None:
        return f'<u class="on">{title} <span class="faint">{esc(visitor.say("pages.duty.none"))}</span></u>'
    mine = [one for one in found if not visitor.scope or not one.team or any(inside(part, one.team) for part in visitor.scope)]
    officers = [_named(one) for one in mine if one.role == "duty"][:MOST]
    managers = [visitor.say("pages.duty.manager", name=_named(one)) for one in mine if one.role == "manager"][:1]
    nobody = "" if officers else f'<span class="c2">⚠ {esc(visitor.say("pages.duty.nobody"))}</span> '
    return f'<u class="on">{title} {nobody}<b>{esc(" · ".join([*officers, *managers]))}</b></u>'


def _named(one: Shift) -> str:
    return f"{one.name} {one.extension}" if one.extension else one.name
