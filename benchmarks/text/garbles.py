"""Texts made unreadable in the ways in which channels do it, and words that are made to burst."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence

BURSTS = ("发霉", "过敏", "假货", "蟑螂", "漏水", "头发", "死机", "退货", "洒了", "排骨", "空调", "掉色")
_SIGNS = "@#$%^&*()_+|}{<>=~`"


def made(texts: Sequence[str], n: int) -> list[tuple[str, str]]:
    """(way, text), ``n`` of each way."""
    rng = random.Random(5)
    return [(way.__name__, way(text, rng)) for way in WAYS for text in rng.sample(list(texts), n)]


def _utf_as_gbk(text: str, rng: random.Random) -> str:
    return text.encode().decode("gbk", "replace")


def _gbk_as_latin(text: str, rng: random.Random) -> str:
    return text.encode("gbk", "replace").decode("latin1")


def _utf_as_latin(text: str, rng: random.Random) -> str:
    return text.encode().decode("latin1")


def _utf_as_cp1252(text: str, rng: random.Random) -> str:
    return text.encode().decode("cp1252", "replace")


def _gbk_as_utf(text: str, rng: random.Random) -> str:
    return text.encode("gbk", "replace").decode("utf-8", "replace")


def _gbk_as_big5(text: str, rng: random.Random) -> str:
    return text.encode("gbk", "replace").decode("big5", "replace")


def _lost(text: str, rng: random.Random) -> str:
    return "?" * len(text)


def _holes(text: str, rng: random.Random) -> str:
    return "".join(char if rng.random() < 0.5 else "\ufffd" for char in text)


def _keys(text: str, rng: random.Random) -> str:
    return "".join(rng.choices("asdfghjkl;qwertyuiopzxcvbnm", k=max(8, min(len(text), 30))))


def _words_of_keys(text: str, rng: random.Random) -> str:
    return " ".join("".join(rng.choices("asdfjklghqwe", k=rng.randint(3, 9))) for _ in range(4))


def _base64(text: str, rng: random.Random) -> str:
    return base64.b64encode(text.encode()).decode()[:60]


def _any_characters(text: str, rng: random.Random) -> str:
    return "".join(chr(rng.randint(0x4E00, 0x9FA0)) for _ in range(max(6, min(len(text), 40))))


def _signs(text: str, rng: random.Random) -> str:
    return "".join(rng.choices(_SIGNS, k=12))


WAYS: tuple[Callable[[str, random.Random], str], ...] = (
    _utf_as_gbk,
    _gbk_as_latin,
    _utf_as_latin,
    _utf_as_cp1252,
    _gbk_as_utf,
    _gbk_as_big5,
    _lost,
    _holes,
    _keys,
    _words_of_keys,
    _base64,
    _any_characters,
    _signs,
)
