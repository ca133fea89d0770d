"""What a webhook is asked before anything of it is kept: who sent it, and whether its body is rows.

A signed request carries the second it was made in and ``v1=`` with the hexadecimal HMAC-SHA256, under the shared secret, of
``<timestamp>.<body>``. A copy of it works for no longer than the window, and then only as the same delivery again.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from fengsui.board.inbox import NotTaken
from fengsui.settings import Settings
from fengsui.settings.source import Push

STAMP, SIGNATURE, KEY = "X-Fengsui-Timestamp", "X-Fengsui-Signature", "Idempotency-Key"
VERSION = "v1="
KEY_CHARS = 200
MIB = 2**20
DEEPEST = 50
JSON_TYPES = ("application/json",)
LINES_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
Headers = Mapping[str, str]
"""Of a request; names are looked up whatever their case."""


def push_of(settings: Settings, source: str) -> Push:
    """Raises ``NotTaken`` 404 for a source that is not there, is off, or is no webhook."""
    found = settings.sources.get(source)
    if found is None or not found.enabled or found.push is None:
        raise NotTaken(404, "board.push.no_source", source=source[:80])
    return found.push


def first_look(settings: Settings, push: Push, headers: Headers, now: datetime) -> None:
    """Everything that can be refused before the body is read: kind of content, size, credentials, age, key."""
    kind = _kind(headers)
    if kind not in (*JSON_TYPES, *LINES_TYPES):
        raise NotTaken(415, "board.push.content_type", given=kind[:80], allowed=[*JSON_TYPES, *LINES_TYPES])
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > largest(settings):
        raise too_large(settings)
    if push.auth == "bearer":
        _check_bearer(push, headers)
    else:
        _check_age(push, headers, now)
    if len(headers.get(KEY.lower(), "")) > KEY_CHARS:
        raise NotTaken(422, "board.push.key_long", allowed=KEY_CHARS)


def check_signature(push: Push, headers: Headers, body: bytes) -> None:
    """Raises ``NotTaken`` 401. A bearer has shown its token before."""
    if push.auth == "bearer":
        return
    signed = headers[STAMP.lower()].encode("latin-1") + b"." + body
    given = headers[SIGNATURE.lower()].removeprefix(VERSION).strip().lower()
    rights = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in _secrets(push)]
    if not _any_equal(given, rights):
        raise NotTaken(401, "board.push.signature")


def key_of(push: Push, headers: Headers, body: bytes, now: datetime) -> str:
    """The sender's key; without one a signed request is its own (sent again within the window it is the same), and a
    bearer's is new each time: its records are known by their own ids."""
    given = headers.get(KEY.lower(), "").strip()
    if given:
        return given
    stamp = headers[STAMP.lower()] if push.auth == "signature" else now.isoformat()
    return f"body:{sha256(stamp.encode('latin-1') + b'.' + body).hexdigest()}"


def rows_of(settings: Settings, push: Push, headers: Headers, body: bytes) -> list[dict[str, Any]]:
    """The rows: of an array, of the list at ``items``, one object, or one object a line. Raises ``NotTaken`` 422 naming the
    place, or 413 for too many."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise NotTaken(422, "board.push.utf8", byte=fault.start) from None
    rows = _lines(text) if _kind(headers) in LINES_TYPES else _document(text, push.items)
    if len(rows) > settings.limits.push_rows:
        raise NotTaken(413, "board.push.rows", rows=len(rows), allowed=settings.limits.push_rows)
    for n, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise NotTaken(422, "board.push.not_object", row=n)
    return rows


def largest(settings: Settings) -> int:
    return settings.limits.push_mb * MIB


def too_large(settings: Settings) -> NotTaken:
    return NotTaken(413, "board.push.size", allowed=settings.limits.push_mb)


def _kind(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_bearer(push: Push, headers: Headers) -> None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not _any_equal(given.strip(), _secrets(push)):
        raise NotTaken(401, "board.push.bearer")


def _check_age(push: Push, headers: Headers, now: datetime) -> None:
    stamp = headers.get(STAMP.lower(), "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise NotTaken(401, "board.push.stamp", header=STAMP)
    if abs(now.timestamp() - int(stamp)) > push.window.total_seconds():
        raise NotTaken(401, "board.push.old", window=push.window.total_seconds())
    if not headers.get(SIGNATURE.lower(), "").startswith(VERSION):
        raise NotTaken(401, "board.push.unsigned", header=SIGNATURE)


def _secrets(push: Push) -> list[str]:
    return [push.secret, *([push.previous] if push.previous else [])]


def _any_equal(given: str, rights: list[str]) -> bool:
    """Each is compared, in a time that tells nothing."""
    found = [hmac.compare_digest(given.encode("utf-8", "replace"), right.encode()) for right in rights]
    return any(found)


def _document(text: str, items: str) -> list[Any]:
    found = _json(text, 1)
    for part in items.split(".") if items and isinstance(found, dict) else ():
        found = found.get(part) if isinstance(found, dict) else None
    if items and not isinstance(found, list):
        raise NotTaken(422, "board.push.items", items=items)
    return found if isinstance(found, list) else [found]


def _lines(text: str) -> list[Any]:
    return [_json(line, n) for n, line in enumerate(text.split("\n"), 1) if line.strip()]


def _json(text: str, line: int) -> Any:
    try:
        found = json.loads(text, parse_constant=_no_number)
        if _too_deep(found):
            raise RecursionError
        return found
    except json.JSONDecodeError as fault:
        raise NotTaken(422, "board.push.json", line=line + fault.lineno - 1, column=fault.colno) from None
    except (ValueError, RecursionError):  # NaN, a number of thousands of digits, a thousand brackets
        raise NotTaken(422, "board.push.json", line=line, column=1) from None


def _too_deep(value: Any, left: int = DEEPEST) -> bool:
    """Who reads it later may have less room for recursion than we have."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_too_deep(one, left - 1) for one in inner)


def _no_number(word: str) -> Any:
    raise ValueError(word)
