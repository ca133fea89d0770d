"""How alerts are graded and how long people have, as an administrator edits it: a body as the cells of a form and back.

Works on plain bodies (contracts §7: ``tier_policy``, ``matrix``, ``weights``, ``floor``, ``plan``); nothing is stored here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError

from fengsui.alerts.bodies import ADAPTERS
from fengsui.board import hearers
from fengsui.board.wrong import Mistake, Wrong, mistakes_of

Body: TypeAlias = Mapping[str, Any]
Path: TypeAlias = tuple[str, ...]


class Field(NamedTuple):
    """``form``: how a value is written; ``none``: it may be empty, and then there is none."""

    path: Path
    form: str
    none: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path)


def _of(form: str, *names: str, none: bool = False) -> tuple[Field, ...]:
    return tuple(Field(tuple(name.split(".")), form, none) for name in names)


def _tier(n: int) -> tuple[Field, ...]:
    times = _of("minutes", f"tiers.{n}.claim_s", f"tiers.{n}.handle_s")
    return (*times, *_of("minutes", f"tiers.{n}.lapse_s", none=True), *_of("list", f"tiers.{n}.tell"))


FIELDS: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "tier_policy": (
            *(field for n in (3, 2, 1) for field in _tier(n)),
            *_of("list", "escalate_to"),
            *_of("whole", "escalate_times"),
            *_of("minutes", "report_s", none=True),
            *_of("minutes", "hold_s", "calm_s"),
            *_of("whole", "calm_steps"),
            *_of("minutes", "blind_s", "refire_s", "relate_s"),
            *_of("whole", "storm_n"),
            *_of("minutes", "storm_s"),
            *_of("whole", "alive_hour"),
            *_of("whole", "per_minute", none=True),
            *_of("minutes", *(f"system.{name}" for name in ("source_s", "undelivered_s", "tick_s", "disk_s"))),
            *_of("minutes", "system.definition_s", "system.calm_s"),
            *_of("share", "system.disk_free"),
            *_of("list", "system.tell"),
            *_of("routes", "departments"),
        ),
        "matrix": tuple(Field(("cells", str(loss), str(likely)), "row") for loss in (0, 1, 2) for likely in (0, 1, 2)),
        "weights": (
            *_of("pairs", "categories", "cues", "customer_tiers", "kinds"),
            *_of("share", "negative_share"),
            *_of("list", "asking_kinds"),
            *_of("share", "asking_share"),
            *_of("share", "category_share", "tier_share"),
            *_of("whole", "cue_customers"),
            *_of("row", "impact_customers"),
            *_of("share", "impact_share"),
            *_of("row", "impact_breadth"),
            *_of("minutes_row", "persistence_s"),
            *_of("number", "target_margin"),
            *_of("number_row", "change"),
            *_of("list", "staff_channels", "staff_kinds"),
            *_of("minutes", "batch_lag_s"),
            *_of("share", "genuine_share"),
            *_of("whole", "batch_tier"),
        ),
        "floor": (
            *_of("list", "cues"),
            *_of("whole", "customers"),
            *_of("number", "ratio"),
            *_of("minutes", "within_s"),
            *_of("whole", "tier"),
            *_of("flag", "enabled"),
        ),
        "plan": (
            *_of("text", "name.zh_CN", "name.en"),
            *_of("whole", "tier"),
            *_of("text", "owner_role"),
            *_of("list", "rules"),
            *_of("steps", "steps"),
            *_of("lines", "contacts"),
            *_of("text", "wording.zh_CN", "wording.en"),
        ),
    }
)
KINDS = tuple(FIELDS)
LONG = ("list", "pairs", "steps", "lines", "routes")
"""Forms that take several lines."""
_PARTS = re.compile(r"[,，、;；]+")
_CODE = re.compile(r"[a-z0-9_.:@-]+")
"""A cue, a kind, a rule, a role, an account."""
_TWO = re.compile(r"=\s*\d+\s*[,，、;；]")
_NUMBERS = re.compile(r"[\s,，、/]+")


def plain(kind: str) -> Callable[[Body], dict[str, Any]]:
    """A body with everything it may say, also where it was stored before that could be said. One that was stored when more was
    allowed is shown as it is, so that it can be mended."""

    def full(body: Body) -> dict[str, Any]:
        try:
            return _checked(kind, body)
        except ValidationError:
            return deepcopy(dict(body))

    return full


def _checked(kind: str, body: Body) -> dict[str, Any]:
    found: dict[str, Any] = ADAPTERS[kind].validate_python(body).model_dump(mode="json")
    return found


def written(kind: str, body: Body) -> dict[str, Any]:
    """Field name -> what the form shows, as ``drafted`` reads it."""
    full = plain(kind)(body)
    return {field.name: _shown(field.form, _at(full, field.path)) for field in FIELDS[kind]}


def drafted(kind: str, first: Body, cells: Mapping[str, Any]) -> dict[str, Any]:
    """The body that the form says, made of ``first``. Raises ``Wrong`` with every mistake."""
    body, wrong = plain(kind)(first), list[Mistake]()
    for field in FIELDS[kind]:
        try:
            _put(body, field.path, _value(field, cells.get(field.name), _at(body, field.path)))
        except (ValueError, OverflowError):  # int("1e9"), round(inf)
            shown = str(cells.get(field.name) or "").strip()[:40]
            code = "board.wrong.missing" if not shown else _BAD.get(field.form, "board.wrong.number")
            wrong.append(Mistake(field.path, code, {"value": shown}))
    if kind == "plan" and not any((body.get("wording") or {}).values()):
        body["wording"] = None
    wrong += [one for one in hearers.nobody(kind, body) if one.place not in {known.place for known in wrong}]
    if not wrong:
        try:
            return _checked(kind, body)
        except ValidationError as fault:
            wrong = [_as_typed(kind, one) for one in mistakes_of(fault)]
    raise Wrong(wrong)


def _as_typed(kind: str, one: Mistake) -> Mistake:
    """Limits of seconds in the minutes of the form."""
    form = next((field.form for field in FIELDS[kind] if field.path == one.place[: len(field.path)]), "")
    if not form.startswith("minutes"):
        return one
    params = dict(one.params)
    for name in {"value", "limit"} & params.keys():
        try:
            params[name] = _number(float(params[name]) / 60)
        except ValueError:
            continue
    return Mistake(one.place, one.code, params)


_BAD = {
    "list": "board.wrong.lines",
    "routes": "board.wrong.routes",
    "pairs": "board.wrong.pairs",
    "steps": "board.wrong.steps",
    "row": "board.wrong.numbers",
}
_BAD |= {"minutes_row": "board.wrong.numbers", "number_row": "board.wrong.numbers"}


def _number(value: float) -> str:
    """Without an exponent, and without the dust of a division."""
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _shown(form: str, value: Any) -> Any:
    if form == "flag":
        return bool(value)
    if value is None:
        return ""
    if form in ("row", "number_row"):
        return " ".join(_number(one) for one in value)
    if form == "minutes_row":
        return " ".join(_number(one / 60) for one in value)
    if form == "pairs":
        return "\n".join(f"{name} = {weight}" for name, weight in value.items())
    if form == "routes":
        return "\n".join(f"{name} = {', '.join(told)}" for name, told in value.items())
    if form == "steps":
        return "\n".join(f"{one['id']} | {one['text']['zh_CN']} | {one['text']['en']}" for one in value)
    if form in ("list", "lines"):
        return "\n".join(value)
    return _number(value / 60) if form == "minutes" else _number(value * 100) if form == "share" else str(value)


def _value(field: Field, given: Any, before: Any) -> Any:
    """Raises ``ValueError`` or ``OverflowError`` for what is none."""
    if field.form == "flag":
        return bool(given)
    text = str(given if given is not None else "").strip()
    if not text and field.none:
        return None
    return _list(text, before or ()) if field.form == "list" else _READ[field.form](text)


def _minutes(text: str) -> int:
    return round(float(text) * 60)


def _numbers(text: str) -> list[str]:
    return [part for part in _NUMBERS.split(text) if part]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _list(text: str, before: Collection[str]) -> list[str]:
    """One a line. A name may hold a comma, but two names on a line would be one that nobody has: refused where a part of the
    line is a code or is known as a name."""
    found = _lines(text)
    for line in found:
        parts = [part.strip() for part in _PARTS.split(line)]
        if len(parts) > 1 and line not in before and any(part in before or _CODE.fullmatch(part) for part in parts):
            raise ValueError(line)
    return found


def _pairs(text: str) -> dict[str, int]:
    """One a line; a name may hold a comma."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        if line.strip():
            name, equal, weight = (part.strip() for part in line.rpartition("="))
            if not equal or not name or name in found or _TWO.search(line):
                raise ValueError(line)
            found[name] = int(weight)
    return found


