"""What customers suddenly say: phrases of a window against the weeks before, whole ones only.

Log likelihood ratio of document frequencies (T. Dunning, Computational Linguistics 19(1), 1993), pruned: of a phrase and a
longer one in nearly the same texts the longer stays. Chinese has no blanks: a phrase ends where what follows it varies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

LONGEST, WORDS = 14, 3
LEAST = 3
SAME = 0.8
TOLD = 0.6
ALPHA = 0.05
VARIES = 0.85
"""The commonest neighbour of a whole phrase makes at most this share of its neighbours."""
MANY, KINDS = 8, 3
MOST_TESTED = 1500

_RUN = re.compile(r"[\u3400-\u9fff]+|[A-Za-z][A-Za-z'-]*(?:\s+[A-Za-z][A-Za-z'-]*)*|\d[\d.]*")
_MASK = re.compile(r"\[[^\]]{1,8}\]|[*＊]{2,}")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_STOP = frozenset(
    ["the", "and", "for", "with", "this", "that", "you", "your", "are", "was", "not", "have", "has", "but", "from", "when"]
)


@dataclass(frozen=True)
class Phrase:
    """``shown``: as customers write it. ``now``: texts of the window that hold it, ``usual``: those that would hold it by its
    share before; ``score`` in nats. ``number``: a version or amount: shown apart."""

    text: str
    shown: str
    now: int
    usual: float
    score: float
    number: bool

    @property
    def first(self) -> bool:
        return self.usual == 0


def burst(window: Sequence[str], before: Sequence[str], top: int = 10, ignored: frozenset[str] = frozenset()) -> list[Phrase]:
    """The phrases that rose most beyond chance, the surest first. ``ignored``: names that every record has anyway."""
    texts = [_plain(text) for text in window]
    held = _held(texts)
    known = {phrase: texts_of for phrase, texts_of in held.items() if len(texts_of) >= LEAST}
    if not known:
        return []
    known = {phrase: texts_of for phrase, texts_of in known.items() if phrase not in ignored}
    whole = [phrase for phrase in known if _is_whole(phrase, texts, known[phrase])]
    tested = sorted(whole, key=lambda phrase: (-len(known[phrase]), -len(phrase), phrase))[:MOST_TESTED]
    then = _counted(tested, [_plain(text) for text in before])
    needed = log(max(len(tested), 1) / ALPHA)
    found = []
    for phrase in tested:
        now, score = len(known[phrase]), rise(len(known[phrase]), len(texts), then[phrase], len(before))
        if score > needed:
            usual = then[phrase] / len(before) * len(texts) if before else 0.0
            number = not re.search(r"[^\d.]", phrase)
            found.append(Phrase(phrase, _written(phrase, window, known[phrase]), now, usual, score, number))
    found.sort(key=lambda one: (-one.score, -len(one.text), one.text))
    return _pruned(found, known)[:top]


def _written(phrase: str, texts: Sequence[str], inside: set[int]) -> str:
    """With the capitals of the first who wrote it."""
    match = re.search(re.escape(phrase), texts[min(inside)], re.IGNORECASE)
    return match[0] if match else phrase


def rise(now: int, texts: int, before: int, texts_before: int) -> float:
    """Log likelihood ratio of a share that rose; 0 where it did not."""
    if not texts or now * texts_before <= before * texts:
        return 0.0
    whole = (now + before) / (texts + texts_before)
    return _term(now, texts, whole) + _term(before, texts_before, whole)


def _term(held: int, texts: int, share: float) -> float:
    rest = texts - held
    found = held * log(held / (texts * share)) if held else 0.0
    return found + (rest * log(rest / (texts * (1 - share))) if rest and share < 1 else 0.0)


def typicality(text: str, phrases: Iterable[Phrase]) -> float:
    """Share of the burst that a text holds, 0..1: what most of them say comes first."""
    plain, every = _plain(text), list(phrases)
    whole = sum(one.score for one in every)
    return sum(one.score for one in every if one.text in plain) / whole if whole else 0.0


def _plain(text: str) -> str:
    return _MASK.sub(" ", text).casefold()


def _held(texts: Sequence[str]) -> dict[str, set[int]]:
    """phrase -> numbers of the texts that hold it."""
    held: dict[str, set[int]] = {}
    for n, text in enumerate(texts):
        for phrase in set(_phrases(text)):
            held.setdefault(phrase, set()).add(n)
    return held


def _phrases(text: str) -> Iterable[str]:
    for run in _RUN.findall(text):
        if _CHINESE.match(run):
            yield from (run[i : i + n] for n in range(2, LONGEST + 1) for i in range(len(run) - n + 1))
        elif run[0].isdigit():
            yield run.strip(".")
        else:
            words = run.split()
            for n in range(1, WORDS + 1):
                for i in range(len(words) - n + 1):
                    some = words[i : i + n]
                    if some[0] not in _STOP and some[-1] not in _STOP and len(some[0]) > 2 and len(some[-1]) > 2:
                        yield " ".join(some)


def _is_whole(phrase: str, texts: Sequence[str], inside: set[int]) -> bool:
    """Whether what stands before and after it varies; the end of a run is as good as any other neighbour."""
    if not _CHINESE.match(phrase):
        return True
    sides: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for n in inside:
        at = texts[n].find(phrase)
        for side, place in enumerate((at - 1, at + len(phrase))):
            neighbour = texts[n][place] if 0 <= place < len(texts[n]) else ""
            if _CHINESE.match(neighbour):
                sides[side][neighbour] += 1
    total = len(inside)
    return all(_varies(side, total) for side in sides)


def _varies(side: Counter[str], total: int) -> bool:
    """Ends of a run are as many different neighbours; of many texts two neighbours are two words with one ending."""
    kinds = len(side) + total - sum(side.values())
    return max(side.values(), default=0) <= VARIES * total and (total < MANY or kinds >= KINDS)


def _counted(phrases: Sequence[str], texts: Sequence[str]) -> dict[str, int]:
    return {phrase: sum(phrase in text for text in texts) for phrase in phrases}


def _pruned(found: Sequence[Phrase], held: dict[str, set[int]]) -> list[Phrase]:
    """One of a phrase and its part: the longer where both stand in the same texts, else the surer, which comes first."""
    kept: list[Phrase] = []
    for one in sorted(found, key=lambda phrase: (-len(phrase.text), -phrase.score)):
        longer = (other for other in kept if one.text in other.text)
        if not any(_same(held[one.text], held[other.text]) for other in longer):
            kept.append(one)
    kept.sort(key=lambda phrase: (-phrase.score, -len(phrase.text)))
    shown: list[Phrase] = []
    for one in kept:
        if not any(_overlap(one.text, other.text) and _same(held[one.text], held[other.text]) for other in shown):
            shown.append(one)
    return [one for one in shown if not _told(one, shown, held)]


def _told(one: Phrase, shown: Sequence[Phrase], held: dict[str, set[int]]) -> bool:
    """A word of two characters of which longer phrases say nearly all: it is their common part and says less."""
    if len(one.text) > 2 or not _CHINESE.match(one.text):
        return False
    longer = [held[other.text] for other in shown if other is not one and one.text in other.text]
    return bool(longer) and len(set().union(*longer)) >= TOLD * len(held[one.text])


def _same(one: set[int], other: set[int]) -> bool:
    return len(one & other) >= SAME * len(one | other)


def _overlap(one: str, other: str) -> bool:
    """One is part of the other, or they share two characters at an end: pieces of one saying."""
    if one in other or other in one:
        return True
    return any(one[-n:] == other[:n] or other[-n:] == one[:n] for n in range(2, min(len(one), len(other))))
