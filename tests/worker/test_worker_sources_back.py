"""Sources that fail for hours, and files that are partly rubbish: nothing is lost, counts are exact, others never wait."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine as Store

from connectors.base import TryLater
from connectors.registry import build
from fengsui.ingest.check import check_store
from fengsui.store import tables as t
from tests.connectors.channel import common
from tests.worker.channel import MINUTE, START, Plant, make_settings

LATE = timedelta(seconds=3)
HOURS, STEP = 2, 10
"""Gone so long; a tick each so many minutes."""


def filled(plant: Plant) -> Plant:
    for n in range(HOURS * 60 + 40):
        for name, every in (("tickets", 2), ("calls", 3)):
            if n % every == 0:
                plant.channels[name].add(START + n * MINUTE, 1, channel=name)
    return plant


def test_a_source_gone_for_hours_delivers_all_that_was_missed_and_the_other_never_waits(small: Plant, tmp_path: Path) -> None:
    line, calls = filled(small).start(), small.channels["calls"]
    seen, faults = [], set()
    for n in range(0, HOURS * 60 + 60, STEP):
        now = START + n * MINUTE + LATE
        calls.broken = TryLater("connectors.later.status", status=503) if STEP <= n < HOURS * 60 else None
        line.minute(now)
        state = {row[0]: row[1:] for row in small.rows(t.source_state, "source", "watermark", "fault", "fault_code")}
        assert now - state["tickets"][0] < timedelta(minutes=STEP + 1)
        faults.add(state["calls"][1:])
        seen.append(len(small.rows(t.feedback, "record_key")))
    assert faults == {(None, None), ("later", "connectors.later.status")}
    whole = sum(len(channel.rows) for channel in small.channels.values())
    assert seen[-1] == whole and seen[HOURS * 60 // STEP - 1] < whole
    away = [row for row in small.rows(t.verdict, "series", "end_at", "complete") if not row[2]]
    assert away, "readings while it was away are incomplete"
    assert check_store(small.store, small.settings, START + timedelta(days=1)).equal


def test_a_folder_with_bad_rows_in_mixed_encodings_is_counted_to_the_row(sqlite_store: Store, tmp_path: Path) -> None:
    """3 % of 3,000 rows are bad, of three sorts, in files of three encodings."""
    folder = tmp_path / "drop"
    folder.mkdir()
    chance, bad, number = random.Random(20261122), 0, 0
    for encoding in ("utf-8", "gb18030", "utf-16"):
        lines = ["编号,时间,渠道,内容"]
        for n in range(1_000):
            number += 1
            wrong = n % 100 in (7, 41, 83)
            bad += wrong
            at, words = f"2026-11-18 {chance.randrange(8, 14):02d}:{n % 60:02d}:00", "网银转账失败，退款 ￥30 迟迟未到"
            sort = ("", "昨天", "2026-02-30 10:00:00")[n % 3]
            lines.append(f"{number},{sort if wrong else at},电话,{words}")
        path = folder / f"{encoding}.csv"
        path.write_bytes("\n".join([*lines, ""]).encode(encoding))
        os.utime(path, ((START - timedelta(hours=1)).timestamp(),) * 2)
    mapping = {"id": "编号", "kind": {"value": "complaint"}, "opened_at": "时间", "text": "内容", "dims": {"channel": "渠道"}}
    source = build("files", common(tmp_path, name="tickets"), {"path": "drop"}, mapping)
    plant = Plant(sqlite_store, make_settings(tmp_path), {"tickets": source})  # type: ignore[dict-item]
    plant.seed(START)
    line = plant.start()
    done = [line.minute(START + n * MINUTE) for n in range(3)]
    assert (sum(one.new for one in done), sum(one.bad for one in done), bad) == (2_910, 90, 90)
    assert len(plant.rows(t.feedback, "record_key")) == 2_910
    held = plant.rows(t.quarantine, "code", "state")
    assert len(held) == 90 and {state for _, state in held} == {"held"}
    assert {row[0] for row in plant.rows(t.feedback_text, "text")} == {"网银转账失败，退款 ￥30 迟迟未到"}
