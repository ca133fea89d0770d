"""盯住一个范围: one click makes a slice a series of its own, judged as its figure is judged elsewhere, in shadow at first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Engine

from fengsui.alerts import definitions
from fengsui.alerts.bodies import DetectorRule
from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.scope import within
from fengsui.store.slices import ALL, slice_levels

ROLES = ("manager", "admin", "analyst")


def watch_slice(
    store: Engine, by: Person, now: datetime, *, metric: str, slice_key: str, name: str, cuboids: Iterable[str]
) -> Done | Refused:
    """A rule in shadow over this one slice: it records and tells nobody until somebody switches it on. ``cuboids``: those kept
    in roll-ups. The same slice again is the same rule, and changes nothing."""
    if by.role not in ROLES:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(ROLES), "command": "watch_slice"})
    if not within(by.scope, slice_key):
        return Refused("alerts.refused.scope", {"scope": list(by.scope)})
    cuboid = "|".join(sorted(slice_levels(slice_key))) or ALL
    if cuboid not in set(cuboids):
        return Refused("alerts.refused.not_kept", {"cuboid": cuboid})
    with store.begin() as conn:
        rules = definitions.in_force(conn, "rule", now)
        like = next((one.body for _, one in sorted(rules.items()) if _judges(one.body, metric)), None)
        if like is None:
            return Refused("alerts.refused.no_detector", {"metric": metric})
        id_ = f"watch-{blake2b(f'{metric}{slice_key}'.encode(), digest_size=5).hexdigest()}"
        if id_ in rules:
            return Done(rules[id_].version)
        return Done(definitions.save(conn, "rule", id_, _body(like, slice_key, cuboid, name), by.person_id, now))


def _judges(rule: Any, metric: str) -> bool:
    """By its level: rules of silence or of faults of the data judge something else."""
    return isinstance(rule, DetectorRule) and rule.metric == metric and rule.role == "head" and rule.detector in LEVEL


LEVEL = ("count_surprise", "share_drift", "duration_drift")


def _body(like: DetectorRule, slice_key: str, cuboid: str, name: str) -> dict[str, Any]:
    kept = like.model_dump(mode="json", include={"kind", "metric", "role", "step_s", "detector", "parameters", "direction"})
    own = {"name": {"zh_CN": name, "en": name}, "mode": "shadow", "cuboid": cuboid, "where": slice_levels(slice_key)}
    return {**kept, **own, "budget_per_week": like.budget_per_week, "max_series": 1}
