"""Text as it is stored, and the form in which two texts are equal."""

from __future__ import annotations

import hmac
import re
import unicodedata
from functools import lru_cache

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u061c\ufeff]+")
_BLANKS = re.compile(r"[ \t\u00a0\u3000]+")
_LINES = re.compile(r"\s*\n\s*")
_NOT_WORD = re.compile(r"[\W_]+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2}")
_LETTER = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "ja": re.compile(r"[\u3041-\u30ff\uff66-\uff9d]"),
    "ko": re.compile(r"[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "bo": re.compile(r"[\u0f00-\u0fff]"),
    "vi": re.compile(r"[\u01a0\u01a1\u01af\u01b0\u0110\u0111\u1ea0-\u1ef9]"),
}
_FOREIGN = re.compile(
    r"[\u01a0-\u01b0\u0110\u0111\u0370-\u11ff\u1ea0-\u1ef9\u3041-\u30ff\u3130-\u318f\uac00-\ud7af\uff66-\uff9d]"
)
_SMALL_WORDS = {
    "en": frozenset(
        [
            "the",
            "and",
            "to",
            "is",
            "it",
            "my",
            "i",
            "you",
            "of",
            "for",
            "in",
            "on",
            "not",
            "was",
            "have",
            "this",
            "that",
            "with",
            "are",
            "be",
            "me",
            "a",
            "an",
            "no",
            "please",
            "but",
        ]
    ),
    "es": frozenset(
        [
            "el",
            "la",
            "los",
            "las",
            "de",
            "que",
            "y",
            "en",
            "un",
            "una",
            "por",
            "con",
            "no",
            "para",
            "es",
            "mi",
            "pero",
            "está",
            "ha",
            "lo",
            "muy",
            "se",
            "al",
            "del",
        ]
    ),
    "fr": frozenset(
        [
            "le",
            "la",
            "les",
            "des",
            "de",
            "et",
            "un",
            "une",
            "est",
            "pas",
            "je",
            "vous",
            "ne",
            "pour",
            "avec",
            "sur",
            "mon",
            "que",
            "dans",
            "ce",
            "au",
            "du",
            "il",
            "en",
            "été",
        ]
    ),
    "de": frozenset(
        [
            "der",
            "die",
            "das",
            "und",
            "ist",
            "nicht",
            "ich",
            "ein",
            "eine",
            "zu",
            "mit",
            "auf",
            "für",
            "sie",
            "wir",
            "habe",
            "hat",
            "den",
            "von",
            "wurde",
            "mein",
            "bitte",
        ]
    ),
    "pt": frozenset(
        [
            "o",
            "a",
            "os",
            "as",
            "de",
            "que",
            "e",
            "em",
            "um",
            "uma",
            "não",
            "por",
            "com",
            "para",
            "é",
            "meu",
            "mas",
            "está",
            "foi",
            "muito",
            "se",
            "do",
            "da",
            "no",
            "na",
        ]
    ),
    "it": frozenset(
        [
            "il",
            "lo",
            "la",
            "gli",
            "le",
            "di",
            "che",
            "e",
            "un",
            "una",
            "non",
            "per",
            "con",
            "è",
            "mio",
            "ma",
            "sono",
            "ho",
            "del",
            "della",
            "nel",
            "alla",
        ]
    ),
    "id": frozenset(
        [
            "yang",
            "dan",
            "di",
            "saya",
            "tidak",
            "ini",
            "itu",
            "ke",
            "untuk",
            "dari",
            "dengan",
            "sudah",
            "belum",
            "ada",
            "pesanan",
            "bisa",
            "anda",
        ]
    ),
    "nl": frozenset(
        [
            "de",
            "het",
            "een",
            "en",
            "van",
            "ik",
            "niet",
            "is",
            "dat",
            "op",
            "te",
            "met",
            "voor",
            "mijn",
            "zijn",
            "maar",
            "heb",
            "er",
            "bij",
        ]
    ),
    "tr": frozenset(["ve", "bir", "bu", "için", "çok", "ben", "değil", "ama", "ile", "da", "de", "mi", "var", "yok", "daha"]),
}

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
    """By the script that most letters have; Latin words by the small words of each language. None without a letter.

    >>> language("退款 not arrived"), language("my order"), language("注文が届きません"), language("el pedido no ha llegado")
    ('zh', 'en', 'ja', 'es')
    """
    if _FOREIGN.search(text):
        found = _by_script(text)
        if found:
            return found
    if _CJK.search(text):
        return "zh"
    return _latin(text) if _LATIN.search(text) else None


def _by_script(text: str) -> str | None:
    """A script that is neither Chinese nor plain Latin, where it has a fair share of the letters."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS.items()}
    name = max(counts, key=lambda one: counts[one])
    rest = len(_CJK.findall(text)) + len(_LETTER.findall(text))
    if name == "ja":  # written with Chinese characters in between
        return name if counts[name] * 3 >= rest and counts[name] > 2 else None
    return name if counts[name] and counts[name] * 2 >= rest else None


def _latin(text: str) -> str:
    words = set(_WORD.findall(text.casefold()))
    if len(words) < 3:
        return "en"
    counts = {name: len(words & known) for name, known in _SMALL_WORDS.items()}
    best = max(counts, key=lambda one: counts[one])
    return best if counts[best] > counts["en"] and counts[best] >= 2 else "en"
