"""The style of pages that need no Streamlit: forms on a phone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pages.look.tokens import DARK, FONT, LIGHT


@cache
def style(css: Path) -> str:
    """``css`` under the house's colours: dark as the house is, light where the phone asks for it."""
    light = f"@media(prefers-color-scheme:light){{:root{{{_variables(LIGHT)}color-scheme:light}}}}"
    own = css.read_text(encoding="utf-8")
    return f":root{{{_variables(DARK)}color-scheme:dark;--font:{FONT}}}{light}{own}"


def _variables(tokens: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in tokens.items())
