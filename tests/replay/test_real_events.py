"""Real records, played through the real road: what must be seen in time, and what must not cry wolf.

Needs the folder of ``FENGSUI_REAL_DATA`` (real records are no part of this repository). Weights and rules are those that every
centre is seeded with; nothing names an event, a date or a file.
"""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fengsui.replay.main import run

MAPPINGS = Path(__file__).parents[2] / "benchmarks" / "real_events"
RISES = ("opened", "raised", "refired")
Rows = list[dict[str, str]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def played(file: str, mapping: str, start: str, end: str, out: Path, *, live_from: str) -> Rows:
    """Five weeks before are the history that the worker finds; from ``live_from`` it is walked minute by minute."""
    folder = os.environ.get("FENGSUI_REAL_DATA")
    if not folder:
        pytest.skip("FENGSUI_REAL_DATA names no folder with the real records")
    run(Path(folder) / file, MAPPINGS / mapping, start=at(start), end=at(end), live_from=at(live_from), out=out, quiet=True)
    with out.open(encoding="utf-8", newline="") as written:
        return list(csv.DictReader(written))


def reached(rows: Rows, tier: int, start: str, end: str, rules: tuple[str, ...] = ("complaints",)) -> Rows:
    """Machine transitions that lift an alert to ``tier`` or above in ``[start, end)``."""
    return [
        row
        for row in rows
        if row["change"] in RISES
        and int(row["tier"]) >= tier
        and at(start) <= datetime.fromisoformat(row["detected_at"]) < at(end)
        and row["rule"].startswith(rules)
    ]


def test_a_world_wide_outage_is_raised_at_once_and_severe_within_the_hour(tmp_path: Path) -> None:
    """F06: a browser stops working on 2022-01-13; the posts begin at 08:00 UTC. The weeks before were calm."""
    rows = played(
        "sumo_firefox_2020-10_2022-12.csv.gz",
        "sumo.toml",
        "2021-12-09T07:30",
        "2022-01-13T09:15",
        tmp_path / "a.csv",
        live_from="2022-01-12T08:00",
    )
    assert reached(rows, 1, "2022-01-13T08:00", "2022-01-13T08:30:01")
    assert reached(rows, 2, "2022-01-13T08:00", "2022-01-13T08:40:01")
    assert reached(rows, 3, "2022-01-13T08:00", "2022-01-13T09:10:01")
    assert not reached(rows, 3, "2021-12-09T00:00", "2022-01-13T08:00")


def test_a_hurricane_is_severe_by_noon_and_the_deadlines_missed_after_it_are_seen(tmp_path: Path) -> None:
    """B01: a hurricane on 2011-08-28; then deadlines are missed. The city's clock is four hours behind UTC."""
    rows = played(
        "boston311_2011-07_2011-12.csv.gz",
        "boston311.toml",
        "2011-07-24T07:00",
        "2011-08-30T16:00",
        tmp_path / "b.csv",
        live_from="2011-08-28T04:00",
    )
    assert reached(rows, 1, "2011-08-28T09:00", "2011-08-28T16:00")
    assert reached(rows, 3, "2011-08-28T09:00", "2011-08-28T16:00:01")
    assert reached(rows, 1, "2011-08-28T12:00", "2011-08-30T16:00", ("sla",))


def test_a_batch_of_paper_is_not_severe(tmp_path: Path) -> None:
    """B07: 173 potholes entered by employees on 2011-08-12."""
    rows = played(
        "boston311_2011-07_2011-12.csv.gz",
        "boston311.toml",
        "2011-07-08T04:00",
        "2011-08-13T04:15",
        tmp_path / "c.csv",
        live_from="2011-08-12T00:00",
    )
    assert not reached(rows, 3, "2011-08-12T04:00", "2011-08-13T04:00", ("",))
