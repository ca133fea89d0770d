"""Colours by their job, dark and light (contrast measured, UX tokens). They go out as CSS variables on :root."""

from __future__ import annotations

import streamlit as st

FONT = "'Noto Sans SC','Noto Sans CJK SC','Microsoft YaHei UI','Microsoft YaHei','PingFang SC',sans-serif"

DARK = {
    "bg": "#0B1220", "panel": "#111A2B", "raise": "#172236", "hover": "#141F33", "sel": "#1A2A47",
    "line": "#1F2C43", "line2": "#2B3B57", "text": "#E8EEF7", "mut": "#9FADC2", "faint": "#8494AE",
    "acc": "#2F6FDE", "acct": "#9CC0FF", "brand": "#FFB02E", "mk": "#1F3763", "cmp": "#7585A0",
    "t3": "#FF6B6B", "t2": "#FFB02E", "t1": "#5AB0FF", "t0": "#4CC9A0",
    "t3b": "#3A1820", "t2b": "#33270F", "t1b": "#122844", "t0b": "#102A28", "t3f": "#B3323A", "t3r": "#6A2733",
    "band": "#5AB0FF", "bando": ".15",
}  # fmt: skip
LIGHT = {
    "bg": "#F4F6FA", "panel": "#FFFFFF", "raise": "#F3F6FA", "hover": "#F6F9FD", "sel": "#E8F0FD",
    "line": "#E4E9F1", "line2": "#CDD6E3", "text": "#141D2B", "mut": "#536178", "faint": "#647288",
    "acc": "#2460C8", "acct": "#2460C8", "brand": "#935400", "mk": "#DCE8FB", "cmp": "#98A4B7",
    "t3": "#B71C1C", "t2": "#935400", "t1": "#1760B5", "t0": "#0A7556",
    "t3b": "#FDECEC", "t2b": "#FFF4DF", "t1b": "#E8F1FC", "t0b": "#E4F5EF", "t3f": "#B71C1C", "t3r": "#B71C1C",
    "band": "#1760B5", "bando": ".12",
}  # fmt: skip
TOKENS = {"dark": DARK, "light": LIGHT}


def mode() -> str:
    """The theme that the browser shows; dark until it has told."""
    return "light" if st.context.theme.type == "light" else "dark"


def variables(theme: str) -> str:
    pairs = "".join(f"--{name}:{value};" for name, value in TOKENS[theme].items())
    return f":root{{{pairs}color-scheme:{theme};--font:{FONT}}}"
