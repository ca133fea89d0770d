"""How fast a channel may be asked: what its kind bears, read from its own tries, so that a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from fengsui.notify.channels import SENDERS
from fengsui.settings.channel import Channel
from fengsui.store.tables import channel_pace, definition
from fengsui.store.upsert import upsert

WINDOW_S = 70
"""A minute, and as long as a try of the same tick may hang: the receiver counts when it arrives."""
SECOND_S = 1.0
RUSH_S = 30
"""So long after :00 and :30 nothing but severe news goes to a receiver that asks for it."""


@dataclass(frozen=True, slots=True)
class Storm:
    """Of the tier policy, so that people can change it. ``per_minute``: an upper limit for every channel, if one is wanted."""

    storm_n: int = 10
    storm_s: int = 300
    per_minute: int | None = None


def storm_of(conn: Connection, now: datetime) -> Storm:
    """The policy's; the defaults where none is stored."""
    mine = (definition.c.kind == "tier_policy") & (definition.c.id == "default") & (definition.c.valid_from <= now)
    body = conn.scalar(select(definition.c.body).where(mine).order_by(definition.c.version.desc()).limit(1)) or {}
    names = ("storm_n", "storm_s", "per_minute")
    return Storm(**{name: int(body[name]) for name in names if body.get(name) is not None})


@dataclass(slots=True)
class Gate:
    """One channel: its tries of the last minute (seconds since 1970), and until when it is held. ``planned``: of this call."""

    name: str
    tries: list[float] = field(default_factory=list)
    blocked_until: datetime | None = None
    fault_code: str | None = None
    fault_params: Mapping[str, Any] | None = None
    fault_since: datetime | None = None
    sent_at: datetime | None = None
    planned: int = 0

    def room(self, channel: Channel, storm: Storm, now: datetime) -> bool:
        """Whether one more may be sent now; it is counted as planned then."""
        sender = SENDERS[channel.kind]
        at = now.timestamp()
        own = channel.per_minute or sender.per_minute
        most = min(own, storm.per_minute or own)
        if sum(one > at - WINDOW_S for one in self.tries) + self.planned >= most:
            return False
        if sender.per_second and sum(one > at - SECOND_S for one in self.tries) + self.planned >= sender.per_second:
            return False
        self.planned += 1
        return True

    def held(self, now: datetime) -> datetime | None:
        return self.blocked_until if self.blocked_until is not None and self.blocked_until > now else None

    def tried(self, now: datetime) -> None:
        self.tries = [*(one for one in self.tries if one > now.timestamp() - WINDOW_S), now.timestamp()]


def gates(conn: Connection) -> dict[str, Gate]:
    rows = conn.execute(select(channel_pace)).mappings()
    return {
        row["channel"]: Gate(
            row["channel"],
            list(row["tries"]),
            row["blocked_until"],
            row["fault_code"],
            row["fault_params"],
            row["fault_since"],
            row["sent_at"],
        )
        for row in rows
    }


def keep(conn: Connection, gate: Gate) -> None:
    row = {
        "channel": gate.name,
        "tries": gate.tries,
        "blocked_until": gate.blocked_until,
        "fault_code": gate.fault_code,
        "fault_params": gate.fault_params,
        "fault_since": gate.fault_since,
        "sent_at": gate.sent_at,
    }
    upsert(conn, channel_pace, [row])


def after_rush(channel: Channel, tier: int, now: datetime) -> datetime | None:
    """When a receiver that groans at :00 and :30 (UTC and every zone of whole half hours agree on these) may be called."""
    if tier >= 3 or not SENDERS[channel.kind].rush or now.minute % 30 or now.second >= RUSH_S:
        return None
    return now.replace(second=0, microsecond=0) + timedelta(seconds=RUSH_S)
