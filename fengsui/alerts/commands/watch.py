"""盯住一个范围: one click makes a slice a series of its own, judged as its figure is judged elsewhere, in shadow at first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Engine

from fengsui.alerts import definitions
from fengsui.alerts.bodies import DetectorRule
from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.scope import within
from fengsui.alerts.definitions import BadDefinition
from fengsui.store.slices import ALL, slice_levels

ROLES = ("manager", "admin", "analyst")


def watch_slice(
    store: Engine,
    by: Person,
    now: datetime,
    *,
    metric: str,
    slice_key: str,
    name: str,
    cuboids: Iterable[str],
    judge: Mapping[str, Any] | None = None,
) -> Done | Refused:
    """A rule in shadow over this one slice: it records and tells nobody until somebody switches it on. ``cuboids``: those kept
    in roll-ups. ``judge``: fields of the rule that say how (detector, parameters, budget_per_week, step_s, direction); without
    it as the figure is judged elsewhere. The same slice judged the same way is the same rule, and changes nothing."""
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
        if like is None and judge is None:
            return Refused("alerts.refused.no_detector", {"metric": metric})
        how = dict(judge) if judge is not None else _as(like)
        about = f"{metric}{slice_key}" + ("" if judge is None else json.dumps(how, sort_keys=True))
        id_ = f"watch-{blake2b(about.encode(), digest_size=5).hexdigest()}"
        if id_ in rules:
            return Done(rules[id_].version)
        body = {"kind": "detector", "role": "head", "metric": metric, **how, **_own(slice_key, cuboid, name)}
        try:
            return Done(definitions.save(conn, "rule", id_, body, by.person_id, now))
        except BadDefinition as fault:
            return Refused(fault.code, fault.params)


def _judges(rule: Any, metric: str) -> bool:
    """By its level: rules of silence or of faults of the data judge something else."""
    return isinstance(rule, DetectorRule) and rule.metric == metric and rule.role == "head" and rule.detector in LEVEL


LEVEL = ("count_surprise", "share_drift", "duration_drift")


def _as(like: DetectorRule | None) -> dict[str, Any]:
    judged = {"step_s", "detector", "parameters", "direction", "budget_per_week"}
    return {} if like is None else like.model_dump(mode="json", include=judged)


def _own(slice_key: str, cuboid: str, name: str) -> dict[str, Any]:
    names = {"zh_CN": name, "en": name}
    return {"name": names, "mode": "shadow", "cuboid": cuboid, "where": slice_levels(slice_key), "max_series": 1}
