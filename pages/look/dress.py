"""The style of a page: tokens of the theme and the sheets, in one element."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from pages.look import tokens

HERE = Path(__file__).parent


def dress(theme: str | None = None, sheet: Path | None = None) -> None:
    """``theme``: force dark or light (the wall is always dark); ``sheet``: the page's own rules."""
    own = _read(sheet) if sheet else ""
    st.html(
        f"<style>{tokens.variables(theme or tokens.mode())}{_read(HERE / 'core.css')}{_read(HERE / 'page.css')}{own}</style>"
    )


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
