"""``/report``: the form, the sending of it, and what became of the reports sent before. No Streamlit script runs here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fengsui import people
from fengsui.board import report
from fengsui.board.inbox import NotTaken
from fengsui.board.report import Answers, NotReported
from fengsui.locale import say
from fengsui.people import NotAllowed, NotSignedIn, Person
from pages.gate import plain, signin
from pages.gate.address import own, path
from pages.gate.webhook import slot
from pages.look import trouble
from pages.look.house import house, now
from pages.look.visitor import COOKIE, EVERYBODY
from pages.report import form

ROLES = EVERYBODY - {"wall"}
"""A screen on a wall has nothing to report; its link may hang in a hall."""
KEY_CHARS = 40
UNKNOWN = Person("", "", "duty")
"""Whoever is asking while the store is away: gets back what was typed, and nothing else."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a form comes back: the field it is about (empty: all of it) and its words."""

    where: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


async def page(request: Request) -> Response:
    return await anyio.to_thread.run_sync(_page, request)


async def submit(request: Request) -> Response:
    """303 to the same address with the report's id; else the form again with what was filled in."""
    if not signin.short(request):
        return await anyio.to_thread.run_sync(_again, request, {}, Fault("words", "pages.report.too_large"), 413)
    given = {name: str(value) for name, value in (await request.form()).items()}
    try:
        return await anyio.to_thread.run_sync(_submit, request, given)
    except Exception as fault:  # what was typed goes back
        return _returned(request, given, fault)


def _page(request: Request) -> Response:
    try:
        person = _who(request)
    except NotSignedIn:
        return signin.ask_for(request)
    except NotAllowed:
        return plain.missing(request)
    return _answer(request, person, {}, None, 200)


def _submit(request: Request, given: Mapping[str, str]) -> Response:
    try:
        person = _who(request)
    except NotSignedIn:
        return signin.ask_for(request)
    except NotAllowed:
        return plain.missing(request)
    source = report.source_of(house().settings)
    if source is None:
        return _answer(request, person, {}, None, 404)
    if not own(request):
        return _answer(request, person, given, Fault("", "pages.signin.foreign"), 403)
    answers = answers_of(given)
    try:
        answers = report.check(answers, report.choices(house().reader, house().settings, person.scope), person.scope)
        kept = report.send(slot(), source, person, answers, given.get("key", "")[:KEY_CHARS], now())
    except NotReported as fault:
        return _answer(request, person, given, Fault(fault.field, fault.code, fault.params), 422)
    except NotTaken as fault:
        if fault.code == "board.inbox.key_reused":  # back to a form that was sent, and changed: one more press sends it, too
            return _answer(request, person, {**given, "key": ""}, Fault("", "pages.report.sent_before"), 422)
        return _answer(request, person, given, Fault("", fault.code, fault.params), fault.status, fault.again_s)
    return RedirectResponse(f"{path('report')}?sent={kept.inbox_id}{language_kept(request)}", status_code=303)


def _again(request: Request, given: Mapping[str, str], fault: Fault, status: int) -> Response:
    try:
        return _answer(request, _who(request), given, fault, status)
    except NotSignedIn:
        return signin.ask_for(request)
    except NotAllowed:
        return plain.missing(request)


def _returned(request: Request, given: Mapping[str, str], fault: Exception) -> Response:
    """Not even who is asking can be asked: the form with all that was filled in, to be sent again later."""
    code, params = trouble.words(fault)
    kept = {name: (given[name],) for name in report.ASKED if given.get(name)}
    told = Fault("", "pages.trouble.not_sent", {"why": say(_lang(request, UNKNOWN), code, params)})
    return _filled(request, UNKNOWN, given, told, plain.status(fault), kept, [], plain.AGAIN_S)


def _who(request: Request) -> Person:
    return people.require_role(house().reader, request.cookies.get(COOKIE), ROLES, now())


def answers_of(given: Mapping[str, str]) -> Answers:
    dims = {name: given[name] for name in report.ASKED if given.get(name)}
    return Answers(given.get("words", ""), given.get("customers", ""), given.get("urgency", ""), dims)


def _answer(
    request: Request,
    person: Person,
    given: Mapping[str, str],
    fault: Fault | None,
    status: int,
    again_s: int | None = None,
) -> Response:
    settings, store = house().settings, house().reader
    source = report.source_of(settings)
    choices = report.choices(store, settings, person.scope) if source else {}
    mine = report.mine(store, source, person.person_id) if source else []
    return _filled(request, person, given, fault, status, choices, mine, again_s)


def _filled(
    request: Request,
    person: Person,
    given: Mapping[str, str],
    fault: Fault | None,
    status: int,
    choices: report.Choices,
    mine: Sequence[report.Report],
    again_s: int | None,
) -> Response:
    settings = house().settings
    view = form.View(
        person=person,
        lang=_lang(request, person),
        settings=settings,
        action=path("report") + (f"?{language_kept(request)[1:]}" if language_kept(request) else ""),
        home=path("wall"),
        key=given.get("key") or secrets.token_urlsafe(12),
        given=given,
        fault=(fault.where, fault.code, fault.params) if fault else None,
        choices=choices,
        mine=mine,
        sent=request.query_params.get("sent", ""),
        open=report.source_of(settings) is not None,
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": plain.POLICY}
    if again_s is not None:
        headers["Retry-After"] = str(again_s)
    return HTMLResponse(form.page(view), status_code=status, headers=headers)


def _lang(request: Request, person: Person) -> str:
    return form.language_of(request.query_params.get("lang"), person, house().settings)


def language_kept(request: Request) -> str:
    """A language asked for in the address stays."""
    wish = request.query_params.get("lang")
    return f"&lang={wish}" if wish in ("zh", "en", "zh_CN") else ""
