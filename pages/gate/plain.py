"""Answers in plain HTML: the frame of sign-in and sign-out, and the page for when nothing else can be shown."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from string import Template

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response

from fengsui.locale import language, say
from fengsui.store.faults import trouble
from pages.gate.address import path
from pages.look import trouble as shown
from pages.look.house import house

HERE = Path(__file__).parent
AGAIN_S = 5
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def language_of(request: HTTPConnection) -> str:
    return language(request.query_params.get("lang"), house().settings.centre.language)


def frame(lang: str, code: str, params: dict[str, object] | None, action: str = "") -> dict[str, str]:
    """Words and style that every page of the gate has; ``code``: of a fault, or empty; ``action``: where its form goes."""
    return {
        "lang": "zh-CN" if lang == "zh_CN" else "en",
        "style": (HERE / "gate.css").read_text(encoding="utf-8"),
        "brand": html.escape(say(lang, "pages.bar.name")),
        "centre": html.escape(house().settings.centre.name),
        "refresh": "",
        "target": f' method="post" action="{html.escape(action, quote=True)}"' if action else "",
        "fault": f'<p class="fault" role="alert">✖ {html.escape(say(lang, code, params))}</p>' if code else "",
    }


def answer(filled: str, status: int) -> HTMLResponse:
    return HTMLResponse(filled, status_code=status, headers={"Cache-Control": "no-store", "Content-Security-Policy": POLICY})


def failed(request: Request, fault: Exception) -> Response:
    """503 where the store is away, else 500. A page that was asked for asks again by itself; a form is not sent again."""
    lang = language_of(request)
    code, params = shown.words(fault)
    asked = request.method in ("GET", "HEAD")
    again = f'<meta http-equiv="refresh" content="{AGAIN_S}">\n' if asked else ""
    filled = template("fault").substitute(
        {**frame(lang, "", None), "refresh": again},
        title=html.escape(say(lang, code, params)),
        second=html.escape(say(lang, "pages.trouble.again" if asked else "pages.trouble.send_again")),
    )
    response = answer(filled, status(fault))
    response.headers["Retry-After"] = str(AGAIN_S)
    return response


def missing(request: Request) -> Response:
    """404 in the visitor's language and below in the other one; the same whether somebody has signed in or not."""
    lang = language_of(request)
    other = "en" if lang == "zh_CN" else "zh_CN"
    filled = template("missing").substitute(
        frame(lang, "", None),
        title=html.escape(say(lang, "pages.missing.title")),
        second=html.escape(say(other, "pages.missing.title")),
        back=html.escape(path("wall"), quote=True),
        wall=html.escape(say(lang, "pages.missing.wall")),
    )
    return answer(filled, 404)


def status(fault: Exception) -> int:
    return 503 if trouble(fault) else 500


@cache
def template(name: str) -> Template:
    """A page of the gate: the frame that all have around what is its own."""
    around, own = ((HERE / f"{part}.html").read_text(encoding="utf-8") for part in ("frame", name))
    return Template(around.replace("$own", own))
