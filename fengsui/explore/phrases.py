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
BOUND, KNOWN = 0.8, 5
"""A sign that follows the same neighbours in this share of all it stands elsewhere, of at least so many, ends their words."""
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
    earlier = [_plain(text) for text in before]
    then, words = _counted(tested, earlier), _Words(earlier)
    needed = log(max(len(tested), 1) / ALPHA)

    def score(phrase: str) -> float:
        return rise(len(known[phrase]), len(texts), then[phrase], len(before))

    risen = {words.trimmed(phrase, texts, known[phrase]) for phrase in tested if score(phrase) > needed} & known.keys()
    then |= _counted([phrase for phrase in risen if phrase not in then], earlier)
    found = []
    for phrase in risen:
        if score(phrase) > needed:
            usual = then[phrase] / len(before) * len(texts) if before else 0.0
            number = not re.search(r"[^\d.]", phrase)
            shown, now = _written(phrase, window, known[phrase]), len(known[phrase])
            found.append(Phrase(phrase, shown, now, usual, score(phrase), number))
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
    total = len(inside)
    return all(_varies(side, total) for side in _neighbours(phrase, texts, inside))


def _neighbours(phrase: str, texts: Sequence[str], inside: Iterable[int]) -> tuple[Counter[str], Counter[str]]:
    """Chinese signs before and after the first place of a phrase in each text."""
    sides: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for n in inside:
        at = texts[n].find(phrase)
        for side, place in enumerate((at - 1, at + len(phrase))):
            neighbour = texts[n][place] if 0 <= place < len(texts[n]) else ""
            if _CHINESE.match(neighbour):
                sides[side][neighbour] += 1
    return sides


class _Words:
    """What signs stood beside in earlier texts: two words with one ending (提示, 显示) vary enough to look like the start of a
    phrase, so the sign at its end is asked where else it stood."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._met: dict[tuple[str, int], Counter[str]] = {}

    def trimmed(self, phrase: str, now: Sequence[str], inside: set[int]) -> str:
        """The phrase without a sign at its start or end that is part of a few words around it."""
        if not _CHINESE.match(phrase):
            return phrase
        before, after = (
            len(side) <= KINDS and side.total() == len(inside) and self._bound(phrase, n, side)
            for n, side in enumerate(_neighbours(phrase, now, inside))
        )
        return phrase[before : len(phrase) - after]

    def _bound(self, phrase: str, n: int, side: Counter[str]) -> bool:
        sign = phrase[-n]  # the first, or the last
        if (sign, n) not in self._met:
            self._met[sign, n] = self._beside(sign, n)
        own = _neighbours(phrase, self._texts, (i for i, text in enumerate(self._texts) if phrase in text))[n]
        met = self._met[sign, n] - own
        return met.total() >= KNOWN and sum(met[word] for word in side) >= BOUND * met.total()

    def _beside(self, sign: str, n: int) -> Counter[str]:
        """Any neighbour counts; "" where a text begins or ends."""
        place = re.compile(re.escape(sign) + "(?=(.?))" if n else "(?:^|(?<=(.)))" + re.escape(sign), re.DOTALL)
        return Counter(match[1] or "" for text in self._texts if sign in text for match in place.finditer(text))


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
