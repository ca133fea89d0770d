"""``fengsui backtest``: strictly online, and clear about every line that cannot be read."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner, Result

from detectors import registry
from detectors.base import Context, DayType, Reading, Tier, step
from fengsui.backtest.events import Event
from fengsui.backtest.fault import Kind
from fengsui.backtest.judge import account
from fengsui.backtest.play import Step
from fengsui.backtest.series import Row
from fengsui.cli import main
from fengsui.locale import has

START = datetime(2026, 3, 2)  # noqa: DTZ001
QUARTER = timedelta(minutes=15)
Run = Callable[..., Result]


def week(days: int = 12, factor: float = 8.0) -> list[int]:
    """Counts of quarter-hours with an afternoon flood on the tenth day."""
    rng, hours = np.random.default_rng(4), (np.arange(days * 96) % 96) / 4
    mean = 0.5 + 7 * np.exp(-0.5 * ((hours - 13) / 3.5) ** 2)
    mean[9 * 96 + 56 : 9 * 96 + 64] *= factor
    return [int(value) for value in rng.poisson(mean)]


def write(path: Path, rows: Sequence[str], head: str = "timestamp,value") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def times(n: int, length: timedelta = QUARTER) -> list[str]:
    return [(START + i * length).isoformat() for i in range(n)]


@pytest.fixture
def backtest(tmp_path: Path) -> Run:
    def run(*words: str, lang: str = "en") -> Result:
        return CliRunner().invoke(main, ["--home", str(tmp_path), "--lang", lang, "backtest", *words])

    return run


@pytest.fixture
def flood(tmp_path: Path) -> Path:
    values = week()
    return write(tmp_path / "s.csv", [f"{at},{value}" for at, value in zip(times(len(values)), values, strict=True)])


COUNT = ("--kind", "count", "--interval", "15min", "--calendar", "none")


def test_steps_are_what_the_detector_says_one_by_one(backtest: Run, flood: Path, tmp_path: Path) -> None:
    out = tmp_path / "steps.csv"
    assert backtest(str(flood), *COUNT, "--out", str(out)).exit_code == 0
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["timestamp", "value", "expected", "lower", "upper", "score", "p_value", "ready", "alarm", "grade"]
    detector = registry.make("count_surprise", step_s=900)
    for row, value, at in zip(rows, week(), times(12 * 96), strict=True):
        local = datetime.fromisoformat(at)
        start = (local - timedelta(hours=8)).replace(tzinfo=UTC)
        day: DayType = "weekend" if local.weekday() >= 5 else "workday"
        said = step(detector, Reading("x", start, start + QUARTER, value, None, True, Context(local, day, (), 0.5)))
        assert (row["timestamp"], row["grade"]) == (at, said.grade.name.lower())
        assert (row["ready"], row["alarm"]) == (str(int(said.ready)), str(int(said.grade > 0)))
        assert float(row["score"]) == pytest.approx(said.score, rel=1e-5)
        assert float(row["expected"]) == pytest.approx(said.expected or 0.0, rel=1e-8)


def test_the_future_does_not_reach_back(backtest: Run, flood: Path, tmp_path: Path) -> None:
    lines = flood.read_text(encoding="utf-8").splitlines()
    whole, half = tmp_path / "whole.csv", tmp_path / "half.csv"
    backtest(str(flood), *COUNT, "--out", str(whole))
    backtest(str(write(tmp_path / "cut.csv", lines[1:900])), *COUNT, "--out", str(half))
    assert half.read_text().splitlines() == whole.read_text().splitlines()[:900]


def test_alarms_are_judged_against_events(backtest: Run, flood: Path, tmp_path: Path) -> None:
    events = write(
        tmp_path / "e.csv",
        [
            "2026-03-11T14:00,2026-03-11T16:00,flood",
            "2026-03-12T14:00,2026-03-12T16:00,nothing",
            "2026-01-01T00:00,2026-01-01T01:00,long ago",
        ],
        "start,end,name",
    )
    said = backtest(str(flood), *COUNT, "--events", str(events))
    assert said.exit_code == 0
    assert "1 alarms" in said.output and "✓ flood: alarm after" in said.output and "✖ nothing: no alarm" in said.output
    assert "precision 100%" in said.output and "recall 50%" in said.output and "1 more events lie outside" in said.output
    chinese = backtest(str(flood), *COUNT, "--events", str(events), lang="zh_CN").output
    assert "预警 1 次" in chinese and "发现率 50%" in chinese


def test_missing_steps_are_counted_and_are_not_zeros(backtest: Run, tmp_path: Path) -> None:
    values = week(factor=1.0)
    rows = [f"{at},{value}" for at, value in zip(times(len(values)), values, strict=True)]
    out = tmp_path / "o.csv"
    said = backtest(str(write(tmp_path / "s.csv", rows[:400] + rows[440:] + [])), *COUNT, "--out", str(out))
    assert "(40 missing)" in said.output
    assert len(out.read_text().splitlines()) == len(rows) - 40 + 1


def test_shares_durations_days_and_weeks_are_read(backtest: Run, tmp_path: Path) -> None:
    rng, out = np.random.default_rng(1), tmp_path / "o.csv"
    shares = [f"{at},{rng.binomial(20, 0.9)},20" for at in times(300)]
    series = write(tmp_path / "share.csv", shares, "timestamp,value,exposure")
    assert backtest(str(series), "--kind", "share", "--interval", "15min").exit_code == 0
    seconds = [f"{at},{math.exp(rng.normal(5, 0.1)):.1f}" for at in times(300)]
    series = write(tmp_path / "d.csv", seconds)
    assert backtest(str(series), "--kind", "duration", "--interval", "15min", "--out", str(out)).exit_code == 0
    with out.open(encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    assert 140 < float(last["expected"]) < 157 and 60 < float(last["lower"]) < 140 < 157 < float(last["upper"]) < 400
    for name, length in (("1d", timedelta(days=1)), ("7d", timedelta(days=7))):
        rows = [f"{at},{rng.poisson(20)}" for at in times(60, length)]
        said = backtest(str(write(tmp_path / f"{name}.csv", rows)), "--kind", "count", "--interval", name)
        assert said.exit_code == 0 and "read 60 steps (0 missing)" in said.output


def test_days_follow_the_wall_clock_where_clocks_change(backtest: Run, tmp_path: Path) -> None:
    """New York changes its clocks on 2026-03-08: the day has 23 hours, and is a day."""
    rows = [f"{at},{i % 5 + 3}" for i, at in enumerate(times(30, timedelta(days=1)))]
    series = write(tmp_path / "s.csv", rows)
    said = backtest(str(series), "--kind", "count", "--interval", "1d", "--zone", "America/New_York", "--calendar", "US")
    assert said.exit_code == 0 and "(0 missing)" in said.output


BAD_ROWS = {
    "s.csv line 3: timestamp is “soon”, which is no time": ["2026-03-02T00:00,1", "soon,2"],
    "s.csv line 2: value is “many”; a finite number": ["2026-03-02T00:00,many"],
    "s.csv line 2: value is “nan”": ["2026-03-02T00:00,nan"],
    "s.csv line 2: value is “1e12”": ["2026-03-02T00:00,1e12"],
    "s.csv line 2: value is -1 and must not be below 0": ["2026-03-02T00:00,-1"],
    "s.csv line 3: 2026-03-02T00:00 is not after 2026-03-02T00:00": ["2026-03-02T00:00,1", "2026-03-02T00:00,2"],
    "s.csv line 3: 2026-03-02T00:10 is not on the grid of 15 min": ["2026-03-02T00:00,1", "2026-03-02T00:10,2"],
    "s.csv has no row": [],
}


@pytest.mark.parametrize(("message", "rows"), BAD_ROWS.items(), ids=list(BAD_ROWS))
def test_a_bad_row_is_named(backtest: Run, tmp_path: Path, message: str, rows: list[str]) -> None:
    said = backtest(str(write(tmp_path / "s.csv", rows)), *COUNT)
    assert said.exit_code == 1 and message in said.output


def test_bad_shares_are_named(backtest: Run, tmp_path: Path) -> None:
    share = ("--kind", "share", "--interval", "15min")
    series = write(tmp_path / "s.csv", ["2026-03-02T00:00,5"])
    assert "needs a column exposure" in backtest(str(series), *share).output
    series = write(tmp_path / "s.csv", ["2026-03-02T00:00,5,4"], "timestamp,value,exposure")
    assert "line 2: value 5 is larger than exposure 4" in backtest(str(series), *share).output


def test_bad_files_and_options_are_named(backtest: Run, flood: Path, tmp_path: Path) -> None:
    assert "no column value; it has: timestamp, n" in backtest(str(write(tmp_path / "h.csv", [], "timestamp,n")), *COUNT).output
    (tmp_path / "z.csv").write_bytes(b"timestamp,value\n\xff\xfe,1\n")
    assert "z.csv cannot be read" in backtest(str(tmp_path / "z.csv"), *COUNT).output
    assert "an interval of 420s cannot be" in backtest(str(flood), "--kind", "count", "--interval", "7min").output
    assert backtest(str(flood), "--kind", "count", "--interval", "often").exit_code == 2
    assert "unknown calendar Atlantis" in backtest(str(flood), *COUNT[:4], "--calendar", "Atlantis").output
    assert "unknown time zone Mars/Olympus" in backtest(str(flood), *COUNT, "--zone", "Mars/Olympus").output
    assert "no detector magic; there are: count_surprise" in backtest(str(flood), *COUNT, "--detector", "magic").output
    assert "share_drift does not read count" in backtest(str(flood), *COUNT, "--detector", "share_drift").output
    assert "cannot write" in backtest(str(flood), *COUNT, "--out", str(tmp_path / "no" / "o.csv")).output
    events = write(tmp_path / "e.csv", ["2026-03-11T14:00,2026-03-11T13:00"], "start,end")
    assert "line 2: the end 2026-03-11T13:00 is not after" in backtest(str(flood), *COUNT, "--events", str(events)).output


def test_a_short_series_says_that_the_detector_still_learns(backtest: Run, tmp_path: Path) -> None:
    series = write(tmp_path / "s.csv", [f"{at},3" for at in times(20)])
    assert "still learning" in backtest(str(series), *COUNT).output


def test_every_fault_has_words() -> None:
    for kind in get_args(Kind):
        assert has("zh_CN", f"cli.backtest.{kind}") and has("en", f"cli.backtest.{kind}")


def said(grades: dict[int, int], n: int = 400) -> list[Step]:
    """Steps with these grades; the rest calm."""
    out = []
    for i in range(n):
        at = (START + i * QUARTER).replace(tzinfo=UTC)
        row = Row(i + 2, at.isoformat(), at, at.replace(tzinfo=None), 1.0, None)
        out.append(Step(row, 1.0, 0.0, 3.0, 0.0, 1.0, i >= 96, Tier(grades.get(i, 0)), QUARTER))
    return out


def event(first: int, last: int) -> Event:
    start, end = said({})[first].row.start, said({})[last].row.start
    return Event(f"{first}", start, end)


def test_near_alarms_are_one_and_an_hour_after_an_event_still_counts() -> None:
    found = account(said({200: 1, 206: 3, 300: 1}), [event(202, 204), event(296, 298), event(340, 344)])
    assert [alarm.grade for alarm in found.alarms] == [Tier.SEVERE, Tier.GENERAL]
    assert found.about == 2 and found.precision == 1.0 and found.recall == pytest.approx(2 / 3)
    assert [one.delay for one in found.found] == [timedelta(minutes=75), timedelta(minutes=75), None]
    assert found.per_week == pytest.approx(2 / (304 / 672))
