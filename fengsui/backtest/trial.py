"""A detector over the history that the store holds, beside the rule in force: the same roll-ups, calendar, known events and
detectors as the engine's own, strictly online.

What lies before the period is learned; in the period each step is judged by what was known before it, then learned. Old steps
are quarters of an hour, for minutes are only kept for days (contracts §4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection

from detectors import registry
from detectors.base import Tier, Verdict
from fengsui.backtest.events import Event
from fengsui.backtest.judge import Account, account
from fengsui.backtest.picture import points
from fengsui.backtest.play import Step, units
from fengsui.backtest.series import Row
from fengsui.backtest.truth import happened, opened
from fengsui.backtest.wish import Place, Wish
from fengsui.engine import warm
from fengsui.engine.live import Live, build_detector
from fengsui.engine.plan import matches
from fengsui.engine.planned import Planned
from fengsui.engine.readings import Clock, Maker, announced
from fengsui.engine.rules import Rule, detector_rules, in_force
from fengsui.engine.said import stretches
from fengsui.engine.warm import Span
from fengsui.metrics.catalogue import metric_of
from fengsui.store.slices import ALL, bucket, slice_id, slice_levels

AT_ONCE = 2000
QUARTER = 15
Said: TypeAlias = "float | dict[str, Any]"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to judge a series. ``direction``: which side is bad."""

    rule: Rule
    direction: str


def trial(conn: Connection, wish: Wish, place: Place, now: datetime) -> Iterator[Said]:
    """How far it is, again and again; at last ``{"slices": […], "steps": n}``. ``ValueError`` for a bad parameter."""
    clock = Clock(place.zone, place.calendar)
    clock.renew(conn, now)
    jobs = [(key, one) for key in wish.slice_keys for one in (_asked(wish, key), _ruling(conn, wish, key, now))]
    found: dict[str, dict[str, Any]] = {}
    steps = 0
    for n, (key, contender) in enumerate(jobs):
        told = found.setdefault(key, {"slice_key": key})
        if contender is None:
            continue
        judged: list[Step] = []
        for done in _played(conn, contender, key, wish, place, clock, now):
            if isinstance(done, float):
                yield (n + done) / len(jobs)
            else:
                judged.append(done)
        steps += len(judged)
        mine = contender.rule.rule_id == ""
        told["asked" if mine else "ruling"] = _told(conn, contender, judged, wish, key)
        if mine:
            told |= {"points": points(judged, metric_of(wish.metric).step_shape), "opened": _opened(conn, wish, key)}
    yield {"slices": list(found.values()), "steps": steps}


def _asked(wish: Wish, key: str) -> Contender:
    levels = slice_levels(key)
    cuboid = "|".join(sorted(levels)) or ALL
    length = wish.parameters.get("step_s") or _step_of(wish.detector)
    numbers = dict(wish.parameters)
    return Contender(
        Rule("", 0, wish.metric, cuboid, levels, "head", int(length), wish.detector, numbers, wish.budget, 1), wish.direction
    )


def _step_of(detector: str) -> int:
    """The base step of a detector whose parameters do not say otherwise."""
    return next((int(one.default) for one in registry.describe(detector).parameters if one.name == "step_s"), QUARTER * 60)


def _ruling(conn: Connection, wish: Wish, key: str, now: datetime) -> Contender | None:
    """The rule that judges this series now: of the same detector if there is one."""
    bodies = {id_: body for id_, _, body in in_force(conn, "rule", now)}
    levels = slice_levels(key)
    cuboid = "|".join(sorted(levels)) or ALL
    rules = [
        rule
        for rule in detector_rules(conn, now)
        if bodies[rule.rule_id].get("mode", "on") == "on"
        and (rule.metric, rule.cuboid, rule.role) == (wish.metric, cuboid, "head")
        and matches(levels, rule.where)
    ]
    rules.sort(key=lambda rule: (rule.detector != wish.detector, rule.rule_id))
    return Contender(rules[0], bodies[rules[0].rule_id].get("direction", "both")) if rules else None


