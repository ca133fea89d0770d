"""Families: the planned tail series of one rule under one parent. Each has one pooled test, which costs what a series costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fengsui.engine.planned import Planned
from fengsui.metrics.catalogue import METRICS

STEP = 15
"""Minutes."""


@dataclass(frozen=True, slots=True)
class Family:
    """``children`` by slice key. ``muted``: those with a head series of their own. ``budget``: false episodes a week of them
    all; a parent with children of several rules shares one budget among them."""

    key: str
    parent: str
    slice_id: int
    metric: str
    budget: float
    children: Mapping[str, Planned]
    muted: frozenset[str]


def families(planned: Iterable[Planned]) -> list[Family]:
    """Of counts only, and under parents that close a step at each quarter of an hour."""
    planned = list(planned)
    heads = {one.series: one for one in planned if one.rule.role == "head"}
    found: dict[tuple[str, str], list[Planned]] = {}
    for one in planned:
        if one.rule.role == "tail" and one.parent in heads and _fits(heads[one.parent]):
            found.setdefault((one.parent, one.rule.rule_id), []).append(one)
    rules = Counter(parent for parent, _ in found)
    return [_family(heads[parent], children, heads.values(), rules[parent]) for (parent, _), children in sorted(found.items())]


def _fits(parent: Planned) -> bool:
    metric = METRICS.get(parent.rule.metric)
    minutes = parent.rule.step_s // 60
    return metric is not None and metric.shape == "count" and not metric.total and minutes > 0 and STEP % minutes == 0


def _family(parent: Planned, children: Sequence[Planned], heads: Iterable[Planned], rules: int) -> Family:
    rule = children[0].rule
    kin = {one.slice_key for one in heads if (one.rule.metric, one.rule.detector) == (rule.metric, rule.detector)}
    by_key = {one.slice_key: one for one in sorted(children, key=lambda one: one.slice_key)}
    muted = frozenset(kin & by_key.keys())
    key = f"pool|{parent.series}|{rule.rule_id}"
    return Family(key, parent.series, parent.slice_id, rule.metric, rule.budget / rules, by_key, muted)
