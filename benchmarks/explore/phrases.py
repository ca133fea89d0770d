"""Whether sudden phrases name what happened, in real posts with labelled events and in real Chinese messages.

``FENGSUI_REAL_DATA=folder python -m benchmarks.explore.phrases``: F05 to F08, each over the whole event, its first 24 and its
first 6 hours, against the 28 days before; then twelve themes, each as 6 messages that hold its word among 60 that do not, held
against messages without it, five draws of each. A hit is a phrase that the label's expression finds; it counts where at least
``ENOUGH`` records hold one. The label file has no expression for F06, an outage; ``OUTAGE`` is ours.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fengsui.explore.phrases import Phrase, burst

POSTS, MESSAGES, EVENTS = (
    "sumo_firefox_2020-10_2022-12.csv.gz", "zh_gov_messages_with_reply_2011_2020.csv.gz", "events.csv",
)  # fmt: skip
WANTED = ("F05", "F06", "F07", "F08")
OUTAGE = r"load|work|internet|page|open|site|connect|firewall"
BEFORE, ENOUGH = timedelta(days=28), 5
MOST_NOW, MOST_BEFORE = 600, 3000  # as the page reads them
THEMES = ("拆迁", "噪音", "停水", "公交", "工资", "路灯", "物业", "垃圾", "医保", "低保", "停电", "学区")
HELD, AROUND, DRAWS, SEED = 6, 60, 5, 20


class Event(NamedTuple):
    name: str
    start: datetime
    end: datetime
    sign: re.Pattern[str]


class Found(NamedTuple):
    records: int
    place: int | None
    """Of the first phrase that is a hit, from 1; among the first ten."""


def main() -> int:
    folder = os.environ.get("FENGSUI_REAL_DATA")
    if not folder:
        print("FENGSUI_REAL_DATA names no folder", file=sys.stderr)
        return 2
    posts = sorted(_posts(Path(folder) / POSTS))
    found = []
    for event in _events(Path(folder) / EVENTS):
        for name, length in (("whole", event.end - event.start), ("24 h", timedelta(hours=24)), ("6 h", timedelta(hours=6))):
            told, one = _asked(posts, event, min(event.end, event.start + length))
            found.append(one)
            place = one.place or "-"
            print(
                f"{event.name} {name:5} {one.records:4} records, hit at {place}: {', '.join(p.text for p in told[:5])}",
                flush=True,
            )
    _say("posts", found)
    _say(
        "Chinese",
        [
            _theme(texts, word, draw)
            for texts in [_messages(Path(folder) / MESSAGES)]
            for word in THEMES
            for draw in range(DRAWS)
        ],
    )
    return 0


def _asked(posts: Sequence[tuple[datetime, str]], event: Event, end: datetime) -> tuple[list[Phrase], Found]:
    window = [text for at, text in posts if event.start <= at < end]
    before = [text for at, text in posts if event.start - BEFORE <= at < event.start]
    some = window[:: max(1, -(-len(window) // MOST_NOW))]
    told = [one for one in burst(some, before[-MOST_BEFORE:]) if not one.number]
    records = sum(bool(event.sign.search(text)) for text in window)
    return told, Found(records, _place(told, event.sign))


def _theme(texts: Sequence[str], word: str, draw: int) -> Found:
    rng = np.random.default_rng([SEED, THEMES.index(word), draw])
    order = [texts[n] for n in rng.permutation(len(texts))]
    held = [text for text in order if word in text][:HELD]
    others = [text for text in order if word not in text]
    told = [one for one in burst([*held, *others[:AROUND]], others[AROUND:][:MOST_BEFORE]) if not one.number]
    return Found(len(held), _place(told, re.compile(re.escape(word))))


def _place(told: Sequence[Phrase], sign: re.Pattern[str]) -> int | None:
    return next((n for n, one in enumerate(told[:10], 1) if sign.search(one.text)), None)


def _say(name: str, found: Sequence[Found]) -> None:
    fair = [one for one in found if one.records >= ENOUGH]
    top, first = (np.mean([one.place is not None and one.place <= most for one in fair]) for most in (10, 1))
    rank = np.mean([1 / one.place if one.place else 0.0 for one in fair])
    print(
        f"{name}: {len(fair)} of {len(found)} windows with {ENOUGH} records; "
        f"top-10 {top:.2f}, first {first:.2f}, MRR {rank:.2f}"
    )


def _events(path: Path) -> Iterator[Event]:
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["event_id"] in WANTED:
                start, end = (datetime.fromisoformat(row[name]).replace(tzinfo=UTC) for name in ("start", "end"))
                yield Event(row["event_id"], start, end, re.compile(row["slice_regex"] or OUTAGE, re.IGNORECASE))


def _posts(path: Path) -> Iterator[tuple[datetime, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["opened_at"] >= "2021-04":
                yield datetime.fromisoformat(row["opened_at"].replace("Z", "+00:00")), row["text"]


def _messages(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [row["text"] for row in csv.DictReader(lines) if row["text"]]


if __name__ == "__main__":
    raise SystemExit(main())
