"""Incidents of the demo centre are raised on the tier they are meant to have, along the whole road under a virtual clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.demo_incidents.stage import FINE_FOR, Stage, copied, warmed

ONSET = datetime(2026, 11, 17, 2, 30, tzinfo=UTC)  # a Tuesday, 10:30 in Shanghai
RISES = ("opened", "raised", "refired")
Rows = list[dict[str, Any]]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A centre of nine days, read and learned."""
    home = tmp_path_factory.mktemp("learned") / "home"
    home.mkdir()
    warmed(home, ONSET, 9).close()
    return home


@pytest.fixture
def raised(learned: Path, tmp_path: Path) -> Callable[[str, int], Rows]:
    """Plays an incident for so many minutes; what rose, oldest first."""

    def play(name: str, minutes: int) -> Rows:
        stage = Stage(copied(learned, tmp_path / name), ONSET)
        try:
            stage.begin(name)
            for _ in stage.play(ONSET + timedelta(minutes=minutes), ONSET + FINE_FOR):
                pass
            return [row for row in stage.seen(ONSET) if row["change"] in RISES]
        finally:
            stage.close()

    return play


def test_a_payment_outage_is_severe_within_two_minutes(raised: Callable[[str, int], Rows]) -> None:
    rows = raised("payment-outage", 3)
    severe = [datetime.fromisoformat(row["detected_at"]) for row in rows if row["tier"] == 3]
    assert severe and min(severe) <= ONSET + timedelta(seconds=121)


def test_a_late_batch_is_important_before_its_hour_is_over_and_not_severe(raised: Callable[[str, int], Rows]) -> None:
    rows = raised("batch-delay", 55)
    assert max(row["tier"] for row in rows) == 2
    assert any("物流" in row["slice"] for row in rows)


def test_questions_about_something_new_are_seen_and_are_no_disaster(raised: Callable[[str, int], Rows]) -> None:
    """Through the whole incident and a quarter of an hour after it: nothing makes a crowd that asks for the way important."""
    rows = raised("self-service-questions", 55)
    assert {row["slice"] for row in rows if row["rule"] == "contacts-category"} == {"category.1=退款退货"}
    letters = "media-regulator"  # some customer or other threatens with the press on any day
    told = [(row["rule"], row["slice"], row["tier"], row["reason"]) for row in rows if row["rule"] != letters]
    assert {tier for _, _, tier, _ in told} == {1}, told
