"""The first rows of a source or file as a table, in the words of the page, and below it why a row cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from fengsui.locale import has
from fengsui.locale.formats import local
from pages.look.house import house
from pages.look.pieces import esc
from pages.look.visitor import Visitor

Row = Mapping[str, Any]
REASONS = 6
"""More are counted: the table marks each."""


def table(visitor: Visitor, rows: Sequence[Row]) -> pd.DataFrame:
    """One line per row, the verdict first: what it would be stored as, or what the source gave."""
    verdict = visitor.say("pages.preview.verdict")
    lines = []
    for row in rows:
        bad = bool(row.get("fault"))
        cells = dict(_given(row.get("raw", {})) if bad else _stored(visitor, row.get("stored", {})))
        lines.append({verdict: visitor.say("pages.preview.bad" if bad else "pages.preview.ok")} | cells)
    return pd.DataFrame(lines).fillna("")


def reasons(visitor: Visitor, rows: Sequence[Row]) -> str:
    """In full, by the number of the row."""
    faults = [(n, row["fault"]) for n, row in enumerate(rows, 1) if row.get("fault")]
    lines = [
        f'<p class="pr"><b class="c3">✖</b> {esc(visitor.say("pages.preview.row", n=n))} {esc(_reason(visitor, fault))}</p>'
        for n, fault in faults[:REASONS]
    ]
    return "".join(lines)


def _reason(visitor: Visitor, fault: Row) -> str:
    code = str(fault["code"])
    return visitor.say(code, **fault.get("params", {})) if has(visitor.lang, code) else code


def _given(raw: Row) -> Iterator[tuple[str, str]]:
    """Columns of the source keep its names."""
    return ((name, _text(value)) for name, value in raw.items())


def _stored(visitor: Visitor, stored: Row) -> Iterator[tuple[str, str]]:
    for name, value in stored.items():
        if name == "dims":
            yield from ((_dimension(visitor, one), _text(part)) for one, part in value.items())
        elif value is not False:  # not deleted, as all of them
            yield _word(visitor, f"column.{name}", name), _cell(visitor, name, value)


def _dimension(visitor: Visitor, name: str) -> str:
    settings = house().settings
    return settings.dimension(name).title.say(visitor.lang) if name in settings.dimension_names else name


def _cell(visitor: Visitor, name: str, value: Any) -> str:
    if name.endswith("_at") and isinstance(value, str):
        return _time(visitor, value)
    if name == "ratings":
        return " · ".join(_rating(visitor, one) for one in value)
    if name == "events":
        return " · ".join(f"{_kind(visitor, one['kind'])} {_time(visitor, one['at'])}" for one in value)
    if name == "kind":
        return _kind(visitor, value)
    return _word(visitor, f"{name}.{value}", _text(value)) if isinstance(value, str) else _text(value)


def _rating(visitor: Visitor, one: Row) -> str:
    """``满意度 4（1–5）``."""
    code = f"locale.metric.{one['name']}"
    name = visitor.say(code) if has(visitor.lang, code) else str(one["name"])
    scale = f" ({one['low']:g}–{one['high']:g})" if "low" in one and "high" in one else ""
    return f"{name} {one['value']:g}{scale}"


def _kind(visitor: Visitor, kind: Any) -> str:
    code = f"cli.preview.kind.{kind}"
    return visitor.say(code) if has(visitor.lang, code) else str(kind)


def _word(visitor: Visitor, code: str, otherwise: str) -> str:
    return visitor.say(f"pages.preview.{code}") if has(visitor.lang, f"pages.preview.{code}") else otherwise


def _time(visitor: Visitor, at: str) -> str:
    """As the centre's clock shows it."""
    return f"{local(at, visitor.zone):%Y-%m-%d %H:%M:%S}"


def _text(value: Any) -> str:
    """A part of many in one line; nothing known is empty."""
    if isinstance(value, dict):
        return " · ".join(f"{name}: {_text(part)}" for name, part in value.items())
    if isinstance(value, list):
        return " · ".join(_text(part) for part in value)
    return "" if value is None else str(value)
