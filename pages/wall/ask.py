"""What one screen asks for: whoever asks the same is shown the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fengsui.people import Person
from pages.look.house import House
from pages.look.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Ask:
    """``scope``: of the person; ``place``: one organisation of it, whose figures are shown; ``views``: ids, in order."""

    scope: tuple[str, ...]
    place: str | None
    lang: str
    views: tuple[str, ...]
    every_s: int = 0

    def visitor(self, house: House) -> Visitor:
        """Somebody of this scope and language, and nobody in particular."""
        return Visitor(Person("", "", "wall", self.scope), self.lang, house.zone)

    def query(self) -> str:
        """The same again in an address."""
        return urlencode({"lang": self.lang, **({"org": self.place} if self.place else {})})


def ask(person: Person, lang: str, query: Mapping[str, str]) -> Ask:
    """``org`` of the address counts where it is of the scope; words that are none of ours are left out."""
    wanted = query.get("org")
    return Ask(person.scope, wanted if wanted in person.scope else None, lang, ())
