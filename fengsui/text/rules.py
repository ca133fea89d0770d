"""What words alone say of a text, before any label: cues, tone, and the values of the taxonomy that are spoken of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Final, TypeAlias

import numpy as np

from fengsui.text import tone
from fengsui.text.features import Page, page
from fengsui.text.lexicon import Hit, Lexicon, by_row
from fengsui.text.table import Floats
from fengsui.text.taxonomy import Taxonomy

ANGRY: Final = frozenset({"impatience", "waiting", "repeated", "churn", "money", "outage", "fraud", "legal"})
"""Cues that no content customer writes."""
CUE, TONE = "cue", "tone"
Meaning: TypeAlias = tuple[str, str, float]
"""(``cue``, cue, 0), (``tone``, "", weight) or (tag, value, weight): a longer word says more"""


@dataclass(slots=True)
class Heard:
    """Of one text. ``spoken``: tag -> value -> weight of its words; ``total``: how harsh, see ``tone``."""

    cues: dict[str, list[str]] = field(default_factory=dict)
    spoken: dict[str, dict[str, float]] = field(default_factory=dict)
    total: float = 0.0
    words: int = 0  # of tone

    @property
    def anger(self) -> int:
        return sum(1 for cue in self.cues if cue in ANGRY)

    @property
    def harshness(self) -> float:
        return self.total + 1.0 * self.anger

    def best(self, tag: str) -> tuple[str, float] | None:
        """The value with most words, and how clearly it leads, 0..1."""
        values = self.spoken.get(tag)
        if not values:
            return None
        value = max(values, key=lambda one: (values[one], one))
        return value, values[value] / (sum(values.values()) + 1.5)


class Rules:
    """All lists in one lexicon: a batch is read once."""

    def __init__(self, cues: Mapping[str, Sequence[str]], taxonomy: Taxonomy) -> None:
        entries: list[tuple[str, Meaning]] = [(word, (CUE, cue, 0.0)) for cue, words in cues.items() for word in words]
        entries += [(word, (TONE, "", weight)) for word, weight in tone.words()]
        entries += [(word, (tag, value, min(len(word), 6) ** 0.5)) for word, (tag, value) in taxonomy.words()]
        together: dict[str, list[Meaning]] = {}
        for word, meaning in entries:
            together.setdefault(word, []).append(meaning)
        self._lexicon: Lexicon[tuple[Meaning, ...]] = Lexicon((word, tuple(found)) for word, found in together.items())
        self.taxonomy = taxonomy
        self.owners = taxonomy.owners()

    def hear(self, whole: Page) -> list[Heard]:
        """One for each text of the page."""
        hits = by_row(self._lexicon.hits(whole))
        ends = np.searchsorted(whole.rows, np.arange(whole.n + 1)).tolist()
        return [_heard(whole.text, hits[row], ends[row], ends[row + 1]) if row in hits else Heard() for row in range(whole.n)]


def _heard(text: str, hits: Sequence[Hit[tuple[Meaning, ...]]], start: int, end: int) -> Heard:
    found = Heard()
    tones: list[tone.Spoken] = []
    for _, at, word, meanings in hits:
        for kind, value, weight in meanings:
            if kind == TONE:
                tones.append((at, word, weight))
            elif kind == CUE:
                words = found.cues.setdefault(value, [])
                if word not in words:
                    words.append(word)
            else:
                values = found.spoken.setdefault(kind, {})
                values[value] = values.get(value, 0.0) + weight
    if tones:
        found.total, found.words = tone.score(text, tones, start, end), len(tones)
    return found


@dataclass(frozen=True, slots=True)
class RuleScores:
    """Margins of the rules for one tag: what an online layer lies on while no base is fitted."""

    rules: Rules
    tag: str
    classes: tuple[str, ...]

    def __call__(self, texts: Sequence[str]) -> Floats:
        return self.of(self.rules.hear(page(texts)))

    def of(self, heard: Sequence[Heard]) -> Floats:
        """(texts, classes)"""
        found = np.zeros((len(heard), len(self.classes)), dtype=np.float32)
        place = {value: at for at, value in enumerate(self.classes)}
        for row, one in enumerate(heard):
            if self.tag == "sentiment":
                found[row] = _moods(one)
                continue
            for value, weight in values_of(one, self.tag, self.rules.owners).items():
                if value in place:
                    found[row, place[value]] += weight
        return found


def values_of(one: Heard, tag: str, owners: Mapping[str, str]) -> Mapping[str, float]:
    """What the words say of ``tag``. A department is also spoken of by the issues it owns."""
    spoken = one.spoken.get(tag)
    if tag != "department":
        return spoken or {}
    values = dict(spoken or {})
    if one.spoken.get("issue"):
        for issue, weight in one.spoken.get("issue", {}).items():
            owner = owners.get(issue)
            if owner:
                values[owner] = values.get(owner, 0.0) + weight
    return values


MOODS: Final = ("negative", "neutral", "positive")
_DOUBT = 0.45
"""Margin of neutral: a text without any word of tone is neutral rather than anything else."""


def _moods(one: Heard) -> tuple[float, float, float]:
    half = 0.85 * max(-12.0, min(12.0, one.harshness))
    return half, _DOUBT, -half


def moods(one: Heard) -> tuple[float, float, float]:
    """Probability of negative, neutral, positive by the words alone."""
    margins = _moods(one)
    top = max(margins)
    negative, neutral, positive = (exp(margin - top) for margin in margins)
    whole = negative + neutral + positive
    return negative / whole, neutral / whole, positive / whole
