"""Configuration read into pydantic models; the first mistake becomes a ``ConfigFault`` that names the nearest key.

``params`` of the fault: ``field`` (dotted path), ``value`` (shortened), ``allowed`` (list or a word) and ``nearest``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from connectors.base import ConfigFault

SECRETS = ("url", "headers", "params", "body")
"""Options that may hold a password or a token: their value is never repeated in a fault."""


class Strict(BaseModel):
    """A table of the configuration: unknown keys are mistakes, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Table = TypeVar("Table", bound=BaseModel)


def checked(model: type[Table], raw: Any, path: str) -> Table:
    """``raw`` as a ``model``; ``path`` is where it stands in the file (``source.hotline.options``). Raises ConfigFault."""
    if not isinstance(raw, Mapping):
        raise ConfigFault("connectors.config.value", field=path, value=short(raw), allowed="table", nearest=None)
    try:
        return model.model_validate(raw)
    except ValidationError as mistakes:
        found = sorted(mistakes.errors(), key=lambda mistake: mistake["type"] != "extra_forbidden")
        raise fault_of(model, found[0], path) from None  # a misspelt key explains the missing one: say it first


def fault_of(model: type[BaseModel], mistake: ErrorDetails, path: str) -> ConfigFault:
    """One mistake of pydantic in our words."""
    loc = [part for part in mistake["loc"] if part != "[key]"]
    field = ".".join([path, *map(str, loc)])
    if mistake["type"] == "extra_forbidden":
        allowed = keys_of(model_at(model, loc[:-1]))
        return ConfigFault(
            "connectors.config.unknown",
            field=field,
            value=str(loc[-1]),
            allowed=allowed,
            nearest=nearest(str(loc[-1]), allowed),
        )
    if mistake["type"] == "missing":
        return ConfigFault("connectors.config.missing", field=field, value="", allowed=field, nearest=None)
    value = "…" if loc and loc[0] in SECRETS else short(mistake.get("ctx", {}).get("word", mistake["input"]))
    allowed_words = allowed_of(mistake)
    return ConfigFault(
        "connectors.config.value", field=field, value=value, allowed=allowed_words, nearest=nearest(value, allowed_words)
    )


def allowed_of(mistake: ErrorDetails) -> list[str]:
    """What would have been right, from pydantic's context or its message."""
    context = mistake.get("ctx", {})
    if "allowed" in context:
        return list(context["allowed"])
    if mistake["type"] in ("literal_error", "enum"):
        return [word.strip(" '") for word in str(context["expected"]).replace(" or ", ",").split(",")]
    return [mistake["msg"].removeprefix("Value error, ")]


def model_at(model: type[BaseModel], loc: Iterable[Any]) -> type[BaseModel]:
    """The model that reads the table at ``loc``; the innermost one that is known."""
    for part in loc:
        named = model_fields(model).get(str(part))
        inner = _inner(named) if named is not None else None
        model = inner or model
    return model


def model_fields(model: type[BaseModel]) -> dict[str, Any]:
    """Annotation by the name that stands in the file."""
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner(part) for part in get_args(annotation))
    return next((model for model in found if model), None)


def keys_of(model: type[BaseModel]) -> list[str]:
    return sorted(model_fields(model))


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word most like ``word``, if any is."""
    return next(iter(difflib.get_close_matches(word, list(allowed), 1, 0.5)), None)


def short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
