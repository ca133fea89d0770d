"""回测: what is asked of the past, how far it is, and what becomes of it: a rule in shadow, or the next version of a rule.

The worker carries it out in a process of its own (``fengsui.backtest``), never the page.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from fengsui.alerts import definitions
from fengsui.alerts.bodies import DetectorRule
from fengsui.alerts.commands import Done, Refused, watch_slice
from fengsui.alerts.definitions import Held
from fengsui.board import requests, revision
from fengsui.board.explore.line import cuboids_of
from fengsui.board.requests import Asked
from fengsui.board.revision import Draft, Saved, Stale
from fengsui.board.scope import Scope, sees
from fengsui.board.wrong import Mistake, Wrong
from fengsui.engine import kinds
from fengsui.engine.plan import matches
from fengsui.metrics.catalogue import METRICS
from fengsui.people import NotAllowed, Person
from fengsui.settings import Settings
from fengsui.store.slices import ALL, slice_levels
from fengsui.store.tables import slice_

KIND = "backtest"
ROLES = frozenset({"manager", "admin", "analyst"})
ADOPT = frozenset({"admin"})
WEEKS = (1, 2, 4, 8, 13)
MOST_SLICES = 8
BUDGETS = (0.001, 10.0)
OFFERED = 2000


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried on ``slice_keys`` over the last ``weeks``. ``parameters``: those that are not the detector's own."""

    metric: str
    slice_keys: tuple[str, ...]
    weeks: int
    detector: str
    parameters: Mapping[str, float | int | str]
    budget: float
    direction: str = "up"


def figures() -> list[str]:
    """Figures that a detector can read."""
    return [id_ for id_ in METRICS if kinds.suited(id_)]


def places(store: Engine, settings: Settings, metric: str, scope: Scope) -> list[str]:
    """Slices that roll-ups keep of a figure and the reader may see: the widest first, then by name."""
    query = select(slice_.c.slice_key).where(slice_.c.cuboid.in_(cuboids_of(settings, metric)))
    with store.connect() as conn:
        found = [key for key in conn.execute(query).scalars() if sees(scope, key)]
    return sorted(found, key=lambda key: (len(slice_levels(key)), key))[:OFFERED]


def cuboid_of(key: str) -> str:
    return "|".join(sorted(slice_levels(key))) or ALL


def ruling(store: Engine, metric: str, key: str, now: datetime, detector: str | None = None) -> Held | None:
    """The rule that judges this series now; of ``detector`` if there is one."""
    with store.connect() as conn:
        rules = definitions.in_force(conn, "rule", now)
    mine = [one for one in rules.values() if _judges(one.body, metric, key)]
    return min(mine, key=lambda one: (one.body.detector != detector, one.id), default=None)


def _judges(rule: Any, metric: str, key: str) -> bool:
    return (
        isinstance(rule, DetectorRule)
        and (rule.mode, rule.metric, rule.role, rule.cuboid) == ("on", metric, "head", cuboid_of(key))
        and matches(slice_levels(key), rule.where)
    )


def begin(store: Engine, settings: Settings, who: Person, trial: Trial, now: datetime) -> str:
    """Hand it to the worker; the id of the request. ``Wrong`` with every mistake; one at a time for each person."""
    _may(who, ROLES)
    if wrong := [*_wrong(settings, who, trial)]:
        raise Wrong(wrong)
    if any(not one.over for one in requests.recent(store, KIND, 3, by=who.person_id)):
        raise Wrong([Mistake(("trial",), "board.backtest.busy")])
    end = now.replace(second=0, microsecond=0)
    span = {"start": (end - timedelta(weeks=trial.weeks)).isoformat(), "end": end.isoformat()}
    about = {"metric": trial.metric, "slice_keys": list(trial.slice_keys), "direction": trial.direction}
    params = {**about, **span, "detector": trial.detector, "parameters": dict(trial.parameters), "budget": trial.budget}
    return requests.ask(store, KIND, params, who, now)


def _may(who: Person, roles: Collection[str]) -> None:
    if who.role not in roles:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(roles))


