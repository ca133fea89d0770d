"""Carry one sight through: assess it, decide the step, write episode, transition and notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fengsui.alerts import family, life, mute, owner, widened, wording
from fengsui.alerts.assess import Assessment, assess
from fengsui.alerts.deadlines import deadlines
from fengsui.alerts.desk import UNTOUCHED, Desk, Row
from fengsui.alerts.explained import explained
from fengsui.alerts.sight import Sight
from fengsui.alerts.tell import News, rings
from fengsui.alerts.voices import Crowd
from fengsui.store.slices import bucket, slice_id

FRESH_S = 3600
SELDOM_MIN = 15
EXPLAIN_MIN = 5
FLAPPING = 2


def apply(desk: Desk, sight: Sight, crowd: Crowd | None = None) -> Row | None:
    """The episode after ``sight``; None where none lives. ``crowd``: the records, where the rule knows them."""
    row = desk.find(sight.rule_id, sight.slice_key)
    known = _life(row) if row else None
    found = _assessment(desk, sight, row, crowd)
    tier = found.tier if found else int(row["tier"]) if row else 1
    step = life.decide(known, sight, tier, desk.book.policy)
    if step is None:
        return row
    if step.new:
        assert found is not None  # an opening sight has a grade and is always assessed
        return _open(desk, sight, found)
    assert row is not None
    return _go_on(desk, row, sight, step, found)


def _life(row: Row) -> life.Life:
    return life.Life(
        condition=row["condition"],
        tier=row["tier"],
        peak_grade=row["peak_grade"],
        calm_n=row["calm_n"],
        started_at=row["started_at"],
        last_at=row["last_at"],
        cleared_at=row["cleared_at"],
        ended=row["state"] in ("resolved", "reviewed"),
    )


def _assessment(desk: Desk, sight: Sight, row: Row | None, crowd: Crowd | None) -> Assessment | None:
    """Each sight with a grade in the first hour and at every worse grade, afterwards each quarter of an hour: the records
    of a long window are not read every minute for days."""
    if sight.grade < 1 or not sight.ready or (row is not None and sight.end <= row["last_at"]):
        return None
    since = row["started_at"] if row and row["condition"] != "cleared" else sight.window_start
    if row and row["condition"] != "cleared" and not _due(row, sight, crowd):
        return None
    return assess(desk.conn, desk.book, sight, since, crowd)


def _due(row: Row, sight: Sight, crowd: Crowd | None) -> bool:
    age = (sight.end - row["started_at"]).total_seconds()
    return crowd is not None or age <= FRESH_S or sight.grade > row["grade"] or bucket(sight.end, 1) % SELDOM_MIN == 0


def _open(desk: Desk, sight: Sight, found: Assessment) -> Row | None:
    rule = desk.book.rules[sight.rule_id]
    row: Row = {
        "episode_id": desk.free_id(sight.rule_id, sight.slice_key, bucket(sight.start, 1)),
        "rule_id": sight.rule_id,
        "rule_version": rule.version,
        "mode": rule.body.mode,
        "series": sight.series,
        "metric": sight.metric,
        "slice_key": sight.slice_key,
        "slice_id": slice_id(sight.slice_key),
        "parent_id": None,
        "condition": "firing",
        "direction": sight.direction,
        "opened_at": desk.now,
        "started_at": sight.window_start,
        "last_at": sight.end,
        "cleared_at": None,
        "peak_grade": sight.grade,
        "peak_score": sight.score,
        "explained": [],
        "claim_due_at": None,
        "handle_due_at": None,
        "machine_n": 0,
        "calm_n": 0,
        "silence_id": None,
        **_figures(sight, found, sight.window_start),
    }
    row["parent_id"] = family.parent_of(desk, row)
    held = mute.found(desk, {**row, **UNTOUCHED})
    if row["mode"] == "on" and held is None and not family.spoken_for(desk, {**row, **UNTOUCHED}):
        row |= deadlines(desk, row["tier"], row)
    desk.add(row)
    desk.moved.opened += 1
    _explain(desk, row, sight, found.crowd)
    n = desk.append(row, "opened", None, "firing", _params(row, sight))
    if held is not None:
        mute.begin(desk, row, held)
    if family.adopt(desk, row) < row["tier"]:  # what was told of its parts was told of it
        _announce(desk, row, n, "opened")
    widened.announce(desk, row)
    return row


def _go_on(desk: Desk, row: Row, sight: Sight, step: life.Change, found: Assessment | None) -> Row:
    before, values = row["condition"], _moved_on(row, sight, step)
    if step.code == "refired":
        values |= {"cleared_at": None}
    if step.code == "cleared":
        values |= {"cleared_at": sight.end}
    if found is not None:
        fresh = _figures(sight, found, row["started_at"])
        raised = found.tier > row["tier"]
        values |= fresh if raised or found.tier == row["tier"] else {k: v for k, v in fresh.items() if k not in _TIERED}
        if raised and row["silence_id"] and mute.found(desk, row, found.tier) is None:
            mute.lift(desk, row, tell=False)  # graver than what is kept silent: told below
            values |= {"silence_id": None}
        silent = values.get("silence_id", row["silence_id"]) is not None
        if raised and row["mode"] == "on" and not silent and not family.spoken_for(desk, {**row, "tier": found.tier}):
            values |= deadlines(desk, found.tier, row)
    desk.change(row, **values)
    if found is not None:
        _explain(desk, row, sight, found.crowd, again=step.code in ("raised", "refired"))
    if step.code is not None:
        n = desk.append(row, step.code, before, step.condition, {**_params(row, sight), **step.params})
        _count(desk, step.code)
        _announce(desk, row, n, step.code)
    return row


_TIERED = ("tier", "likelihood", "impact", "loss", "floor", "factors")
"""What made the tier stays shown while a weaker moment passes: a tier never falls while the alert burns."""


def _moved_on(row: Row, sight: Sight, step: life.Change) -> dict[str, Any]:
    values: dict[str, Any] = {"condition": step.condition, "calm_n": step.calm_n}
    if (sight.known and sight.complete) or sight.grade > 0:
        values |= {"last_at": sight.end, "grade": sight.grade, "score": sight.score}
    values |= {
        "peak_grade": max(row["peak_grade"], sight.grade),
        "peak_score": max(row["peak_score"], sight.score),
    }
    return values


def _figures(sight: Sight, found: Assessment, started_at: datetime) -> dict[str, Any]:
    code, params = wording.lead_of(sight, found.n, found.customers, started_at)
    return {
        "grade": sight.grade,
        "score": sight.score,
        "observed": sight.observed,
        "expected": sight.expected,
        "lower": sight.lower,
        "upper": sight.upper,
        "tier": found.tier,
        "likelihood": found.likelihood,
        "impact": found.impact,
        "loss": found.loss,
        "floor": found.floor,
        "factors": dict(found.factors),
        "n": found.n,
        "customers": found.customers,
        "reason": code,
        "reason_params": params,
    }


def _params(row: Row, sight: Sight) -> dict[str, Any]:
    """What a transition keeps for ever: enough for the replay's table without joining anything."""
    return {
        "tier": row["tier"],
        "grade": sight.grade,
        "metric": sight.metric,
        "slice": sight.slice_key,
        "window_start": sight.window_start.isoformat(),
        "window_end": sight.end.isoformat(),
        "observed": sight.observed,
        "expected": sight.expected,
        "score": sight.score,
        "ready": sight.ready,
        "reason": sight.reason,
        "reason_params": dict(sight.reason_params),
    }