def _played(
    conn: Connection, contender: Contender, key: str, wish: Wish, place: Place, clock: Clock, now: datetime
) -> Iterator[float | Step]:
    """Progress from 0 to 1 and the judged steps."""
    planned = Planned(key, slice_id(key), key, None, contender.rule)
    shape = metric_of(wish.metric).shape
    known = [one for one in stretches(conn, now) if one.end_at <= wish.start]  # what is said of the period was not known in it
    maker = Maker(planned, clock, announced(conn, now), shape, known)
    live = Live(planned, build_detector(contender.rule.detector, contender.rule.parameters), maker)
    end = bucket(min(wish.end, now), QUARTER)
    spans = _spans(conn, planned, live.minutes, end, bucket(wish.start, QUARTER), warm.minute_cut(now, place.minute_days))
    whole, done = max(1, sum(span.steps for span in spans)), 0
    begin = bucket(wish.start, QUARTER)
    outward = units(live.detector.kind)[1]
    for part, cells in warm.history(conn, planned, spans):
        for at in range(part.start, part.end, part.minutes):
            usual = maker.learnable(at, part.minutes)
            reading = maker.reading(at, part.minutes, cells.get(at), usual)
            if at >= begin:
                verdict = live.detector.judge_one(reading)
                yield _step(verdict, reading.exposure, part.minutes, contender, outward)
            live.detector.learn_one(reading)
            done += 1
            if done % AT_ONCE == 0:
                yield done / whole


def _spans(conn: Connection, planned: Planned, minutes: int, end: int, begin: int, cut: int) -> list[Span]:
    """Quarters of an hour up to where minutes are kept and judged, then steps of the rule."""
    first = warm.first_bucket(conn, planned, end)
    if minutes >= QUARTER:
        return [Span(-(-first // minutes) * minutes, end - end % minutes, minutes)]
    first = -(-first // QUARTER) * QUARTER
    turn = min(max(first, begin, cut), end)
    return [Span(first, turn, QUARTER), Span(turn, end, minutes)]


def _step(
    verdict: Verdict, exposure: float | None, minutes: int, contender: Contender, outward: Callable[[float], float]
) -> Step:
    bad = contender.direction == "both" or verdict.direction == contender.direction
    value, expected, lower, upper = (
        None if one is None else outward(one) for one in (verdict.value, verdict.expected, verdict.lower, verdict.upper)
    )
    row = Row(0, "", verdict.start, verdict.start, value, exposure)
    grade = verdict.grade if bad else Tier.NONE
    length = timedelta(minutes=minutes)
    return Step(row, expected, lower, upper, verdict.score, verdict.p_value, verdict.ready, grade, length)


# --- as plain JSON ---------------------------------------------------------------------------------------------------


def _told(conn: Connection, contender: Contender, judged: Sequence[Step], wish: Wish, key: str) -> dict[str, Any]:
    real, calm = happened(conn, wish, key)
    found = account(judged, real)
    rule = contender.rule
    return {
        "rule_id": rule.rule_id,
        "rule_version": rule.version,
        "detector": rule.detector,
        "parameters": dict(rule.parameters),
        "budget": rule.budget,
        "weeks": found.weeks,
        "alarms": [[bucket(one.start, 1), bucket(one.end, 1), int(one.grade)] for one in found.alarms],
        "per_week": _per_week(found),
        "events": [_event(one.event, one.delay, int(one.grade)) for one in found.found],
        "outside": found.outside,
        "wrong": sum(any(one.start < calm_.end and calm_.start < one.end for calm_ in calm) for one in found.alarms),
    }


def _event(event: Event, delay: timedelta | None, grade: int) -> Mapping[str, Any]:
    seconds = None if delay is None else delay.total_seconds()
    return {
        "name": event.name,
        "start": bucket(event.start, 1),
        "end": bucket(event.end, 1),
        "delay_s": seconds,
        "grade": grade,
    }


def _per_week(found: Account) -> dict[str, float]:
    """By grade; empty where the detector was never ready."""
    if not found.weeks:
        return {}
    return {str(tier): sum(int(one.grade) == tier for one in found.alarms) / found.weeks for tier in (1, 2, 3)}


def _opened(conn: Connection, wish: Wish, key: str) -> list[list[int]]:
    return [[bucket(one.started_at, 1), one.tier] for one in opened(conn, wish, key)]
