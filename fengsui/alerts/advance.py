"""Transaction 2: verdicts, new records, gauges and deadlines become episodes, transitions and notices, in one commit.

The cursor (``watermark['alerts']``: seq over verdicts, tick over records) moves in the same commit, so after a kill the
same tick ends in the same rows. Calling it again without news changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, exists, func, null, select

from fengsui.alerts import (
    alive,
    definitions,
    detector_rules,
    drill,
    duty_gaps,
    escalate,
    lapse,
    misread,
    mute,
    nudge,
    phrase_rules,
    record_rules,
    remind,
    succession,
    threshold_rules,
    wake,
)
from fengsui.alerts.desk import Desk, Moved, open_desk
from fengsui.alerts.record_taking import FRESH, span, take
from fengsui.settings.model import Settings
from fengsui.store.slices import bucket
from fengsui.store.tables import series, verdict, watermark
from fengsui.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class _Mark:
    seq: int
    tick: int | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class _Span:
    """``oldest``: end of the oldest verdict that was not judged; ``newest``: number of the newest advance."""

    oldest: datetime | None
    newest: int | None


@dataclass(frozen=True, slots=True)
class _Due:
    """New records to match, gauges to compare, deadlines that have passed, people who may have to be reminded, exercises."""

    records: bool
    gauges: bool
    late: bool
    people: bool
    drills: bool


_MINE = watermark.c.name == "alerts"
_DONE = func.coalesce(select(watermark.c.seq).where(_MINE).scalar_subquery(), 0)
_NEWS = verdict.c.seq > _DONE
_STAND = select(
    # a bare min() of an indexed column walks that index through all that were ever judged
    select(func.min(func.coalesce(verdict.c.end_at, null()))).where(_NEWS).scalar_subquery(),
    select(func.max(verdict.c.seq)).where(_NEWS).scalar_subquery(),
    *definitions.STAMP,
    _DONE,
    select(watermark.c.tick).where(_MINE).scalar_subquery(),
    select(watermark.c.at).where(_MINE).scalar_subquery(),
    mute.ANY,
    wake.ANY,
)
_DUE = select(exists(FRESH), threshold_rules.SAMPLED, escalate.ANY_LATE, nudge.ANY, drill.ANY)
"""Built once: making such a statement costs more than asking it."""


def advance(store: Engine, settings: Settings, tick: int, now: datetime, fence: Callable[[Connection], None]) -> Moved:
    """Raises ``NotSeeded`` where ``alerts.seed`` has not run, and whatever ``fence`` raises (another worker leads)."""
    with store.begin() as conn:
        fence(conn)
        mark, span, stamp, hushed, put_off = _read(conn, now)
        book, metrics = definitions.book(conn, now, stamp), definitions.metrics_of(conn, now, stamp)
        desk = open_desk(conn, book, metrics, settings.centre.tz, tick, now, min(span.oldest or now, now))
        desk.silences = mute.load(conn, now) if hushed else ()
        _end_changed_rules(desk)
        mute.follow(desk)
        if put_off:
            wake.follow(desk)
        succession.pass_on(desk)  # before anything is judged: a member that worsens now has a leader that is told
        if span.newest is not None:
            detector_rules.judge(desk, mark.seq)
        if mark.tick is None or tick > mark.tick:  # later pairs of the same tick bring verdicts only
            _once_a_tick(desk, mark)
        _keep(conn, _Mark(max(mark.seq, span.newest or 0), tick, now))
    return desk.moved


def _once_a_tick(desk: Desk, mark: _Mark) -> None:
    after = mark.tick if mark.tick is not None else -1
    if mark.tick is None:
        lapse.know(desk)
    minute = mark.at is None or bucket(desk.now, 1) > bucket(mark.at, 1)
    due = _due(desk, after, minute=minute)
    taken = take(desk, after) if due.records else []
    phrase_rules.judge(desk, taken, minute=minute)
    record_rules.judge(desk, taken, minute=minute)
    if minute:
        threshold_rules.judge(desk, mark.at, sampled=due.gauges)
    succession.pass_on(desk)  # of leaders that went out just now
    if due.drills:
        drill.follow(desk)
    if due.people and minute:
        lapse.follow(desk)
    if due.late:
        escalate.escalate(desk)
    alive.say_alive(desk, mark.at)
    alive.warn_of_calendar(desk, mark.at)
    duty_gaps.warn_of_gaps(desk, mark.at)
    misread.warn_of_drift(desk, mark.at)
    if minute:
        duty_gaps.cry_for_nobody(desk, mark.at)
    remind.remind(desk, mark.at)
    if due.people:
        nudge.nudge(desk, mark.at)


def _due(desk: Desk, after: int, *, minute: bool) -> _Due:
    """What there is to do, asked once: most ticks have nothing, and a replay walks each of its minutes."""
    asked = {**span(desk, after), **threshold_rules.followed(desk), **escalate.asked(desk)}
    records, gauges, late, people, drills = desk.conn.execute(_DUE, {**asked, **nudge.asked(desk)}).one()
    return _Due(bool(records), minute and bool(gauges), bool(late), bool(people), bool(drills))


def _end_changed_rules(desk: Desk) -> None:
    """A rule switched off, on or to shadow ends its alerts: what it raises afterwards is another alert. So does one that no
    longer covers the slice: nothing judges that series any more, and its alert would burn for ever."""
    firing = list(desk.firing())
    mine = series.c.series.in_([row["series"] for row in firing if row["series"]])
    gone = set(desk.conn.scalars(select(series.c.series).where(mine, series.c.active.is_(False)))) if firing else set()
    for row in firing:
        rule = desk.book.rule(row["rule_id"])
        mode = rule.mode if rule else "off"
        if mode != row["mode"] or row["series"] in gone:
            before = row["condition"]
            desk.change(row, condition="cleared", cleared_at=row["last_at"])
            desk.append(row, "rule_changed", before, "cleared", {"mode": mode, "tier": row["tier"]})
            desk.live.pop((row["rule_id"], row["slice_key"]))


def _read(conn: Connection, now: datetime) -> tuple[_Mark, _Span, definitions.Stamp, bool, bool]:
    """The cursor, the verdicts after it, whether a definition was added, whether a silence holds, whether anything is put off:
    one statement."""
    oldest, newest, n, dated, seq, tick, at, hushed, put_off = conn.execute(_STAND, {"now": now}).one()
    return _Mark(int(seq), tick, at), _Span(oldest, newest), (n, dated), bool(hushed), bool(put_off)


def _keep(conn: Connection, mark: _Mark) -> None:
    upsert(conn, watermark, [{"name": "alerts", "at": mark.at, "seq": mark.seq, "tick": mark.tick}])
