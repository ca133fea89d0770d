"""Pydantic's errors as our mistakes: a code of the catalogue, what is allowed, and the nearest key."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fengsui.settings.calendar import countries
from fengsui.settings.mistakes import Path as KeyPath
from fengsui.settings.mistakes import nearest
from fengsui.settings.model import Settings
from fengsui.settings.secret import Trouble
from fengsui.settings.table import known_zones

_NOT_IN_FILE = ("home",)
_WANTED = {
    "string_type": "text",
    "bool_type": "true_false",
    "int_type": "whole",
    "dict_type": "table",
    "model_type": "table",
    "tuple_type": "array",
}


def troubles(fault: ValidationError) -> list[Trouble]:
    """One per error. A default that could not be made because of another error is not a second one."""
    return [_trouble(error) for error in fault.errors(include_url=False) if error["type"] != "default_factory_not_called"]


def _trouble(error: ErrorDetails) -> Trouble:
    path, kind, context = error["loc"], error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return path, "settings.mistake.unknown_key", _unknown(path)
    if kind == "missing":
        return path[:-1], "settings.mistake.missing", {"missing": str(path[-1])}
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ")
        return path, "settings.mistake.choice", {"allowed": allowed, "nearest": _near(error, allowed.split(", "))}
    if kind in _WANTED:
        return path, f"settings.mistake.want_{_WANTED[kind]}", {}
    if kind.startswith("settings.mistake."):
        return path, kind, _hint(kind, error)
    return path, "settings.mistake.bounds", {"why": _bounds(context)}


def _unknown(path: KeyPath) -> dict[str, Any]:
    keys = keys_at(path[:-1])
    return {"nearest": nearest(str(path[-1]), keys), "allowed": ", ".join(keys)}


def _near(error: ErrorDetails, allowed: list[str]) -> str:
    return nearest(error["input"], allowed) if isinstance(error["input"], str) else ""


def _hint(kind: str, error: ErrorDetails) -> dict[str, Any]:
    if kind == "settings.mistake.zone":
        return {"nearest": _near(error, known_zones())}
    if kind == "settings.mistake.calendar":
        return {"nearest": _near(error, ["CN", "none", *countries()])}
    return {}


def _bounds(context: Mapping[str, Any]) -> str:
    signs = {"ge": ">= ", "le": "<= ", "min_length": "length >= ", "pattern": ""}
    return ", ".join(f"{signs[name]}{value}" for name, value in context.items() if name in signs)


def allowed_keys(path: KeyPath) -> str:
    return ", ".join(keys_at(path))


def keys_at(path: KeyPath) -> list[str]:
    """The keys that the table at ``path`` may have, as they are written in the file; none for a free table."""
    model: Any = Settings
    for part in path:
        model = _inside(model, part)
    return _keys(model) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items() if name not in _NOT_IN_FILE]


def _inside(kind: Any, part: str | int) -> Any:
    """The type one step down: a field of a model, a value of a table, a row of an array."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        return _plain(fields.get(str(part)))
    inner = typing.get_args(kind)
    return _plain(inner[0 if isinstance(part, int) else -1]) if inner else None


def _plain(kind: Any) -> Any:
    """Without Annotated and without ``| None``."""
    if typing.get_origin(kind) is typing.Annotated:
        return _plain(typing.get_args(kind)[0])
    options = [option for option in typing.get_args(kind) if option is not type(None)]
    return _plain(options[0]) if type(None) in typing.get_args(kind) else kind
