"""Send what is due. Two short transactions with the network between them: a slow receiver never holds the writer's lock.

A kill between sending and noting it sends again: receivers see the same idempotency key.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, update

from fengsui.notify import queue
from fengsui.notify.channels import LOG, SENDERS, UNREACHABLE, Later, Undeliverable
from fengsui.notify.message import message
from fengsui.notify.pace import pace_of
from fengsui.settings.model import Settings
from fengsui.store.tables import outbox

TIMEOUT_S = 5.0
BACK_OFF_S, LONGEST_S = 15.0, 1800.0
GIVE_UP = timedelta(days=1)
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Delivered:
    sent: int = 0
    later: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Outcome:
    notice_id: str
    state: str
    code: str | None = None
    delay: float | None = None


def deliver(
    store: Engine,
    settings: Settings,
    now: datetime,
    fence: Callable[[Connection], None],
    client: httpx.Client | None = None,
) -> Delivered:
    """At most ``AT_ONCE`` notices; call it every tick. ``client``: for tests."""
    if queue.is_empty(store, now):  # most ticks: no lock taken
        return Delivered()
    with store.begin() as conn:
        fence(conn)
        pace = pace_of(conn, now)
        rows = queue.drop_claimed(conn, queue.due(conn, now))
        rows = queue.within_pace(conn, queue.merge_storm(conn, rows, pace, now), pace, now)[:AT_ONCE]
    if not rows:
        return Delivered()
    outcomes = _send_all(rows, settings, client)
    with store.begin() as conn:
        fence(conn)
        for row, outcome in zip(rows, outcomes, strict=True):
            _note(conn, row, outcome, now)
    states = [outcome.state for outcome in outcomes]
    return Delivered(states.count("sent"), states.count("pending"), states.count("failed"))


def _send_all(rows: Sequence[dict[str, Any]], settings: Settings, client: httpx.Client | None) -> list[_Outcome]:
    if client is not None:
        return _in_turn(rows, settings, client)
    with httpx.Client(timeout=TIMEOUT_S, verify=_authorities()) as own:
        return _in_turn(rows, settings, own)


@cache
def _authorities() -> ssl.SSLContext:
    """Read once: the list of certificate authorities takes 20 ms."""
    return httpx.create_ssl_context()


def _in_turn(rows: Sequence[dict[str, Any]], settings: Settings, client: httpx.Client) -> list[_Outcome]:
    """A channel that cannot be reached is asked once: each further try would hang, and nothing is judged meanwhile."""
    dead: dict[str, _Outcome] = {}
    outcomes = []
    for row in rows:
        known = dead.get(row["channel"])
        outcome = _send(row, settings, client) if known is None else replace(known, notice_id=row["notice_id"])
        if outcome.code == UNREACHABLE:
            dead[row["channel"]] = outcome
        outcomes.append(outcome)
    return outcomes


def _send(row: dict[str, Any], settings: Settings, client: httpx.Client) -> _Outcome:
    channel = settings.notify.channels.get(row["channel"])
    if channel is None:
        return _Outcome(row["notice_id"], "failed", "notify.fault.no_channel")
    lang = channel.language or settings.centre.language
    try:
        words = message(row, lang, settings.centre.zone, settings.server.base_path)
        SENDERS[channel.kind](channel, words, lang, client)
    except Later as fault:
        return _Outcome(row["notice_id"], "pending", fault.code, fault.delay)
    except Undeliverable as fault:
        return _Outcome(row["notice_id"], "failed", fault.code)
    except Exception as fault:  # a bug in one notice must not send the others again at every tick: it waits, visibly
        LOG.error("notice %s: %s", row["notice_id"], type(fault).__name__)
        return _Outcome(row["notice_id"], "pending", "notify.fault.broken")
    return _Outcome(row["notice_id"], "sent")


def _note(conn: Connection, row: dict[str, Any], outcome: _Outcome, now: datetime) -> None:
    values: dict[str, Any] = {"state": outcome.state, "fault_code": outcome.code, "tries": row["tries"] + 1}
    if outcome.state == "sent":
        values["sent_at"] = now
    if outcome.state == "pending":
        values["due_at"] = now + timedelta(seconds=outcome.delay or back_off(row["tries"]))
        if now - row["created_at"] > GIVE_UP:
            values |= {"state": "failed", "fault_code": "notify.fault.too_long"}
    conn.execute(update(outbox).where(outbox.c.notice_id == outcome.notice_id).values(**values))


def back_off(tries: int) -> float:
    """15 s, 30 s, 60 s … half an hour."""
    return float(min(BACK_OFF_S * 2.0 ** min(tries, 20), LONGEST_S))
