"""``python -m benchmarks.real_events [FILE | EVENT …]``: replay files of ``$FENGSUI_REAL_DATA`` and write docs/real-events.md.

Transitions are kept in ``dist/real_events/`` so that the table can be written again (``--table``).
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.real_events.judge import TIERS, Event, Seen, outside, read_events, see
from fengsui.replay.main import run

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "dist" / "real_events"
PAGE = HERE.parents[1] / "docs" / "real-events.md"
MAPPINGS = {
    "sumo_firefox_2020-10_2022-12": "sumo.toml",
    "boston311_2011-07_2011-12": "boston311.toml",
    "airline_tweets_2015-02": "airline.toml",
    "comcast_fcc_2015-04_2015-06": "comcast.toml",
    "bank_calls_5min_2003": "bank_calls.toml",
}
BEFORE, LIVE, AFTER = timedelta(days=35), timedelta(days=2), timedelta(days=2)
HEAD = """# What it saw in real events

Made by `python -m benchmarks.real_events`: {n} of 20 labelled events in public files of real records (not part of this
repository), played through the real connector, ingest, metrics, engine and alerts under a virtual clock: 33 days of
history before, then minute by minute from 2 days before the event to 2 days after, with the seeded rules and nothing set for
any file, date or event. `lead` is against the end of the hour whose count first passes the plain 4-sigma line: positive is
earlier. {missing}

| event | what happened | first alert (UTC) | lead | on | grade | tier | wanted |
|---|---|---|---|---|---|---|---|
"""


def main(names: list[str]) -> None:
    """``names``: files to play whole; events (``B01``), minute by minute from 2 days before to 2 days after with the 33 days
    before as first history; ``--table`` to play none and write the page again."""
    folder = Path(os.environ["FENGSUI_REAL_DATA"])
    OUT.mkdir(parents=True, exist_ok=True)
    events = read_events(folder, {})
    known = {event.event_id: event for event in events}
    for name in [] if names == ["--table"] else names or list(MAPPINGS):
        if name in known:
            event = known[name]
            _replay(folder, event.dataset, name, event)
        else:
            _replay(folder, name, name)
    whole = {name: rows for name in MAPPINGS if (rows := _read(name)) is not None}
    heard = [(event, rows) for event in events if (rows := _read(event.event_id) or whole.get(event.dataset)) is not None]
    seen = [see(event, rows) for event, rows in heard]
    head = HEAD.format(n=len(seen), missing=_missing(events, seen))
    text = head + "".join(_line(one) for one in seen) + _quiet(events, whole)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def _replay(folder: Path, dataset: str, name: str, event: Event | None = None) -> None:
    mapping = HERE / MAPPINGS[dataset]
    rules = mapping.with_suffix(".rules.json")
    extra = rules if rules.exists() else None
    began = time.process_time()
    stretch = (None, None, None) if event is None else (event.start - BEFORE, event.end + AFTER, event.start - LIVE)
    start, end, live_from = stretch
    played = run(
        folder / f"{dataset}.csv.gz",
        mapping,
        start=start,
        end=end,
        live_from=live_from,
        out=OUT / f"{name}.csv",
        rules=extra,
        lang="en",
    )
    rate = played.virtual_minutes / (time.process_time() - began)
    print(f"{name}: {played.virtual_minutes} virtual minutes, {played.rows} rows, {rate:.0f} a CPU second")
    span = f"{played.first.isoformat()} {played.last.isoformat()}"
    (OUT / f"{name}.span").write_text(span, encoding="utf-8")


def _missing(events: list[Event], seen: list[Seen]) -> str:
    left = {event.event_id for event in events} - {one.event.event_id for one in seen}
    return f"Not played for this page: {', '.join(sorted(left))}." if left else ""


def _read(name: str) -> list[dict[str, str]] | None:
    path = OUT / f"{name}.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _line(seen: Seen) -> str:
    first, event = seen.first, seen.event
    if first is None:
        return f"| {event.event_id} | {event.what} | not raised | | | | | {event.suggested} |\n"
    at = datetime.fromisoformat(first["detected_at"])
    lead = _lead(event.plain + timedelta(hours=1) - at) if event.plain else ""
    where = f"{first['metric']} · {first['slice']}"
    when = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    told = (event.event_id, event.what, when, lead, where, TIERS[seen.grade], TIERS[seen.tier], event.suggested)
    return f"| {' | '.join(told)} |\n"


def _lead(ahead: timedelta) -> str:
    minutes = round(ahead.total_seconds() / 60)
    return f"{minutes:+d} min" if abs(minutes) < 120 else f"{minutes / 60:+.1f} h"


def _quiet(events: list[Event], played: Mapping[str, list[dict[str, str]]]) -> str:
    lines = ["\n## Outside the events\n\nAlerts a week that are no part of another, after the first eight days of a file.\n"]
    lines += ["\n| file | any tier | important or higher | severe |\n|---|---|---|---|\n"]
    for name, rows in played.items():
        first, last = (datetime.fromisoformat(text) for text in (OUT / f"{name}.span").read_text(encoding="utf-8").split())
        rate = outside(rows, [event for event in events if event.dataset == name], first, last)
        lines.append(f"| {name} | {rate[1]:.2f} | {rate[2]:.2f} | {rate[3]:.2f} |\n")
    return "".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
