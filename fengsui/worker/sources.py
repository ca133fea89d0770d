"""Which sources there are, how to connect to them, and whether their history has been read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import Engine as Store

from connectors import registry
from connectors.base import Common, ConfigFault, Connector
from connectors.mapper import Mapper, mapper_of
from fengsui.ingest.keys import Vault
from fengsui.settings import Keys, Settings
from fengsui.store.tables import source_state
from fengsui.worker.mailbox import Mailbox, staff_mapping, typed_mapping

PATIENCE = timedelta(minutes=2)
"""A source that cannot be reached holds the first judgement up so long and no longer."""


def enabled(settings: Settings) -> list[str]:
    return [name for name, source in settings.sources.items() if source.enabled]


def live(settings: Settings) -> set[str]:
    return {name for name in enabled(settings) if settings.sources[name].pace == "live"}


def mapping(settings: Settings, name: str) -> Any:
    """The mapping of a source; forms of ours have one of their own unless the operator wrote another."""
    source = settings.sources[name]
    if source.kind == "typed":
        return source.map or typed_mapping(settings.delivered)
    return source.map or (staff_mapping(settings.delivered) if source.kind == "staff" else source.map)


def connect(settings: Settings, store: Store, keys: Keys) -> tuple[dict[str, Connector], dict[str, ConfigFault]]:
    """Every enabled source's connector, and the faults of those whose configuration is refused: the others go on."""
    connectors: dict[str, Connector] = {}
    refused: dict[str, ConfigFault] = {}
    for name in enabled(settings):
        try:
            connectors[name] = build(settings, name, store, keys)
        except ConfigFault as fault:
            refused[name] = fault
    return connectors, refused


def build(settings: Settings, name: str, store: Store, keys: Keys) -> Connector:
    """Raises ``ConfigFault`` with field, value and what is allowed."""
    source, common = settings.sources[name], Common(**settings.common(name))
    if source.pushed:
        return Mailbox(store, Vault(keys), name, mapper_for(settings, name), source.promise)
    return registry.build(source.kind, common, source.options, source.map)


def mapper_for(settings: Settings, name: str) -> Mapper:
    """The mapper of a pushed source. Raises ``ConfigFault``: a delivery may come twice, so its rows need an id."""
    source, common = settings.sources[name], Common(**settings.common(name))
    mapper = mapper_of(mapping(settings, name), common)
    at = f"source.{name}"
    for option in source.options:
        raise ConfigFault("connectors.config.unknown", field=f"{at}.options.{option}", value=option, allowed=[], nearest=None)
    if not mapper.has_id:
        raise ConfigFault("connectors.config.missing", field=f"{at}.map.id", value="", allowed="map.id", nearest=None)
    return mapper


def backfilling(conn: Connection, settings: Settings, now: datetime) -> bool:
    """Whether first history is still being read from a source that can be reached."""
    states = {row.source: row for row in conn.execute(select(source_state))}
    return any(_reading_history(states.get(name), now) for name in live(settings))


def _reading_history(row: Any, now: datetime) -> bool:
    if row is None:
        return True
    given_up = row.fault == "config" or (row.fault is not None and now - row.fault_since > PATIENCE)
    return not given_up and not row.backfilled
