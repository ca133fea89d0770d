"""How often a wall asks anew: every two seconds while few look, less often the more do, so that one process bears them all."""

from __future__ import annotations

import random
import secrets
from time import monotonic
from typing import Any

import streamlit as st

QUICK_S, SELDOM_S = 2.0, 10.0
EACH_S = 0.12
"""For each wall of this process: a refresh costs some 40 ms (benchmarks/viewers), so all together take a third of a core."""
JITTER = 0.3
"""After a restart screens must not all ask at once."""
GONE_S = 60.0
OFF = 1.15
_ME, _FACTOR, _EVERY = "rhythm_me", "rhythm_factor", "rhythm_every"


def rhythm(walls: int) -> float:
    """Seconds between refreshes of each of ``walls`` screens."""
    return min(SELDOM_S, max(QUICK_S, walls * EACH_S))


def every() -> float:
    """For this screen, from now on."""
    factor: Any = st.session_state.setdefault(_FACTOR, 1 + random.random() * JITTER)
    found: float = round(rhythm(_walls()) * factor, 2)
    st.session_state[_EVERY] = found
    return found


def follow() -> None:
    """At the end of a refresh: begin the page anew where many screens came or went since it began."""
    wanted = rhythm(_walls()) * st.session_state[_FACTOR]
    mine = st.session_state[_EVERY]
    if max(wanted, mine) > OFF * min(wanted, mine):
        st.rerun()


def _walls() -> int:
    """Screens of this process that asked within the last minute, this one among them."""
    seen, now = _seen(), monotonic()
    seen[st.session_state.setdefault(_ME, secrets.token_hex(8))] = now
    for screen in [screen for screen, at in list(seen.items()) if now - at > GONE_S]:
        seen.pop(screen, None)
    return len(seen)


@st.cache_resource(show_spinner=False)
def _seen() -> dict[str, float]:
    return {}
