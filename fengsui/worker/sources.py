"""Which sources there are, how to connect to them, and whether their history has been read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from connectors import registry
from connectors.base import Common, ConfigFault, Connector
from fengsui.settings import Settings
from fengsui.store.tables import source_state

PATIENCE = timedelta(minutes=2)
"""A source that cannot be reached holds the first judgement up so long and no longer."""


def enabled(settings: Settings) -> list[str]:
    return [name for name, source in settings.sources.items() if source.enabled]


def live(settings: Settings) -> set[str]:
    return {name for name in enabled(settings) if settings.sources[name].pace == "live"}


def connect(settings: Settings) -> tuple[dict[str, Connector], dict[str, ConfigFault]]:
    """Every enabled source's connector, and the faults of those whose configuration is refused: the others go on."""
    connectors: dict[str, Connector] = {}
    refused: dict[str, ConfigFault] = {}
    for name in enabled(settings):
        try:
            connectors[name] = build(settings, name)
        except ConfigFault as fault:
            refused[name] = fault
    return connectors, refused


def build(settings: Settings, name: str) -> Connector:
    """Raises ``ConfigFault`` with field, value and what is allowed."""
    source = settings.sources[name]
    return registry.build(source.kind, Common(**settings.common(name)), source.options, source.map)


def backfilling(conn: Connection, settings: Settings, now: datetime) -> bool:
    """Whether first history is still being read from a source that can be reached."""
    states = {row.source: row for row in conn.execute(select(source_state))}
    return any(_reading_history(states.get(name), now) for name in live(settings))


def _reading_history(row: Any, now: datetime) -> bool:
    if row is None:
        return True
    given_up = row.fault == "config" or (row.fault is not None and now - row.fault_since > PATIENCE)
    return not given_up and not row.backfilled
