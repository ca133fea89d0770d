"""News for a role, on a channel that reaches one person at a time: a row for each of them, with its own tries and state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, select, update

from fengsui.notify import fallback
from fengsui.notify.channels import SENDERS
from fengsui.notify.queue import Row
from fengsui.notify.recipients import AT, ONE, People, climbed, slice_of
from fengsui.settings.channel import Channel
from fengsui.settings.model import Settings
from fengsui.store.tables import outbox
from fengsui.store.upsert import upsert

NOBODY = "notify.fault.nobody"


def spread(conn: Connection, rows: Sequence[Row], people: People, settings: Settings, now: datetime) -> list[Row]:
    """A role in which nobody has an address fails visibly, or goes by the fallback: news that nobody hears are not sent."""
    kept = []
    for row in rows:
        channel = settings.notify.channels.get(row["channel"])
        field = SENDERS[channel.kind].personal if channel else None
        if channel is None or field is None or row["recipient"].startswith(AT):
            kept.append(row)
            continue
        found = _recipients(row, channel, field, people)
        if found == [row["recipient"]]:
            kept.append(row)
        elif found:
            kept += _each(conn, row, found)
        elif not fallback.reroute(conn, row, settings, now, NOBODY, None):
            failed = {"state": "failed", "fault_code": NOBODY, "tries": row["tries"] + 1, "due_at": now}
            conn.execute(update(outbox).where(outbox.c.notice_id == row["notice_id"]).values(**failed))
    return kept


def _recipients(row: Row, channel: Channel, field: str, people: People) -> list[str]:
    """Addresses of the settings stand for every role; what is for one person goes to that person."""
    if channel.to and not row["recipient"].startswith(ONE):
        return [f"{AT}{one}" for one in channel.to]
    place, climb = slice_of(row), climbed(row)
    for wide in (True,) if climb else (False, True):
        found = [one for one in people.behind(row["recipient"], place, wide=wide) if getattr(one.reach, field)]
        if found:
            return [f"{ONE}{one.person_id}" for one in found]
    return []


def _each(conn: Connection, row: Row, recipients: Sequence[str]) -> list[Row]:
    made = [{**row, "notice_id": _id(row["notice_id"], one), "recipient": one} for one in recipients]
    upsert(conn, outbox, made, update=())
    conn.execute(update(outbox).where(outbox.c.notice_id == row["notice_id"]).values(state="spread"))
    mine = outbox.c.notice_id.in_([one["notice_id"] for one in made]) & (outbox.c.state == "pending")
    found = conn.execute(select(outbox).where(mine).order_by(outbox.c.recipient)).mappings()
    return [{str(name): value for name, value in one.items()} for one in found]


def _id(notice_id: str, recipient: str) -> str:
    return blake2b(f"spread\x1f{notice_id}\x1f{recipient}".encode(), digest_size=16).hexdigest()
