"""Before anything is sent: drop what somebody claimed meanwhile, wait for the end of quiet hours, merge a storm, tell a group
once, keep to the channel's pace."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, func, insert, select, update

from fengsui.notify import fallback
from fengsui.notify.channels import SENDERS
from fengsui.notify.pace import Gate, Storm, after_rush
from fengsui.notify.quiet import quiet_until
from fengsui.notify.recipients import People
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.tables import handling, outbox

Row: TypeAlias = dict[str, Any]
STALE = ("raised", "escalated")
"""Pointless once somebody has the alert in hand."""
MERGED = ("raised", "escalated", "cleared", "lapsed")
GATHER_S = 30
SEVERE = 3
NAMES = {3: "severe", 2: "important", 1: "general"}


def is_empty(store: Engine, now: datetime) -> bool:
    """Nothing is due. A read that never waits for the writer."""
    query = select(outbox.c.notice_id).where(outbox.c.state == "pending", outbox.c.due_at <= now).limit(1)
    with reading(store).connect() as conn:
        return conn.scalar(query) is None


def due(conn: Connection, now: datetime) -> list[Row]:
    """Pending rows whose time has come, gravest first."""
    query = select(outbox).where(outbox.c.state == "pending", outbox.c.due_at <= now)
    rows = [{str(name): value for name, value in row.items()} for row in conn.execute(query).mappings()]
    return sorted(rows, key=lambda row: (-int(row["params"].get("tier") or 0), row["created_at"], row["notice_id"]))


def drop_claimed(conn: Connection, rows: Sequence[Row]) -> list[Row]:
    """The state counts when it is sent, not when it was written: what was claimed in between is not sent any more. News
    after the claim (a higher tier) is."""
    ids = {row["episode_id"] for row in rows if row["kind"] in STALE}
    query = select(handling.c.episode_id, handling.c.claimed_at, handling.c.state).where(handling.c.episode_id.in_(ids))
    people = {row.episode_id: row for row in conn.execute(query)} if ids else {}
    kept = []
    for row in rows:
        hand = people.get(row["episode_id"]) if row["kind"] in STALE else None
        if hand is not None and _in_hand(hand, row["created_at"]):
            _set(conn, row["notice_id"], state="dropped_claimed")
        else:
            kept.append(row)
    return kept


def _in_hand(hand: Any, written: datetime) -> bool:
    over = hand.state in ("resolved", "reviewed")
    return over or (hand.claimed_at is not None and hand.claimed_at >= written)


def merge_storm(conn: Connection, rows: Sequence[Row], pace: Storm, now: datetime) -> list[Row]:
    """More than ``storm_n`` for one recipient within ``storm_s``: the gravest go out, the rest become one summary."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    kept = []
    for row in rows:
        if row["kind"] in MERGED and not row["params"].get("drill"):
            groups[row["channel"], row["recipient"]].append(row)
        else:
            kept.append(row)
    for (channel, recipient), group in groups.items():
        room = max(0, pace.storm_n - _sent(conn, channel, now - timedelta(seconds=pace.storm_s), recipient))
        kept += group[:room]
        if group[room:]:
            _summarise(conn, channel, recipient, group[room:], now)
    return kept


def _summarise(conn: Connection, channel: str, recipient: str, rows: Sequence[Row], now: datetime) -> None:
    """Into the summary that still gathers for this recipient, else into a new one: one that is due goes out as it is."""
    waiting = (outbox.c.kind == "summary") & (outbox.c.state == "pending") & (outbox.c.due_at > now)
    mine = waiting & (outbox.c.channel == channel) & (outbox.c.recipient == recipient)
    found = conn.execute(select(outbox).where(mine)).mappings().first()
    tiers = Counter(NAMES[int(row["params"].get("tier") or 1)] for row in rows)
    before = found["params"] if found else {}
    params = {name: before.get(name, 0) + tiers[name] for name in NAMES.values()}
    params |= {"n": sum(params.values()), "tier": max([before.get("tier", 1), *(row["params"].get("tier", 1) for row in rows)])}
    if found is None:
        summary_id = _summary_id(channel, recipient, rows)
        conn.execute(insert(outbox).values(**_summary(summary_id, channel, recipient, params, now)))
    else:
        summary_id = found["notice_id"]
        _set(conn, summary_id, params=params)
    for row in rows:
        _set(conn, row["notice_id"], state="merged", merged_into=summary_id)


