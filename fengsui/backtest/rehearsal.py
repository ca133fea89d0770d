"""A rule of any kind over the last weeks, before it is switched on: the alerts that it would have raised, by tier and day; and
where those are more than the centre wants, the threshold from which on they are not.

Detectors are played by ``trial``. Phrases, single records and thresholds see the history step by step through the alerts' own
life (``alerts.life``), so hold, calm and burning again are theirs. A limit only ever raises a threshold: it drops no alert.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from fengsui.alerts import definitions, life, threshold_rules
from fengsui.alerts.bodies import DetectorRule, PhraseRule, RecordRule, Rule, ThresholdRule, TierPolicy
from fengsui.alerts.desk import Desk
from fengsui.alerts.life import Life
from fengsui.alerts.record_taking import matches
from fengsui.alerts.sight import Sight
from fengsui.backtest.trial import trial
from fengsui.backtest.wish import MOST_SLICES, Place, Wish
from fengsui.metrics import catalogue, cells
from fengsui.store.slices import ALL, bucket, bucket_start, cuboid_slice, slice_levels
from fengsui.store.tables import feedback, gauge, slice_

DAY, MINUTE, WEEK = timedelta(days=1), timedelta(minutes=1), timedelta(days=7)
SHOWN = 60
RAISED = 1.25
TRIES = 24
CHEAPER = (0.25, 0.05, 0.01)
"""Shares of a detector's budget that are tried."""
Told: TypeAlias = "float | dict[str, Any]"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``body``: a definition of kind ``rule``. ``per_day``: more alerts than that are too many."""

    body: Mapping[str, Any]
    days: int
    per_day: float

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Rehearsal:
        """Raises ``KeyError``, ``TypeError``, ``ValueError`` (``BadDefinition`` too) for what is none."""
        definitions.check("rule", "preview", params["body"])
        days, per_day = int(params["days"]), float(params["per_day"])
        if not 1 <= days <= 92 or per_day <= 0:
            raise ValueError(f"days={days}, per_day={per_day}")
        return cls(dict(params["body"]), days, per_day)


@dataclass(frozen=True, slots=True)
class Alarm:
    start: datetime
    end: datetime | None
    tier: int
    slice_key: str


@dataclass(frozen=True, slots=True)
class Heard:
    """One record that a rule of words takes."""

    at: datetime
    who: str
    slice_key: str


def rehearse(conn: Connection, wanted: Rehearsal, place: Place, now: datetime) -> Iterator[Told]:
    """How far it is, again and again; at last what it would have raised and, if that is too much, what would not."""
    rule: Rule = definitions.check("rule", "preview", wanted.body)
    start = now - wanted.days * DAY
    alarms: list[Alarm] = []
    slices = 1
    fits: dict[str, Any] | None = None
    for said in _played(conn, rule, wanted, place, start, now):
        if isinstance(said, float):
            yield said
        else:
            alarms, slices, fits = said
    yield _told(rule, alarms, slices, fits, wanted, place, start, now)


Played: TypeAlias = "float | tuple[list[Alarm], int, dict[str, Any] | None]"


def _played(conn: Connection, rule: Rule, wanted: Rehearsal, place: Place, start: datetime, now: datetime) -> Iterator[Played]:
    if isinstance(rule, DetectorRule):
        yield from _detector(conn, rule, wanted, place, start, now)
    elif isinstance(rule, ThresholdRule):
        yield from _threshold(conn, rule, wanted, place, start, now)
    else:
        yield from _words(conn, rule, wanted, start, now)


# --- detectors ----------------------------------------------------------------------------------------------------------


def _detector(
    conn: Connection, rule: DetectorRule, wanted: Rehearsal, place: Place, start: datetime, now: datetime
) -> Iterator[Played]:
    keys = _slices(conn, rule.cuboid, rule.where)
    shown = keys[: min(rule.max_series, MOST_SLICES)]
    most, budget, fits = wanted.per_day * wanted.days, rule.budget_per_week, None
    alarms: list[Alarm] = []
    for n, share in enumerate((1.0, *CHEAPER)):
        found: list[Alarm] = []
        wish = Wish(rule.metric, tuple(shown), start, now, rule.detector, _numbers(rule), budget * share, rule.direction)
        for said in trial(conn, wish, place, now) if shown else ():
            if isinstance(said, float):
                yield min(0.99, (n + said) / (1 + len(CHEAPER)))
            else:
                found = _alarms(said)
        if n == 0:
            alarms = found
        elif len(found) <= most or share == CHEAPER[-1]:
            fits = _fit("budget_per_week", budget * share, found, wanted)
        if len(found) <= most:
            break
    yield alarms, len(shown), fits


def _numbers(rule: DetectorRule) -> dict[str, Any]:
    return {**rule.parameters, "step_s": rule.step_s} if "step_s" in rule.parameters else dict(rule.parameters)


def _alarms(said: Mapping[str, Any]) -> list[Alarm]:
    return [
        Alarm(bucket_start(begin), bucket_start(end), grade, one["slice_key"])
        for one in said["slices"]
        for begin, end, grade in one.get("asked", {}).get("alarms", ())
    ]


def _slices(conn: Connection, cuboid: str, where: Mapping[str, str]) -> list[str]:
    """Those of a cuboid that the rule covers, by name; a cuboid without any has none."""
    if cuboid == ALL:
        return [ALL]
    rows = conn.scalars(select(slice_.c.slice_key).where(slice_.c.cuboid == cuboid).order_by(slice_.c.slice_key))
    return [key for key in rows if where.items() <= slice_levels(key).items()]


# --- thresholds -----------------------------------------------------------------------------------------------------------


def _threshold(
    conn: Connection, rule: ThresholdRule, wanted: Rehearsal, place: Place, start: datetime, now: datetime
) -> Iterator[Played]:
    """Each look is the rule's own; a gauge is looked at as often as ``for_s`` needs."""
    book, metrics = definitions.book(conn, now), catalogue.load(conn, now)
    metric = metrics.get(rule.metric)
    if metric is None:
        raise ValueError(f"metric {rule.metric!r}")
    keys = [ALL] if rule.cuboid == ALL else _slices(conn, rule.cuboid, rule.where)[:MOST_SLICES]
    step = timedelta(seconds=max(60, rule.for_s // 2) if metric.gauge else max(900, rule.every_s))
    first = _first(conn, metric.gauge, start)
    seen: dict[str, list[Sight]] = {key: [] for key in keys}
    looks = max(1, ceil((now - first) / step)) * max(1, len(keys))
    desk = Desk(conn, book, metrics, ZoneInfo(place.zone), 0, now)
    for n, key in enumerate(keys):
        at = bucket_start(bucket(first, 1)) + step
        while at <= now:
            desk.now = at
            sight = threshold_rules.sight_of(desk, "preview", rule, key)
            if sight is not None:
                seen[key].append(replace(sight, step_s=int(step.total_seconds())))
            at += step
            if len(seen[key]) % 200 == 0:
                yield min(0.99, (n * looks / len(keys) + len(seen[key])) / looks)
    alarms = [alarm for key in keys for alarm in walked(seen[key], rule.tier or rule.grade, book.policy)]
    yield alarms, len(keys), _raised_limit(rule, seen, wanted, book.policy) if len(alarms) > _most(wanted) else None


def _first(conn: Connection, name: str | None, start: datetime) -> datetime:
    """Nothing is looked at before there is anything."""
    if name is not None:
        oldest: datetime | None = conn.scalar(select(func.min(gauge.c.at)).where(gauge.c.name == name))
        return max(start, oldest) if oldest else start
    low = cells.begins(conn, None, None)
    return start if low is None else max(start, bucket_start(low))


def _raised_limit(
    rule: ThresholdRule, seen: Mapping[str, Sequence[Sight]], wanted: Rehearsal, policy: TierPolicy
) -> dict[str, Any] | None:
    """The nearest of the figures that were seen which is crossed seldom enough."""
    up = rule.op in (">", ">=")
    values = sorted({one.observed for sights in seen.values() for one in sights if one.observed is not None}, reverse=not up)
    beyond = [value for value in values if (value > rule.value if up else value < rule.value)]
    for value in beyond[:: max(1, len(beyond) // TRIES)] + beyond[-1:]:
        shifted = [
            alarm
            for sights in seen.values()
            for alarm in walked([_moved(rule, one, value) for one in sights], rule.tier or rule.grade, policy)
        ]
        if len(shifted) <= _most(wanted):
            return _fit("value", value, shifted, wanted)
    return None


def _moved(rule: ThresholdRule, sight: Sight, value: float) -> Sight:
    """The same look against another limit. Only the newest figure is known here: a spike counts as long as one step."""
    beyond = sight.observed is not None and threshold_rules.BEYOND[rule.op](sight.observed, value)
    fires = beyond and sight.grade > 0
    return replace(sight, grade=sight.grade if fires else 0, calm=sight.calm or (not beyond and sight.observed is not None))


# --- words and single records ---------------------------------------------------------------------------------------------


def _words(
    conn: Connection, rule: PhraseRule | RecordRule, wanted: Rehearsal, start: datetime, now: datetime
) -> Iterator[Played]:
    heard: list[Heard] = []
    policy = definitions.book(conn, now).policy
    for n, row in enumerate(_records(conn, start - WEEK, now)):
        if matches(rule, row):
            who = row["customer"] or row["record_key"]
            heard.append(Heard(row["opened_at"], who, cuboid_slice(row["dims"], rule.cuboid)))
        if n % 5000 == 0:
            yield min(0.9, 0.9 * (row["opened_at"] - start + WEEK) / (now - start + WEEK))
    alarms = said_alarms(rule, heard, start, now, policy)
    slices = len({one.slice_key for one in heard}) or 1
    fits = None
    if len(alarms) > _most(wanted) and isinstance(rule, PhraseRule):
        fits = _raised_count(rule, heard, wanted, start, now, policy)
    yield alarms, slices, fits


def _records(conn: Connection, start: datetime, now: datetime) -> Iterator[Any]:
    names = ("record_key", "kind", "opened_at", "dims", "tags", "customer")
    query = select(*(feedback.c[name] for name in names)).where(
        feedback.c.opened_at >= start, feedback.c.opened_at <= now, feedback.c.deleted_at.is_(None)
    )
    yield from conn.execute(query.order_by(feedback.c.opened_at)).mappings()


def said_alarms(
    rule: PhraseRule | RecordRule, heard: Sequence[Heard], start: datetime, now: datetime, policy: TierPolicy
) -> list[Alarm]:
    """Of each slice on its own, oldest record first."""
    groups: dict[str, list[Heard]] = defaultdict(list)
    for one in heard:
        groups[one.slice_key].append(one)
    found: list[Alarm] = []
    for key, group in sorted(groups.items()):
        if isinstance(rule, PhraseRule):
            found += walked(_phrases(rule, key, group, start, now), rule.grade, policy)
        else:
            found += _singles(rule, key, [one.at for one in group if one.at >= start])
    return found


def _singles(rule: RecordRule, key: str, times: Sequence[datetime]) -> list[Alarm]:
    """One alert until nothing came for ``quiet_s``."""
    found: list[Alarm] = []
    for at in times:
        if found and at - (found[-1].end or at) <= timedelta(seconds=rule.quiet_s):
            found[-1] = replace(found[-1], end=at)
        else:
            found.append(Alarm(at, at, rule.tier, key))
    return found


def _phrases(rule: PhraseRule, key: str, group: Sequence[Heard], start: datetime, now: datetime) -> Iterator[Sight]:
    """A look at each minute in which somebody spoke, and at those after it in which it may go out."""
    within = timedelta(seconds=rule.within_s)
    times = [one.at for one in group]
    minutes = sorted({bucket(at, 1) + 1 + wait for at in times if at >= start for wait in (0, 5, 11, 16, rule.within_s // 60)})
    low = far = high = 0
    for minute in minutes:
        end = bucket_start(minute)
        if end > now + MINUTE:
            return
        while high < len(times) and times[high] <= end:
            high += 1
        while low < high and times[low] <= end - within:
            low += 1
        while far < low and times[far] <= end - within - WEEK:
            far += 1
        n, customers = high - low, len({one.who for one in group[low:high]})
        known_s = max((end - within - times[far]).total_seconds(), 86_400.0) if far < low else 86_400.0
        usual = (low - far) * rule.within_s / known_s
        fires = n >= rule.count and customers >= rule.customers and n >= rule.ratio * usual
        calm = not fires and n <= max(rule.count, rule.ratio * usual) / 2
        began = times[low] if low < high else end - MINUTE
        grade = int(rule.grade) if fires else 0
        yield Sight("preview", key, rule.metric, "phrase", end - MINUTE, end, began, grade, calm, "up", step_s=300)


def _raised_count(
    rule: PhraseRule, heard: Sequence[Heard], wanted: Rehearsal, start: datetime, now: datetime, policy: TierPolicy
) -> dict[str, Any] | None:
    count = rule.count
    for _ in range(TRIES):
        count = max(count + 1, ceil(count * RAISED))
        found = said_alarms(rule.model_copy(update={"count": count}), heard, start, now, policy)
        if len(found) <= _most(wanted):
            return _fit("count", count, found, wanted)
    return None


# --- what it comes to -------------------------------------------------------------------------------------------------------


def walked(sights: Iterable[Sight], tier: int, policy: TierPolicy) -> list[Alarm]:
    """The alerts that these sights of one series make, by the pure life of an alert."""
    found: list[Alarm] = []
    living: Life | None = None
    for sight in sights:
        step = life.decide(living, sight, tier, policy)
        if step is None:
            continue
        if step.new:
            found.append(Alarm(sight.window_start, None, tier, sight.slice_key))
            living = Life("firing", tier, sight.grade, 0, sight.window_start, sight.end)
            continue
        assert living is not None  # only a step that opens has none before it
        last = sight.end if (sight.known and sight.complete) or sight.grade else living.last_at
        cleared = sight.end if step.code == "cleared" else None if step.code == "refired" else living.cleared_at
        living = replace(living, condition=step.condition, calm_n=step.calm_n, last_at=last, cleared_at=cleared)
        if step.code in ("cleared", "refired"):
            found[-1] = replace(found[-1], end=cleared)
    return found


def _most(wanted: Rehearsal) -> float:
    return wanted.per_day * wanted.days


def _fit(field: str, value: float, alarms: Sequence[Alarm], wanted: Rehearsal) -> dict[str, Any]:
    return {"field": field, "value": value, "alerts": len(alarms), "per_day": len(alarms) / wanted.days}


def _told(
    rule: Rule,
    alarms: Sequence[Alarm],
    slices: int,
    fits: Mapping[str, Any] | None,
    wanted: Rehearsal,
    place: Place,
    start: datetime,
    now: datetime,
) -> dict[str, Any]:
    zone = ZoneInfo(place.zone)
    counted: Counter[tuple[date, int]] = Counter((one.start.astimezone(zone).date(), one.tier) for one in alarms)
    first, last = (at.astimezone(zone).date() for at in (start, now))
    days = [first + n * DAY for n in range((last - first).days + 1)]
    newest = sorted(alarms, key=lambda one: one.start, reverse=True)[:SHOWN]
    return {
        "kind": rule.kind,
        "days": wanted.days,
        "limit": wanted.per_day,
        "alerts": len(alarms),
        "per_day": {str(tier): sum(one.tier == tier for one in alarms) / wanted.days for tier in (1, 2, 3)},
        "by_day": [[day.isoformat(), *(counted[day, tier] for tier in (1, 2, 3))] for day in days],
        "newest": [[bucket(one.start, 1), bucket(one.end, 1) if one.end else None, one.tier, one.slice_key] for one in newest],
        "slices": slices,
        "fits": dict(fits) if fits else None,
        "too_many": len(alarms) > _most(wanted),
    }
