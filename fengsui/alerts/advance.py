"""Transaction 2: verdicts, new records, gauges and deadlines become episodes, transitions and notices, in one commit.

The cursor (``watermark['alerts']``: seq over verdicts, tick over records) moves in the same commit, so after a kill the
same tick ends in the same rows. Calling it again without news changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from fengsui.alerts import alive, detector_rules, escalate, phrase_rules, record_rules, threshold_rules
from fengsui.alerts.definitions import book
from fengsui.alerts.desk import Desk, Moved, open_desk
from fengsui.alerts.record_taking import take
from fengsui.metrics import catalogue
from fengsui.settings.model import Settings
from fengsui.store.slices import bucket
from fengsui.store.tables import series, watermark
from fengsui.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class _Mark:
    seq: int
    tick: int | None
    at: datetime | None


def advance(store: Engine, settings: Settings, tick: int, now: datetime, fence: Callable[[Connection], None]) -> Moved:
    """Raises ``NotSeeded`` where ``alerts.seed`` has not run, and whatever ``fence`` raises (another worker leads)."""
    with store.begin() as conn:
        fence(conn)
        mark = _mark(conn)
        oldest, newest = detector_rules.span(conn, mark.seq)
        desk = open_desk(
            conn, book(conn, now), catalogue.load(conn, now), settings.centre.tz, tick, now, min(oldest or now, now)
        )
        _end_changed_rules(desk)
        detector_rules.judge(desk, mark.seq)
        if mark.tick is None or tick > mark.tick:  # later pairs of the same tick bring verdicts only
            _once_a_tick(desk, mark)
        _keep(conn, _Mark(max(mark.seq, newest or 0), tick, now))
    return desk.moved


def _once_a_tick(desk: Desk, mark: _Mark) -> None:
    taken = take(desk, mark.tick if mark.tick is not None else -1)
    minute = mark.at is None or bucket(desk.now, 1) > bucket(mark.at, 1)
    phrase_rules.judge(desk, taken, minute=minute)
    record_rules.judge(desk, taken, minute=minute)
    if minute:
        threshold_rules.judge(desk)
    escalate.escalate(desk)
    alive.say_alive(desk, mark.at)


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


def _mark(conn: Connection) -> _Mark:
    row = conn.execute(select(watermark).where(watermark.c.name == "alerts")).mappings().one_or_none()
    return _Mark(row["seq"], row["tick"], row["at"]) if row else _Mark(0, None, None)


def _keep(conn: Connection, mark: _Mark) -> None:
    upsert(conn, watermark, [{"name": "alerts", "at": mark.at, "seq": mark.seq, "tick": mark.tick}])