def _summary_id(channel: str, recipient: str, rows: Sequence[Row]) -> str:
    text = "\x1f".join(("summary", channel, recipient, *sorted(row["notice_id"] for row in rows)))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _summary(summary_id: str, channel: str, recipient: str, params: Row, now: datetime) -> Row:
    return {
        "notice_id": summary_id,
        "kind": "summary",
        "episode_id": None,
        "channel": channel,
        "recipient": recipient,
        "created_at": now,
        "due_at": now + timedelta(seconds=GATHER_S),
        "state": "pending",
        "code": "notify.notice.summary",
        "params": params,
    }


def hush(conn: Connection, rows: Sequence[Row], people: People, settings: Settings, now: datetime) -> list[Row]:
    """Below severe, news wait for the end of the quiet hours of the channel or of the one person they are for."""
    kept = []
    for row in rows:
        channel = settings.notify.channels.get(row["channel"])
        until = (
            None
            if channel is None or _tier(row) >= SEVERE
            else quiet_until(channel, people.one(row["recipient"]), settings, now)
        )
        if until is None:
            kept.append(row)
        else:
            _set(conn, row["notice_id"], due_at=until)
    return kept


def tell_groups_once(conn: Connection, rows: Sequence[Row], settings: Settings) -> list[Row]:
    """The same news for two roles is one message where all read the same group; the other row says which one told it."""
    first: dict[tuple[Any, ...], str] = {}
    kept = []
    for row in rows:
        channel = settings.notify.channels.get(row["channel"])
        group = channel is not None and SENDERS[channel.kind].group and row["kind"] in MERGED
        key = (row["channel"], row["kind"], row["episode_id"], row["code"], row["created_at"])
        if group and key in first:
            _set(conn, row["notice_id"], state="merged", merged_into=first[key])
            continue
        if group:
            first[key] = row["notice_id"]
        kept.append(row)
    return kept


def within_pace(
    conn: Connection, rows: Sequence[Row], doors: dict[str, Gate], storm: Storm, settings: Settings, now: datetime, most: int
) -> list[Row]:
    """As many per channel as it bears now; the others stay pending and go with a later call. A channel that is held passes its
    news to its fallback."""
    kept: list[Row] = []
    for row in rows:
        channel = settings.notify.channels.get(row["channel"])
        door = doors.setdefault(row["channel"], Gate(row["channel"]))
        if channel is None:  # it fails, visibly
            kept.append(row)
            continue
        later = door.held(now) or after_rush(channel, _tier(row), now)
        if door.held(now) and fallback.reroute(conn, row, settings, now, door.fault_code, door.fault_params):
            continue
        if later is not None:
            _set(conn, row["notice_id"], due_at=later, fault_code=door.fault_code if door.held(now) else None)
        elif len(kept) < most and door.room(channel, storm, now):
            kept.append(row)
    return kept


def _tier(row: Row) -> int:
    return int(row["params"].get("tier") or 0)


def _sent(conn: Connection, channel: str, since: datetime, recipient: str | None = None) -> int:
    mine = (outbox.c.channel == channel) & (outbox.c.state == "sent") & (outbox.c.sent_at > since)
    if recipient is not None:
        mine &= (outbox.c.recipient == recipient) & outbox.c.kind.in_(MERGED)
    return conn.scalar(select(func.count()).select_from(outbox).where(mine)) or 0


def _set(conn: Connection, notice_id: str, **values: Any) -> None:
    conn.execute(update(outbox).where(outbox.c.notice_id == notice_id).values(**values))