def _explain(desk: Desk, row: Row, sight: Sight, crowd: Crowd, *, again: bool = False) -> None:
    """At the opening, at each higher tier and every five minutes: which parts make the deviation."""
    if sight.series is None or (row["explained"] and not again and bucket(sight.end, 1) % EXPLAIN_MIN):
        return
    parts = explained(desk, row, sight, crowd)
    if parts != row["explained"]:
        desk.change(row, explained=parts)


def _count(desk: Desk, code: str) -> None:
    if code == "raised":
        desk.moved.raised += 1
    if code == "cleared":
        desk.moved.cleared += 1


def _announce(desk: Desk, row: Row, n: int, code: str) -> None:
    """Opening, a higher tier and burning again are told; going out is told of what was at least important. Members of an
    event are not told apart unless they are graver; shadow episodes never."""
    if row["mode"] != "on" or code not in ("opened", "raised", "cleared", "refired"):
        return
    times = desk.times(row, "refired") if code in ("cleared", "refired") else 0
    if row["silence_id"] is not None:
        return
    over = code == "cleared" and (row["tier"] < 2 or row["state"] == "reviewed" or times >= FLAPPING)
    again = code == "refired" and not rings(times)
    rests = code == "refired" and row["episode_id"] in desk.put_off  # told when that is over
    if over or again or rests or family.spoken_for(desk, row):
        return
    kind = "cleared" if code == "cleared" else "raised"
    notice = "alerts.notice.flapping" if code == "refired" and times >= FLAPPING else f"alerts.notice.{code}"
    words = {**row["reason_params"], "lead": row["reason"], "title": wording.title(row)[0], "change": code, "times": times}
    news = News(kind, row["episode_id"], "machine", n, row["tier"], notice, words)
    policy = desk.book.policy
    of_tier = policy.tiers[str(row["tier"])].tell  # type: ignore[index]
    desk.tell(news, dict.fromkeys((*of_tier, *owner.told(policy, row["factors"]))))
