"""The newest picture, read once per version for all sessions of this process."""

from __future__ import annotations

import random
from typing import Any

import streamlit as st

from fengsui.board import read
from fengsui.board.read import Picture
from pages.look import trouble
from pages.look.house import house

EVERY_S, JITTER_S = 5.0, 1.5


@st.cache_resource(max_entries=3, show_spinner=False)
def _by_version(version: int) -> Picture | None:
    return read.picture(house().reader, version)


def newest() -> Picture | None:
    """None before the worker has drawn its first picture. While the store is away, the last one that this session saw."""
    return trouble.kept("picture", None, _newest)


def _newest() -> Picture | None:
    version = read.latest_version(house().reader)
    return None if version is None else _by_version(version)


def every() -> float:
    """Seconds between refreshes of this session (the wall has its own rhythm), jittered: after a restart screens must not all
    ask at once."""
    found: Any = st.session_state.setdefault("every", round(EVERY_S + random.random() * JITTER_S, 2))
    return float(found)
