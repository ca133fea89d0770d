"""Which detectors a figure may have."""

from __future__ import annotations

import pytest

from fengsui.engine import kinds


@pytest.mark.parametrize("metric", ["backlog", "work_off", "waiting_now", "longest_wait"])
def test_what_stands_at_a_time_is_read_as_a_gauge(metric: str) -> None:
    assert [one.name for one in kinds.suited(metric)] == ["gauge"]


def test_counts_shares_and_durations_have_their_own_and_a_score_has_none() -> None:
    first = {metric: [one.name for one in kinds.suited(metric)][:1] for metric in ("complaints", "sla_attainment", "nps")}
    assert first == {"complaints": ["count_surprise"], "sla_attainment": ["share_drift"], "nps": []}
