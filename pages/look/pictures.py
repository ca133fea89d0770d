"""The newest picture, read once per version for all sessions of this process."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import streamlit as st

from fengsui.board import Store, read
from fengsui.board.read import Picture
from pages.look import trouble
from pages.look.house import house

EVERY_S, JITTER_S = 5.0, 1.5


@lru_cache(maxsize=3)
def by_version(reader: Store, version: int) -> Picture | None:
    return read.picture(reader, version)


def newest() -> Picture | None:
    """None before the worker has drawn its first picture. While the store is away, the last one that this session saw."""
    return trouble.kept("picture", None, _newest)


def _newest() -> Picture | None:
    reader = house().reader
    version = read.latest_version(reader)
    return None if version is None else by_version(reader, version)


def every() -> float:
    """Seconds between refreshes of this session (the wall has its own rhythm), jittered: after a restart screens must not all
    ask at once."""
    found: Any = st.session_state.setdefault("every", round(EVERY_S + random.random() * JITTER_S, 2))
    return float(found)
