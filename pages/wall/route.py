"""``/wall/now``: what a wall asks every few seconds. The session is asked for each time, so a revoked link shows nothing more.

No websocket and no script runs for it: a screen that has seen the newest board gets an empty answer, others the same bytes.
"""

from __future__ import annotations

import json

import anyio
from starlette.requests import Request
from starlette.responses import Response

from fengsui import people
from fengsui.locale import language, say
from fengsui.people import NotSignedIn, Person
from fengsui.people.session import token_hash
from fengsui.store.faults import trouble as of_store
from pages.gate import cookie
from pages.look import trouble
from pages.look.house import house, now
from pages.look.visitor import COOKIE, EVERYBODY
from pages.wall import board as board_
from pages.wall.ask import ask
from pages.wall.boards import boards
from pages.wall.rhythm import rhythm

NAME = "wall/now"
BUILD = board_.made_of()
"""A screen that was loaded from other code loads itself again."""
_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def board(request: Request) -> Response:
    """200 with ``{parts, sound, views}`` and its tag; 204: ``?seen=TAG`` is still the newest; 401: the session is over; 503:
    why there is nothing new, ``{why}``. ``X-Sent`` (epoch milliseconds) and ``X-Every`` (seconds) come with each."""
    return await anyio.to_thread.run_sync(_answer, request)


def _answer(request: Request) -> Response:
    try:
        person = _who(request)
        if person is None:
            return _said(401, "")
        return _newest(request, person)
    except Exception as fault:  # a boundary: a screen keeps its picture and says why
        code, params = trouble.words(fault)
        lang = language(request.query_params.get("lang"), house().settings.centre.language)
        return _said(503 if of_store(fault) else 500, say(lang, code, params))


def _who(request: Request) -> Person | None:
    held = request.cookies.get(COOKIE)
    try:
        person = people.require_role(house().reader, held, EVERYBODY, now())
    except NotSignedIn:
        return None
    return person if person.role != "wall" or people.admitted(house().reader, held, cookie.ip(request)) else None


def _newest(request: Request, person: Person) -> Response:
    query = request.query_params
    lang = language(query.get("lang"), person.lang, house().settings.centre.language)
    found = boards().of(ask(person, lang, query))
    headers = {**_KEPT, **_times(request), "X-Tag": found.tag}
    if query.get("seen") == found.tag:
        return Response(status_code=204, headers=headers)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(found.packed if packed else found.body, media_type="application/json", headers=headers)


def _times(request: Request) -> dict[str, str]:
    every_s = rhythm().every(token_hash(request.cookies.get(COOKIE, "")))
    return {"X-Sent": str(now().timestamp() * 1000), "X-Every": str(every_s), "X-Build": BUILD}


def _said(status: int, why: str) -> Response:
    body = json.dumps({"why": why}, ensure_ascii=False)
    headers = {**_KEPT, "X-Sent": str(now().timestamp() * 1000), "X-Build": BUILD}
    return Response(body, status, headers=headers, media_type="application/json")
