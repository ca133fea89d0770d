"""Free words of people: masked like every text, and short enough to be read."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from fengsui.alerts.commands.answer import Refused
from fengsui.alerts.places import stored
from fengsui.people.plain import plain, readable
from fengsui.text.clean import clean
from fengsui.text.masks import mask

LONGEST = 500
PLACE_MAX = 120


def words(field: str, text: str | None, *, needed: bool = True) -> str | Refused:
    """The text as it is kept: cleaned of what does not show, masked. Empty where nothing was said and nothing is needed."""
    kept = mask(clean(text or "", LONGEST + 1).strip())
    if not kept and needed:
        return Refused("alerts.refused.needs", {"field": field})
    if len(kept) > LONGEST:
        return Refused("alerts.refused.value", {"field": field, "value": len(kept), "allowed": [f"<= {LONGEST}"]})
    return kept


def place(conn: Connection, where: Mapping[str, str]) -> dict[str, str] | Refused:
    """A place (level -> value) as the data name it. What is in no data stands in titles, notices and rows as it was typed, so
    it is refused where it does not show all of itself."""
    found = {}
    for level, value in where.items():
        if len(value) > PLACE_MAX:
            return Refused("alerts.refused.value", {"field": "where", "value": len(value), "allowed": [f"<= {PLACE_MAX}"]})
        known = stored(conn, level, value)
        if known is None and (not value or readable(value) != value):
            shown = plain(value)[:40]
            return Refused("alerts.refused.value", {"field": "where", "value": shown, "allowed": [shown]})
        found[level] = value if known is None else known
    return found