def _wrong(settings: Settings, who: Person, trial: Trial) -> list[Mistake]:
    found = []
    if trial.metric not in METRICS or not kinds.suited(trial.metric):
        return [Mistake(("metric",), "board.wrong.choice", {"value": trial.metric, "allowed": figures()})]
    if not 1 <= len(trial.slice_keys) <= MOST_SLICES:
        found.append(Mistake(("slice_keys",), "board.backtest.slices", {"limit": MOST_SLICES}))
    kept = cuboids_of(settings, trial.metric)
    if any(not sees(who.scope, key) or cuboid_of(key) not in kept for key in trial.slice_keys):
        found.append(Mistake(("slice_keys",), "board.backtest.place"))
    if trial.weeks not in WEEKS:
        found.append(Mistake(("weeks",), "board.wrong.choice", {"value": trial.weeks, "allowed": list(WEEKS)}))
    if trial.detector not in [one.name for one in kinds.suited(trial.metric)]:
        allowed = [one.name for one in kinds.suited(trial.metric)]
        return [*found, Mistake(("detector",), "board.wrong.choice", {"value": trial.detector, "allowed": allowed})]
    if not BUDGETS[0] <= trial.budget <= BUDGETS[1]:
        found.append(Mistake(("budget",), "board.backtest.budget", {"low": BUDGETS[0], "high": BUDGETS[1]}))
    try:
        kinds.check(trial.detector, trial.parameters)
    except ValueError as fault:
        found.append(Mistake(("parameters",), "board.backtest.parameter", {"why": str(fault)}))
    return found


def answer(store: Engine, request_id: str, scope: Scope) -> Asked | None:
    """None for what is no back-test, or not for this reader's eyes."""
    found = requests.answer(store, request_id)
    if found is None or found.kind != KIND or not all(sees(scope, key) for key in found.params.get("slice_keys", [""])):
        return None
    return found


def recent(store: Engine, scope: Scope, limit: int = 12) -> list[Asked]:
    """The newest first, of everybody, as far as the reader may see their places."""
    found = requests.recent(store, KIND, 4 * limit)
    return [one for one in found if all(sees(scope, key) for key in one.params.get("slice_keys", [""]))][:limit]


def tried(asked: Asked) -> Trial:
    """What a request asked for."""
    params = asked.params
    start, end = (datetime.fromisoformat(params[name]) for name in ("start", "end"))
    keys = tuple(params["slice_keys"])
    weeks = round((end - start) / timedelta(weeks=1))
    return Trial(params["metric"], keys, weeks, params["detector"], params["parameters"], params["budget"], params["direction"])


def watch(store: Engine, settings: Settings, who: Person, trial: Trial, names: Sequence[str], now: datetime) -> Done | Refused:
    """试运行: a rule in shadow for each place; the first refusal ends it."""
    done: Done | Refused = Refused("board.backtest.slices", {"limit": MOST_SLICES})
    for key, name in zip(trial.slice_keys, names, strict=True):
        done = watch_slice(
            store,
            who,
            now,
            metric=trial.metric,
            slice_key=key,
            name=name,
            cuboids=cuboids_of(settings, trial.metric),
            judge={"detector": trial.detector, "parameters": dict(trial.parameters), "budget_per_week": trial.budget}
            | {"direction": trial.direction, "step_s": step_of(trial)},
        )
        if isinstance(done, Refused):
            return done
    return done


def step_of(trial: Trial) -> int:
    known = next((one.default for one in kinds.describe(trial.detector).parameters if one.name == "step_s"), 900)
    return int(trial.parameters.get("step_s") or known)


def adopt(
    store: Engine, settings: Settings, who: Person, trial: Trial, seen: Held, reason: str, now: datetime
) -> Saved | Stale:
    """启用: the rule in force goes on with this detector, in all its places: its next version. ``seen``: as it was shown."""
    _may(who, ADOPT)
    body = seen.body.model_dump(mode="json") | {
        "detector": trial.detector,
        "parameters": dict(trial.parameters),
        "budget_per_week": trial.budget,
        "step_s": step_of(trial),
    }
    return revision.save(store, settings, [Draft("rule", seen.id, body, seen.version, reason)], who, now)


def suited(metric: str) -> list[kinds.Description]:
    """The detectors that read this figure."""
    return kinds.suited(metric)


def parameters(detector: str) -> tuple[Any, ...]:
    """Of one detector, with default and what is allowed."""
    return kinds.describe(detector).parameters


def good(metric: str) -> str:
    """Which way is good: up, down, none."""
    return METRICS[metric].good
