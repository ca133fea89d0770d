"""One sight assessed: three factors, the matrix, the floors, the cap for paper. Reads, never writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from fengsui.alerts import batch, factors, floors, owner, window
from fengsui.alerts.bodies import PhraseRule, RecordRule, ThresholdRule
from fengsui.alerts.definitions import Book
from fengsui.alerts.floors import YOUNG_TIER
from fengsui.alerts.gap import gap_of
from fengsui.alerts.matrix import tier_of
from fengsui.alerts.said import said
from fengsui.alerts.sight import Sight
from fengsui.alerts.voices import Crowd

STAFF_WORTH_ASKING = 0.2


@dataclass(frozen=True, slots=True)
class Assessment:
    tier: int
    likelihood: int
    impact: int
    loss: int
    floor: str | None
    factors: Mapping[str, Any]
    n: int
    customers: int  # affected
    crowd: Crowd


def assess(conn: Connection, book: Book, sight: Sight, since: datetime, crowd: Crowd | None = None) -> Assessment:
    """``since``: when the trouble began ("14:20 起"). ``crowd``: the records where the rule knows them (phrase, record)."""
    weights = book.weights
    if sight.shape == "fault":
        crowd = Crowd((), 0, 0, weights)  # the records of a day that is wrong weigh nothing
    if crowd is None:
        crowd = window.read(conn, sight.metric, sight.slice_key, sight.window_start, sight.end, weights)
    staff = _usual_staff(conn, book, sight, crowd)
    people = factors.affected(sight, crowd, staff)
    likely = factors.likelihood(sight, (sight.end - since).total_seconds(), weights)
    wide = factors.impact(sight, crowd, people, weights)
    dear = factors.loss(crowd, weights, sight)
    reasons = {"likelihood": likely.reasons, "impact": wide.reasons, "loss": dear.reasons, "owner": owner.proposal(crowd)}
    tier = tier_of(book.matrix, likely.level, wide.level, dear.level)
    if sight.young and tier > YOUNG_TIER:
        tier, reasons["cap"] = YOUNG_TIER, [said("young")]
    rule = book.rule(sight.rule_id)
    if isinstance(rule, ThresholdRule) and rule.tier is not None:
        reasons["floor"] = [said("staged", tier=rule.tier)]
        return Assessment(rule.tier, likely.level, wide.level, dear.level, None, reasons, crowd.n, people, crowd)
    tier, floor = _floored(conn, book, sight, crowd, people, tier, reasons)
    paper = batch.paper(sight, crowd, people, staff, weights)
    if paper is not None:
        tier, floor, reasons = min(tier, weights.batch_tier), None, {**reasons, "cap": [paper]}
    return Assessment(tier, likely.level, wide.level, dear.level, floor, reasons, crowd.n, people, crowd)


def _usual_staff(conn: Connection, book: Book, sight: Sight, crowd: Crowd) -> float:
    if sight.shape != "count" or crowd.staff_n < STAFF_WORTH_ASKING * crowd.n or not crowd.n:
        return 0.0
    return window.usual_staff_share(conn, sight.metric, sight.slice_key, sight.window_start, book.weights)


def _floored(
    conn: Connection, book: Book, sight: Sight, crowd: Crowd, people: int, tier: int, reasons: dict[str, Any]
) -> tuple[int, str | None]:
    rule = book.rule(sight.rule_id)
    if isinstance(rule, RecordRule) and rule.tier > tier:
        tier = rule.tier
        reasons["floor"] = [said("single_record", tier=tier)]

    if sight.shape == "fault":
        return tier, None
    gap = gap_of(sight, book.weights)
    if gap is not None and gap.inside:  # what customers say meanwhile is another rule's matter
        return tier, None

    def usual(cues: tuple[str, ...], length: timedelta) -> float:
        if isinstance(rule, PhraseRule) and rule.cue in cues:
            return sight.expected or 0.0
        return window.usual_cue_n(conn, sight.metric, sight.slice_key, sight.window_start, length, cues)

    raised = floors.highest(book.floors, sight, crowd, people, usual)
    if raised is None or raised.tier <= tier:
        return tier, None
    reasons["floor"] = [said("floor", floor=raised.id, n=raised.customers)]
    return raised.tier, raised.id
