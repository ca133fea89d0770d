"""``rest``: a JSON interface over HTTP, with page, offset, cursor or link paging.

A sweep asks for everything changed since ``since`` and follows the pages, over several polls if need be. The next sweep begins
at the newest change seen, but never later than the server's clock (its Date header) at the start of the sweep less ``overlap``.
Without ``since_param`` every sweep reads the whole collection, which ingest stores once.

Fails on: page and offset paging over a collection that loses rows while it is read (a row slips to the page before); ask the
interface to sort by time of change, or use its cursor. A page that repeats is a fault, not an endless loop.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from pydantic import Field, field_validator, model_validator

from connectors.base import BadRecord, Batch, Capabilities, Common, ConfigFault, Cursor, Preview, Record, TryLater
from connectors.checked import Strict
from connectors.gather import changed, map_rows, opened, preview_of, sort_out
from connectors.http_fetch import Answer, Fetcher
from connectors.mapper import Mapper, Outcome
from connectors.nesting import too_deep
from connectors.shape import shape_of
from connectors.values import MISSING, reach

PAGES_MAX = 200
"""Pages of one poll: a server that sends empty pages with ever new tokens must not hold a thread for ever."""
AHEAD = timedelta(days=1)
"""A server's clock further ahead of ours is not believed: a watermark never goes back."""
TOO_DEEP = "[…]"
"""Stands for a row whose JSON is nested beyond what can be walked."""
TOKENS_MAX = 512
"""Digests of page tokens kept in the cursor for finding loops."""


