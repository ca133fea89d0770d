"""One line per detector and way of alarming, with intervals; rows of the tables in docs/detection-benchmark.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection import judge_a, judge_b
from benchmarks.detection.bootstrap import interval
from benchmarks.detection.judge_b import Account
from benchmarks.detection.series import Series
from benchmarks.detection.verdicts import Said

RATES = (0.01, 0.025)
BUDGETS = (1.0, 0.2)
OURS, RIVAL = "count_surprise", "farringtonFlexible"


def lines_a(said: Mapping[str, Sequence[Said]], series: Sequence[Series]) -> Iterator[str]:
    yield "| detector | alarms | FPR | F1 | POD | POD, first week |"
    yield "|---|---|---|---|---|---|"
    matched = {}
    for name, heard in said.items():
        for rate in RATES:
            rows = judge_a.table(heard, series, judge_a.threshold(heard, series, rate))
            matched[name, rate] = rows
            yield _row_a(name, f"matched at {rate:.1%}", rows)
        if heard[0].alarm is not None:
            rows = judge_a.table(heard, series, None)
            scenario, worst = max(judge_a.by_scenario(rows, series).items(), key=lambda pair: pair[1])
            yield _row_a(name, f"its own (worst scenario {scenario}: {worst:.3f})", rows)
    if OURS in said and RIVAL in said:
        for rate in RATES:
            yield from _gains(matched[OURS, rate], matched[RIVAL, rate], rate)


def _row_a(name: str, how: str, rows: judge_a.Table) -> str:
    figure = judge_a.figure(rows)
    shown = [_with(getattr(figure, field), _of_a(rows, field)) for field in ("f1", "pod", "first")]
    return f"| {name} | {how} | {figure.fpr:.4f} | {' | '.join(shown)} |"


def _of_a(rows: judge_a.Table, field: str) -> tuple[float, float]:
    return interval(len(rows), lambda places: float(getattr(judge_a.figure(rows[places]), field)))


def _gains(ours: judge_a.Table, rival: judge_a.Table, rate: float) -> Iterator[str]:
    yield ""
    for field in ("f1", "pod", "first"):

        def gain(places: NDArray[np.intp], field: str = field) -> float:
            return float(getattr(judge_a.figure(ours[places]), field) - getattr(judge_a.figure(rival[places]), field))

        value = gain(np.arange(len(ours)))
        yield f"{OURS} less {RIVAL} at {rate:.1%}, same series: {field} {_with(value, interval(len(ours), gain), '+.3f')}"


def lines_b(said: Mapping[str, Sequence[Said]], series: Sequence[Series]) -> Iterator[str]:
    yield "| detector | alarms | false a week | p90 | worst | POD g | POD i | POD s | delay, min | exact | severe recall |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for name, heard in said.items():
        yield from rows_b(name, heard, series)


def rows_b(name: str, heard: Sequence[Said], series: Sequence[Series]) -> Iterator[str]:
    """One detector: matched at each budget, then its own alarms where it has some."""
    for budget in BUDGETS:
        above = judge_b.threshold(heard, series, budget)
        yield _row_b(name, f"matched at {budget:g}", judge_b.accounts(heard, series, above))
    if heard[0].alarm is not None:
        yield _row_b(name, "its own", judge_b.accounts(heard, series, None), graded=heard[0].grade is not None)


def _row_b(name: str, how: str, found: Sequence[Account], graded: bool = False) -> str:
    figure = judge_b.figure(found)
    pod = [_with(figure.pod[i], _of_b(found, lambda one, i=i: one.pod[i])) for i in range(3)]  # type: ignore[misc]
    delay = "/".join(f"{value:.0f}" for value in figure.delay)
    false = _with(figure.false, _of_b(found, lambda one: one.false), ".2f")
    grades = ["", ""]
    if graded:
        grades[0] = _with(figure.exact, _of_b(found, lambda one: one.exact))
        grades[1] = _with(figure.severe_recall, _of_b(found, lambda one: one.severe_recall))
    return f"| {name} | {how} | {false} | {figure.p90:.2f} | {figure.worst:.2f} | {' | '.join([*pod, delay, *grades])} |"


def _of_b(found: Sequence[Account], field: judge_b.Field) -> tuple[float, float]:
    return interval(len(found), lambda places: field(judge_b.figure([found[i] for i in places])))


def _with(value: float, around: tuple[float, float], form: str = ".3f") -> str:
    return f"{value:{form}} [{around[0]:{form}}, {around[1]:{form}}]"
