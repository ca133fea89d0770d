"""Outbox rows: written in the same transaction as what they tell of, sent later by ``notify``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from fengsui.alerts.bodies import TierPolicy
from fengsui.alerts.definitions import NotSeeded, book
from fengsui.alerts.modes import DRILL, SEEN
from fengsui.store.tables import outbox
from fengsui.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told. ``subject``: the episode (or the day); ``axis`` and ``n``: the transition; ``tier``: how grave."""

    kind: str  # raised, escalated, cleared, assigned, alive
    subject: str
    axis: str
    n: int
    tier: int
    code: str
    params: Mapping[str, Any]
    step: int = 0
    episode: bool = True
    always: bool = False  # also on channels that take grave tiers only
    drill: bool = False


EXERCISE: Mapping[str, Any] = MappingProxyType({"drill": True})
"""In the params of every notice of a 演练: it is marked when it is sent, and no storm gathers it with real ones."""


def rings(times: int) -> bool:
    """Whether the ``times``-th repetition is told: at 1, 2, 4, 8 …, for what comes and goes all day must not ring all day."""
    return times.bit_count() == 1


def notice_id(kind: str, subject: str, axis: str, n: int, step: int, channel: str, recipient: str) -> str:
    """The idempotency key that receivers see (docs/contracts.md §3)."""
    text = "\x1f".join((kind, subject, axis, str(n), str(step), channel, recipient))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def tell(conn: Connection, policy: TierPolicy, news: News, recipients: Iterable[str], now: datetime) -> int:
    """One row per channel that takes this tier and recipient. Telling twice is once. Returns the number of rows."""
    rows = [
        {
            "notice_id": notice_id(news.kind, news.subject, news.axis, news.n, news.step, channel, recipient),
            "kind": news.kind,
            "episode_id": news.subject if news.episode else None,
            "channel": channel,
            "recipient": recipient,
            "created_at": now,
            "due_at": now,
            "state": "pending",
            "code": news.code,
            "params": _params(news),
        }
        for channel in policy.channels
        if news.always or news.tier >= policy.channel_tiers.get(channel, 1)
        for recipient in recipients
    ]
    upsert(conn, outbox, rows, update=())
    return len(rows)


def _params(news: News) -> dict[str, Any]:
    step = {"step": news.step} if news.step else {}
    return {**news.params, "tier": news.tier, **step, **(EXERCISE if news.drill else {})}


def tell_of_command(
    conn: Connection, row: Mapping[str, Any], code: str, params: Mapping[str, Any], n: int, by: str, now: datetime
) -> None:
    """Commands that somebody else must hear of: an escalation (managers), a hand-over (the new owner), a consultation (those
    who are invited)."""
    if code not in ("escalate", "transfer", "claim_for", "add_participant", "consult") or row["mode"] not in SEEN:
        return
    try:
        policy = book(conn, now).policy
    except NotSeeded:  # a store without rules has nobody to tell
        return
    recipients = _whom(policy, code, params)
    kind = "escalated" if code == "escalate" else "assigned"
    tier = effective_tier(row)
    told = {name: value for name, value in params.items() if not isinstance(value, list)}
    words = {"who": by, "metric": row["metric"], "slice": row["slice_key"], **told}
    drill = row["mode"] == DRILL
    news = News(kind, row["episode_id"], "person", n, tier, f"alerts.notice.{code}", words, drill=drill)
    tell(conn, policy, news, recipients, now)


def _whom(policy: TierPolicy, code: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    if code == "escalate":
        return policy.escalate_to
    if code == "consult":
        people = {one["person"] for one in params["assessors"]} | {params["decider"]}
        return tuple(f"person:{id_}" for id_ in sorted(people))
    return (f"person:{params['person']}",)


def effective_tier(row: Mapping[str, Any]) -> int:
    """A person's re-grade holds until the machine's tier rises above what it was then (docs/contracts.md §6).

    ``row``: handling's ``tier`` and ``machine_tier`` with the episode's tier as ``episode_tier``.
    """
    if row["tier"] is not None and row["episode_tier"] <= row["machine_tier"]:
        return int(row["tier"])
    return int(row["episode_tier"])
