"""Addresses under the deployment's prefix. Streamlit prefixes its own routes only, so ours are prefixed here."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st
from starlette.requests import Request


def prefix() -> str:
    """``/fengsui`` or empty."""
    path = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def path(name: str) -> str:
    return f"{prefix()}/{name}"


def inside(wanted: str | None) -> str:
    """Where to go after the sign-in: an address of ours and of nobody else (``//evil`` and ``https://evil`` are not)."""
    start = path("wall")
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or "\\" in wanted:
        return start
    return wanted if wanted.startswith(f"{prefix()}/") else start


def own(request: Request) -> bool:
    """The Origin check of a POST: the page that sent it is one of ours. A browser always names one."""
    origin = request.headers.get("origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc == request.headers.get("host")


def loopback() -> bool:
    """The server listens to this machine only."""
    return st.get_option("server.address") in ("127.0.0.1", "localhost", "::1")
