"""Codes of an authenticator app: RFC 6238 with SHA-1, 30 seconds and six digits, which is what every app understands."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

STEP_S, DIGITS, SECRET_BYTES = 30, 6, 20
DRIFT = 1
"""Steps that a clock may be wrong by."""


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // STEP_S


def code_at(secret: bytes, step: int) -> str:
    return HOTP(secret, DIGITS, SHA1()).generate(step).decode()


def step_of_code(secret: bytes, code: str, now: datetime) -> int | None:
    """The step whose code this is; None where it is none of now. Every candidate is compared."""
    found = None
    for step in range(step_of(now) - DRIFT, step_of(now) + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found


def typed(secret: bytes) -> str:
    """The key in groups of four, for who cannot scan."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[n : n + 4] for n in range(0, len(text), 4))


def address(secret: bytes, issuer: str, account: str) -> str:
    """``otpauth://…`` as apps read it from a QR code."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    key = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{label}?secret={key}&issuer={quote(issuer, safe='')}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
