"""Send what is due. Two short transactions with the network between them: a slow receiver never holds the writer's lock.

A kill between sending and noting it sends again: receivers see the same idempotency key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, select, update

from fengsui.notify import fallback, queue
from fengsui.notify.alert import alerts_of
from fengsui.notify.channels import LOG, SENDERS, send
from fengsui.notify.fault import Later, Mend, Undeliverable
from fengsui.notify.lines import Lines
from fengsui.notify.message import Frame, Message, message
from fengsui.notify.pace import Gate, gates, keep, storm_of
from fengsui.notify.recipients import AT, ONE, Addressee, People, climbed, everybody, slice_of, union
from fengsui.notify.spread import spread
from fengsui.people.claim_link import make_claim_link
from fengsui.settings.model import Settings
from fengsui.store.tables import outbox

BACK_OFF_S, LONGEST_S = 15.0, 1800.0
GIVE_UP = timedelta(days=1)
AT_ONCE = 20
LINKED = ("raised", "escalated", "assigned")
PATIENCE = 3
"""Tries after which the fallback takes over."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """``rerouted``: taken over by the fallback of their channel."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    rerouted: int = 0


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A row with what its words need, read in the first transaction."""

    row: Mapping[str, Any]
    alert: Mapping[str, Any] | None
    people: tuple[Addressee, ...]
    link: str | None = None

    def address(self, field: str | None) -> str | None:
        """Where the one person of the row is reached, or what the row itself names."""
        recipient = self.row["recipient"]
        if field is None or recipient.startswith(AT):
            return str(recipient).removeprefix(AT) if field else None
        return getattr(self.people[0].reach, field) if recipient.startswith(ONE) and self.people else None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """``held``: the channel as a whole is held for ``delay``; ``tried``: its receiver was asked."""

    state: str
    code: str | None = None
    said: str = ""
    delay: float | None = None
    held: bool = False
    mend: bool = False
    tried: bool = True


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
        doors = gates(conn)
        parcels = _parcels(conn, settings, doors, now)
    if not parcels:
        return Delivered()
    with Lines(settings, client) as lines:
        outcomes = _in_turn(parcels, settings, lines, now)
    with store.begin() as conn:
        fence(conn)
        states = [_note(conn, one.row, outcome, settings, now) for one, outcome in zip(parcels, outcomes, strict=True)]
        _remember(conn, parcels, outcomes, doors, now)
    return Delivered(*(states.count(state) for state in ("sent", "pending", "failed", "rerouted")))


def _parcels(conn: Connection, settings: Settings, doors: dict[str, Gate], now: datetime) -> list[_Parcel]:
    storm, people = storm_of(conn, now), everybody(conn, now)
    rows = queue.drop_claimed(conn, queue.due(conn, now))
    rows = spread(conn, rows, people, settings, now)
    rows = queue.hush(conn, rows, people, settings, now)
    rows = queue.merge_storm(conn, rows, storm, now)
    rows = queue.tell_groups_once(conn, rows, settings)
    rows = queue.within_pace(conn, rows, doors, storm, settings, now, AT_ONCE)
    alerts = alerts_of(conn, (row["episode_id"] for row in rows))
    return [
        _Parcel(
            row, alerts.get(row["episode_id"]), behind := _people(conn, row, people), _link(conn, row, behind, settings, now)
        )
        for row in rows
    ]


def _link(
    conn: Connection, row: Mapping[str, Any], people: Sequence[Addressee], settings: Settings, now: datetime
) -> str | None:
    """A personal one, where nobody else reads the message: in a group it would be everybody's."""
    channel, root = settings.notify.channels.get(row["channel"]), settings.server.public_url.rstrip("/")
    alone = channel is not None and SENDERS[channel.kind].personal and row["recipient"].startswith(ONE) and people
    if not (alone and root and row["episode_id"] and row["kind"] in LINKED):
        return None
    return f"{root}/claim/{make_claim_link(conn, people[0].person_id, row['episode_id'], row['notice_id'], now)}"


def _people(conn: Connection, row: Mapping[str, Any], people: People) -> tuple[Addressee, ...]:
    """Behind the row's recipient and those of the rows that it tells with it."""
    mine = (outbox.c.merged_into == row["notice_id"]) & (outbox.c.state == "merged")
    others = conn.scalars(select(outbox.c.recipient).where(mine).distinct()).all()
    place, climb = slice_of(row), climbed(row)
    return union(people.behind(recipient, place, wide=climb) for recipient in {row["recipient"], *others})


