"""Staff of the skill groups and the waiting of callers: a first-come-first-served queue with patience.

The roster of an hour is the smallest number of agents with which Erlang's C formula (Erlang 1917) promises the target share
of calls answered within 20 seconds at the expected load; the real load differs, so the real rate does.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from fengsui.demo.days import midnight
from fengsui.demo.rhythm import QUARTERS, profile

ANSWER_WITHIN_S = 20
TARGET = 0.72  # lower than the real rate: loads below the next agent have room
TALK_S = 230.0
SMALLEST = 2


class Wait(NamedTuple):
    """Outcome of one call; exactly one of ``answered`` and ``abandoned`` is set. Epoch seconds."""

    answered: int | None
    abandoned: int | None
    ended: int


def erlang_c(agents: int, load: float) -> float:
    """Chance that a call must wait, with ``load`` in erlang below ``agents``."""
    term = total = 1.0
    for n in range(1, agents):
        term *= load / n
        total += term
    last = term * load / agents * agents / (agents - load)
    return last / (total + last)


def service_level(agents: int, load: float) -> float:
    """Share answered within 20 s by Erlang C; 0 when the load cannot be carried."""
    if load >= agents:
        return 0.0
    return 1.0 - erlang_c(agents, load) * math.exp(-(agents - load) * ANSWER_WITHIN_S / TALK_S)


def agents_for(load: float) -> int:
    agents = SMALLEST
    while service_level(agents, load) < TARGET:
        agents += 1
    return agents


@lru_cache(maxsize=256)
def roster(day: date, calls_per_day: float) -> tuple[int, ...]:
    """Agents signed in for one skill group, by local hour."""
    quarters = profile(day) * calls_per_day
    per_hour = quarters.reshape(QUARTERS // 4, 4).sum(axis=1)
    return tuple(agents_for(float(n) * TALK_S / 3600) for n in per_hour)


def signed_in(day: date, calls_per_day: float) -> Callable[[int], int]:
    """Roster as a function of epoch seconds, for seconds of ``day`` and a little beyond."""
    agents, start = roster(day, calls_per_day), midnight(day)
    return lambda second: agents[min((second - start) // 3600, 23)]


def waits(calls: Iterable[tuple[int, int, int]], agents: Callable[[int], int]) -> Iterator[Wait]:
    """Serve ``calls`` (offered, talk seconds, patience seconds), sorted by time, with ``agents(second)`` people."""
    busy: list[int] = []
    for offered, talk, patience in calls:
        while busy and busy[0] <= offered:
            heapq.heappop(busy)
        start = _start(busy, offered, agents(offered))
        if start - offered > patience:
            yield Wait(None, offered + patience, offered + patience)
            continue
        answered = start + 3 if start == offered else start  # even an idle agent needs a moment
        heapq.heappush(busy, answered + talk)
        yield Wait(answered, None, answered + talk)


def _start(busy: list[int], offered: int, agents: int) -> int:
    """When the next agent is free for a call that queues behind all of ``busy``."""
    if len(busy) < agents:
        return offered
    return sorted(busy)[len(busy) - agents]
