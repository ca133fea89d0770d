"""A preview as plain JSON: raw rows beside what they would be stored as, masked like stored text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from connectors.base import BadRecord, Preview, Record
from fengsui.text.masks import mask_value

HIDDEN = "•••"


def as_json(preview: Preview) -> dict[str, Any]:
    """``{columns, rows: [{raw, shape, stored} | {raw, fault: {code, params}}], good, bad}``."""
    rows = [_row(raw, outcome) for raw, outcome in zip(preview.raw, preview.outcome, strict=True)]
    bad = sum("fault" in row for row in rows)
    return {"columns": list(preview.columns), "rows": rows, "good": len(rows) - bad, "bad": bad}


def _row(raw: Mapping[str, Any], outcome: Record | BadRecord) -> dict[str, Any]:
    customer = outcome.params.get("customer") if isinstance(outcome, BadRecord) else getattr(outcome, "customer", None)
    shown = {name: HIDDEN if customer and value == customer else mask_value(_plain(value)) for name, value in raw.items()}
    if isinstance(outcome, BadRecord):
        return {"raw": shown, "fault": {"code": outcome.code, "params": _plain(_nameless(outcome.params))}}
    stored = {name: value for name, value in _plain(outcome).items() if value not in (None, [], {}, "")}
    if customer:
        stored["customer"] = HIDDEN
    return {"raw": shown, "shape": type(outcome).__name__.lower(), "stored": mask_value(stored)}


def _nameless(params: Mapping[str, Any]) -> dict[str, Any]:
    """What is wrong, without whose row it is."""
    return {name: value for name, value in params.items() if name not in ("source_id", "customer")}


def _plain(value: Any) -> Any:
    """JSON of a record: times as ISO 8601, tuples as lists, records as objects."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
