"""A queue of tickets before, in and after an outage: a toy model with a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HOURS, START, END = 48.0, 30.0, 36.0
ARRIVALS, CAPACITY, LEFT = 20.0, 26.0, 0.45
TARGET = 4.0
NEWEST_FIRST = 0.6


@dataclass(frozen=True)
class Ticket:
    """Hours. ``solved`` infinite: still open at the end."""

    opened: float
    solved: float

    @property
    def due(self) -> float:
        return self.opened + TARGET


def simulate(seed: int) -> list[Ticket]:
    """20 arrivals an hour at random; capacity for 26 closures an hour, 45 % of it from hour 30 to 36; 60 % newest first."""
    rng = np.random.default_rng(seed)
    waiting: list[float] = []
    done: list[Ticket] = []
    now, arrival, work = 0.0, rng.exponential(1 / ARRIVALS), 0.0
    while True:
        rate = CAPACITY * (LEFT if START <= now < END else 1.0)
        finish = now + (1 - work) / rate if waiting else np.inf
        edge = next((each for each in (START, END, HOURS) if each > now), HOURS)
        before, now = now, min(arrival, finish, edge)
        work += (now - before) * rate if waiting else 0.0
        if now >= HOURS:
            return done + [Ticket(each, np.inf) for each in waiting]
        if now == arrival:
            waiting.append(now)
            arrival = now + rng.exponential(1 / ARRIVALS)
        elif now == finish:
            done.append(Ticket(waiting.pop(-1 if rng.random() < NEWEST_FIRST else 0), now))
            work = 0.0