class RestOptions(Strict):
    url: str = Field(description="of the collection")
    method: Literal["GET", "POST"] = Field("GET", description="POST sends the parameters as a JSON body")
    headers: dict[str, str] = Field(default_factory=dict, description="such as Authorization; values from env: or file:")
    params: dict[str, str | int | float | bool] = Field(default_factory=dict, description="sent with every request")
    items: str = Field("", description="dotted path to the list of rows; empty: the answer is the list")
    paging: Literal["none", "page", "offset", "cursor", "link"] = Field("none", description="how further pages are asked for")
    page_param: str | None = Field(
        None, description="parameter for page number, offset or token; named as the paging by default"
    )
    page_start: int = Field(1, description="number of the first page")
    size_param: str | None = Field(None, description="parameter for the number of rows of a page")
    page_size: int = Field(200, gt=0, le=10_000, description="rows of a page, where size_param says so")
    next_path: str | None = Field(None, description="for cursor paging: dotted path to the next token")
    since_param: str | None = Field(None, description="parameter for changed since")
    until_param: str | None = Field(None, description="parameter for opened before, for sweeps by time of opening")
    since_format: Literal["iso", "epoch", "epoch_ms"] = Field("iso", description="how times are written in parameters")
    start: datetime | None = Field(None, description="the first poll asks since here")
    timeout_s: float = Field(10.0, gt=0, description="of connecting and of each read, seconds")
    total_timeout_s: float = Field(60.0, gt=0, description="of a whole answer, seconds")
    max_bytes: int = Field(64 << 20, gt=0, description="largest answer")
    verify: bool | str = Field(True, description="certificate authority file; false trusts anyone")
    count_url: str | None = Field(None, description="counts of a day, with {start} and {end}")
    count_path: str = Field("count", description="dotted path to the number in that answer")

    @field_validator("url", "count_url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("http://… or https://…")
        return url

    @model_validator(mode="after")
    def _fits(self) -> RestOptions:
        if self.paging == "cursor" and self.next_path is None:
            raise ValueError("paging = cursor needs next_path")
        if self.start is not None and self.start.tzinfo is None:
            raise ValueError("start with offset, as 2026-01-01T00:00:00+08:00")
        return self


OPTIONS = RestOptions


def connect(
    common: Common, options: RestOptions, mapper: Mapper, transport: httpx.BaseTransport | None = None
) -> RestConnector:
    """``transport``: for tests; the network by default."""
    return RestConnector(common, options, mapper, transport)


class RestConnector:
    """One collection. See the module for its promises."""

    kind = "rest"

    def __init__(
        self, common: Common, options: RestOptions, mapper: Mapper, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.common, self.options, self.mapper, self._transport = common, options, mapper, transport
        if not mapper.has_id:
            raise self._config("connectors.config.missing", "map.id", "", "map.id")
        deletes = any(getattr(one, "deleted", None) for one in mapper.maps)
        counts = options.count_url is not None
        self.capabilities = Capabilities(updates=True, deletes=deletes, clock=True, count_by_day=counts, between=True)
        self._client: httpx.Client | None = None

    # --- the contract ---

    def poll(self, cursor: Cursor | None, limit: int, now: datetime) -> Batch:
        sweep = _Sweep(cursor, self.options)
        outcomes: list[Outcome] = []
        read, pages, more = 0, 0, True
        while more and read < limit and pages < PAGES_MAX:
            answer = self._ask_page(sweep, None, now)
            if answer is None:
                more = False
                break
            sweep.begin(_believed(answer.date, now))
            rows = self._items(answer)
            pages += 1
            outcomes += self._mapped(rows, max(now, sweep.began))
            read += len(rows)
            more = self._turn(sweep, answer, rows)
        records, bad = sort_out(outcomes)
        sweep.notice(records)
        return Batch(records, bad, sweep.cursor(more, self.common.overlap_s), more, sweep.began, not more, read)

    def between(self, start: datetime, end: datetime, limit: int) -> Iterator[Batch]:
        sweep = _Sweep({"since": start.isoformat()}, self.options)
        more = True
        while more:
            answer = self._ask_page(sweep, end, end)
            if answer is None:
                yield Batch((), (), {}, False, sweep.began, True, 0)
                return
            sweep.begin(answer.date or end)
            rows = self._items(answer)
            more = self._turn(sweep, answer, rows)
            records, bad = sort_out(self._mapped(rows, max(end, sweep.began)))
            chosen = tuple(one for one in records if (at := opened(one)) is None or start <= at < end)
            yield Batch(chosen, bad, {}, more, sweep.began, not more, len(rows))

    def count_by_day(self, start: date, end: date, zone: str) -> Mapping[date, int]:
        if self.options.count_url is None:
            raise self._config("connectors.config.missing", "options.count_url", "", "http://…")
        days = [start + timedelta(days=n) for n in range((end - start).days)]
        return {day: self._count(self.options.count_url, day, zone) for day in days}

    def preview(self, limit: int, now: datetime) -> Preview:
        sweep = _Sweep(None, self.options)
        rows = self._items(self._ask(sweep, None, now))[:limit]
        good = [row for row in rows if isinstance(row, Mapping)]
        return preview_of(self.mapper, good, dict.fromkeys(name for row in good for name in row), now)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    # --- asking ---

    def _fetcher(self) -> Fetcher:
        if self._client is None:
            self._client = httpx.Client(
                headers={"Accept-Encoding": "gzip, deflate", **self._headers()},
                timeout=self.options.timeout_s,
                verify=self._authority(),
                transport=self._transport,
                follow_redirects=False,
                trust_env=False,
            )
        return Fetcher(self._client, self.common.name, self.options.total_timeout_s, self.options.max_bytes)

    def _headers(self) -> dict[str, str]:
        if not all(f"{name}{value}".isascii() for name, value in self.options.headers.items()):
            raise self._config("connectors.config.value", "options.headers", "…", "ASCII")
        return self.options.headers

    def _authority(self) -> Any:
        if isinstance(self.options.verify, bool):
            return self.options.verify
        import ssl

        try:
            return ssl.create_default_context(cafile=str(self.common.home / self.options.verify))
        except (OSError, ssl.SSLError):
            raise self._config("connectors.config.value", "options.verify", self.options.verify, "PEM") from None

    def _ask_page(self, sweep: _Sweep, until: datetime | None, now: datetime) -> Answer | None:
        """None where a later page is not found: many interfaces answer so behind their last one."""
        try:
            return self._ask(sweep, until, now)
        except ConfigFault as fault:
            if self.options.paging == "page" and sweep.page is not None and fault.params.get("value") == "404":
                return None
            raise

    def _ask(self, sweep: _Sweep, until: datetime | None, now: datetime) -> Answer:
        fetcher = self._fetcher()
        if self.options.paging == "link" and sweep.page is not None:
            fetcher.same_host(self.options.url, sweep.page)
            return fetcher.get("GET", sweep.page, None, None, now)
        params = {**self.options.params, **self._window(sweep.since, until), **self._place(sweep.page)}
        if self.options.method == "POST":
            return fetcher.get("POST", self.options.url, None, params, now)
        return fetcher.get("GET", self.options.url, params, None, now)

    def _window(self, since: datetime | None, until: datetime | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.options.since_param and since is not None:
            found[self.options.since_param] = _written(since, self.options.since_format)
        if self.options.until_param and until is not None:
            found[self.options.until_param] = _written(until, self.options.since_format)
        return found

    def _place(self, page: Any) -> dict[str, Any]:
        found: dict[str, Any] = {self.options.size_param: self.options.page_size} if self.options.size_param else {}
        if self.options.paging == "page":
            found[self.options.page_param or "page"] = self.options.page_start if page is None else page
        elif self.options.paging in ("offset", "cursor") and page is not None:
            found[self.options.page_param or self.options.paging] = page
        return found

    # --- reading ---

    def _items(self, answer: Answer) -> list[Any]:
        found = answer.document
        if self.options.items:
            found = reach(found, self.options.items) if isinstance(found, Mapping) else MISSING
        if found is MISSING and _has_null(answer.document, self.options.items):
            raise TryLater("connectors.later.not_list", got="NoneType")  # {"code": 500, "data": null}
        if found is MISSING:
            raise self._config("connectors.config.items", "options.items", self.options.items, _keys(answer.document))
        if not isinstance(found, list):
            raise TryLater("connectors.later.not_list", got=type(found).__name__)
        return [TOO_DEEP if too_deep(row) else row for row in found]

    def _mapped(self, rows: Iterable[Any], now: datetime) -> Iterator[Outcome]:
        for row in rows:
            if isinstance(row, Mapping):
                yield from map_rows(self.mapper, [row], now)
            else:
                yield BadRecord(
                    "connectors.bad.json", json.dumps(row), field="", allowed="{…}", got=shape_of(type(row).__name__)
                )

    def _turn(self, sweep: _Sweep, answer: Answer, rows: list[Any]) -> bool:
        """Move the sweep to its next page; False at the end. An empty page ends what a server counts for itself."""
        paging = self.options.paging
        if paging == "none":
            return False
        if paging in ("page", "offset"):
            if not rows:
                return False
            sweep.unlike(self._repeated, rows)
            step = 1 if paging == "page" else len(rows)
            sweep.page = (sweep.page if sweep.page is not None else self._first()) + step
            return True
        token = answer.next_link if paging == "link" else _token(answer.document, self.options.next_path)
        if token is None:
            return False
        sweep.unlike(self._repeated, token)
        sweep.page = token
        return True

    def _first(self) -> int:
        return self.options.page_start if self.options.paging == "page" else 0

    def _repeated(self) -> ConfigFault:
        return self._config("connectors.config.page_loop", "options.paging", self.options.paging, "")

    def _count(self, template: str, day: date, zone: str) -> int:
        start, end = (_midnight(one, zone) for one in (day, day + timedelta(days=1)))
        start_at, end_at = (quote(str(_written(one, self.options.since_format)), safe="") for one in (start, end))
        url = template.replace("{start}", start_at).replace("{end}", end_at)
        fetcher = self._fetcher()
        fetcher.same_host(self.options.url, url)
        document = fetcher.get("GET", url, None, None, end).document
        found = reach(document, self.options.count_path) if isinstance(document, Mapping) else document
        if not isinstance(found, int) or isinstance(found, bool):
            raise self._config("connectors.config.items", "options.count_path", self.options.count_path, _keys(document))
        return found

    def _config(self, code: str, option: str, value: str, allowed: Any) -> ConfigFault:
        return ConfigFault(code, field=f"source.{self.common.name}.{option}", value=value, allowed=allowed, nearest=None)


class _Sweep:
    """One pass over the collection, possibly over several polls. ``since`` stays fixed during the pass."""

    def __init__(self, cursor: Cursor | None, options: RestOptions) -> None:
        old = cursor or {}
        self.since = datetime.fromisoformat(old["since"]) if old.get("since") else options.start
        self.newest = datetime.fromisoformat(old["newest"]) if old.get("newest") else self.since
        self.page: Any = old.get("page")
        self.tokens = dict.fromkeys(old.get("tokens", ()))
        self._began = datetime.fromisoformat(old["began"]) if old.get("began") else None

    @property
    def began(self) -> datetime:
        assert self._began is not None  # a poll asks before it tells
        return self._began

    def begin(self, server_now: datetime) -> None:
        """The server's clock at the pass' first answer."""
        self._began = self._began or server_now

    def unlike(self, repeated: Any, sign: Any) -> None:
        """Refuse a token, or a page's content, that this pass has seen: the server would send us round for ever."""
        digest = hashlib.blake2b(json.dumps(sign, sort_keys=True).encode(), digest_size=6).hexdigest()
        if digest in self.tokens:
            raise repeated()
        self.tokens[digest] = None

    def notice(self, records: Iterable[Record]) -> None:
        moments = [at for at in map(changed, records) if at is not None]
        self.newest = max([*moments, *([self.newest] if self.newest else [])], default=None)

    def cursor(self, more: bool, overlap_s: float) -> Cursor:
        newest = self.newest and self.newest.isoformat()
        if more:
            kept = list(self.tokens)[-TOKENS_MAX:]
            since = self.since and self.since.isoformat()
            return {"since": since, "newest": newest, "page": self.page, "began": self.began.isoformat(), "tokens": kept}
        if self.newest is None:
            return {"since": None}
        return {"since": min(self.newest, self.began - timedelta(seconds=overlap_s)).isoformat()}


def _token(document: Any, path: str | None) -> Any:
    """The next page's token; '' and false end the pass like null."""
    found = reach(document, path or "") if isinstance(document, Mapping) else MISSING
    if found is MISSING or too_deep(found):
        return None
    return found if found not in (None, "", False) else None


def _believed(server_now: datetime | None, now: datetime) -> datetime:
    return now if server_now is None or server_now - now > AHEAD else server_now


def _has_null(document: Any, path: str) -> bool:
    """Does the path end early in a null?"""
    parts = path.split(".")
    starts = (".".join(parts[:length]) for length in range(1, len(parts)))
    return isinstance(document, Mapping) and any(reach(document, start) is None for start in starts)


def _keys(document: Any) -> list[str]:
    return sorted(map(str, document))[:20] if isinstance(document, Mapping) else [type(document).__name__]


def _written(moment: datetime, form: str) -> str | int:
    if form == "iso":
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return int(moment.timestamp() * (1000 if form == "epoch_ms" else 1))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
