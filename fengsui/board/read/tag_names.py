"""Names of tags' values in both languages, from the taxonomy in force; and the cues that are looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Engine

from fengsui.locale import say
from fengsui.text import cues, taxonomy
from fengsui.text.tags import SENTIMENTS

LISTED = ("issue", "department", "demand", "product", "region")


@dataclass(frozen=True, slots=True)
class TagNames:
    """``values``: tag -> id -> language -> name, in the order of the taxonomy. ``cues``: ids."""

    version: int
    values: Mapping[str, Mapping[str, Mapping[str, str]]]
    cues: tuple[str, ...]

    def name(self, lang: str, tag: str, value: str) -> str:
        """A value that no version knows any more is shown as it is; of an issue, group and name."""
        found = self.values.get(tag, {}).get(value)
        return found[lang] if found else value


def tag_names(store: Engine, now: datetime) -> TagNames:
    with store.connect() as conn:
        version, known = taxonomy.load(conn, now)
        listed = tuple(sorted(cues.load(conn, now).words))
    return _named(version, known, listed)


@lru_cache(maxsize=8)
def _named(version: int, known: taxonomy.Taxonomy, listed: tuple[str, ...]) -> TagNames:
    values = {tag: {one.id: {"zh_CN": one.name.zh_CN, "en": one.name.en} for one in known.entries(tag)} for tag in LISTED}
    moods = {name: {lang: say(lang, f"text.sentiment.{name}") for lang in ("zh_CN", "en")} for name in SENTIMENTS}
    urgent = {name: {lang: say(lang, f"text.urgency.{name}") for lang in ("zh_CN", "en")} for name in ("high", "normal")}
    return TagNames(version, {"sentiment": moods, **values, "urgency": urgent}, listed)
