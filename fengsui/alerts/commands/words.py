"""Free words of people: masked like every text, and short enough to be read."""

from __future__ import annotations

from fengsui.alerts.commands.answer import Refused
from fengsui.text.clean import clean
from fengsui.text.masks import mask

LONGEST = 500


def words(field: str, text: str | None, *, needed: bool = True) -> str | Refused:
    """The text as it is kept: cleaned of what does not show, masked. Empty where nothing was said and nothing is needed."""
    kept = mask(clean(text or "", LONGEST + 1).strip())
    if not kept and needed:
        return Refused("alerts.refused.needs", {"field": field})
    if len(kept) > LONGEST:
        return Refused("alerts.refused.value", {"field": field, "value": len(kept), "allowed": [f"<= {LONGEST}"]})
    return kept
