"""Tags for a batch of texts: rules for all, models where they are fitted or corrected. Each tag says how sure, and who."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from fengsui.text import clean, features
from fengsui.text.features import Bags
from fengsui.text.live import Live
from fengsui.text.rules import MOODS, Heard, Rules, RuleScores, moods, values_of
from fengsui.text.table import Floats
from fengsui.text.tags import LEARNED, NONE, PERSON, RATING, RULE, Tags
from fengsui.text.taxonomy import Taxonomy

TAGGED: Final = ("zh", "en")
SURE: Final = 0.8
"""A department less sure than this is offered with its two runners-up (docs/voice.md)."""
UNSURE_MODEL: Final = 0.4
"""A model less sure than this of an issue or department says nothing."""
GRAVE: Final = frozenset({"safety", "legal", "media", "regulator", "fraud"})
AT_ONCE = 4_000
_RATED = 0.95


class Tagger:
    """Lists, taxonomy and models of one moment. Not for two threads: its online layers learn."""

    def __init__(self, cues: Mapping[str, Sequence[str]], taxonomy: Taxonomy, models: Iterable[Live] = ()) -> None:
        self.rules = Rules(cues, taxonomy)
        self.taxonomy = taxonomy
        self.models = {live.tag: live for live in models}
        for tag in LEARNED:
            live = self.models.setdefault(tag, Live(tag, 0, None))
            if live.base is None:
                live.prior = RuleScores(self.rules, tag, MOODS if tag == "sentiment" else taxonomy.values(tag))
                live.__post_init__()

    def tags(self, texts: Sequence[str], ratings: Sequence[Sequence[Mapping[str, Any]]]) -> list[Tags]:
        """One for each text, which may be empty; ``ratings``: of the same records, as ``feedback.ratings`` holds them."""
        found: list[Tags] = []
        for start in range(0, len(texts), AT_ONCE):
            found += self._some(texts[start : start + AT_ONCE], ratings[start : start + AT_ONCE])
        return found

    def learn(self, tag: str, text: str, truth: str) -> None:
        """One correction of a person; ``KeyError`` for a tag that no model learns."""
        self.models[tag].learn(text, truth)

    def _some(self, texts: Sequence[str], ratings: Sequence[Sequence[Mapping[str, Any]]]) -> list[Tags]:
        whole = features.page(texts)
        heard = self.rules.hear(whole)
        speaking = [live for live in self.models.values() if live.speaks]
        bags = features.bags_of(whole) if speaking else None
        scored = {live.tag: self._scored(live, texts, bags, heard) for live in speaking if bags is not None}
        return [
            self._one(text, heard[row], rated, {tag: (live, p[row]) for tag, (live, p) in scored.items()})
            for row, (text, rated) in enumerate(zip(texts, ratings, strict=True))
        ]

    @staticmethod
    def _scored(live: Live, texts: Sequence[str], bags: Bags, heard: Sequence[Heard]) -> tuple[Live, Floats]:
        rules = live.prior.of(heard) if live.base is None and isinstance(live.prior, RuleScores) else None
        return live, live.probabilities(texts, bags, rules)

    def _one(
        self, text: str, heard: Heard, rated: Sequence[Mapping[str, Any]], scored: Mapping[str, tuple[Live, Floats]]
    ) -> Tags:
        tags: Tags = {"by": RULE, "cues": {}, "sure": {}, "src": {}}
        why = None if not text else unknown_language(text)
        if not text or why:
            tags["untagged"] = why or "empty"
            _rate(tags, rated)
            return _tidy(tags)
        tags["cues"] = heard.cues
        self._mood(tags, heard, rated, scored.get("sentiment"))
        for tag in ("issue", "department"):
            self._value(tags, tag, heard, scored.get(tag))
        for tag in ("demand", "product", "region"):
            best = heard.best(tag)
            if best is not None:
                tags[tag], tags["sure"][tag] = best[0], round(best[1], 2)  # type: ignore[literal-required]
        _urge(tags)
        return _tidy(tags)

    @staticmethod
    def _mood(tags: Tags, heard: Heard, rated: Sequence[Mapping[str, Any]], scored: tuple[Live, Floats] | None) -> None:
        if scored is None:
            by_class = dict(zip(MOODS, moods(heard), strict=True))
        else:
            live, p = scored
            by_class = {label: float(p[at]) for at, label in enumerate(live.online.classes)}
            tags["src"]["sentiment"] = live.source
        negative = by_class.get("negative", 0.0)
        tags["negative"] = round(negative, 3)
        mood = max(by_class, key=lambda one: by_class[one])
        tags["sentiment"] = mood  # type: ignore[typeddict-item]
        tags["sure"]["sentiment"] = round(by_class[mood], 2)
        _rate(tags, rated)
        tags["band"] = band(heard) if tags["sentiment"] == "negative" else 0

    def _value(self, tags: Tags, tag: str, heard: Heard, scored: tuple[Live, Floats] | None) -> None:
        if scored is not None and self._learned(tags, tag, *scored):
            return
        values = values_of(heard, tag, self.rules.owners)
        if not values:
            return
        order = sorted(values, key=lambda one: (-values[one], one)) if len(values) > 1 else list(values)
        whole = sum(values.values()) + 1.5
        chosen = order[0]
        if tag == "department":
            chosen = self.rules.owners.get(tags.get("issue", "")) or chosen
        tags[tag] = chosen  # type: ignore[literal-required]
        tags["sure"][tag] = round(values.get(chosen, 0.0) / whole, 2)
        if tag == "department":
            _offer(tags, tag, [(one, values[one] / whole) for one in order])

    @staticmethod
    def _learned(tags: Tags, tag: str, live: Live, p: Floats) -> bool:
        order = np.argsort(-p)[:3]
        if not len(order) or p[order[0]] < UNSURE_MODEL:
            return False
        tags[tag] = live.online.classes[int(order[0])]  # type: ignore[literal-required]
        tags["sure"][tag] = round(float(p[order[0]]), 2)
        tags["src"][tag] = live.source
        if tag == "department":
            _offer(tags, tag, [(live.online.classes[int(at)], float(p[at])) for at in order])
        return True


def unknown_language(text: str) -> str | None:
    """``language`` for a text in one that no list and no model of ours knows."""
    known = clean.language(text)
    return None if known is None or known in TAGGED else "language"


def band(heard: Heard) -> int:
    """How strongly a dissatisfied customer says it: 1 displeased, 2 angry, 3 furious."""
    strength = heard.harshness + sum(0.5 for cue in heard.cues if cue in GRAVE)
    return 3 if strength >= 6.0 else 2 if strength >= 2.5 else 1


def overlaid(tags: Tags, before: Mapping[str, Any]) -> Tags:
    """What people said of an earlier version holds for this one."""
    for tag, source in before.get("src", {}).items():
        if source == PERSON:
            say(tags, tag, before.get(tag))
    return tags


def say(tags: Tags, tag: str, value: str | None) -> None:
    """Write a person's word into ``tags``; None: none fits."""
    tags.setdefault("src", {})[tag] = PERSON
    tags.setdefault("sure", {})[tag] = 1.0
    tags.get("choices", {}).pop(tag, None)
    if not tags.get("choices"):
        tags.pop("choices", None)
    if value is None:
        tags.pop(tag, None)  # type: ignore[misc]
        return
    tags[tag] = value  # type: ignore[literal-required]
    if tag == "sentiment":
        tags["negative"] = 1.0 if value == "negative" else 0.0
        tags["band"] = max(1, int(tags.get("band", 1))) if value == "negative" else 0


