"""The session cookie: out of reach of scripts, sent to this site only."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from fengsui.people import SignedIn
from pages.gate.address import prefix
from pages.look.visitor import COOKIE


def give(response: Response, request: Request, signed: SignedIn, now: datetime) -> None:
    secure = request.url.scheme == "https"  # also behind a proxy of [server] proxies: uvicorn believes its X-Forwarded-Proto
    age = int((signed.expires_at - now).total_seconds())
    response.set_cookie(COOKIE, signed.token, max_age=age, path=prefix() or "/", httponly=True, samesite="lax", secure=secure)


def take(response: Response) -> None:
    response.delete_cookie(COOKIE, path=prefix() or "/", httponly=True, samesite="lax")


def ip(request: HTTPConnection) -> str | None:
    return request.client.host if request.client else None
