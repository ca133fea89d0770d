"""One request over HTTP, with its failures by recovery. What the answer says is for the sender that knows its receiver."""

from __future__ import annotations

from typing import Any

import httpx

from fengsui.notify.fault import Later, Undeliverable

UNREACHABLE = "notify.fault.unreachable"
BUSY = "notify.fault.busy"
LATER = frozenset({408, 409, 425, 429})
"""Client errors that pass by themselves; every 5xx does too."""


def ask(client: httpx.Client, method: str, url: str | None, **given: Any) -> httpx.Response:
    """The answer, whatever it is, unless the server says that it cannot answer now."""
    if not url:
        raise Undeliverable("notify.fault.no_url")
    try:
        answer = client.request(method, str(url), **given)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as fault:
        raise Undeliverable("notify.fault.no_url") from fault
    except httpx.HTTPError as fault:  # refused, timed out, name not found, a proxy that is away: all may pass
        raise Later(UNREACHABLE, said=type(fault).__name__, whole=True) from fault
    if answer.status_code >= 500 or answer.status_code in LATER:
        raise Later(BUSY, _retry_after(answer), f"HTTP {answer.status_code}")
    return answer


def accepted(answer: httpx.Response) -> httpx.Response:
    """2xx, or the notice is refused."""
    if not answer.is_success:
        raise Undeliverable("notify.fault.refused", f"HTTP {answer.status_code}")
    return answer


def body_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; a page of a proxy or of a sign-in in between is none."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Later("notify.fault.no_answer", said=f"HTTP {answer.status_code}")
    return found


def _retry_after(answer: httpx.Response) -> float | None:
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
