"""How alerts are graded and how long people have, as an administrator edits it: a body as the cells of a form and back.

Works on plain bodies (contracts §7: ``tier_policy``, ``matrix``, ``weights``, ``floor``, ``plan``); nothing is stored here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError

from fengsui.alerts.bodies import ADAPTERS
from fengsui.board.wrong import Mistake, Wrong, mistakes_of
from fengsui.people import ROLES

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
            *_of("minutes", *(f"system.{name}" for name in ("source_s", "undelivered_s", "tick_s", "disk_s", "calm_s"))),
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
TOLD = ("tell", "escalate_to", "owner_role", "departments")
LONG = ("pairs", "steps", "lines", "routes")
"""Forms that take several lines."""
_PARTS = re.compile(r"[,，、;；\n]+")
_NUMBERS = re.compile(r"[\s,，、/]+")


def plain(kind: str) -> Callable[[Body], dict[str, Any]]:
    """A body with everything it may say, also where it was stored before that could be said."""

    def full(body: Body) -> dict[str, Any]:
        found: dict[str, Any] = ADAPTERS[kind].validate_python(body).model_dump(mode="json")
        return found

    return full


def written(kind: str, body: Body) -> dict[str, Any]:
    """Field name -> what the form shows, as ``drafted`` reads it."""
    full = plain(kind)(body)
    return {field.name: _shown(field.form, _at(full, field.path)) for field in FIELDS[kind]}


def drafted(kind: str, first: Body, cells: Mapping[str, Any]) -> dict[str, Any]:
    """The body that the form says, made of ``first``. Raises ``Wrong`` with every mistake."""
    body, wrong = plain(kind)(first), list[Mistake]()
    for field in FIELDS[kind]:
        try:
            _put(body, field.path, _value(field, cells.get(field.name)))
        except ValueError:
            shown = str(cells.get(field.name) or "").strip()[:40]
            code = "board.wrong.missing" if not shown else _BAD.get(field.form, "board.wrong.number")
            wrong.append(Mistake(field.path, code, {"value": shown}))
    if kind == "plan" and not any((body.get("wording") or {}).values()):
        body["wording"] = None
    wrong += _nobody(kind, body)
    if not wrong:
        try:
            return plain(kind)(body)
        except ValidationError as fault:
            wrong = mistakes_of(fault)
    raise Wrong(wrong)


def _nobody(kind: str, body: Body) -> list[Mistake]:
    """Who is told must be somebody: a role, or one person by account; a slip of the pen would tell nobody."""
    named = {field.path: _at(body, field.path) for field in FIELDS[kind] if field.path[-1] in TOLD}
    return [
        Mistake(path, "board.wrong.choice", {"value": str(one)[:40], "allowed": [*ROLES, "person:…"]})
        for path, names in named.items()
        for one in _each(names)
        if one not in ROLES and not re.fullmatch(r"person:[\w.@-]{1,64}", str(one))
    ]


def _each(names: Any) -> list[Any]:
    """Of a name, a list of names, or a list for each department."""
    if isinstance(names, Mapping):
        return [one for listed in names.values() for one in listed]
    return [names] if isinstance(names, str) else list(names or ())


_BAD = {
    "routes": "board.wrong.routes",
    "pairs": "board.wrong.pairs",
    "steps": "board.wrong.steps",
    "row": "board.wrong.numbers",
}
_BAD |= {"minutes_row": "board.wrong.numbers", "number_row": "board.wrong.numbers"}


def _shown(form: str, value: Any) -> Any:
    if form == "flag":
        return bool(value)
    if value is None:
        return ""
    if form in ("row", "number_row"):
        return " ".join(f"{one:g}" for one in value)
    if form == "minutes_row":
        return " ".join(f"{one / 60:g}" for one in value)
    if form == "pairs":
        return "\n".join(f"{name} = {weight}" for name, weight in value.items())
    if form == "routes":
        return "\n".join(f"{name} = {', '.join(told)}" for name, told in value.items())
    if form == "steps":
        return "\n".join(f"{one['id']} | {one['text']['zh_CN']} | {one['text']['en']}" for one in value)
    if form in ("list", "lines"):
        return ("\n" if form == "lines" else ", ").join(value)
    return f"{value / 60:g}" if form == "minutes" else f"{value * 100:g}" if form == "share" else str(value)


def _value(field: Field, given: Any) -> Any:
    """Raises ``ValueError`` for what is none."""
    if field.form == "flag":
        return bool(given)
    text = str(given if given is not None else "").strip()
    if not text and field.none:
        return None
    return _READ[field.form](text)


def _minutes(text: str) -> int:
    return round(float(text) * 60)


def _numbers(text: str) -> list[str]:
    return [part for part in _NUMBERS.split(text) if part]


def _pairs(text: str) -> dict[str, int]:
    found = {}
    for line in _PARTS.split(text):
        if line.strip():
            name, equal, weight = (part.strip() for part in line.rpartition("="))
            if not equal or not name:
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
        "list": lambda text: [part.strip() for part in _PARTS.split(text) if part.strip()],
        "lines": lambda text: [line.strip() for line in text.splitlines() if line.strip()],
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