def unsay(tags: Tags, tag: str, rated: Sequence[Mapping[str, Any]]) -> None:
    """Take a person's word out of ``tags`` where no text is left to read; a rating still speaks."""
    for part in ("src", "sure"):
        tags.setdefault(part, {}).pop(tag, None)  # type: ignore[misc]
    for name in (tag, "negative", "band") if tag == "sentiment" else (tag,):
        tags.pop(name, None)  # type: ignore[misc]
    if tag == "sentiment":
        _rate(tags, rated)
    _tidy(tags)


def _rate(tags: Tags, rated: Sequence[Mapping[str, Any]]) -> None:
    """The customer's own rating before any opinion: two fifths of a scale are bad, three tenths good."""
    if not rated:
        return
    shares = [share for rating in rated if (share := _share(rating)) is not None]
    if not shares:
        return
    mean = sum(shares) / len(shares)
    if 0.4 < mean < 0.7:
        return
    negative = mean <= 0.4
    tags["sentiment"] = "negative" if negative else "positive"
    tags["negative"] = _RATED if negative else round(1 - _RATED, 2)
    tags["sure"]["sentiment"] = _RATED
    tags["src"]["sentiment"] = RATING
    tags.setdefault("band", 1 if negative else 0)


def _share(rating: Mapping[str, Any]) -> float | None:
    low, high, value = rating["low"], rating["high"], rating["value"]
    if str(rating.get("name")).endswith("_second") or not low <= value <= high or low >= high:  # asked after the cure
        return None
    share = (value - low) / (high - low)
    return float(share if rating["direction"] == "up" else 1 - share)


def _urge(tags: Tags) -> None:
    cues = tags["cues"].keys()
    grave = bool(GRAVE & cues)
    if grave or (tags.get("demand") == "faster" and tags.get("band", 0) >= 2) or ("repeated" in cues and "impatience" in cues):
        tags["urgency"] = "high"
        tags["sure"]["urgency"] = 0.9 if grave else 0.7


def _offer(tags: Tags, tag: str, order: Sequence[tuple[str, float]]) -> None:
    if len(order) > 1 and tags["sure"][tag] < SURE:
        tags["choices"] = {tag: [[value, round(p, 2)] for value, p in order[:3]]}


def _tidy(tags: Tags) -> Tags:
    if not tags["src"]:
        del tags["src"]
    if not tags["sure"]:
        del tags["sure"]
    return tags


def without(tags: Mapping[str, Any], tag: str) -> bool:
    """Whether nobody could say anything of ``tag``."""
    return tags.get(tag) is None and tags.get("src", {}).get(tag, NONE) == NONE
