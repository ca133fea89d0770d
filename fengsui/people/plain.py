"""Names as people type them, without what does not show."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """NFC, single blanks, and nothing that is invisible or turns the direction of what follows (Unicode's C categories).

    >>> plain(" 王\\u202e敏\\u200b  Wang\\x00 ")
    '王敏 Wang'
    """
    composed = unicodedata.normalize("NFC", text)
    seen = (" " if one.isspace() else one for one in composed if one.isspace() or not unicodedata.category(one).startswith("C"))
    return " ".join("".join(seen).split())