def _routes(text: str) -> dict[str, list[str]]:
    """A department a line, and who is told."""
    found = {}
    for line in text.splitlines():
        if line.strip():
            name, equal, told = (part.strip() for part in line.partition("="))
            found[name] = [part.strip() for part in _PARTS.split(told) if part.strip()]
            if not equal or not name or not found[name]:
                raise ValueError(line)
    return found


def _steps(text: str) -> list[dict[str, Any]]:
    found = []
    for n, line in enumerate((line for line in text.splitlines() if line.strip()), 1):
        parts = [part.strip() for part in line.split("|")]
        id_, zh, en = parts if len(parts) == 3 else (str(n), *(parts * 2 if len(parts) == 1 else parts))
        if not (id_ and zh and en):
            raise ValueError(line)
        found.append({"id": id_, "text": {"zh_CN": zh, "en": en}})
    if not found or len({one["id"] for one in found}) < len(found):
        raise ValueError(text)
    return found


_READ: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "minutes": _minutes,
        "whole": int,
        "number": float,
        "share": lambda text: round(float(text.rstrip("%％ ")) / 100, 6),
        "row": lambda text: [int(one) for one in _numbers(text)],
        "number_row": lambda text: [float(one) for one in _numbers(text)],
        "minutes_row": lambda text: [_minutes(one) for one in _numbers(text)],
        "lines": _lines,
        "pairs": _pairs,
        "routes": _routes,
        "steps": _steps,
        "text": str,
    }
)


def _at(body: Any, path: Path) -> Any:
    for part in path:
        body = body[int(part)] if isinstance(body, list) else (body or {}).get(part)
    return body


def _put(body: dict[str, Any], path: Path, value: Any) -> None:
    inner: Any = body
    for part in path[:-1]:
        if isinstance(inner, dict) and inner.get(part) is None:
            inner[part] = {}
        inner = inner[int(part)] if isinstance(inner, list) else inner[part]
    inner[int(path[-1]) if isinstance(inner, list) else path[-1]] = value
