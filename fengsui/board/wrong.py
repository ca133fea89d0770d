"""What is wrong with something that a person typed: the field, and a code with what is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

_CODES: Mapping[str, str] = {
    "missing": "board.wrong.missing",
    "string_too_short": "board.wrong.missing",
    "too_short": "board.wrong.missing",
    "too_long": "board.wrong.many",
    "union_tag_invalid": "board.wrong.choice",
    "union_tag_not_found": "board.wrong.missing",
    "extra_forbidden": "board.wrong.unknown",
    "greater_than": "board.wrong.above",
    "greater_than_equal": "board.wrong.at_least",
    "less_than": "board.wrong.below",
    "less_than_equal": "board.wrong.at_most",
    "literal_error": "board.wrong.choice",
    "enum": "board.wrong.choice",
    "string_too_long": "board.wrong.long",
    "string_type": "board.wrong.text",
    "finite_number": "board.wrong.number",
}
_BY_START: Mapping[str, str] = {
    "float_": "board.wrong.number",
    "int_": "board.wrong.number",
    "date_": "board.wrong.date",
    "datetime_": "board.wrong.time",
    "bool_": "board.wrong.true_false",
    "dict_": "board.wrong.shape",
    "list_": "board.wrong.shape",
    "tuple_": "board.wrong.shape",
    "model_": "board.wrong.shape",
}
_BOUNDS = {"gt": "limit", "ge": "limit", "lt": "limit", "le": "limit", "max_length": "limit", "expected": "allowed"}
_TAG = {"tag": "value", "expected_tags": "allowed"}
"""Of a thing whose own ``kind`` says what it may hold."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """``place``: the path of the field. ``code`` and ``params`` say what is wrong, for the catalogue."""

    place: tuple[str | int, ...]
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


class Wrong(ValueError):
    """Nothing was stored. ``mistakes``: all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, one.place))}: {one.code}" for one in mistakes))
        self.mistakes = tuple(mistakes)


def mistakes_of(fault: ValidationError) -> list[Mistake]:
    """A list whose only members are wrong is not too short as well."""
    found = fault.errors()
    inner = {tuple(error["loc"][:n]) for error in found for n in range(len(error["loc"]))}
    return [_mistake(error) for error in found if error["type"] != "too_short" or tuple(error["loc"]) not in inner]


def _mistake(error: Any) -> Mistake:
    kind, given = str(error["type"]), error.get("ctx") or {}
    bounds = {_BOUNDS[name]: value for name, value in given.items() if name in _BOUNDS}
    params = {"value": _short(error.get("input")), "why": str(error["msg"]), **bounds}
    if kind.startswith("union_tag_"):
        params |= {_TAG[name]: _short(value) for name, value in given.items() if name in _TAG}
        return Mistake((*error["loc"], "kind"), _CODES[kind], params)
    if kind.startswith(("metrics.body.", "text.taxonomy.", "alerts.body.")):
        return Mistake(tuple(error["loc"]), kind, {**params, **given})
    start = next((code for name, code in _BY_START.items() if kind.startswith(name)), "board.wrong.other")
    return Mistake(tuple(error["loc"]), _CODES.get(kind, start), params)


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
