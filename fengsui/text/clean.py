"""Text as it is stored, and the form in which two texts are equal."""

from __future__ import annotations

import hmac
import re
import unicodedata
from functools import lru_cache

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")
_BLANKS = re.compile(r"[ \t\u00a0\u3000]+")
_LINES = re.compile(r"\s*\n\s*")
_NOT_WORD = re.compile(r"[\W_]+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2}")

SHORT = 6
"""Normal forms shorter than this are equal by chance (好评, thanks) and are no repeats."""
LONG = 60
"""Bytes of a normal form: three a Chinese character, one a Latin letter."""


def clean(text: str, limit: int) -> str:
    """NFC, one kind of line end, no control or invisible characters, single blanks, at most ``limit`` characters.

    >>> clean("  退款\\u200b　一直\\r\\n\\r\\n没到 ", 100)
    '退款 一直\\n没到'
    """
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    flat = _CONTROL.sub("", composed.replace("\r\n", "\n").replace("\r", "\n"))
    return _LINES.sub("\n", _BLANKS.sub(" ", flat)).strip()[:limit]


def is_empty(text: str) -> bool:
    """Whether nothing was said: punctuation and blanks only."""
    return not _NOT_WORD.sub("", text)


@lru_cache(maxsize=4096)  # asked twice for each text of a batch
def normal_form(text: str) -> str:
    """Width, case, blanks and punctuation do not make a text another one.

    >>> normal_form("退款！！ 还没到账…ＡＢＣ")
    '退款还没到账abc'
    """
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())


def equal_hash(text: str, key: bytes) -> str:
    """Keyed hash of the normal form (HMAC-SHA256): equal texts are found without keeping words in the clear."""
    return hmac.digest(key, b"text\0" + normal_form(text).encode(), "sha256").hex()[:32]


def can_repeat(text: str) -> bool:
    """Whether the text is long enough that an equal one is no accident."""
    return len(normal_form(text)) >= SHORT


def is_long(text: str) -> bool:
    """Whether the text is so long that many people with the same one have copied it: 20 Chinese characters or a dozen
    English words.

    >>> is_long("支付失败了怎么办"), is_long("App 支付一直失败，钱已经扣了订单却没有，请尽快处理并退款")
    (False, True)
    """
    return len(normal_form(text).encode()) >= LONG


def language(text: str) -> str | None:
    """``zh`` where any Chinese character stands, else ``en`` for Latin words, else None."""
    if _CJK.search(text):
        return "zh"
    return "en" if _LATIN.search(text) else None
