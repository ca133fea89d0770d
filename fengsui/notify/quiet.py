"""Quiet hours, of a channel and of a person, in the centre's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fengsui.notify.recipients import Addressee
from fengsui.settings.channel import Channel, is_quiet, quiet_span
from fengsui.settings.model import Settings


def quiet_until(channel: Channel, person: Addressee | None, settings: Settings, now: datetime) -> datetime | None:
    """The end of the quiet hours ``now`` lies in, the later of both; None outside of them."""
    hours = [text for text in (channel.quiet, person.reach.quiet if person else None) if text]
    ends = [end for text in hours if (end := _end(text, now.astimezone(settings.centre.tz))) is not None]
    return max(ends).astimezone(UTC) if ends else None


def _end(text: str, local: datetime) -> datetime | None:
    at, end = local.time(), quiet_span(text)[1]
    if not is_quiet(text, at):
        return None
    day = local.date() + timedelta(days=1 if at >= end else 0)
    return datetime.combine(day, end, local.tzinfo)
