"""Doors that open and close: what comes at the same time every day is no event, and what does not still is."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest

from detectors import registry
from detectors.base import Tier, Verdict, step
from detectors.timetable import Timetable
from tests.detectors.simulate import Series, counts, readings
from tests.detectors.test_count_surprise import A_DAY, QUARTER, episodes, quarterly

OPEN, CLOSE = 28, 84  # quarters of the day: seven and nine in the evening
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def hotline(days: int, per_week: float) -> Series:
    """A hotline that is staffed from seven to nine in the evening, and not at all at weekends."""
    mean = quarterly(days, per_week)
    for day in range(days):
        today = slice(day * A_DAY, (day + 1) * A_DAY)
        start = readings(mean[:1], QUARTER, first=day * 86400)[0].context.local
        mean[today][:OPEN] = mean[today][CLOSE:] = 0.0
        mean[today] *= start.weekday() < 5
    return mean


def told(values: Series, sided: str = "both") -> list[Verdict]:
    detector = registry.make("count_surprise", step_s=QUARTER, sided=sided)
    return [step(detector, x) for x in readings(values, QUARTER)]


@pytest.mark.parametrize("per_week", [2000, 20_000, 200_000])
def test_a_hotline_that_opens_at_seven_and_rests_at_weekends_is_no_alarm_each_morning(per_week: float) -> None:
    mean = hotline(42, per_week)
    verdicts = told(counts(1, mean))
    late = slice(21 * A_DAY, None)
    assert episodes(verdicts[late], apart=24) <= 3  # three weeks at 0.5 a week
    assert not any(verdict.grade >= Tier.SEVERE for verdict in verdicts[late])
    opening = [i for i in range(21 * A_DAY + OPEN, 42 * A_DAY, A_DAY) if mean[i]]
    assert sum(verdicts[i].expected or 0 for i in opening) == pytest.approx(mean[opening].sum(), rel=0.2)
    weekend = [i for i in range(21 * A_DAY, 42 * A_DAY) if not mean[i - i % A_DAY + 48]]
    assert sum(verdicts[i].expected or 0 for i in weekend) < 0.05 * mean[late].sum()


def test_a_morning_without_calls_and_one_with_twice_as_many_are_still_found() -> None:
    values = counts(2, hotline(38, 20_000))
    friday = next(day for day in range(30, 38) if values[day * A_DAY + 40 : day * A_DAY + 48].sum() > 0)
    silent, flood = values.copy(), values.copy()
    silent[friday * A_DAY + 40 : friday * A_DAY + 48] = 0
    flood[friday * A_DAY + OPEN : friday * A_DAY + OPEN + 4] *= 2
    assert any(verdict.grade and verdict.direction == "down" for verdict in told(silent)[friday * A_DAY + 40 :][:8])
    assert any(verdict.grade and verdict.direction == "up" for verdict in told(flood)[friday * A_DAY + OPEN :][:5])


def at(hour: int, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def visit(table: Timetable, place: tuple[int, int], observed: float, smooth: float, phi: float, a: float) -> None:
    table.learn(place, table.lift(place), observed, smooth, phi, a)


def visited(offs: list[float]) -> float:
    """The lift after visits that lie so far off a smooth course of 100."""
    table = Timetable(QUARTER)
    for off in offs:
        visit(table, (0, 28), 100 * math.exp(off), 100.0, 1.1, 0.01)
    return math.log(table.lift((0, 28)))


@pytest.mark.parametrize(
    ("offs", "lift"),
    [
        ([2.0, 2.0], 0.0),  # two could be an event
        ([2.0, 2.1, 1.9], 2.0),
        ([2.0, 2.1, 1.9, 0.0], 2.0),  # one ordinary day is forgiven,
        ([2.0, 2.1, 1.9, 0.0, 0.0], 0.0),  # two say that it was an event
        ([2.0, 2.1, 1.9, -5.0, -5.0], 2.0),  # two days without data are no news of the timetable
        ([-2.0, -2.1, -1.9], -2.0),
        ([2.0, -2.0, 2.0, -2.0], 0.0),
    ],
)
def test_three_visits_of_five_far_off_make_a_timetable(offs: list[float], lift: float) -> None:
    assert visited(offs) == pytest.approx(lift, abs=0.12)


def test_a_place_that_is_always_a_little_off_is_learned_and_chance_is_not() -> None:
    table, chance = Timetable(QUARTER), Timetable(QUARTER)
    for day in range(20):
        for quarter in range(A_DAY):
            bump = 1.2 if quarter % 8 == 0 else 1.0
            noise = 1 + 0.05 * math.sin(1.7 * day + quarter)
            visit(table, (0, quarter), 2000 * bump * noise, 2000.0, 1.1, 0.004)
            visit(chance, (0, quarter), 2000 * noise, 2000.0, 1.1, 0.004)
    assert table.lift((0, 8)) == pytest.approx(1.2, abs=0.04)
    assert table.lift((0, 9)) == pytest.approx(1.0, abs=0.02)
    assert all(chance.lift((0, quarter)) == pytest.approx(1.0, abs=0.02) for quarter in range(A_DAY))


def test_a_place_whose_visits_scatter_more_says_so_and_one_wild_day_does_not() -> None:
    table = Timetable(QUARTER)
    for day in range(14):
        visit(table, (0, 1), 2000 * (1.3 if day % 2 else 0.75), 2000.0, 1.1, 0.004)
        visit(table, (0, 2), 2000 * (3.0 if day == 9 else 1.0), 2000.0, 1.1, 0.004)
    assert table.scatter((0, 1)) > 4
    assert table.scatter((0, 2)) == table.scatter((0, 3)) == 1.0


def test_days_are_sorted_as_people_work() -> None:
    table = Timetable(QUARTER)
    assert table.place(at(7), "workday") == (0, 28)
    assert table.place(at(7, day=7), "weekend") == (1, 28)
    assert table.place(at(7, day=7), "makeup") == (0, 28)
    assert table.place(at(7, day=8), "weekend") == (2, 28)
    assert table.place(at(7), "holiday") == (3, 28)


def test_a_week_has_no_time_of_day() -> None:
    table = Timetable(7 * 86400)
    place = table.place(MONDAY, "workday")
    visit(table, place, 500.0, 100.0, 1.1, 0.01)
    assert (table.lift(place), table.scatter(place), table.is_new(place)) == (1.0, 1.0, False)


def test_the_state_comes_back_as_it_was() -> None:
    table = Timetable(QUARTER)
    for day in range(9):
        for quarter in range(0, A_DAY, 3):
            visit(table, (day % 4, quarter), 7.0 * day + quarter, 30.0, 1.2, 0.01)
    again = Timetable(QUARTER)
    again.load(json.loads(json.dumps(table.body())))
    assert again.body() == table.body()
    assert all(
        again.lift((0, q)) == table.lift((0, q)) and again.scatter((1, q)) == table.scatter((1, q)) for q in range(A_DAY)
    )


@pytest.mark.parametrize("dead", [1, 3, 5, 10])
def test_a_line_that_was_dead_for_days_comes_back_without_an_alarm(dead: int) -> None:
    """A batch that delivered zeros, a line that was moved: no timetable, and no new level."""
    values = counts(5, quarterly(35 + dead + 7, 13_000))
    values[35 * A_DAY : (35 + dead) * A_DAY] = 0
    assert episodes(told(values, "up")[(35 + dead) * A_DAY :], apart=24) <= 1


def test_what_is_no_longer_sold_becomes_the_usual_and_its_return_a_surge_of_days() -> None:
    values = counts(5, quarterly(75, 13_000))
    values[35 * A_DAY : 65 * A_DAY] = 0
    verdicts = told(values)
    assert any(verdict.grade for verdict in verdicts[35 * A_DAY : 36 * A_DAY])
    assert not any(verdict.grade for verdict in verdicts[49 * A_DAY : 65 * A_DAY])
    assert any(verdict.grade for verdict in verdicts[65 * A_DAY : 66 * A_DAY])
    assert episodes(verdicts[69 * A_DAY :], apart=24) <= 1
