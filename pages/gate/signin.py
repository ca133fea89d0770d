"""Sign-in and sign-out: server-rendered, works without JavaScript and before any websocket. Only a POST from our own page
changes anything."""

from __future__ import annotations

import html
from datetime import datetime
from functools import cache
from urllib.parse import quote

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fengsui import people
from fengsui.locale import say
from fengsui.people import SignedIn, SignInRefused, Tries
from pages.gate import cookie, plain
from pages.gate.address import inside, own, path
from pages.look import trouble
from pages.look.house import house, now
from pages.look.visitor import COOKIE

FORM_BYTES = 16_384
"""Nobody has signed in yet: more is not read."""


async def page(request: Request) -> Response:
    return _page(request, "", 200)


async def submit(request: Request) -> Response:
    """Checks name and password; the same answer and the same work whichever was wrong."""
    if not own(request):
        return _page(request, "pages.signin.foreign", 403)
    if not short(request):
        return _page(request, "pages.signin.too_large", 413)
    form = await request.form()
    name, secret = str(form.get("name", ""))[:128], str(form.get("password", ""))[:1024]
    at = now()
    try:
        ip, policy = cookie.ip(request), house().settings.sign_in
        signed = await anyio.to_thread.run_sync(people.sign_in, house().writer, tries(), name, secret, ip, at, policy)
    except SignInRefused as fault:
        return _page(request, fault.code, 429 if "wait_s" in fault.params else 401, fault.params, name)
    except Exception as fault:  # told on the form
        return _page(request, *_failed(fault), name)
    return entered(request, signed, str(form.get("next", "")), at)


def entered(request: Request, signed: SignedIn, wanted: str, at: datetime) -> Response:
    """On to the page that was asked for, or to what is still to be done before."""
    goal = inside(wanted)
    if signed.stage is not None:
        lang = request.query_params.get("lang")
        goal = f"{path('signin/step')}?next={quote(goal)}" + (f"&lang={quote(lang)}" if lang else "")
    response = RedirectResponse(goal, status_code=303)
    cookie.give(response, request, signed, at)
    return response


async def ask_to_leave(request: Request) -> Response:
    """Asks, and changes nothing: browsers fetch links ahead, and a foreign page may point anywhere."""
    return _farewell(request, "", 200)


async def leave(request: Request) -> Response:
    """Ends the session."""
    if not own(request):
        return _farewell(request, "pages.signout.foreign", 403)
    token = request.cookies.get(COOKIE)
    try:
        if token:
            await anyio.to_thread.run_sync(people.sign_out, house().writer, token, now())
    except Exception as fault:  # the session goes on: who walks away from the screen must know
        return _farewell(request, *_failed(fault))
    response = RedirectResponse(path("signin"), status_code=303)
    cookie.take(response)
    return response


def short(request: Request) -> bool:
    """The body is declared, and no longer than a form of ours can be."""
    length = request.headers.get("content-length", "")
    return length.isascii() and length.isdigit() and int(length) <= FORM_BYTES


def _failed(fault: Exception) -> tuple[str, int, dict[str, object]]:
    """What is wrong with the store, or the number of what nobody foresaw."""
    code, params = trouble.words(fault)
    return code, plain.status(fault), params


@cache
def tries() -> Tries:
    """Sign-ins, codes, and who has to wait: in the store, so that all dashboards count together."""
    limits = house().settings.limits
    return Tries(house().writer, limits.sign_in_tries, limits.sign_in_window)


def _page(request: Request, code: str, status: int, params: dict[str, object] | None = None, name: str = "") -> Response:
    lang = plain.language_of(request)
    words = {key: html.escape(say(lang, f"pages.signin.{key}")) for key in ("title", "name", "password", "submit", "help")}
    filled = plain.template("signin").substitute(
        words,
        **plain.frame(lang, code, params, _again(request)),
        next=html.escape(inside(request.query_params.get("next")), quote=True),
        value=html.escape(name, quote=True),
    )
    return plain.answer(filled, status)


def _farewell(request: Request, code: str, status: int, params: dict[str, object] | None = None) -> Response:
    lang = plain.language_of(request)
    words = {key: html.escape(say(lang, f"pages.signout.{key}")) for key in ("title", "question", "stay")}
    framed = plain.frame(lang, code, params, path("signout"))
    back = html.escape(path("wall"), quote=True)
    return plain.answer(plain.template("signout").substitute(words, **framed, back=back), status)


def _again(request: Request) -> str:
    """The same address: after a wrong password people still come to the page they asked for, in their language."""
    return f"{path('signin')}?{request.url.query}" if request.url.query else path("signin")


def ask_for(request: Request) -> Response:
    """To the sign-in page, and back afterwards."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{path('signin')}?next={quote(request.url.path + query)}", status_code=303)
