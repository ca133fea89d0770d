"""Names and other short texts as people type them, without what does not show."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any


def plain(text: str) -> str:
    """NFC, single blanks, and nothing that is invisible or turns the direction of what follows (Unicode's C categories).

    >>> plain(" 王\\u202e敏\\u200b  Wang\\x00 ")
    '王敏 Wang'
    """
    composed = unicodedata.normalize("NFC", text)
    seen = (" " if one.isspace() else one for one in composed if one.isspace() or not unicodedata.category(one).startswith("C"))
    return " ".join("".join(seen).split())


def readable(body: Any) -> Any:
    """A JSON value with every text in it as it is read, line by line; what shows all of itself stays as it is.

    >>> readable({"where": {"渠道": ["A\\u202epp", "a  b"]}, "n": 1})
    {'where': {'渠道': ['App', 'a  b']}, 'n': 1}
    """
    if isinstance(body, str):
        return body if body.isprintable() else "\n".join(plain(line) for line in body.split("\n"))
    if isinstance(body, Mapping):
        return {readable(key): readable(value) for key, value in body.items()}
    return [readable(one) for one in body] if isinstance(body, list | tuple) else body
