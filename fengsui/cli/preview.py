"""The first rows of a source as they would be stored: masked, in the centre's time, and beside them what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from connectors.base import BadRecord, Event, Feedback, Measurement, Preview, Record
from fengsui.cli.table import print_table
from fengsui.locale import has
from fengsui.text.clean import clean
from fengsui.text.masks import mask

if TYPE_CHECKING:
    from fengsui.cli.where import Where
    from fengsui.settings import Settings

HEAD = ("row", "shape", "id", "kind", "at", "dims", "text")


def print_preview(where: Where, settings: Settings, preview: Preview) -> int:
    """Prints the table and the faults; returns the number of rows that would go to the quarantine."""
    if not preview.raw:
        where.tell("cli.preview.empty")
        return 0
    zone = settings.centre.tz
    good = [(n, record) for n, record in enumerate(preview.outcome, 1) if not isinstance(record, BadRecord)]
    bad = [(n, record) for n, record in enumerate(preview.outcome, 1) if isinstance(record, BadRecord)]
    head = [where.say(f"cli.preview.{name}") for name in HEAD]
    print_table(head, [(str(n), *_named(where, _row(record, zone, settings.limits.text_chars))) for n, record in good])
    where.tell("cli.preview.columns", columns=list(preview.columns))
    for n, fault in bad:
        click.echo(f"{where.say('cli.preview.bad_row', n=n)} {where.say(fault.code, fault.params)}")
    where.tell("cli.preview.sum", good=len(good), bad=len(bad))
    return len(bad)


def _named(where: Where, row: tuple[str, ...]) -> tuple[str, ...]:
    """Shape and kind in the operator's language; a kind without a word as it is."""
    shape, id_, kind, *rest = row
    code = f"cli.preview.kind.{kind}"
    return where.say(f"cli.preview.shape.{shape}"), id_, where.say(code) if has(where.lang, code) else kind, *rest


def _row(record: Record, zone: ZoneInfo, chars: int) -> tuple[str, str, str, str, str, str]:
    """Shape, id, kind, time, dims, text: what each of the four shapes has of them."""
    if isinstance(record, Feedback):
        text = mask(clean(record.text, chars)) if record.text else ""
        return "feedback", record.source_id, record.kind, _time(record.opened_at, zone), _dims(record.dims), text
    if isinstance(record, Event):
        return "event", record.source_id, record.kind, _time(record.at, zone), "", record.event_key
    if isinstance(record, Measurement):
        value = f"{record.numerator}/{record.denominator}" if record.gauge is None else f"{record.gauge:g}"
        return "measurement", record.name, "", _time(record.start, zone), _dims(record.dims), value
    return "reference", record.ref_id, record.kind, record.valid_from.isoformat(), "", _dims(record.attrs)


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _dims(dims: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in dims.items())
