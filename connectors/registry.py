"""The connectors by name. A new one is a module with ``OPTIONS`` and ``connect`` and one line here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from connectors.base import Common, ConfigFault, Connector
from connectors.checked import checked, nearest, short
from connectors.mapper import mapper_of
from connectors.mapping import RawMapping

CONNECTORS: dict[str, str] = {
    "sql": "connectors.sql",
    "files": "connectors.files",
    "rest": "connectors.rest",
}


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
            type=str(getattr(info.annotation, "__name__", info.annotation)).replace("typing.", ""),
            required=info.is_required(),
            default=None if info.default is PydanticUndefined else info.default,
            doc=info.description or "",
        )
        for name, info in model.model_fields.items()
    )


def _module(kind: str, field: str) -> ModuleType:
    if kind not in CONNECTORS:
        allowed = sorted(CONNECTORS)
        raise ConfigFault(
            "connectors.config.unknown", field=field, value=short(kind), allowed=allowed, nearest=nearest(str(kind), allowed)
        )
    return importlib.import_module(CONNECTORS[kind])
