"""What both doors of 一线上报 (``/report`` and ``/tell``) do with a filled-in form: send it, or give it back with why not."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fengsui.board import report
from fengsui.board.inbox import Kept, NotTaken
from fengsui.board.report import Answers, NotReported
from fengsui.locale import say
from fengsui.people import Person
from pages.gate import plain
from pages.gate.webhook import slot
from pages.look import trouble
from pages.look.house import house, now
from pages.report import form

KEY_CHARS = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a form comes back: the field it is about (empty: all of it) and its words."""

    where: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


class Refused(Exception):
    """The form goes back as ``given``, with ``fault`` beside its field and ``status`` to the browser."""

    def __init__(self, given: Mapping[str, str], fault: Fault, status: int, again_s: int | None = None) -> None:
        super().__init__(fault.code)
        self.given, self.fault, self.status, self.again_s = given, fault, status, again_s


@dataclass(frozen=True, slots=True)
class Door:
    """Who stands before the form, and where its buttons lead."""

    person: Person
    lang: str
    action: str
    home: str
    headers: Mapping[str, str]
    linked: bool = False


def answer(
    request: Request,
    door: Door,
    choices: report.Choices,
    mine: Sequence[report.Report],
    back: Refused | None = None,
    status: int = 200,
) -> Response:
    """The page; with ``back`` the form as it was filled in, and ``back.status``."""
    settings = house().settings
    given: Mapping[str, str] = back.given if back else {}
    view = form.View(
        person=door.person,
        lang=door.lang,
        settings=settings,
        action=door.action,
        home=door.home,
        key=given.get("key") or secrets.token_urlsafe(12),
        given=given,
        fault=(back.fault.where, back.fault.code, back.fault.params) if back else None,
        choices=choices,
        mine=mine,
        sent=request.query_params.get("sent", ""),
        open=report.source_of(settings) is not None,
        linked=door.linked,
    )
    again = {"Retry-After": str(back.again_s)} if back and back.again_s is not None else {}
    return HTMLResponse(form.page(view), status_code=back.status if back else status, headers={**door.headers, **again})


def send(source: str, who: Person, given: Mapping[str, str], *, busy: bool = False) -> Kept:
    """What was filled in, checked and kept; raises ``Refused``. ``busy``: a form that many have just sent takes no more."""
    answers = answers_of(given)
    try:
        answers = report.check(answers, report.choices(house().reader, house().settings, who.scope), who.scope)
        if busy:
            raise NotTaken(429, "board.report.busy", report.LINK_AGAIN_S)
        return report.send(slot(), source, who, answers, given.get("key", "")[:KEY_CHARS], now())
    except NotReported as fault:
        raise Refused(given, Fault(fault.field, fault.code, fault.params), 422) from fault
    except NotTaken as fault:
        if fault.code == "board.inbox.key_reused":  # back to a form that was sent, and changed: one more press sends it, too
            raise Refused({**given, "key": ""}, Fault("", "pages.report.sent_before"), 422) from fault
        raise Refused(given, Fault("", fault.code, fault.params), fault.status, fault.again_s) from fault


def answers_of(given: Mapping[str, str]) -> Answers:
    dims = {name: given[name] for name in report.ASKED if given.get(name)}
    return Answers(given.get("words", ""), given.get("customers", ""), given.get("urgency", ""), dims)


def not_sent(given: Mapping[str, str], fault: Exception, lang: str) -> tuple[Refused, report.Choices]:
    """The store is away: all that was filled in, to be sent again later, and no other choices than those taken."""
    code, params = trouble.words(fault)
    why = Fault("", "pages.trouble.not_sent", {"why": say(lang, code, params)})
    chosen = {name: (given[name],) for name in report.ASKED if given.get(name)}
    return Refused(given, why, plain.status(fault), plain.AGAIN_S), chosen


def language_kept(request: Request) -> str:
    """A language asked for in the address stays."""
    wish = request.query_params.get("lang")
    return f"&lang={wish}" if wish in ("zh", "en", "zh_CN") else ""
