"""Detector rules in force: rows of ``definition`` of kind ``rule``, newest valid version of each id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from fengsui.store.tables import definition

DEFAULT_BUDGET = 0.5
DEFAULT_MAX_SERIES = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """What one rule asks of the engine. ``budget``: false episodes a week, of each series."""

    rule_id: str
    version: int
    metric: str
    cuboid: str
    where: Mapping[str, Any]
    role: str  # head, tail
    step_s: int
    detector: str
    parameters: Mapping[str, Any]
    budget: float
    max_series: int


def in_force(conn: Connection, kind: str, now: datetime) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """``(id, version, body)`` of the newest version of each definition of ``kind`` that is valid at ``now``, by id."""
    found = conn.execute(
        select(definition.c.id, definition.c.version, definition.c.body)
        .where(definition.c.kind == kind, definition.c.valid_from <= now)
        .order_by(definition.c.id, definition.c.version)
    )
    newest = {row.id: row for row in found}
    return ((row.id, row.version, row.body) for row in newest.values())


def detector_rules(conn: Connection, now: datetime) -> list[Rule]:
    """The rules that need series: of kind detector, and not off. Threshold, phrase and record rules belong to alerts."""
    return [
        _rule(rule_id, version, body)
        for rule_id, version, body in in_force(conn, "rule", now)
        if body.get("kind") == "detector" and body.get("mode", "on") != "off"
    ]


def _rule(rule_id: str, version: int, body: Mapping[str, Any]) -> Rule:
    return Rule(
        rule_id=rule_id,
        version=version,
        metric=body["metric"],
        cuboid=body.get("cuboid", "all"),
        where=body.get("where") or {},
        role=body.get("role", "head"),
        step_s=int(body.get("step_s", 60)),
        detector=body["detector"],
        parameters=body.get("parameters") or {},
        budget=float(body.get("budget_per_week", DEFAULT_BUDGET)),
        max_series=int(body.get("max_series", DEFAULT_MAX_SERIES)),
    )
