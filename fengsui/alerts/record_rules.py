"""Record rules: one letter of the regulator, one report from the front line is enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from fengsui.alerts import window
from fengsui.alerts.bodies import RecordRule
from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.machine import apply
from fengsui.alerts.record_taking import Taken
from fengsui.alerts.sight import Sight
from fengsui.store.slices import bucket, bucket_start
from fengsui.store.tables import rule_record

STEP_S = 60


def judge(desk: Desk, taken: Iterable[Taken], *, minute: bool) -> None:
    """New records open an alert or join the one that burns; once a minute alerts without news for long go out."""
    new: dict[tuple[str, str], list[Taken]] = defaultdict(list)
    for one in taken:
        rule = desk.book.rule(one.rule_id)
        if isinstance(rule, RecordRule) and one.at >= desk.now - timedelta(seconds=rule.max_age_s):
            new[one.rule_id, one.slice_key].append(one)
    for (rule_id, slice_key), records in sorted(new.items()):
        _take(desk, rule_id, slice_key, records)
    if minute:
        for row in list(desk.firing()):
            _let_go(desk, row)


def _take(desk: Desk, rule_id: str, slice_key: str, records: list[Taken]) -> None:
    rule = desk.book.rule(rule_id)
    assert isinstance(rule, RecordRule)
    row = desk.find(rule_id, slice_key)
    keys = [one.record_key for one in records]
    if row is not None and row["condition"] == "firing" and row["state"] not in ("resolved", "reviewed"):
        keys += desk.conn.scalars(select(rule_record.c.record_key).where(rule_record.c.episode_id == row["episode_id"]))
    crowd = window.of_keys(desk.conn, keys, desk.book.weights)
    first = min(one.at for one in records)
    row = apply(desk, _sight(desk, rule_id, rule, slice_key, first, len(crowd.heard)), crowd)
    if row is not None:
        for some in window.in_parts(keys):
            mine = (rule_record.c.rule_id == rule_id) & rule_record.c.record_key.in_(some)
            desk.conn.execute(update(rule_record).where(mine).values(episode_id=row["episode_id"]))


def _sight(desk: Desk, rule_id: str, rule: RecordRule, slice_key: str, first: datetime, n: int) -> Sight:
    start = bucket_start(bucket(first, 1))
    return Sight(
        rule_id=rule_id,
        slice_key=slice_key,
        metric=rule.metric,
        shape="record",
        start=start,
        end=desk.now,
        window_start=first,
        grade=rule.tier,
        calm=False,
        direction="up",
        step_s=STEP_S,
        observed=float(n),
        reason="alerts.reason.record",
        reason_params={"n": n},
    )


def _let_go(desk: Desk, row: Row) -> None:
    rule = desk.book.rule(row["rule_id"])
    if not isinstance(rule, RecordRule):
        return
    newest = desk.conn.scalar(select(func.max(rule_record.c.at)).where(rule_record.c.episode_id == row["episode_id"]))
    quiet = newest is None or desk.now - newest >= timedelta(seconds=rule.quiet_s)
    if quiet:
        apply(desk, _calm(desk, row))


def _calm(desk: Desk, row: Row) -> Sight:
    return Sight(
        rule_id=row["rule_id"],
        slice_key=row["slice_key"],
        metric=row["metric"],
        shape="record",
        start=desk.now - timedelta(seconds=STEP_S),
        end=desk.now,
        window_start=row["started_at"],
        grade=0,
        calm=True,
        direction="up",
        step_s=STEP_S,
        reason="alerts.reason.quiet",
    )
