"""The queue monitor: who waits and who is at work in each skill group, every half minute, out of the calls table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fengsui.demo.days import local_date, stamp, wall
from fengsui.demo.incidents import Incident, slowness_of
from fengsui.demo.plan import agents_of
from fengsui.demo.services import QUEUES

EVERY_S = 30
LONGEST_S = 15 * 60
"""The monitor keeps a quarter of an hour; who asks for more gets that."""
SECONDS = "cast(strftime('%s', {}) as integer) - 28800"  # the tables hold Shanghai's wall clock, eight hours ahead of UTC
CALLS = "select queue, {}, {}, answered_at is not null, {} from calls where offered_at >= ?".format(
    *(SECONDS.format(column) for column in ("offered_at", "coalesce(answered_at, abandoned_at)", "ended_at"))
)
LONGEST_CALL_S = 3 * 3600


def samples(conn: sqlite3.Connection, incidents: Iterable[Incident], since: int, now: int) -> list[dict[str, Any]]:
    """Rows at every half minute in ``[since, now]``, at most a quarter of an hour back; the newest only for since = 0."""
    last = now // EVERY_S * EVERY_S
    first = last if since == 0 else max(-(-since // EVERY_S) * EVERY_S, last - LONGEST_S)
    calls = [tuple(row) for row in conn.execute(CALLS, (wall(first - LONGEST_CALL_S),))]
    going = list(incidents)
    return [_sample(calls, going, queue, at) for at in range(first, last + 1, EVERY_S) for queue in QUEUES]


def _sample(calls: list[tuple[Any, ...]], incidents: list[Incident], queue: str, at: int) -> dict[str, Any]:
    mine = [call[1:] for call in calls if call[0] == queue and call[1] <= at]
    waiting = [at - offered for offered, left, _, _ in mine if left is None or left > at]
    talking = sum(1 for _, left, answered, ended in mine if answered and left <= at and (ended is None or ended > at))
    people = agents_of(queue, local_date(datetime.fromtimestamp(at, UTC)), slowness_of(incidents))(at)
    return {
        "queue": queue,
        "at": stamp(at),
        "waiting": len(waiting),
        "longest_wait": max(waiting, default=0),
        "signed_in": max(people, talking),
        "idle": max(people - talking, 0),
    }
