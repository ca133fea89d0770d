"""``/tell/TOKEN``: the form of 一线上报 for whoever has its link or scans its code, without an account.

The token is the authority: no cookie is read or set. It opens this form in its scope, and of what was sent only the report
whose id stands in the address.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fengsui import people
from fengsui.board import report
from fengsui.board.inbox import NotTaken
from fengsui.board.report import NotReported
from fengsui.locale import say
from fengsui.people import Person
from pages.gate import plain, signin
from pages.gate.address import path
from pages.gate.webhook import slot
from pages.look import trouble
from pages.look.house import house, now
from pages.report import form
from pages.report.route import KEY_CHARS, Fault, answers_of, language_kept

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
        return await anyio.to_thread.run_sync(_too_large, request)
    given = {name: str(value) for name, value in (await request.form()).items()}
    return await anyio.to_thread.run_sync(_submit, request, given)


def _page(request: Request) -> Response:
    who = people.reporter(house().reader, request.path_params["token"], now())
    return plain.missing(request) if who is None else _shown(request, who, {}, None, 200)


def _too_large(request: Request) -> Response:
    who = people.reporter(house().reader, request.path_params["token"], now())
    return plain.missing(request) if who is None else _shown(request, who, {}, Fault("words", "pages.report.too_large"), 413)


def _submit(request: Request, given: Mapping[str, str]) -> Response:
    try:
        who = people.reporter(house().reader, request.path_params["token"], now())
        return plain.missing(request) if who is None else _sent(request, who, given)
    except Exception as fault:  # what was typed goes back
        code, params = trouble.words(fault)
        who = Person("", "", "wall")
        why = Fault("", "pages.trouble.not_sent", {"why": say(plain.language_of(request), code, params)})
        kept = {name: (given[name],) for name in report.ASKED if given.get(name)}
        return _filled(request, who, given, why, plain.status(fault), kept, [], plain.AGAIN_S)


def _sent(request: Request, who: Person, given: Mapping[str, str]) -> Response:
    source = report.source_of(house().settings)
    if source is None:
        return _shown(request, who, {}, None, 404)
    answers = answers_of(given)
    try:
        answers = report.check(answers, report.choices(house().reader, house().settings, who.scope), who.scope)
        if report.busy(house().reader, source, who.person_id, now()):
            raise NotTaken(429, "board.report.busy", report.LINK_AGAIN_S)
        kept = report.send(slot(), source, who, answers, given.get("key", "")[:KEY_CHARS], now())
    except NotReported as fault:
        return _shown(request, who, given, Fault(fault.field, fault.code, fault.params), 422)
    except NotTaken as fault:
        if fault.code == "board.inbox.key_reused":  # back to a form that was sent, and changed
            return _shown(request, who, {**given, "key": ""}, Fault("", "pages.report.sent_before"), 422)
        return _shown(request, who, given, Fault("", fault.code, fault.params), fault.status, fault.again_s)
    address = f"{request.url.path}?sent={kept.inbox_id}{language_kept(request)}"
    return RedirectResponse(address, status_code=303, headers=HEADERS)


def _shown(
    request: Request, who: Person, given: Mapping[str, str], fault: Fault | None, status: int, again_s: int | None = None
) -> Response:
    settings, store = house().settings, house().reader
    source = report.source_of(settings)
    choices = report.choices(store, settings, who.scope) if source else {}
    sent = request.query_params.get("sent", "")[:64]
    sent = sent if _ID.fullmatch(sent) else ""
    mine = report.one(store, source, who.person_id, sent) if source and sent else []
    return _filled(request, who, given, fault, status, choices, mine, again_s)


def _filled(
    request: Request,
    who: Person,
    given: Mapping[str, str],
    fault: Fault | None,
    status: int,
    choices: report.Choices,
    mine: Sequence[report.Report],
    again_s: int | None,
) -> Response:
    settings, here = house().settings, path(NAME + request.path_params["token"])
    kept_language = language_kept(request).replace("&", "?")
    view = form.View(
        person=who,
        lang=form.language_of(request.query_params.get("lang"), who, settings),
        settings=settings,
        action=here + kept_language,
        home=here + kept_language,
        key=given.get("key") or secrets.token_urlsafe(12),
        given=given,
        fault=(fault.where, fault.code, fault.params) if fault else None,
        choices=choices,
        mine=mine,
        sent=request.query_params.get("sent", ""),
        open=report.source_of(settings) is not None,
        linked=True,
    )
    headers = HEADERS if again_s is None else {**HEADERS, "Retry-After": str(again_s)}
    return HTMLResponse(form.page(view), status_code=status, headers=headers)
