"""One outage, warned of in stages: work-off time first, tickets at risk next, missed deadlines last; each of its own tier."""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert

from fengsui.alerts import definitions
from fengsui.alerts.bodies import RULE, ThresholdRule
from fengsui.alerts.seeds.rules import THRESHOLDS
from fengsui.alerts.usual import GROWN
from fengsui.metrics.facts import Facts, as_columns
from fengsui.metrics.measures import NO_BIN, contributions
from fengsui.store.slices import bucket, slice_id
from fengsui.store.tables import slice_, slice_source
from tests import rollups
from tests.metrics.outage import END, START, TARGET, Ticket, simulate

T0 = datetime(2026, 11, 19, tzinfo=UTC)
MEASURES = ("feedback.n", "open.n", "open.done", "half.n", "half.left", "due.n", "due.met")
STAGES = {name: RULE.validate_python(THRESHOLDS[name]) for name in ("stage-work-off", "stage-at-risk", "stage-due-breach")}
QUARTER = 0.25
DAY = 24.0


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def cells(tickets: list[Ticket], now: float) -> Counter[tuple[str, int]]:
    """What the roll-ups of a quarter-hour hold at ``now``."""
    found: Counter[tuple[str, int]] = Counter()
    for ticket in (one for one in tickets if one.opened <= now):
        solved = ticket.solved <= now
        seconds = int((ticket.solved - ticket.opened) * 3600) if solved else None
        ends = {"solved_at": at(ticket.solved) if solved else None, "resolution_s": seconds, "resolution_net_s": seconds}
        plain = {"kind": "request", "deleted_at": None, "ratings": [], "tags": {}, "response_target_s": None, "dims": {}}
        times = {
            "opened_at": at(ticket.opened),
            "first_stored_at": at(ticket.opened),
            "came_late_at": None,
            "due_at": at(ticket.due),
            "customer": None,
        }
        row: dict[str, Any] = {**as_columns(Facts()), **plain, **times, **ends}
        found.update({(name, bucket(when, 15)): n for name, _, when, n in contributions(row) if name in MEASURES})
    return found


def calm_days() -> list[Ticket]:
    """Nine days before, 20 an hour, each open for eight minutes."""
    return [Ticket(-9 * DAY + n / 20, -9 * DAY + n / 20 + 8 / 60) for n in range(int(9 * DAY * 20))]


def stored(centre: Any, held: Counter[tuple[str, int]]) -> None:
    rows = [
        {"grain": grain, "slice_id": slice_id("all"), "measure": name, "bucket": when, "bin": NO_BIN, "value": n}
        for (name, when), n in held.items()
        for grain in ((15, 1) if name.startswith("due") else (15,))
    ]
    with centre.store.begin() as conn:
        rollups.forget(conn)
        rollups.put(conn, rows)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_road_raises_them_one_after_another(lite: Any, seed: int) -> None:
    with lite.store.begin() as conn:
        fixed = {"slice_id": slice_id("all"), "cuboid": "all", "slice_key": "all", "dims": {}, "first_at": at(-9 * DAY)}
        conn.execute(insert(slice_).values(**fixed))
        fed = [{"slice_id": slice_id("all"), "measure": name, "source": "crm"} for name in MEASURES]
        conn.execute(insert(slice_source), fed)
        for name in STAGES:
            definitions.save(conn, "rule", name, THRESHOLDS[name], "wang", at(20))
    history, tickets = cells(calm_days(), 1.0), simulate(seed)
    opened: dict[str, float] = {}
    for step in range(round((42 - 28) / QUARTER) + 1):
        hour = 28 + step * QUARTER
        held = cells(tickets, hour)
        held.update(history)
        stored(lite, held)
        lite.now = at(hour) + timedelta(seconds=5)
        lite.advance()
        for row in lite.episodes():
            opened.setdefault(row["rule_id"], hour)
    assert opened["stage-work-off"] >= START and opened["stage-at-risk"] > opened["stage-work-off"]
    tiers = {row["rule_id"]: row["tier"] for row in lite.episodes()}
    assert tiers == {"stage-work-off": 1, "stage-at-risk": 2, "stage-due-breach": 3}
    assert opened["stage-due-breach"] > opened["stage-at-risk"]
    expected = {name: first(tickets, name) for name in STAGES}
    assert opened == expected  # the table below is what the road does
    whole = next(row for row in lite.episodes() if row["rule_id"] == "stage-work-off")
    assert whole["reason"] == "alerts.lead.limit_work_off_up"


