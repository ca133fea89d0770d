"""``/account``: the page, and the few things it does. A POST from our own page only; the session table is asked each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fengsui import people
from fengsui.locale import language
from fengsui.people import NotAllowed, NotSignedIn, Offer, Person, PersonFault, SignInRefused
from fengsui.people.password import MOST
from fengsui.people.session import REF_CHARS, token_hash
from pages.account import form
from pages.gate import cookie, plain, signin, step
from pages.gate.address import own, path
from pages.gate.keys import keys
from pages.look import trouble
from pages.look.house import house, now
from pages.look.visitor import COOKIE, EVERYBODY

ROLES = EVERYBODY - {"wall"}
"""A screen on a wall has no account to look after."""
DONE = ("password", "revoke")


@dataclass(frozen=True, slots=True)
class Shown:
    """What an action leaves to be shown besides the page. ``again``: the first code of a new second factor was wrong."""

    offer: Offer | None = field(default=None, repr=False)
    again: bool = False
    codes: tuple[str, ...] = field(default=(), repr=False)
    news: str = ""
    fault: tuple[str, Mapping[str, Any]] | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Act:
    person: Person
    token: str = field(repr=False)
    ip: str | None
    at: datetime
    given: Mapping[str, str] = field(repr=False)

    def text(self, name: str, most: int) -> str:
        return self.given.get(name, "")[:most]


async def page(request: Request) -> Response:
    return await anyio.to_thread.run_sync(_page, request)


async def submit(request: Request) -> Response:
    if not signin.short(request):
        fault = Shown(fault=("pages.signin.too_large", {}), status=413)
        return await anyio.to_thread.run_sync(_answered, request, lambda who, token: fault)
    given = {name: str(value) for name, value in (await request.form()).items()}
    return await anyio.to_thread.run_sync(_submit, request, given)


def _page(request: Request) -> Response:
    done = request.query_params.get("done", "")
    news = Shown(news=f"pages.account.done.{done}" if done in DONE else "")
    return _answered(request, lambda who, token: news)


def _submit(request: Request, given: Mapping[str, str]) -> Response:
    def act(who: Person, token: str) -> Shown | Response:
        if not own(request):
            return Shown(fault=("pages.signin.foreign", {}), status=403)
        do = ACTIONS.get(given.get("do", ""))
        if do is None:
            return Shown(status=422)
        try:
            return do(Act(who, token, cookie.ip(request), now(), given), _address(request))
        except SignInRefused as fault:
            status = 429 if "wait_s" in fault.params else 401
            return Shown(again=do is _confirm, fault=(fault.code, fault.params), status=status)
        except PersonFault as fault:
            return Shown(fault=(fault.code, fault.params), status=422)

    return _answered(request, act)


def _answered(request: Request, act: Callable[[Person, str], Shown | Response]) -> Response:
    token = request.cookies.get(COOKIE) or ""
    try:
        who = people.require_role(house().reader, token, ROLES, now())
    except NotSignedIn:
        return signin.ask_for(request)
    except NotAllowed:
        return plain.missing(request)
    try:
        shown = act(who, token)
    except Exception as fault:  # a boundary: outside Streamlit nobody else tells that it was not done, under the log's number
        shown = Shown(fault=trouble.words(fault), status=plain.status(fault))
    return _drawn(request, who, token, shown) if isinstance(shown, Shown) else shown


def _drawn(request: Request, who: Person, token: str, shown: Shown) -> Response:
    at, store = now(), house().reader
    view = form.View(
        person=who,
        lang=language(request.query_params.get("lang"), who.lang, house().settings.centre.language),
        settings=house().settings,
        action=_address(request),
        home=path("wall"),
        mine=token_hash(token)[:REF_CHARS],
        has_password=who.person_id not in people.without_password(store),
        factor=people.factor_of(store, who.person_id),
        sessions=people.living_sessions(store, at, of=who.person_id),
        offer=shown.offer,
        again=shown.again,
        codes=shown.codes,
        news=shown.news,
        fault=shown.fault,
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": plain.POLICY, "Referrer-Policy": "no-referrer"}
    return HTMLResponse(form.page(view), status_code=shown.status, headers=headers)


def _password(act: Act, address: str) -> Shown | Response:
    old, new, again = (act.text(name, MOST + 1) for name in ("old", "new", "again"))
    if new != again:
        raise PersonFault("pages.step.again_differs")
    policy = house().settings.sign_in
    people.change_own_password(house().writer, signin.tries(), act.person, act.token, old, new, act.ip, act.at, policy)
    return _done(address, "password")


def _offer(act: Act, address: str) -> Shown | Response:
    """Asks for the password: at a screen left open somebody else would set up their own phone."""
    people.check_own_password(house().writer, signin.tries(), act.person, act.text("old", MOST + 1), act.ip, act.at)
    return Shown(offer=people.offer(house().writer, keys(), act.person.person_id, step.ISSUER, act.at))


def _confirm(act: Act, address: str) -> Shown | Response:
    code = act.text("code", step.CODE_CHARS)
    codes = people.enrol_own(house().writer, keys(), signin.tries(), act.person, code, act.at)
    return Shown(codes=codes, news="pages.account.done.confirm")


def _codes(act: Act, address: str) -> Shown | Response:
    code = act.text("code", step.CODE_CHARS)
    codes = people.renew_own_codes(house().writer, keys(), signin.tries(), act.person, code, act.at)
    return Shown(codes=codes, news="pages.account.done.codes")


def _revoke(act: Act, address: str) -> Shown | Response:
    me = act.person.person_id
    people.end_session(house().writer, act.text("session", REF_CHARS), by=me, now=act.at, of=me)
    return _done(address, "revoke")


ACTIONS: Mapping[str, Callable[[Act, str], Shown | Response]] = {
    "password": _password,
    "offer": _offer,
    "confirm": _confirm,
    "codes": _codes,
    "revoke": _revoke,
}


def _done(address: str, what: str) -> Response:
    """To the page itself, so that loading it again does nothing twice."""
    joined = "&" if "?" in address else "?"
    return RedirectResponse(f"{address}{joined}done={what}", status_code=303)


def _address(request: Request) -> str:
    wish = request.query_params.get("lang")
    return path("account") + (f"?lang={wish}" if wish in ("zh", "en", "zh_CN") else "")
