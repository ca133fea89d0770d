"""The shape of a value: what may be told about a customer's words in a fault, a log or a page."""

from __future__ import annotations

from typing import Any

LONGEST = 24


def shape_of(value: Any) -> str:
    """A masked short form: every digit as 9, every letter as a, every other script as 文; punctuation stays.

    >>> shape_of("2026年13月40日"), shape_of("张三 bad"), shape_of(None)
    ('9999文99文99文', '文文 aaa', '')
    """
    text = "" if value is None else str(value)
    masked = "".join(_mask(sign) for sign in text[:LONGEST])
    return masked + "…" if len(text) > LONGEST else masked


def _mask(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if sign.isalpha():
        return "a" if sign.isascii() else "文"
    return sign if sign.isascii() and sign.isprintable() else "·"
