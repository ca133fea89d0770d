"""``POST /webhook/<source>``: rows that a sender pushes. 202 once they are committed; else a JSON error and nothing is kept.

The event loop only reads the body: who sent it, what it says and the writing are asked in a thread, a few at a time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from fengsui.board import push
from fengsui.board.inbox import AGAIN_S, Delivery, NotTaken, Slot
from fengsui.locale import language, say
from fengsui.settings.source import Push
from pages.gate import plain
from pages.look import trouble
from pages.look.house import house, now

AT_ONCE, IN_LINE = 4, 32
"""Deliveries that are written at the same time, and that may wait for it; a body is held in memory meanwhile."""
BODY_S = 30.0
BUSY_AGAIN_S = 1


async def take(request: Request) -> Response:
    try:
        if request.method != "POST":
            raise NotTaken(405, "board.push.method", allowed="POST")
        return await _take(request)
    except NotTaken as fault:
        return _refusal(request, fault)
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as fault:  # the sender gets JSON
        code, params = trouble.words(fault)
        return _refusal(request, NotTaken(plain.status(fault), code, AGAIN_S, **params))


async def _take(request: Request) -> Response:
    settings, source = house().settings, request.path_params["source"]
    known = push.push_of(settings, source)
    push.first_look(settings, known, request.headers, now())
    line = _line()
    if line.statistics().tasks_waiting >= IN_LINE:
        raise NotTaken(503, "board.push.busy", BUSY_AGAIN_S)
    body = await _body(request, push.largest(settings))
    kept = await anyio.to_thread.run_sync(_keep, source, known, request.headers, body, limiter=line)
    return JSONResponse(kept, status_code=202, headers={"Cache-Control": "no-store"})


async def _body(request: Request, most: int) -> bytes:
    """The whole body, never more than ``most`` bytes of it, within half a minute."""
    found = bytearray()
    with anyio.move_on_after(BODY_S) as patience:
        async for part in request.stream():
            found += part
            if len(found) > most:
                raise push.too_large(house().settings)
    if patience.cancelled_caught:
        raise NotTaken(408, "board.push.slow", seconds=BODY_S)
    return bytes(found)


def _keep(source: str, known: Push, headers: push.Headers, body: bytes) -> dict[str, Any]:
    """In a thread: 8 MB of JSON and a locked database would stop every page otherwise."""
    at, settings = now(), house().settings
    push.check_signature(known, headers, body)
    rows = push.rows_of(settings, known, headers, body)
    kept = slot().put(Delivery(source, "webhook", source, push.key_of(known, headers, body, at), rows), at)
    return {"id": kept.inbox_id, "rows": kept.rows}


def _refusal(request: Request, fault: NotTaken) -> Response:
    lang = language(request.headers.get("accept-language"), house().settings.centre.language)
    told = {"code": fault.code, "message": say(lang, fault.code, fault.params), **fault.params}
    headers = {"Cache-Control": "no-store"}
    if fault.again_s is not None:
        headers["Retry-After"] = str(fault.again_s)
    if fault.status == 401:
        headers["WWW-Authenticate"] = "Bearer" if fault.code == "board.push.bearer" else "Fengsui-Signature"
    return JSONResponse({"error": told}, status_code=fault.status, headers=headers)


@cache
def _line() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(AT_ONCE)


@cache
def slot() -> Slot:
    return Slot(house().writer, house().settings)
