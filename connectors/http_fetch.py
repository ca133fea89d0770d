"""One JSON document over HTTP, with every way in which a server can fail turned into a fault.

Only the configured host is asked: a redirect or a next link to another host would carry our token there and is refused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from connectors import gb18030
from connectors.base import ConfigFault, Fault, TryLater
from connectors.shape import shape_of

REDIRECTS = 3
BUSY = (408, 425, 429)
PACKED = ("", "identity", "gzip", "x-gzip", "deflate")
"""Content encodings that are unpacked, one at a time: a piece of 64 KiB gives 64 MiB at most, and a stack of them no bound."""
WAIT_MAX = 86_400.0
"""Seconds; a server that asks for more is asked again after a day."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A document, the server's clock (None without a Date header) and the next link of its Link header."""

    document: Any
    date: datetime | None
    next_link: str | None


class Fetcher:
    """A client for one host. ``total_s`` limits a whole answer, so that a slow drip cannot hold a thread."""

    def __init__(self, client: httpx.Client, source: str, total_s: float, max_bytes: int) -> None:
        self.client, self.source, self.total_s, self.max_bytes = client, source, total_s, max_bytes

    def get(self, method: str, url: str, params: Mapping[str, Any] | None, body: Any, now: datetime) -> Answer:
        """Raises ConfigFault (refused, not found, not what was configured) and TryLater (busy, gone, half an answer)."""
        deadline = time.monotonic() + self.total_s
        home = url
        for _ in range(REDIRECTS + 1):
            response, content = self._once(method, url, params, body, deadline)
            self._judge(response, now)
            if not response.is_redirect:
                return Answer(self._document(content, response.charset_encoding), _date(response), self._next_link(response))
            url, params = self._joined(response, response.headers["location"]), None
            if response.status_code == 303:
                method, body = "GET", None
            self.same_host(home, url)
        raise self._config("connectors.config.redirect", "url", _host(url), _host(home))

    def same_host(self, home: str, url: str) -> None:
        if _host(url) != _host(home):
            raise self._config("connectors.config.redirect", "url", _host(url), _host(home))

    def _once(
        self, method: str, url: str, params: Mapping[str, Any] | None, body: Any, deadline: float
    ) -> tuple[httpx.Response, bytes]:
        try:
            with self.client.stream(method, url, params=params or None, json=body) as response:
                return response, self._read(response, deadline)
        except httpx.TimeoutException:
            raise TryLater("connectors.later.slow") from None
        except (httpx.LocalProtocolError, UnicodeEncodeError):  # a line end or a sign beyond Latin in a header
            raise self._config("connectors.config.value", "headers", "…", "ASCII") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise self._config("connectors.config.value", "url", "…", "http://…, https://…") from None
        except httpx.HTTPError as mistake:
            raise TryLater("connectors.later.gone", what=type(mistake).__name__) from None

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        if response.headers.get("content-encoding", "").strip().lower() not in PACKED:
            raise TryLater("connectors.later.not_json", got="content-encoding")
        for part in response.iter_bytes():  # as they come: pieces of a fixed size would wait for a drip to fill them
            parts.append(part)
            size += len(part)
            if size > self.max_bytes:
                raise self._config("connectors.config.too_large", "max_bytes", str(size), str(self.max_bytes))
            if time.monotonic() > deadline:
                raise TryLater("connectors.later.slow")
        return b"".join(parts)

    def _judge(self, response: httpx.Response, now: datetime) -> None:
        status = response.status_code
        if response.is_success or (response.is_redirect and "location" in response.headers):
            return
        if status in BUSY or status >= 500:
            raise TryLater("connectors.later.status", retry_after(response.headers.get("retry-after"), now), status=status)
        code = "connectors.config.denied" if status in (401, 403) else "connectors.config.status"
        raise self._config(code, "url", str(status), "200")

    def _document(self, content: bytes, charset: str | None) -> Any:
        """Of a key that occurs twice the last counts. GB 18030 where the server declares one of its editions."""
        try:
            gb = (charset or "").lower() in ("gb2312", "gbk", "gb18030")
            return json.loads(gb18030.decode(content) if gb and not _is_utf8(content) else content)
        except (ValueError, RecursionError):  # half an answer, or a proxy's page in HTML: both pass
            raise TryLater("connectors.later.not_json", got=shape_of(content[:24].decode("ascii", "replace"))) from None

    def _next_link(self, response: httpx.Response) -> str | None:
        link = response.links.get("next", {}).get("url")
        return self._joined(response, link) if link else None

    def _joined(self, response: httpx.Response, link: str) -> str:
        """A link of the server, absolute. One that is no address is the server's mistake, and is not followed."""
        try:
            found = str(response.url.join(link))
            _host(found)
        except (httpx.InvalidURL, ValueError):
            raise self._config("connectors.config.redirect", "url", "…", _host(str(response.url))) from None
        return found

    def _config(self, code: str, option: str, value: str, allowed: str) -> Fault:
        return ConfigFault(code, field=f"source.{self.source}.options.{option}", value=value, allowed=allowed, nearest=None)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header, given as seconds or as an HTTP date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return min(float(header), WAIT_MAX)
    moment = _http_date(header)
    return None if moment is None else min(max(0.0, (moment - now).total_seconds()), WAIT_MAX)


def _date(response: httpx.Response) -> datetime | None:
    return _http_date(response.headers.get("date"))


def _http_date(header: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(header or "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _host(url: str) -> str:
    """With its scheme: our token must not travel in clear text either."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
