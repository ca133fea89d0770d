"""The two keys at work: HMAC-SHA256 for identities and contents, AES-256-GCM for what must be readable again.

Every use has its own prefix, so that a hash of one kind never equals a hash of another. Associated data bind a ciphertext to
the row it belongs to: moved to another row it does not open.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class KeyRing(Protocol):
    """``fengsui.settings.keys.Keys``: 32 bytes each."""

    @property
    def customer(self) -> bytes: ...
    @property
    def data(self) -> bytes: ...
    @property
    def data_key_id(self) -> str: ...
    def by_id(self, key_id: str) -> bytes: ...


class Vault:
    """Hashes and seals with the keys of a deployment."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self.key_id = keys.data_key_id
        self._sealer = AESGCM(keys.data)
        self._customer = lru_cache(maxsize=10_000)(lambda reference: self.hashed("customer", reference.strip()))

    def hashed(self, use: str, message: str, size: int = 32) -> str:
        """Keyed hash as ``size`` hex digits; ``use`` keeps kinds apart."""
        return hmac.digest(self._keys.customer, f"{use}\0{message}".encode("utf-8", "surrogatepass"), "sha256").hex()[:size]

    def customer(self, reference: str) -> str:
        """The same customer over all channels that share an id."""
        return self._customer(reference)

    def own_id(self, source_id: str) -> str:
        """A record's id; one that a connector made of the row's words (``h:…``) under our key, as ``k:…``. Idempotent.

        Without a key, whoever reads the store could try out sentences and learn who said what.
        """
        if not source_id.startswith("h:"):
            return source_id
        print_, mark, ordinal = source_id[2:].rpartition("#")
        return f"k:{self.hashed('row', print_ if mark else ordinal)}{mark}{ordinal if mark else ''}"

    @property
    def text_key(self) -> bytes:
        return self._keys.customer

    def knows(self, key_id: str) -> bool:
        """Whether what was sealed with this key can be opened."""
        try:
            self._keys.by_id(key_id)
        except KeyError:
            return False
        return True

    def seal(self, data: bytes, bound_to: str) -> bytes:
        """Nonce and ciphertext; opens only with the same ``bound_to``."""
        nonce = os.urandom(NONCE)
        return nonce + self._sealer.encrypt(nonce, data, bound_to.encode())

    def open(self, sealed: bytes, key_id: str, bound_to: str) -> bytes:
        """What ``seal`` was given. ``KeyError`` for a key that is no longer named, ``InvalidTag`` for a moved row."""
        return AESGCM(self._keys.by_id(key_id)).decrypt(sealed[:NONCE], sealed[NONCE:], bound_to.encode())


def canonical(value: Any) -> str:
    """JSON that is the same for equal values, whatever the order of their keys."""
    return _CANONICAL.encode(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
