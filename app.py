"""The dashboard as an ASGI app: ``streamlit run app.py`` or ``uvicorn app:app``. ``FENGSUI_HOME`` says which house."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from pages.account import route as account
from pages.claim import route as claim
from pages.gate import health, link, signin, step, webhook
from pages.gate.address import path
from pages.gate.door import Door
from pages.report import linked
from pages.report import route as report
from pages.wall import route as wall

os.umask(0o077)  # also where no `fengsui` started us: uploads are customers' words, nobody else on this machine reads them

SCRIPT = Path(__file__).parent / "pages" / "_shell.py"
"""Inside pages/: Streamlit discovers pages beside the script it runs, and so finds none (a measured sign-in bypass)."""


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Pay for imports, settings and chart templates before the first visitor comes."""
    from pages.look.warm import warm

    await anyio.to_thread.run_sync(warm)
    yield


app = st.App(
    SCRIPT,
    routes=[
        Route(path("signin"), signin.page, methods=["GET"]),
        Route(path("signin"), signin.submit, methods=["POST"]),
        Route(path("signin/step"), step.page, methods=["GET"]),
        Route(path("signin/step"), step.submit, methods=["POST"]),
        Route(path("account"), account.page, methods=["GET"]),
        Route(path("account"), account.submit, methods=["POST"]),
        Route(path("signout"), signin.ask_to_leave, methods=["GET"]),
        Route(path("signout"), signin.leave, methods=["POST"]),
        Route(path(wall.NAME), wall.board, methods=["GET"]),
        Route(path(link.NAME + "{token}"), link.enter, methods=["GET"]),
        Route(path("claim/{token}"), claim.page, methods=["GET"]),
        Route(path("claim/{token}"), claim.submit, methods=["POST"]),
        Route(path("healthz"), health.healthz, methods=["GET"]),
        Route(path("report"), report.page, methods=["GET"]),
        Route(path("report"), report.submit, methods=["POST"]),
        Route(path(linked.NAME + "{token}"), linked.page, methods=["GET"]),
        Route(path(linked.NAME + "{token}"), linked.submit, methods=["POST"]),
        Route(path("webhook/{source}"), webhook.take, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ],
    middleware=[Middleware(Door)],
    lifespan=lifespan,
)
