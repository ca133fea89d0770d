"""``/report``: the form, the sending of it, and what became of the reports sent before. No Streamlit script runs here."""

from __future__ import annotations

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fengsui import people
from fengsui.board import report
from fengsui.people import NotAllowed, NotSignedIn, Person
from pages.gate import plain, signin
from pages.gate.address import own, path
from pages.look.house import house, now
from pages.look.visitor import COOKIE, EVERYBODY
from pages.report import form
from pages.report.sending import Door, Fault, Refused, answer, language_kept, not_sent, send

ROLES = EVERYBODY - {"wall"}
"""A screen on a wall has nothing to report; its link may hang in a hall."""
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": plain.POLICY}
UNKNOWN = Person("", "", "duty")
"""Whoever is asking while the store is away: gets back what was typed, and nothing else."""


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
        door = _door(request, UNKNOWN)
        back, choices = not_sent(given, fault, door.lang)
        return answer(request, door, choices, [], back)


def _page(request: Request, back: Refused | None = None) -> Response:
    try:
        person = _who(request)
    except NotSignedIn:
        return signin.ask_for(request)
    except NotAllowed:
        return plain.missing(request)
    return _shown(request, person, back)


def _submit(request: Request, given: dict[str, str]) -> Response:
    try:
        person = _who(request)
    except NotSignedIn:
        return signin.ask_for(request)
    except NotAllowed:
        return plain.missing(request)
    source = report.source_of(house().settings)
    if source is None:
        return _shown(request, person, status=404)
    if not own(request):
        return _shown(request, person, Refused(given, Fault("", "pages.signin.foreign"), 403))
    try:
        kept = send(source, person, given)
    except Refused as back:
        return _shown(request, person, back)
    return RedirectResponse(f"{path('report')}?sent={kept.inbox_id}{language_kept(request)}", status_code=303)


def _who(request: Request) -> Person:
    return people.require_role(house().reader, request.cookies.get(COOKIE), ROLES, now())


def _shown(request: Request, person: Person, back: Refused | None = None, status: int = 200) -> Response:
    settings, store = house().settings, house().reader
    source = report.source_of(settings)
    choices = report.choices(store, settings, person.scope) if source else {}
    mine = report.mine(store, source, person.person_id) if source else []
    return answer(request, _door(request, person), choices, mine, back, status)


def _door(request: Request, person: Person) -> Door:
    lang = form.language_of(request.query_params.get("lang"), person, house().settings)
    return Door(person, lang, path("report") + language_kept(request).replace("&", "?"), path("wall"), HEADERS)
