"""Opening a personal link and claiming with it. A GET changes nothing: programs in between fetch each link for its preview.

The token is the authority, no cookie is read or set, so that it works in the browsers inside of chat programs; and a foreign
page cannot send the form for somebody, for it would have to know the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fengsui import people
from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.chips import CHIPS
from fengsui.board.read.detail import detail
from fengsui.board.read.people import colleagues
from fengsui.locale import language, say
from fengsui.people import ClaimLink
from pages.claim import others, sheet
from pages.gate import plain, signin
from pages.gate.address import path
from pages.look import trouble
from pages.look.house import house, now
from pages.look.visitor import Visitor

GONE, CONFLICT, TOO_LARGE = 410, 409, 413
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": plain.POLICY,
    "Referrer-Policy": "no-referrer",  # the address is the right to claim: no link tells it
    "X-Robots-Tag": "noindex",
}


async def page(request: Request) -> Response:
    return await anyio.to_thread.run_sync(_page, request, None)


async def submit(request: Request) -> Response:
    """303 back to the same address once it is claimed; else the page as it is now, with the reason."""
    if not signin.short(request):
        return Response(status_code=TOO_LARGE)
    form = await request.form()
    answers = {name: str(form.get(name, ""))[:200] for name in ("seen", "first", "do", "person", "reason")}
    return await anyio.to_thread.run_sync(_submit, request, answers)


def _submit(request: Request, answers: Mapping[str, str]) -> Response:
    seen = answers["seen"]
    at, token = now(), request.path_params["token"]
    try:
        link = people.open_claim_link(house().reader, token, at)
        if link is None or link.used or not (seen.isascii() and seen.isdigit() and len(seen) < 10):
            return _page(request, None)
        answer = _carry_out(link, request, int(seen), answers, at)
        if not isinstance(answer, Done):
            return _page(request, (answer.code, dict(answer.params)))
    except Exception as fault:  # whoever pressed the button must know that it was not done
        code, params = trouble.words(fault)
        return _page(request, ("pages.trouble.not_sent", {"why": say(plain.language_of(request), code, params)}))
    if answers["do"] != "add_participant":  # who only asks somebody to help may still claim
        _mark_used(token, at)
    return RedirectResponse(request.url.path, status_code=303, headers=HEADERS)


def _carry_out(link: ClaimLink, request: Request, seen: int, answers: Mapping[str, str], at: datetime) -> Done | Refused:
    """Claimed, or handed to a colleague, as the person that the link was sent to."""
    store, id_, by = house().writer, link.episode_id, link.person
    if answers["do"] in others.COMMANDS and not answers["person"]:
        field = _visitor(link, request).say("pages.field.target")
        return Refused("alerts.refused.needs", {"field": field})
    if answers["do"] == "transfer":
        reason = answers["reason"] if answers["reason"] in CHIPS["transfer"] else "busy"
        return commands.transfer(store, id_, seen, by, at, person=answers["person"], reason=reason)
    if answers["do"] == "add_participant":
        return commands.add_participant(store, id_, seen, by, at, person=answers["person"])
    first = answers["first"]
    note = _visitor(link, request).say(f"pages.claim.first.{first}") if first in sheet.FIRST else None
    return commands.claim(store, id_, seen, by, at, note=note)


def _mark_used(token: str, at: datetime) -> None:
    """The claim stands, whatever happens here: a link that could not be marked shows who has the alert, like a used one."""
    try:
        people.use_claim_link(house().writer, token, at)
    except Exception as fault:  # told as not done, somebody would press again or call a colleague for nothing
        trouble.words(fault)


def _page(request: Request, fault: sheet.Fault | None) -> Response:
    at = now()
    link = people.open_claim_link(house().reader, request.path_params["token"], at)
    found = detail(house().reader, link.episode_id, link.person.scope, at) if link else None
    if link is None or found is None:
        lang = plain.language_of(request)
        return HTMLResponse(sheet.gone(lang, path("alerts")), status_code=GONE, headers=HEADERS)
    asked = request.query_params.get("to") == "1" and not link.used
    whom = colleagues(house().reader, found.alert.slice_key) if asked else None
    view = sheet.View(_visitor(link, request), found, at, request.url.path, path("alerts"), link.used, fault, whom)
    return HTMLResponse(sheet.page(view), status_code=CONFLICT if fault else 200, headers=HEADERS)


def _visitor(link: ClaimLink, request: Request) -> Visitor:
    lang = language(request.query_params.get("lang"), link.person.lang, house().settings.centre.language)
    return Visitor(link.person, lang, house().zone)
