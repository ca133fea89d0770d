"""Alerts claimed in time, and alerts that were real: the due cohort for ourselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.board.warnings import warnings
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def alert(store: Engine) -> Any:
    made: list[int] = []

    def add(due: int, claimed: int | None, verdict: str | None = None, **more: Any) -> None:
        """Minutes before now at which the claim deadline fell, and at which it was claimed."""
        made.append(1)
        key, at = f"e{len(made)}", NOW - (due + 10) * MINUTE
        zeros = dict.fromkeys(
            ("rule_version", "slice_id", "grade", "peak_grade", "likelihood", "impact", "loss", "score", "peak_score"), 0
        )
        words = {
            "rule_id": "r",
            "metric": "complaints",
            "slice_key": "all",
            "condition": "firing",
            "direction": "up",
            "reason": "x",
        }
        times = {"opened_at": at, "started_at": at, "last_at": at, "claim_due_at": NOW - due * MINUTE}
        lists: dict[str, Any] = {"factors": {}, "reason_params": {}, "explained": []}
        row = {"episode_id": key, "mode": "on", "tier": 2, **zeros, **words, **times, **lists, **more}
        when = None if claimed is None else NOW - claimed * MINUTE
        empty: dict[str, Any] = {"participants": [], "plan_done": [], "handling_version": 0, "state": "new"}
        with store.begin() as conn:
            conn.execute(insert(t.episode).values(**row))
            conn.execute(insert(t.handling).values(episode_id=key, claimed_at=when, verdict=verdict, **empty))

    return add


def test_unclaimed_and_late_are_not_met_and_what_is_not_due_yet_is_not_counted(store: Engine, alert: Any) -> None:
    alert(30, 35, "real")
    alert(30, 30, "false")
    alert(30, 20, "real")
    alert(30, None)
    alert(-5, None)
    alert(90, 95, "real")
    alert(30, 35, "false", mode="shadow")
    alert(30, None, parent_id="e1")
    alert(30, 31, "real", slice_key="channel=App")
    with store.connect() as conn:
        found = warnings(conn, "all", NOW - 60 * MINUTE, NOW)
        app = warnings(conn, "channel=App", NOW - 60 * MINUTE, NOW)
        none = warnings(conn, "channel=邮件", NOW - 60 * MINUTE, NOW)
    assert (found["alert_response"].value, found["alert_response"].n, found["alert_response"].state) == (0.6, 5, "ok")
    assert (found["alert_accuracy"].value, found["alert_accuracy"].n, found["alert_accuracy"].state) == (0.75, 4, "few")
    assert (app["alert_response"].value, none["alert_response"].state) == (1.0, "no_data")
