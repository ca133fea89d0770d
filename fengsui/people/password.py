"""Passwords: argon2id (RFC 9106, the library's current defaults)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fengsui.people.fault import PersonFault

LEAST, MOST = 10, 256
_HASHER = PasswordHasher()


def hashed(password: str, person_id: str) -> str:
    """The hash to store; ``PersonFault`` for a password that is too short, too long or the name itself."""
    if not LEAST <= len(password) <= MOST or password.casefold() == person_id.casefold():
        raise PersonFault("people.fault.password", least=LEAST, most=MOST)
    return _HASHER.hash(password)


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
