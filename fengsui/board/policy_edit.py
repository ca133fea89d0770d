"""The SLA policy as an administrator edits it: lines that are asked from the top, each with its limits.

Works on a plain body (contracts §7, kind ``sla_policy``) and gives a new one; nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, get_args

from pydantic import ValidationError

from fengsui.board.wrong import Mistake, Wrong, mistakes_of
from fengsui.metrics.sla_body import PolicyBody, Unit

Body: TypeAlias = Mapping[str, Any]
UNITS: tuple[str, ...] = get_args(Unit)
LIMITS = ("resolution", "response")


def plain(body: Body) -> dict[str, Any]:
    """The body as it is written today, also where it was stored before there were lines; whole hours as hours."""
    found: dict[str, Any] = PolicyBody.model_validate(body).model_dump(mode="json")
    return {**found, "lines": [line | {name: _in_hours(line[name]) for name in LIMITS} for line in found["lines"]]}


def _in_hours(given: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if given is None or not str(given["unit"]).endswith("minute") or given["n"] % 60:
        return given
    return {**given, "n": given["n"] / 60, "unit": str(given["unit"]).replace("minute", "hour")}


def limit(n: str, unit: str, *, roll: bool = False, place: str) -> dict[str, Any] | None:
    """A limit as it was typed; nothing typed is no limit. Raises ``Wrong``."""
    text = n.strip().replace("，", "").replace(",", "")
    if not text:
        return None
    try:
        amount = float(text)
    except ValueError:
        raise Wrong([Mistake((place,), "board.wrong.number", {"value": n.strip()[:40]})]) from None
    return {"n": amount, "unit": unit, "roll": roll and unit == "day"}


def with_line(body: Body, at: int | None, line: Mapping[str, Any]) -> dict[str, Any]:
    """Line ``at`` in place of the old one; None: a new one before the last, which is for all others. Raises ``Wrong``."""
    lines = list(body["lines"])
    if not str(line.get("id", "")).strip():
        raise Wrong([Mistake(("line",), "board.wrong.missing")])
    if line["id"] in [one["id"] for n, one in enumerate(lines) if n != at]:
        raise Wrong([Mistake(("line",), "metrics.body.line_twice", {"value": line["id"]})])
    if at is None:
        last_for_all = bool(lines) and not lines[-1]["when"]
        lines.insert(len(lines) - last_for_all, dict(line))
    else:
        lines[at] = dict(line)
    new = {**body, "lines": lines}
    try:
        PolicyBody.model_validate(new)
    except ValidationError as fault:
        raise Wrong([Mistake(one.place[2:], one.code, one.params) for one in mistakes_of(fault)]) from None
    return new


def moved(body: Body, at: int, by: int) -> dict[str, Any]:
    """A line asked sooner (-1) or later (1)."""
    lines = list(body["lines"])
    to = min(max(at + by, 0), len(lines) - 1)
    lines.insert(to, lines.pop(at))
    return {**body, "lines": lines}


def without(body: Body, at: int) -> dict[str, Any]:
    """Without a line; one has to stay."""
    if len(body["lines"]) == 1:
        raise Wrong([Mistake(("line",), "board.wrong.last_line")])
    return {**body, "lines": [line for n, line in enumerate(body["lines"]) if n != at]}


def never_asked(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ids of lines behind one without conditions: nothing ever comes to them."""
    first = next((n for n, line in enumerate(lines) if not line["when"]), len(lines))
    return [line["id"] for line in lines[first + 1 :]]
