"""The door: a page asked for without a session becomes the sign-in page, before any script or websocket; and where an answer
fails, words of ours go out instead of a server's.

Pages ask again themselves; this saves the visitor a blank page and lets the demo centre sign its visitor in.
"""

from __future__ import annotations

import anyio
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fengsui import people
from fengsui.people import LinkRefused, NotSignedIn
from fengsui.people.signin import DEMO
from fengsui.store.faults import trouble
from pages.gate import cookie, link, plain, signin
from pages.gate.address import loopback, path, prefix
from pages.look.house import house, now
from pages.look.visitor import COOKIE, EVERYBODY

NAMES = (
    *("", "wall", "alerts", "duty", "rules", "explore", "backtest", "kpi", "due", "records", "quality"),
    *("customer", "sources", "running"),
    *("admin", "people", "audit", "report"),
)
OTHERS = (
    "account",
    "claim",
    "tell",
    "signin",
    "signout",
    "healthz",
    "webhook",
    "_stcore",
    "static",
    "media",
    "component",
    "app",
)
"""First words of the addresses that are no pages: ours, then Streamlit's."""


class Door:
    """ASGI middleware. Looks at GETs of pages, those that do not exist included, and for other methods and the websocket at
    where a wall's link is shown; assets and health pass."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            answer = await self._answer(scope)
            await (answer or self.app)(scope, receive, sending)
        except Exception as fault:  # a boundary: words of ours go out
            if begun or scope["type"] != "http":
                raise
            await plain.failed(Request(scope), fault)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        if scope["type"] == "websocket":
            return await anyio.to_thread.run_sync(_kept, HTTPConnection(scope))
        if scope["type"] != "http":
            return None
        if scope["method"] != "GET":
            return await anyio.to_thread.run_sync(_kept, Request(scope)) if _name(scope["path"]) in NAMES else None
        name, request = _name(scope["path"]), Request(scope)
        if name in NAMES:
            return await anyio.to_thread.run_sync(_decide, request)
        if (
            name is None
            or name.startswith(link.NAME)
            or name.split("/")[0] in OTHERS
            or "text/html" not in request.headers.get("accept", "")
        ):
            return None
        return await anyio.to_thread.run_sync(plain.missing, request)  # Streamlit would show its own page, and a dialog on it


def _name(asked: str) -> str | None:
    """The address under the deployment's prefix; None outside of it."""
    start = prefix()
    return asked[len(start) :].strip("/") if asked == start or asked.startswith(f"{start}/") else None


def _decide(request: Request) -> Response | None:
    try:
        people.require_role(house().reader, request.cookies.get(COOKIE), EVERYBODY, now())
    except NotSignedIn:
        return _demo(request) if demo_open() else signin.ask_for(request)
    if refusal := _elsewhere(request):
        return refusal
    if request.url.path.strip("/") == prefix().strip("/"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(path("wall") + query, status_code=303)
    return None


def _kept(connection: HTTPConnection) -> Response | None:
    """While the store is away nobody is turned off: pages keep their last picture then, and ask again themselves,
    and a form gives back what was filled in."""
    try:
        return _elsewhere(connection)
    except Exception as fault:  # the store's are met, others go on
        if trouble(fault) is None:
            raise
        return None


def _elsewhere(connection: HTTPConnection) -> Response | None:
    """403 for the cookie of a wall's link at an address that the link does not name: taken along, it opens nothing."""
    ip = cookie.ip(connection)
    if people.admitted(house().reader, connection.cookies.get(COOKIE), ip):
        return None
    return link.refused(connection, LinkRefused("people.fault.link_address", ip=ip or "—"))


def demo_open() -> bool:
    """A demo centre that nobody made a person in, on this machine only: its visitor needs no password. Links are no persons."""
    if not (house().demo and loopback()):
        return False
    known = {DEMO, *(each.person.person_id for each in people.every_link(house().reader))}
    return all(person.person_id in known for person in people.every_person(house().reader))


def _demo(request: Request) -> Response:
    at = now()
    signed = people.visit(house().writer, house().settings, cookie.ip(request), at)
    query = f"?{request.url.query}" if request.url.query else ""
    asked = f"/{request.url.path.strip('/')}"  # two slashes would lead to another host
    response = RedirectResponse(asked + query, status_code=303)
    cookie.give(response, request, signed, at)
    return response
