"""The demo centre's chat platform and queue monitor as a small paged HTTP API (loopback only).

``GET /api/v1/chats?since=T&page=N&size=M``  conversations changed at or after T, oldest change first
``GET /api/v1/chats?since=T&after=X``        the same behind the token ``next`` of the page before: rows that change meanwhile
                                             move behind it, so that none is passed over
``GET /api/v1/chats/count?start=T&end=U``    how many were opened in [T, U)
``GET /api/v1/queue?since=T``                one row per skill group and half minute: waiting, longest_wait, signed_in, idle
``GET /original/ID``                         a ticket, call or chat as its own system has it (the links of the mapping)

Both lists answer ``{"server_time", "total", "page", "size", "items"}``; times are ISO 8601 with offset. A wrong parameter is
400 with its name. During the incident silent-channel the chats answer 429 for a minute and then 503, with Retry-After.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fengsui.demo import incidents
from fengsui.demo.days import DAY_S, stamp
from fengsui.demo.incidents import Incident
from fengsui.demo.monitor import samples

LARGEST_PAGE = 1000
PAGE = "select * from chats where (updated_at, chat_id) > (?, ?) order by updated_at, chat_id limit ? offset ?"
LIMITED_S = 60
LATEST = 4_102_444_800  # 2100: beyond it texts of times no longer have one length everywhere
ORIGINALS = {
    "tickets": ("tickets.db", "ticket_id"),
    "calls": ("tickets.db", "call_id"),
    "chats": ("centre.db", "chat_id"),
}
Clock = Callable[[], datetime]


class BadParameter(ValueError):
    """A query parameter cannot be read; the message names it."""


def app(folder: Path, clock: Clock) -> Starlette:
    """The ASGI app over HOME/demo; reads ``centre.db`` and ``tickets.db``, writes nothing."""

    def chats(request: Request) -> JSONResponse:
        now = int(clock().timestamp())
        silence = incidents.chat_silence(_incidents(folder, now), now)
        return _silent(silence) if silence is not None else _answer(request, now, lambda q: _chats(folder, q))

    def count(request: Request) -> JSONResponse:
        return _answer(request, int(clock().timestamp()), lambda q: _count(folder, q))

    def queue(request: Request) -> JSONResponse:
        now = int(clock().timestamp())
        return _answer(request, now, lambda q: _queue(folder, now, q))

    def original(request: Request) -> JSONResponse:
        row = _original(folder, request.path_params["key"])
        return JSONResponse({"error": "unknown id"}, 404) if row is None else JSONResponse(row)

    routes = {"/api/v1/chats": chats, "/api/v1/chats/count": count, "/api/v1/queue": queue, "/original/{key}": original}
    return Starlette(routes=[Route(path, endpoint) for path, endpoint in routes.items()])


def _answer(request: Request, now: int, read: Callable[[Mapping[str, Any]], dict[str, Any]]) -> JSONResponse:
    try:
        query = _query(request.query_params)
    except BadParameter as wrong:
        return JSONResponse({"error": str(wrong)}, 400)
    return JSONResponse({"server_time": stamp(now), **read(query)})


def _query(raw: Mapping[str, str]) -> dict[str, Any]:
    return {
        **{name: _moment(raw, name) for name in ("since", "start", "end")},
        "after": _after(raw.get("after")),
        "page": _number(raw, "page", 1, 10**6),
        "size": _number(raw, "size", 200, LARGEST_PAGE),
    }


def _moment(raw: Mapping[str, str], name: str) -> int:
    """Epoch seconds; 0 where none is given."""
    text = raw.get(name)
    if not text:
        return 0
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))  # an unescaped + arrives as a space
        second = int(at.timestamp()) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        second = None
    if second is None or not 0 <= second <= LATEST:
        raise BadParameter(f"{name}: an ISO 8601 time with offset")
    return second


def _after(text: str | None) -> tuple[str, str] | None:
    """(updated_at, chat_id) of the last row that the caller has."""
    if not text:
        return None
    updated, tilde, chat_id = text.replace(" ", "+").partition("~")
    if not tilde:
        raise BadParameter("after: the token next of the page before")
    return updated, chat_id


def _number(raw: Mapping[str, str], name: str, default: int, largest: int) -> int:
    text = raw.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= largest):
        raise BadParameter(f"{name}: 1 to {largest}")
    return int(text)


def _silent(silence: int) -> JSONResponse:
    limited = silence < LIMITED_S
    body = {"error": "too many requests" if limited else "service unavailable"}
    return JSONResponse(body, 429 if limited else 503, {"Retry-After": "5" if limited else "15"})


def _read(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)
    conn.row_factory = sqlite3.Row
    return conn


def _incidents(folder: Path, now: int) -> list[Incident]:
    with closing(_read(folder / "centre.db")) as conn:
        return [Incident(*row) for row in conn.execute("select name, started from incident where started >= ?", (now - DAY_S,))]


def _chats(folder: Path, query: Mapping[str, Any]) -> dict[str, Any]:
    since, page, size = stamp(query["since"]), query["page"], query["size"]
    behind = query["after"] or (since, "")
    offset = 0 if query["after"] else (page - 1) * size
    with closing(_read(folder / "centre.db")) as conn:
        conn.execute("begin")  # total and items of one moment
        total = conn.execute("select count(*) from chats where updated_at >= ?", (since,)).fetchone()[0]
        items = [dict(row) for row in conn.execute(PAGE, (*behind, size, offset))]
    token = f"{items[-1]['updated_at']}~{items[-1]['chat_id']}" if len(items) == size else None
    return {"total": total, "page": page, "size": size, "next": token, "items": items}


def _count(folder: Path, query: Mapping[str, Any]) -> dict[str, Any]:
    with closing(_read(folder / "centre.db")) as conn:
        between = (stamp(query["start"]), stamp(query["end"]))
        found = conn.execute("select count(*) from chats where opened_at >= ? and opened_at < ?", between).fetchone()
    return {"count": found[0]}


def _original(folder: Path, key: str) -> dict[str, Any] | None:
    for table, (file, column) in ORIGINALS.items():
        with closing(_read(folder / file)) as conn:
            row = conn.execute(f"select * from {table} where {column} = ?", (key,)).fetchone()
        if row is not None:
            return dict(row)
    return None


def _queue(folder: Path, now: int, query: Mapping[str, Any]) -> dict[str, Any]:
    with closing(_read(folder / "tickets.db")) as conn:
        items = samples(conn, _incidents(folder, now), query["since"], now)
    start = (query["page"] - 1) * query["size"]
    return {"total": len(items), "page": query["page"], "size": query["size"], "items": items[start : start + query["size"]]}
