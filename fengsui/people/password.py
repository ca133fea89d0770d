"""Passwords: argon2id (RFC 9106, the library's current defaults), and which ones are refused.

Length counts (NIST SP 800-63B); kinds of characters do not. Refused are the account itself with a few signs around it, one
character or a run of the keyboard over and over, and what lists of stolen passwords begin with.
"""

from __future__ import annotations

import re
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fengsui.people.fault import PersonFault

LEAST, MOST = 10, 256
_HASHER = PasswordHasher()
_RUNS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)
_COMMON = frozenset(
    " ".join(
        (
            "password passwort passw0rd admin administrator root guest test user welcome letmein iloveyou woaini woaiwojia",
            "monkey dragon football baseball superman master sunshine princess qwerty qwe asd zxc qweasd qweasdzxc asdf",
            "zxcvbn abc abcd aaa 1q2w3e4r 1q2w3e4r5t q1w2e3r4 q1w2e3r4t5 1qaz2wsx qazwsx qazwsxedc wang zhang li hello",
            "china changeme secret huawei tencent alibaba kefu fengsui 烽燧 密码 我爱你 a1b2c3d4 a1b2c3d4e5",
        )
    ).split()
)
"""Bare words: digits and signs before and behind them do not make them better."""
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_ONE_TIME = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is read as something else
_ONE_TIME_CHARS = 16


def hashed(password: str, person_id: str, least: int = LEAST) -> str:
    """The hash to store; ``PersonFault`` for a password that is too short, too long, or one of the first to be guessed."""
    if not least <= len(password) <= MOST:
        raise PersonFault("people.fault.password", least=least, most=MOST)
    if _guessable(password.casefold(), person_id.casefold()):
        raise PersonFault("people.fault.password_common")
    return _HASHER.hash(password)


def one_time() -> str:
    """79 random bits in groups of four: to be told once, and changed at the first sign-in."""
    text = "".join(secrets.choice(_ONE_TIME) for _ in range(_ONE_TIME_CHARS))
    return "-".join(text[n : n + 4] for n in range(0, len(text), 4))


def _guessable(password: str, name: str) -> bool:
    bare = _AROUND.sub("", password)
    if bare in (name, name[::-1]) or bare in _COMMON or password in _COMMON or (len(name) > 3 and _little_more(password, name)):
        return True
    if any(_again(password, size) for size in range(1, len(password) // 2 + 1) if size <= 4):
        return True
    return any(password in run or password in run[::-1] for run in _RUNS) or not bare


def _little_more(password: str, name: str) -> bool:
    """``wangmin2026!``: the account and four signs."""
    return name in password and len(password) - len(name) <= 4


def _again(password: str, size: int) -> bool:
    part = password[:size]
    return (part * (len(password) // size + 1))[: len(password)] == password


def matches(stored: str | None, password: str) -> bool:
    """The same work whether or not there is a hash, so that time does not tell who exists."""
    try:
        return _HASHER.verify(stored or _decoy(), password[:MOST]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def rehashed(password: str) -> str:
    return _HASHER.hash(password)


@cache
def _decoy() -> str:
    return _HASHER.hash("nobody has this password")
