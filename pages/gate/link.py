"""``/wall/enter/TOKEN``: the token of a wall's link becomes the session cookie, and leaves the address."""

from __future__ import annotations

import html

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
    """To the wall, with what else the address asks for (``lang``, ``sound``, ``org``); 403 says why not."""
    if request.method != "GET":  # HEAD: somebody looks whether it is there
        return Response(status_code=405, headers={"Allow": "GET"})
    at = now()
    try:
        signed = await anyio.to_thread.run_sync(_entered, request)
    except LinkRefused as fault:
        return refused(request, fault)
    query = f"?{request.url.query}" if request.url.query else ""
    response = RedirectResponse(path("wall") + query, status_code=303, headers=_QUIET)
    if signed:
        cookie.give(response, request, signed, at)
    return response


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
