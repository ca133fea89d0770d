"""Rules as people edit them: what each says and has raised lately, a draft out of a form, and its rehearsal before it counts.

A rule is switched on, or changed while it is on, only with a rehearsal of exactly that body that keeps to the limit. Where it
does not, the threshold is raised to what does, or the rule runs in shadow; no alert is ever left out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Engine, func, select

from fengsui.alerts.bodies import CHECKED
from fengsui.board import conditions, requests, revision, silences
from fengsui.board.persons import NOBODY, open_to
from fengsui.board.requests import Asked
from fengsui.board.revision import Draft, Revision, Saved, Stale
from fengsui.board.wrong import Mistake, Wrong, mistakes_of
from fengsui.people import Person
from fengsui.settings import Settings
from fengsui.store.slices import slice_key
from fengsui.store.tables import episode
from fengsui.text import cues

KIND = "rule_preview"
EDITORS = ("manager", "admin")
BACK = timedelta(days=28)
DAYS = (7, 28, 56)
MODES = ("off", "shadow", "on")
LIMIT = 3.0
FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "detector": ("budget_per_week", "max_series", "clear_score"),
        "threshold": ("value", "clear_value", "for_s", "window_s", "min_n", "grade"),
        "phrase": ("cue", "count", "customers", "within_s", "ratio", "grade"),
        "record": ("kinds", "cues", "tier", "quiet_s"),
    }
)
"""What a page edits of each kind, besides name, mode and place. Lists are written with commas."""
LISTS, WORDS = ("kinds", "cues"), ("cue",)
WHOLE = ("max_series", "for_s", "window_s", "min_n", "grade", "count", "customers", "within_s", "tier", "quiet_s")


@dataclass(frozen=True, slots=True)
class Ruled:
    """``raised``: alerts of the last four weeks by tier, ``shadow``: those that only were recorded."""

    revision: Revision
    raised: Mapping[int, int]
    shadow: int

    @property
    def body(self) -> Mapping[str, Any]:
        return self.revision.body

    @property
    def per_day(self) -> float:
        return sum(self.raised.values()) / BACK.days


def rules(store: Engine, now: datetime) -> list[Ruled]:
    """Those that are on first, then by kind and id."""
    found = revision.newest(store, "rule")
    mine = select(episode.c.rule_id, episode.c.mode, episode.c.tier, func.count()).where(episode.c.opened_at >= now - BACK)
    with store.connect() as conn:
        rows = conn.execute(mine.group_by(episode.c.rule_id, episode.c.mode, episode.c.tier)).all()
    lines = []
    for id_, one in found.items():
        raised = {tier: n for rule_id, mode, tier, n in rows if rule_id == id_ and mode == "on"}
        lines.append(Ruled(one, raised, sum(n for rule_id, mode, _, n in rows if rule_id == id_ and mode != "on")))
    order = {mode: place for place, mode in enumerate(reversed(MODES))}
    kinds = list(FIELDS)
    return sorted(lines, key=lambda one: (order[one.body["mode"]], kinds.index(one.body["kind"]), one.revision.id))


def known_cues(store: Engine, now: datetime) -> list[str]:
    """Lists of words that texts are marked with."""
    with store.connect() as conn:
        return sorted(cues.load(conn, now).words)


def drafted(
    store: Engine, settings: Settings, first: Mapping[str, Any], cells: Mapping[str, Any], known: Sequence[str]
) -> dict[str, Any]:
    """The body that a form says, made of ``first``; ``known``: the cues there are. Raises ``Wrong`` with every mistake."""
    wrong: list[Mistake] = []
    body = {**first, "name": {lang: str(cells.get(f"name_{lang}") or "").strip() for lang in ("zh_CN", "en")}}
    body["mode"] = str(cells.get("mode") or "")
    try:
        where = silences.where_of(store, settings, str(cells.get("where") or ""))
        body["where"] = where
        if set(where) - set(str(first.get("cuboid", "all")).split("|")):
            body["cuboid"] = "|".join(sorted(where))
    except Wrong as fault:
        wrong += fault.mistakes
    for name in FIELDS[str(first["kind"])]:
        try:
            body[name] = _value(name, cells.get(name))
        except Wrong as fault:
            wrong += fault.mistakes
    wrong += _unknown(settings, body, known)
    if not wrong:
        wrong = _checked(body)
    if wrong:
        raise Wrong(wrong)
    return body


def written(settings: Settings, lang: str, body: Mapping[str, Any]) -> dict[str, str]:
    """What a form shows of a body, as ``drafted`` reads it."""
    shown = {f"name_{name}": str(body["name"][name]) for name in ("zh_CN", "en")}
    where = {name.partition(".")[0]: value for name, value in body.get("where", {}).items()}
    shown |= {"mode": str(body.get("mode", "on")), "where": "；".join(conditions.written(settings, lang, where))}
    full = CHECKED["rule"].validate_python(body).model_dump(mode="json")
    for name in FIELDS[str(body["kind"])]:
        value = full.get(name)
        shown[name] = ", ".join(value) if name in LISTS else f"{value:.6g}" if isinstance(value, float) else str(value)
    return shown


def rehearse(store: Engine, body: Mapping[str, Any], days: int, per_day: float, by: Person, now: datetime) -> str:
    """The id of the request that the worker answers."""
    return requests.ask(store, KIND, {"body": dict(body), "days": days, "per_day": per_day}, by, now)


def rehearsed(store: Engine, request_id: str | None) -> Asked | None:
    found = requests.answer(store, request_id) if request_id else None
    return found if found is not None and found.kind == KIND else None


def save(
    store: Engine,
    settings: Settings,
    seen: Revision,
    body: Mapping[str, Any],
    run: Asked | None,
    reason: str,
    by: Person,
    now: datetime,
) -> Saved | Stale:
    """The next version of the rule. Raises ``Wrong`` where it would be on without a rehearsal that keeps to its limit."""
    _may(by)
    if body["mode"] == "on" and body != dict(seen.body):
        _kept(body, run)
    return revision.save(store, settings, [Draft("rule", seen.id, body, seen.version, reason)], by, now)


def copy(store: Engine, settings: Settings, body: Mapping[str, Any], reason: str, by: Person, now: datetime) -> str:
    """The same as a rule of its own, in shadow; returns its id."""
    _may(by)
    id_ = f"{body['kind']}-{secrets.token_hex(4)}"
    revision.save(store, settings, [Draft("rule", id_, {**body, "mode": "shadow"}, 0, reason)], by, now)
    return id_


def _may(by: Person) -> None:
    """A rule counts for the whole centre: so does who edits it."""
    if by.role not in EDITORS or by.scope:
        raise Wrong([Mistake(("rule",), "board.wrong.rule_role", {"allowed": list(EDITORS)})])


def _kept(body: Mapping[str, Any], run: Asked | None) -> None:
    """Mode aside, the rehearsal was of this very body."""
    same = run is not None and {**run.params["body"], "mode": ""} == {**body, "mode": ""}
    if run is None or not same or run.state != "done":
        raise Wrong([Mistake(("mode",), "board.wrong.rehearse")])
    if run.result["too_many"]:
        params = {"n": round(run.result["alerts"] / run.result["days"], 1), "limit": run.result["limit"]}
        raise Wrong([Mistake(("mode",), "board.wrong.too_many", params)])


def _value(name: str, given: Any) -> Any:
    text = str(given if given is not None else "").strip()
    if name in LISTS:
        return [part.strip() for part in text.replace("，", ",").replace("、", ",").split(",") if part.strip()]
    if name in WORDS:
        return text
    try:
        return int(text) if name in WHOLE else float(text)
    except ValueError:
        raise Wrong([Mistake((name,), "board.wrong.number", {"value": text[:40]})]) from None


def _unknown(settings: Settings, body: Mapping[str, Any], known: Sequence[str]) -> list[Mistake]:
    """Cues that no text is ever marked with would never be heard; a place that no roll-up keeps is never counted."""
    named: Sequence[str] = [*body.get("cues", []), *([body["cue"]] if "cue" in body else [])]
    allowed = ", ".join(known)
    wrong = [Mistake(("cue",), "board.wrong.choice", {"value": cue, "allowed": allowed}) for cue in named if cue not in known]
    cuboid = str(body.get("cuboid", "all"))
    places = {level: "-" for level in (*cuboid.split("|"), *(body.get("where") or {})) if level != "all"}
    counted = body["kind"] in ("detector", "threshold")
    if (counted and cuboid not in settings.cuboids) or not open_to(settings, NOBODY, slice_key(places)):
        wrong.append(Mistake(("where",), "board.wrong.cuboid", {"value": str(body.get("cuboid"))}))
    return wrong


def _checked(body: Mapping[str, Any]) -> list[Mistake]:
    try:
        CHECKED["rule"].validate_python(body)
    except ValidationError as fault:
        return mistakes_of(fault)
    return []
