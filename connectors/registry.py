"""The connectors by name. A new one is a module with ``OPTIONS`` and ``connect`` and one line here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from connectors.base import Common, ConfigFault, Connector
from connectors.checked import checked, nearest, short
from connectors.mapper import mapper_of
from connectors.mapping import RawMapping

CONNECTORS: dict[str, str] = {
    "sql": "connectors.sql",
    "files": "connectors.files",
    "rest": "connectors.rest",
}


PUSHED = ("webhook", "staff")
"""Kinds that deliver by themselves: nothing is polled, the worker reads its inbox with the source's mapping."""


@dataclass(frozen=True, slots=True)
class OptionDoc:
    """One option of a connector, for the documentation and the pages. ``default`` is None for a required one, too."""

    name: str
    type: str
    required: bool
    default: Any
    doc: str


def build(kind: str, common: Common, options: Mapping[str, Any], mapping: RawMapping) -> Connector:
    """The connector of a source, not yet connected. Raises ConfigFault with field, value, allowed and nearest."""
    module = _module(kind, f"source.{common.name}.kind")
    read = checked(module.OPTIONS, options, f"source.{common.name}.options")
    connector: Connector = module.connect(common, read, mapper_of(mapping, common))
    return connector


def describe(kind: str) -> tuple[OptionDoc, ...]:
    """The options of a connector in the order of its model."""
    model: type[BaseModel] = _module(kind, "kind").OPTIONS
    return tuple(
        OptionDoc(
            name=info.alias or name,
            type=_type_name(info.annotation),
            required=info.is_required(),
            default=None if info.is_required() else info.get_default(call_default_factory=True),
            doc=info.description or "",
        )
        for name, info in model.model_fields.items()
    )


def _type_name(annotation: Any) -> str:
    """``str or none``, ``one of a, b``: as the documentation writes it."""
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(repr, get_args(annotation)))
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) in (UnionType, Union):
        return " or ".join(map(_type_name, parts))
    return str(getattr(annotation, "__name__", annotation))


def _module(kind: str, field: str) -> ModuleType:
    if kind not in CONNECTORS:
        allowed = sorted([*CONNECTORS, *PUSHED])
        raise ConfigFault(
            "connectors.config.unknown", field=field, value=short(kind), allowed=allowed, nearest=nearest(str(kind), allowed)
        )
    return importlib.import_module(CONNECTORS[kind])
