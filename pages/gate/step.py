"""``/signin/step``: what is still asked after a right password: a code, a password of one's own, a second factor."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fengsui import people
from fengsui.locale import say
from fengsui.people import NotSignedIn, Offer, Person, PersonFault, SignedIn, SignInRefused
from fengsui.people.password import MOST
from pages.gate import cookie, plain, qr, signin
from pages.gate.address import inside, own, path
from pages.gate.keys import keys
from pages.look import trouble
from pages.look.house import house, now
from pages.look.visitor import COOKIE

CODE_CHARS = 40
ISSUER = "烽燧"
"""The name in the app."""
Given = Mapping[str, str]


async def page(request: Request) -> Response:
    return await anyio.to_thread.run_sync(_page, request)


async def submit(request: Request) -> Response:
    if not signin.short(request):
        return await anyio.to_thread.run_sync(_page, request, "pages.signin.too_large", {}, 413)
    given = {name: str(value) for name, value in (await request.form()).items()}
    return await anyio.to_thread.run_sync(_submit, request, given)


def _page(request: Request, code: str = "", params: Mapping[str, Any] | None = None, status: int = 200) -> Response:
    try:
        who, stage = people.halfway(house().reader, request.cookies.get(COOKIE), now())
        return _form(request, who, stage, code, params or {}, status)
    except NotSignedIn:
        return RedirectResponse(f"{path('signin')}?next={quote(_next(request))}", status_code=303)


def _submit(request: Request, given: Given) -> Response:
    """The step that the store says is due, never one that the form names."""
    if not own(request):
        return _page(request, "pages.signin.foreign", {}, 403)
    try:
        _, stage = people.halfway(house().reader, request.cookies.get(COOKIE), now())
        return STEPS[stage](request, given)
    except NotSignedIn:
        return _page(request)
    except SignInRefused as fault:
        return _page(request, fault.code, fault.params, 429 if "wait_s" in fault.params else 401)
    except PersonFault as fault:
        return _page(request, fault.code, fault.params, 422)
    except Exception as fault:  # told on the form
        code, params = trouble.words(fault)
        return _page(request, code, params, plain.status(fault))


def _code(request: Request, given: Given) -> Response:
    at, token = now(), request.cookies.get(COOKIE)
    typed, ip = given.get("code", "")[:CODE_CHARS], cookie.ip(request)
    signed = people.prove(house().writer, keys(), signin.tries(), token, typed, ip, at, house().settings.sign_in)
    return signin.entered(request, signed, _next(request), at)


def _change(request: Request, given: Given) -> Response:
    at, token = now(), request.cookies.get(COOKIE)
    new = given.get("new", "")[: MOST + 1]
    if new != given.get("again", "")[: MOST + 1]:
        raise PersonFault("pages.step.again_differs")
    signed = people.choose(house().writer, token, new, cookie.ip(request), at, house().settings.sign_in)
    return signin.entered(request, signed, _next(request), at)


def _enrol(request: Request, given: Given) -> Response:
    at, token = now(), request.cookies.get(COOKIE)
    typed, ip = given.get("code", "")[:CODE_CHARS], cookie.ip(request)
    signed, codes = people.enrol(house().writer, keys(), signin.tries(), token, typed, ip, at, house().settings.sign_in)
    response = _told(request, signed, codes)
    cookie.give(response, request, signed, at)
    return response


STEPS: Mapping[str, Callable[[Request, Given], Response]] = {"code": _code, "change": _change, "enrol": _enrol}


def _form(request: Request, who: Person, stage: str, code: str, params: Mapping[str, Any], status: int) -> Response:
    lang = plain.language_of(request)
    body = {"code": _ask_code, "change": _ask_password, "enrol": _ask_first}[stage](lang, who)
    button = f"<button>{html.escape(say(lang, f'pages.step.{stage}.submit'))}</button>"
    return _filled(request, lang, stage, body, button, code, params, status)


def _told(request: Request, signed: SignedIn, codes: tuple[str, ...]) -> Response:
    lang = plain.language_of(request)
    goal = html.escape(inside(_next(request)), quote=True)
    go = f'<a class="go" href="{goal}">{html.escape(say(lang, "pages.step.codes.submit"))}</a>'
    return _filled(request, lang, "codes", listed(codes), go, "", {}, 200)


def _filled(
    request: Request, lang: str, name: str, body: str, button: str, code: str, params: Mapping[str, Any], status: int
) -> Response:
    words = {key: html.escape(say(lang, f"pages.step.{name}.{key}")) for key in ("title", "second", "help")}
    action = path("signin/step") + (f"?{request.url.query}" if request.url.query else "")
    filled = plain.template("step").substitute(plain.frame(lang, code, dict(params), action), **words, body=body, button=button)
    return plain.answer(filled, status)


def _ask_code(lang: str, who: Person) -> str:
    label = html.escape(say(lang, "pages.step.code.label"))
    return f'<label for="code">{label}</label>{code_field()}'


def _ask_password(lang: str, who: Person) -> str:
    least = house().settings.sign_in.password_least
    words = [html.escape(say(lang, f"pages.step.change.{name}", {"least": least})) for name in ("new", "again")]
    fields = "".join(
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" type="password" autocomplete="new-password" '
        f'maxlength="{MOST}" required{" autofocus" if name == "new" else ""}>'
        for name, label in zip(("new", "again"), words, strict=True)
    )
    return f'<input type="hidden" name="name" value="{html.escape(who.person_id, quote=True)}" autocomplete="username">{fields}'


def _ask_first(lang: str, who: Person) -> str:
    made = people.offer(house().writer, keys(), who.person_id, ISSUER, now())
    label = html.escape(say(lang, "pages.step.enrol.label"))
    return f'{offered(lang, made)}<label for="code">{label}</label>{code_field()}'


def code_field() -> str:
    return (
        '<input id="code" name="code" class="code" inputmode="text" autocomplete="one-time-code" '
        f'autocapitalize="characters" maxlength="{CODE_CHARS}" required autofocus>'
    )


def offered(lang: str, made: Offer) -> str:
    """The key for the app: to scan, to type, and as a link that a phone opens."""
    link = html.escape(made.address, quote=True)
    words = html.escape(say(lang, "pages.step.enrol.link"))
    code = qr.svg(made.address, html.escape(say(lang, "pages.step.enrol.qr")))
    return f'{code}<p class="key">{html.escape(made.typed)}</p><p class="say"><a class="in" href="{link}">{words}</a></p>'


def listed(codes: tuple[str, ...]) -> str:
    return f'<ul class="codes">{"".join(f"<li>{html.escape(code)}</li>" for code in codes)}</ul>'


def _next(request: Request) -> str:
    return inside(request.query_params.get("next"))
