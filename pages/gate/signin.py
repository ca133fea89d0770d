"""Sign-in and sign-out: server-rendered, works without JavaScript and before any websocket. Only a POST from our own page
changes anything."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import quote

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fengsui import people
from fengsui.locale import language, say
from fengsui.people import SignInRefused, Tries
from pages.gate import cookie
from pages.gate.address import inside, own, path
from pages.look.house import house, now
from pages.look.visitor import COOKIE

HERE = Path(__file__).parent


async def page(request: Request) -> Response:
    return _page(request, "", 200)


async def submit(request: Request) -> Response:
    """Checks name and password; the same answer and the same work whichever was wrong."""
    if not own(request):
        return _page(request, "pages.signin.foreign", 403)
    form = await request.form()
    name, secret = str(form.get("name", ""))[:128], str(form.get("password", ""))[:1024]
    at = now()
    try:
        signed = await anyio.to_thread.run_sync(people.sign_in, house().writer, _tries(), name, secret, cookie.ip(request), at)
    except SignInRefused as fault:
        return _page(request, fault.code, 429 if "wait_s" in fault.params else 401, fault.params, name)
    response = RedirectResponse(inside(str(form.get("next", ""))), status_code=303)
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
    if token:
        await anyio.to_thread.run_sync(people.sign_out, house().writer, token, now())
    response = RedirectResponse(path("signin"), status_code=303)
    cookie.take(response)
    return response


@cache
def _tries() -> Tries:
    limits = house().settings.limits
    return Tries(limits.sign_in_tries, limits.sign_in_window)


def _page(request: Request, code: str, status: int, params: dict[str, object] | None = None, name: str = "") -> Response:
    lang = language(request.query_params.get("lang"), house().settings.centre.language)
    words = {key: html.escape(say(lang, f"pages.signin.{key}")) for key in ("title", "name", "password", "submit", "help")}
    filled = _template("signin").substitute(
        words,
        **_frame(lang, code, params),
        action=html.escape(_again(request), quote=True),
        next=html.escape(inside(request.query_params.get("next")), quote=True),
        value=html.escape(name, quote=True),
    )
    return _plain(filled, status)


def _farewell(request: Request, code: str, status: int) -> Response:
    lang = language(request.query_params.get("lang"), house().settings.centre.language)
    words = {key: html.escape(say(lang, f"pages.signout.{key}")) for key in ("title", "question", "stay")}
    links = {"action": html.escape(path("signout"), quote=True), "back": html.escape(path("wall"), quote=True)}
    return _plain(_template("signout").substitute(words, **_frame(lang, code, None), **links), status)


def _frame(lang: str, code: str, params: dict[str, object] | None) -> dict[str, str]:
    return {
        "lang": "zh-CN" if lang == "zh_CN" else "en",
        "style": (HERE / "gate.css").read_text(encoding="utf-8"),
        "brand": html.escape(say(lang, "pages.bar.name")),
        "centre": html.escape(house().settings.centre.name),
        "fault": f'<p class="fault" role="alert">✖ {html.escape(say(lang, code, params))}</p>' if code else "",
    }


def _plain(filled: str, status: int) -> HTMLResponse:
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    }
    return HTMLResponse(filled, status_code=status, headers=headers)


def _again(request: Request) -> str:
    """The same address: after a wrong password people still come to the page they asked for, in their language."""
    return f"{path('signin')}?{request.url.query}" if request.url.query else path("signin")


def ask_for(request: Request) -> Response:
    """To the sign-in page, and back afterwards."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{path('signin')}?next={quote(request.url.path + query)}", status_code=303)


@cache
def _template(name: str) -> Template:
    return Template((HERE / f"{name}.html").read_text(encoding="utf-8"))
