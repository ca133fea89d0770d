"""Harsh and kind words of our own writing (``tone.json``): what a text says with them is the sentiment before any label exists.

A word weighs 1, a strong one 2, a hint 0.5. A denial before it turns it round ("不满意", "没有想象的好"), a question of the
kind "好不好" says nothing, and what comes after a turn ("但是", "就是", "but") weighs more than what came before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TypeAlias

_NOT = (
    *("不是很", "不是太", "不怎么", "没有那么", "没那么", "没有想象的?", "没想象的?", "不太", "不够", "并不", "毫无", "从不"),
    *("谈不上", "算不上", "称不上", "不", "没有?", "别", "无", "非", "not ", "no ", "n't ", "never "),
)
_VERY = ("那么", "什么", "很", "太", "多", "特别", "非常", "怎么", "够", "是", "so ", "very ", "that ", "too ", "really ")
_LAST = frozenset(word[-1] for word in (*(word.rstrip("?") for word in _NOT), *_VERY)) | frozenset("象没")
"""What stands right before a denied word: most words need no search."""
_DENIAL = re.compile(f"(?:{'|'.join(_NOT)})(?:{'|'.join(_VERY)})?$")
_TURN = re.compile(r"但是?|不过|可是|然而|就是|只是|\bbut\b|\bhowever\b")
_REACH = 10
Spoken: TypeAlias = tuple[int, str, float]
"""(place, word, weight)"""
_AFTER_TURN, _BEFORE_TURN = 1.4, 0.7


def words() -> list[tuple[str, float]]:
    """Every word with its weight; harsh ones above 0, kind ones below, 0 what holds such a word and is none (会员, 您好)."""
    held = json.loads(files(__package__).joinpath("tone.json").read_text(encoding="utf-8"))
    signs = (("harsh", 1.0), ("kind", -1.0))
    found = [(word, sign * float(weight)) for kind, sign in signs for weight, listed in held[kind].items() for word in listed]
    return [*found, *((word, 0.0) for word in held["neither"])]


def score(text: str, hits: Sequence[Spoken], start: int, end: int) -> float:
    """How harsh ``text[start:end]`` is, above 0, or how kind, below; ``hits``: its words, by place in ``text``."""
    said = _longest(hits)
    turn = -1
    if said and _TURN.search(text, start, end):
        turn = max(match.end() for match in _TURN.finditer(text, start, end))
    total = 0.0
    for at, word, weight in said:
        asked = text[at + 1 : at + 2] == "不" and text[at + 2 : at + 3] == word[:1]
        if asked or (word[0] == "不" and word[1:2] == text[at - 1]):  # 好不好
            continue
        if at > start and text[at - 1] in _LAST and _DENIAL.search(text[max(start, at - _REACH) : at]):
            weight = -weight * (1.0 if weight < 0 else 0.5)
        total += weight * (1.0 if turn < 0 else _AFTER_TURN if at >= turn else _BEFORE_TURN)
    return total


def _longest(hits: Sequence[Spoken]) -> list[Spoken]:
    """Of words that overlap the one that begins first, and of these the longest. One that says nothing hides what lies in it,
    and not what goes on beyond it: in 处理好慢 it is 好慢 that speaks."""
    kept: list[Spoken] = []
    end = -1
    for hit in sorted(hits, key=lambda hit: (hit[0], -len(hit[1]))) if len(hits) > 1 else hits:
        own_end = hit[0] + len(hit[1])
        if hit[0] >= end:
            kept.append(hit)
        elif kept[-1][2] or own_end <= end:
            continue
        else:
            kept[-1] = hit
        end = own_end
    return kept
