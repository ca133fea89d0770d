"""Phrase rules: many customers with one cue in a short time, and more than is usual of that cue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select, update

from fengsui.alerts import window
from fengsui.alerts.bodies import PhraseRule
from fengsui.alerts.desk import Desk
from fengsui.alerts.machine import apply
from fengsui.alerts.record_taking import Taken
from fengsui.alerts.sight import Sight
from fengsui.alerts.voices import Crowd
from fengsui.store.members import in_slice
from fengsui.store.slices import bucket, bucket_start, cuboid_slice
from fengsui.store.tables import feedback, rule_record

USUAL = timedelta(days=7)
STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Said:
    record_key: str
    at: datetime


def judge(desk: Desk, taken: Iterable[Taken], *, minute: bool) -> None:
    """Rules with new records at once; those with a living alert once a minute, so that it can go out."""
    for rule_id, held in sorted(desk.book.rules.items()):
        rule = held.body
        if not isinstance(rule, PhraseRule) or rule.mode == "off":
            continue
        slices = {one.slice_key for one in taken if one.rule_id == rule_id}
        if minute:
            slices |= {row["slice_key"] for row in desk.firing() if row["rule_id"] == rule_id}
        if slices:
            _judge_rule(desk, rule_id, rule, slices)


def _judge_rule(desk: Desk, rule_id: str, rule: PhraseRule, slices: set[str]) -> None:
    said = _said(desk, rule_id, rule)
    for slice_key in sorted(slices):
        heard = said.get(slice_key, [])
        crowd = window.of_keys(desk.conn, [one.record_key for one in heard], desk.book.weights)
        row = apply(desk, _sight(desk, rule_id, rule, slice_key, heard, crowd), crowd)
        if row is not None and row["condition"] == "firing" and heard:
            _join(desk, rule_id, heard, row["episode_id"])


def _join(desk: Desk, rule_id: str, heard: list[_Said], episode_id: str) -> None:
    free = (rule_record.c.rule_id == rule_id) & rule_record.c.episode_id.is_(None)
    for keys in window.in_parts(one.record_key for one in heard):
        desk.conn.execute(update(rule_record).where(free, rule_record.c.record_key.in_(keys)).values(episode_id=episode_id))


def _said(desk: Desk, rule_id: str, rule: PhraseRule) -> dict[str, list[_Said]]:
    since = desk.now - timedelta(seconds=rule.within_s)
    mine = (rule_record.c.rule_id == rule_id) & (rule_record.c.at > since) & (rule_record.c.at <= desk.now)
    query = select(rule_record.c.record_key, rule_record.c.at, feedback.c.dims)
    joined = query.join(feedback, feedback.c.record_key == rule_record.c.record_key)
    found: dict[str, list[_Said]] = defaultdict(list)
    for row in desk.conn.execute(joined.where(mine, feedback.c.deleted_at.is_(None)).order_by(rule_record.c.at)):
        found[cuboid_slice(row.dims, rule.cuboid)].append(_Said(row.record_key, row.at))
    return found


def _began(heard: list[_Said], within_s: float) -> datetime:
    """Since when people say it: after the last long pause. One ordinary record half an hour earlier is not the beginning."""
    pause = timedelta(seconds=within_s / 6)
    later = [after.at for before, after in pairwise(heard) if after.at - before.at > pause]
    return later[-1] if later else heard[0].at


def _sight(desk: Desk, rule_id: str, rule: PhraseRule, slice_key: str, heard: list[_Said], crowd: Crowd) -> Sight:
    usual = _usual(desk, rule_id, rule, slice_key)
    n = crowd.n
    fires = n >= rule.count and crowd.customers() >= rule.customers and n >= rule.ratio * usual
    end = bucket_start(bucket(desk.now, 1)) + STEP
    return Sight(
        rule_id=rule_id,
        slice_key=slice_key,
        metric=rule.metric,
        shape="phrase",
        start=end - STEP,
        end=end,
        window_start=_began(heard, rule.within_s) if heard else end - STEP,
        grade=rule.grade if fires else 0,
        calm=not fires and n <= max(rule.count, rule.ratio * usual) / 2,
        direction="up",
        observed=float(n),
        expected=round(usual, 3),
        reason="alerts.reason.phrase",
        reason_params={"cue": rule.cue, "n": n, "customers": crowd.customers(), "within": rule.within_s},
        cue=rule.cue,
    )


def _usual(desk: Desk, rule_id: str, rule: PhraseRule, slice_key: str) -> float:
    """Records with the cue in a window of the same length, averaged over the week before it; 0 without a past."""
    until = desk.now - timedelta(seconds=rule.within_s)
    past = (rule_record.c.rule_id == rule_id) & (rule_record.c.at > until - USUAL) & (rule_record.c.at <= until)
    query = select(func.count(), func.min(rule_record.c.at)).where(past)
    if slice_key != "all":
        mine = in_slice(slice_key)
        query = query.join(feedback, feedback.c.record_key == rule_record.c.record_key).where(mine)
    n, first = desk.conn.execute(query.select_from(rule_record) if slice_key == "all" else query).one()
    if not n:
        return 0.0
    known_s = max((until - first).total_seconds(), 86_400.0)
    return float(n * rule.within_s / known_s)