def _in_turn(parcels: Sequence[_Parcel], settings: Settings, lines: Lines, now: datetime) -> list[_Outcome]:
    """A channel that cannot be reached or is held is asked once: each further try would hang or make it worse, and nothing is
    judged meanwhile."""
    dead: dict[str, _Outcome] = {}
    outcomes = []
    for parcel in parcels:
        name = parcel.row["channel"]
        outcome = replace(dead[name], tried=False) if name in dead else _send(parcel, settings, lines, now)
        if outcome.held:
            dead[name] = outcome
        outcomes.append(outcome)
    return outcomes


def _send(parcel: _Parcel, settings: Settings, lines: Lines, now: datetime) -> _Outcome:
    row = parcel.row
    channel = settings.notify.channels.get(row["channel"])
    if channel is None:
        return _Outcome("failed", "notify.fault.no_channel", tried=False)
    try:
        send(settings, row["channel"], _words(parcel, settings, now), lines.of(row["channel"]))
    except Later as fault:
        return _Outcome("pending", fault.code, fault.said, fault.delay, held=fault.whole, mend=isinstance(fault, Mend))
    except Undeliverable as fault:
        return _Outcome("failed", fault.code, fault.said)
    except Exception as fault:  # a bug in one notice must not send the others again at every tick: it waits, visibly
        LOG.error("notice %s: %s", row["notice_id"], type(fault).__name__)
        return _Outcome("pending", "notify.fault.broken", type(fault).__name__)
    return _Outcome("sent")


def _words(parcel: _Parcel, settings: Settings, now: datetime) -> Message:
    name = parcel.row["channel"]
    address = parcel.address(SENDERS[settings.notify.channels[name].kind].personal)
    return message(parcel.row, frame_of(settings, name, now), parcel.alert, parcel.people, parcel.link, address)


def frame_of(settings: Settings, channel: str, now: datetime) -> Frame:
    root = (settings.server.public_url or f"/{settings.server.base_path.strip('/')}").rstrip("/")
    lang = settings.notify.channels[channel].language or settings.centre.language
    return Frame(lang, settings.centre.zone, root, now)


def _note(conn: Connection, row: Mapping[str, Any], outcome: _Outcome, settings: Settings, now: datetime) -> str:
    """The state the row is in now."""
    said = {"said": outcome.said} if outcome.said else None
    stuck = outcome.state == "failed" or outcome.mend or (outcome.state == "pending" and row["tries"] + 1 >= PATIENCE)
    if stuck and fallback.reroute(conn, row, settings, now, outcome.code, said):
        return "rerouted"
    state, code = outcome.state, outcome.code
    values: dict[str, Any] = {"tries": row["tries"] + 1, "fault_params": said}
    if state == "sent":
        values["sent_at"] = now
    if state == "pending":
        values["due_at"] = now + timedelta(seconds=outcome.delay or back_off(row["tries"]))
        if now - row["created_at"] > GIVE_UP:
            state, code = "failed", "notify.fault.too_long"
    if state == "failed":
        values["due_at"] = now  # when it was given up
    conn.execute(update(outbox).where(outbox.c.notice_id == row["notice_id"]).values(**values, state=state, fault_code=code))
    return outcome.state


def _remember(
    conn: Connection, parcels: Sequence[_Parcel], outcomes: Sequence[_Outcome], doors: dict[str, Gate], now: datetime
) -> None:
    """Each channel's tries and whether it answers."""
    touched: dict[str, Gate] = {}
    for parcel, outcome in zip(parcels, outcomes, strict=True):
        if not outcome.tried:
            continue
        door = touched.setdefault(parcel.row["channel"], doors[parcel.row["channel"]])
        door.tried(now)
        if outcome.state == "sent":
            door.fault_code, door.fault_params, door.fault_since, door.sent_at, door.blocked_until = None, None, None, now, None
            continue
        door.fault_since = door.fault_since or now
        door.fault_code, door.fault_params = outcome.code, {"said": outcome.said} if outcome.said else None
        if outcome.held and outcome.delay:
            door.blocked_until = now + timedelta(seconds=outcome.delay)
    for door in touched.values():
        keep(conn, door)


def back_off(tries: int) -> float:
    """15 s, 30 s, 60 s … half an hour."""
    return float(min(BACK_OFF_S * 2.0 ** min(tries, 20), LONGEST_S))
