"""``/tell/TOKEN``: the form of 一线上报 for whoever has its link or scans its code, without an account.

The token is the authority: no cookie is read or set. It opens this form in its scope, and of what was sent only the report
whose id stands in the address.
"""

from __future__ import annotations

import re

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fengsui import people
from fengsui.board import report
from fengsui.people import Person
from pages.gate import plain, signin
from pages.gate.address import path
from pages.look.house import house, now
from pages.report import form
from pages.report.sending import Door, Fault, Refused, answer, language_kept, not_sent, send

NAME = "tell/"
_ID = re.compile("[0-9a-f]{1,64}")
"""Of a report; PostgreSQL refuses to be asked for some others."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": plain.POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


async def page(request: Request) -> Response:
    return await anyio.to_thread.run_sync(_page, request)


async def submit(request: Request) -> Response:
    """303 to the same address with the report's id; else the form again with what was filled in."""
    if not signin.short(request):
        large = Refused({}, Fault("words", "pages.report.too_large"), 413)
        return await anyio.to_thread.run_sync(_page, request, large)
    given = {name: str(value) for name, value in (await request.form()).items()}
    try:
        return await anyio.to_thread.run_sync(_submit, request, given)
    except Exception as fault:  # what was typed goes back
        back, choices = not_sent(given, fault, plain.language_of(request))
        return answer(request, _door(request, Person("", "", "wall")), choices, [], back)


def _page(request: Request, back: Refused | None = None) -> Response:
    who = people.reporter(house().reader, request.path_params["token"], now())
    return plain.missing(request) if who is None else _shown(request, who, back)


def _submit(request: Request, given: dict[str, str]) -> Response:
    who = people.reporter(house().reader, request.path_params["token"], now())
    if who is None:
        return plain.missing(request)
    source = report.source_of(house().settings)
    if source is None:
        return _shown(request, who, status=404)
    try:
        kept = send(source, who, given, busy=report.busy(house().reader, source, who.person_id, now()))
    except Refused as back:
        return _shown(request, who, back)
    address = f"{request.url.path}?sent={kept.inbox_id}{language_kept(request)}"
    return RedirectResponse(address, status_code=303, headers=HEADERS)


def _shown(request: Request, who: Person, back: Refused | None = None, status: int = 200) -> Response:
    settings, store = house().settings, house().reader
    source = report.source_of(settings)
    choices = report.choices(store, settings, who.scope) if source else {}
    sent = request.query_params.get("sent", "")[:64]
    mine = report.one(store, source, who.person_id, sent) if source and _ID.fullmatch(sent) else []
    return answer(request, _door(request, who), choices, mine, back, status)


def _door(request: Request, who: Person) -> Door:
    here = path(NAME + request.path_params["token"]) + language_kept(request).replace("&", "?")
    lang = form.language_of(request.query_params.get("lang"), who, house().settings)
    return Door(who, lang, here, here, HEADERS, linked=True)