# --- sixty seeds, by the seeded numbers ------------------------------------------------------------------------------


def first(tickets: list[Ticket], name: str) -> float | None:
    """The quarter-hour at which a stage fires first, from hour 12 on, by the numbers of its rule."""
    rule = STAGES[name]
    assert isinstance(rule, ThresholdRule)
    opened, solved = (np.array([getattr(one, part) for one in tickets]) for part in ("opened", "solved"))
    back = rule.for_s // rule.every_s
    for hour in np.arange(12 + back * QUARTER, 48, QUARTER):
        limit = _limit(name, rule, figure(name, rule, opened, solved, hour - DAY))
        if name == "stage-work-off" and _stock(opened, solved, hour) <= GROWN * max(_stock(opened, solved, hour - DAY), 3):
            continue
        seen = [figure(name, rule, opened, solved, hour - n * QUARTER) for n in range(back + 1)]
        if all(one is not None and (one < limit if rule.op == "<" else one > limit) for one in seen):
            return float(hour)
    return None


def _stock(opened: Any, solved: Any, now: float) -> int:
    return int(((opened < now) & (solved >= now)).sum())


def figure(name: str, rule: ThresholdRule, opened: Any, solved: Any, now: float) -> float | None:
    """Counted from the tickets themselves; None where it rests on too few."""
    span, due = rule.window_s / 3600, opened + TARGET
    if name == "stage-at-risk":
        return float(((opened + TARGET / 2 < now) & (due >= now) & (solved >= now)).sum())
    if name == "stage-work-off":
        stock, done = ((opened < now) & (solved >= now)).sum(), ((solved >= now - span) & (solved < now)).sum()
        return float(stock * span * 3600 / max(done, 1)) if stock >= rule.min_n else None
    fell = (due >= now - span) & (due < now)
    return float((solved[fell] <= due[fell]).mean()) if fell.sum() >= rule.min_n else None


def _limit(name: str, rule: ThresholdRule, yesterday: float | None) -> float:
    """The days of a week ago were calm: nothing at risk, nothing late, eight minutes to work off."""
    assert rule.times is not None
    if rule.op == "<":
        return min(rule.value, 1 - rule.times * (1 - (1.0 if yesterday is None else yesterday)))
    return max(rule.value, rule.times * max(yesterday or 0.0, 480 if name == "stage-work-off" else 0.0))


def test_over_sixty_seeds_the_first_stage_warns_within_the_hour_and_never_before() -> None:
    found = {name: [first(simulate(seed), name) for seed in range(60)] for name in STAGES}
    late = {name: [hour - START for hour in hours if hour is not None and hour >= START] for name, hours in found.items()}
    early = {name: sum(hour is not None and hour < START for hour in hours) for name, hours in found.items()}
    medians = {name: statistics.median(hours) for name, hours in late.items()}
    assert medians["stage-work-off"] <= 1.1 and early["stage-work-off"] <= 4 and len(late["stage-work-off"]) >= 56
    assert early["stage-at-risk"] == early["stage-due-breach"] == 0
    assert medians["stage-work-off"] < medians["stage-at-risk"] < medians["stage-due-breach"] < 9
    assert len(late["stage-due-breach"]) > 30 and medians["stage-at-risk"] < END - START
