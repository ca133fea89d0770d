"""``/wall/enter/TOKEN``: the token of a wall's link becomes the session cookie, and leaves the address."""

from __future__ import annotations

import html
from urllib.parse import urlencode

import anyio
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from fengsui import people
from fengsui.locale import say
from fengsui.people import LinkRefused, SignedIn
from pages.gate import cookie, plain
from pages.gate.address import path
from pages.look.house import house, now
from pages.look.visitor import COOKIE

NAME = "wall/enter/"
_QUIET = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
"""The address holds a secret: no other site and no cache gets it."""


async def enter(request: Request) -> Response:
    """To the wall, with what else the address asks for (``lang``, ``sound``, ``org``, ``theme``); 403 says why not."""
    if request.method != "GET":  # HEAD: somebody looks whether it is there
        return Response(status_code=405, headers={"Allow": "GET"})
    at = now()
    try:
        signed = await anyio.to_thread.run_sync(_entered, request)
        views, turn_s = await anyio.to_thread.run_sync(people.link_views, house().reader, request.path_params["token"])
    except LinkRefused as fault:
        return refused(request, fault)
    response = RedirectResponse(path("wall") + _query(request, views, turn_s), status_code=303, headers=_QUIET)
    if signed:
        cookie.give(response, request, signed, at)
    return response


def _query(request: Request, views: tuple[str, ...], turn_s: int) -> str:
    """What the address asks for, and the views of the link where it asks for none."""
    query = request.url.query
    if views and "view" not in request.query_params:
        carried = {"view": ",".join(views), **({"turn": turn_s} if turn_s else {})}
        query = "&".join(part for part in (query, urlencode(carried, safe=",")) if part)
    return f"?{query}" if query else ""


def _entered(request: Request) -> SignedIn | None:
    held = request.cookies.get(COOKIE)
    return people.enter(house().writer, request.path_params["token"], cookie.ip(request), now(), held)


def refused(request: HTTPConnection, fault: LinkRefused) -> Response:
    """Why, and who can help."""
    lang = plain.language_of(request)
    filled = plain.template("missing").substitute(
        plain.frame(lang, "", None),
        title=html.escape(say(lang, fault.code, fault.params)),
        second=html.escape(say(lang, "pages.link.again")),
        back=html.escape(path("wall"), quote=True),
        wall=html.escape(say(lang, "pages.missing.wall")),
    )
    response = plain.answer(filled, 403)
    response.headers.update(_QUIET)
    return response
