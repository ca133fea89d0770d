"""What one screen asks for: whoever asks the same is shown the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fengsui.board.panels import LONGEST_S, SHORTEST_S
from fengsui.people import Person
from pages.look.house import House
from pages.look.visitor import Visitor

EVERY = "all"
MOST_VIEWS = 12
_ID = re.compile(r"[\w-]{1,32}")


@dataclass(frozen=True, slots=True)
class Ask:
    """``scope``: of the person; ``place``: one organisation of it, whose figures are shown. ``views``: ids as asked for
    (``all``: every one there is; none: the first); ``turn_s``: how long each stays, 0: as the view says."""

    scope: tuple[str, ...]
    place: str | None
    lang: str
    views: tuple[str, ...] = ()
    turn_s: int = 0

    def visitor(self, house: House) -> Visitor:
        """Somebody of this scope and language, and nobody in particular."""
        return Visitor(Person("", "", "wall", self.scope), self.lang, house.zone)

    def query(self) -> str:
        """The same again in an address."""
        asked = {"lang": self.lang, "org": self.place, "view": ",".join(self.views), "turn": self.turn_s}
        return urlencode({name: value for name, value in asked.items() if value})


def ask(person: Person, lang: str, query: Mapping[str, str]) -> Ask:
    """``org`` of the address counts where it is of the scope; words that are none of ours are left out."""
    wanted = query.get("org")
    views = [id_ for id_ in query.get("view", "").split(",") if _ID.fullmatch(id_)][:MOST_VIEWS]
    place = wanted if wanted in person.scope else None
    return Ask(person.scope, place, lang, tuple(dict.fromkeys(views)), _turn(query.get("turn", "")))


def _turn(given: str) -> int:
    """15 to 60 seconds; what is no number says nothing."""
    return min(LONGEST_S, max(SHORTEST_S, int(given))) if re.fullmatch(r"[0-9]{1,4}", given) else 0
