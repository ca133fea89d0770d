"""What one channel cannot deliver goes by another one, told once: the first row says where it went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, select, update

from fengsui.settings.model import Settings
from fengsui.store.tables import outbox
from fengsui.store.upsert import upsert


def reroute(
    conn: Connection,
    row: Mapping[str, Any],
    settings: Settings,
    now: datetime,
    code: str | None,
    params: Mapping[str, Any] | None,
) -> bool:
    """Whether there is a fallback to take it, and those with it that this message would have told."""
    channel = settings.notify.channels.get(row["channel"])
    other = channel.fallback if channel else None
    if other is None or other not in settings.notify.channels:
        return False
    for one in (row, *_twins(conn, row)):
        notice_id = _id(one["notice_id"], other)
        copied = {name: one[name] for name in ("kind", "episode_id", "recipient", "created_at", "code", "params")}
        upsert(
            conn, outbox, [{**copied, "notice_id": notice_id, "channel": other, "due_at": now, "state": "pending"}], update=()
        )
        moved = {"state": "rerouted", "merged_into": notice_id, "fault_code": code, "fault_params": dict(params or {})}
        conn.execute(update(outbox).where(outbox.c.notice_id == one["notice_id"]).values(**moved))
    return True


def _twins(conn: Connection, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Other roles' rows of the same news, told by this message to the whole group; by mail each needs their own."""
    if row["kind"] == "summary":
        return []
    mine = (outbox.c.merged_into == row["notice_id"]) & (outbox.c.state == "merged")
    return [dict(found) for found in conn.execute(select(outbox).where(mine)).mappings()]


def _id(notice_id: str, channel: str) -> str:
    return blake2b(f"fallback\x1f{notice_id}\x1f{channel}".encode(), digest_size=16).hexdigest()
