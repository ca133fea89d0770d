"""The records behind a figure, and how many people speak in them: the crowd that impact and loss are weighed by.

Copies of one text count as one voice, an author counts once, and what staff entered in a batch is no customer's voice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fengsui.alerts.bodies import Weights


@dataclass(frozen=True, slots=True)
class Heard:
    """One record, as far as severity needs it."""

    record_key: str
    kind: str
    opened_at: datetime
    lag_s: float
    customer: str | None
    repeat_of: str | None
    customer_tier: str | None
    dims: Mapping[str, str]
    cues: tuple[str, ...]
    mood: str | None  # negative, neutral, positive; None: nobody knows
    rated: bool  # the mood is the customer's own rating
    attested: bool = False  # by a rating, a person's tag or furious words, and not by the tagger's opinion alone
    department: str | None = None  # whose it is, by a person's word or a machine's
    department_sure: float = 0.0
    met: tuple[str, int] | None = None  # a report of staff: by whom, and how many customers they have met at least
    copied: str | None = None  # root of a text too long to be equal by chance, whoever sent it

    @property
    def voice(self) -> str:
        return self.copied or self.customer or self.repeat_of or self.record_key


@dataclass(frozen=True, slots=True)
class Crowd:
    """The records of a window. ``n``: all of them, also where only the newest were read (``heard``)."""

    heard: tuple[Heard, ...]
    n: int
    staff_n: int
    weights: Weights

    @property
    def scale(self) -> float:
        """From the records read to all of them."""
        return self.n / len(self.heard) if self.heard else 1.0

    def public(self) -> list[Heard]:
        return [one for one in self.heard if not entered_by_staff(one, self.weights)]

    def customers(self) -> int:
        """Distinct voices outside staff entry, scaled up where only a part was read."""
        return round(len({one.voice for one in self.public()}) * self.scale)

    def met(self) -> int:
        """Customers that staff reported: of each who reports the most of one report, so that ten presses are not ten crowds."""
        most: dict[str, int] = {}
        for by, n in (one.met for one in self.heard if one.met):
            most[by] = max(n, most.get(by, 0))
        return sum(most.values())

    def voices(self) -> int:
        """Distinct voices among the records read, staff entry included: what shares are of."""
        return len({one.voice for one in self.heard})

    def share(self, test: Callable[[Heard], bool]) -> float:
        """Share of the voices for which ``test`` holds of any record: who says it a hundred times says it once."""
        return len({one.voice for one in self.heard if test(one)}) / self.voices() if self.heard else 0.0

    def top(self, key: Callable[[Heard], str | None]) -> list[tuple[str, float]]:
        """Values of ``key`` with the share of voices that have it, largest first; records without one are left out."""
        pairs = {(value, one.voice) for one in self.heard if (value := key(one))}
        counted = Counter(value for value, _ in sorted(pairs))
        return [(value, n / self.voices()) for value, n in counted.most_common()]

    def once(self) -> list[Heard]:
        """One record of each voice, the newest."""
        newest: dict[str, Heard] = {}
        for one in sorted(self.heard, key=lambda one: (one.opened_at, one.record_key)):
            newest[one.voice] = one
        return list(newest.values())


def displeased(one: Heard, weights: Weights) -> bool:
    """A question that a machine takes for dissatisfied is no harm yet: 「新的自助退款在哪里」 sounds like trouble with a refund
    and asks for the way."""
    return one.mood == "negative" and (one.attested or one.kind not in weights.asking_kinds)


def only_asks(one: Heard, weights: Weights) -> bool:
    """A question without any sign of harm."""
    return one.kind in weights.asking_kinds and not one.cues and not displeased(one, weights)


def entered_by_staff(one: Heard, weights: Weights) -> bool:
    """By channel, by kind, or because it is old news without a customer: the marks of batch entry."""
    if one.kind in weights.staff_kinds or one.dims.get("channel", "") in weights.staff_channels:
        return True
    return one.customer is None and one.lag_s > weights.batch_lag_s


def crowd(heard: Iterable[Heard], n: int, weights: Weights) -> Crowd:
    kept = tuple(heard)
    staff = sum(entered_by_staff(one, weights) for one in kept)
    scale = n / len(kept) if kept else 1.0
    return Crowd(kept, n, round(staff * scale), weights)


def mood_of(tags: Mapping[str, Any], ratings: Iterable[Mapping[str, Any]]) -> tuple[str | None, bool]:
    """The customer's own rating before the tagger's opinion. -> (mood, rated)"""
    for rating in ratings:
        if rating["low"] < rating["high"]:
            share = (rating["value"] - rating["low"]) / (rating["high"] - rating["low"])
            good = share if rating.get("direction", "up") == "up" else 1 - share
            return ("negative" if good < 0.5 else "positive" if good > 0.5 else "neutral"), True
    sentiment = tags.get("sentiment")
    return (str(sentiment) if sentiment else None), False
