"""A test notice: sent now, marked as such, outside of the outbox and so of every count."""

from __future__ import annotations

import secrets
from datetime import datetime

import httpx
from sqlalchemy import Engine

from fengsui.locale.say import say
from fengsui.notify.channels import SENDERS, send
from fengsui.notify.deliver import frame_of
from fengsui.notify.fault import Undeliverable
from fengsui.notify.lines import Lines
from fengsui.notify.message import Message
from fengsui.notify.recipients import ONE, Addressee, everybody
from fengsui.settings.model import Settings
from fengsui.store.database import reading

TEST = "test"


def send_test(
    store: Engine, settings: Settings, name: str, now: datetime, to: str | None = None, client: httpx.Client | None = None
) -> None:
    """Through the sender of channel ``name`` as any other. ``to``: a person, or the address itself; without it the first
    address of the settings. ``NotSent`` says what is wrong, ``KeyError`` that there is no such channel."""
    channel, frame = settings.notify.channels[name], frame_of(settings, name, now)
    person = _person(store, to, now) if to else None
    field = SENDERS[channel.kind].personal
    address = None if field is None else _address(field, person, to, channel.to)
    if field is not None and address is None:
        raise Undeliverable("notify.fault.nobody")
    words = {"centre": settings.centre.name, "at": now, "channel": name}
    test = Message(
        notice_id=f"test-{secrets.token_hex(8)}",
        kind=TEST,
        tier=0,
        title=say(frame.lang, "notify.test.title", words, zone=frame.zone),
        text=say(frame.lang, "notify.test.text", words, zone=frame.zone),
        recipient=f"{ONE}{person.person_id}" if person else TEST,
        episode_id=None,
        at=now.isoformat(),
        link=f"{frame.root}/alerts",
        lang=frame.lang,
        sending=now,
        people=(person,) if person else (),
        address=address,
    )
    with Lines(settings, client) as lines:
        send(settings, name, test, lines.of(name))


def _person(store: Engine, person_id: str, now: datetime) -> Addressee | None:
    with reading(store).connect() as conn:
        return everybody(conn, now).one(f"{ONE}{person_id}")


def _address(field: str, person: Addressee | None, to: str | None, fixed: tuple[str, ...]) -> str | None:
    if person is not None:
        found: str | None = getattr(person.reach, field)
        return found
    return to or next(iter(fixed), None)
