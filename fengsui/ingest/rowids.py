"""Ids that connectors made of a row's words, put under our key before anything is stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connectors.base import Batch, Event, Feedback
from fengsui.ingest.keys import Vault

MADE, OF_LOG = "h:", "r:"


def keyed(batch: Batch, vault: Vault) -> Batch:
    """``batch`` with such ids replaced; the same batch where the source has ids of its own."""
    if not any(_is_made(item) for item in batch.records) and not any(each.startswith(MADE) for each in batch.gone):
        return batch
    records = tuple(_keyed(item, vault) if _is_made(item) else item for item in batch.records)
    return replace(batch, records=records, gone=tuple(map(vault.own_id, batch.gone)))


def _is_made(item: Any) -> bool:
    if isinstance(item, Event):
        return item.source_id.startswith(MADE) or item.event_key.startswith(OF_LOG + MADE)
    return isinstance(item, Feedback) and (item.source_id.startswith(MADE) or any(map(_is_made, item.events)))


def _keyed(item: Any, vault: Vault) -> Any:
    source_id = vault.own_id(item.source_id)
    if isinstance(item, Feedback):
        return replace(item, source_id=source_id, events=tuple(_keyed(event, vault) for event in item.events))
    kind, mark, own = item.event_key.partition(OF_LOG)
    event_key = item.event_key if kind else f"{mark}{vault.own_id(own)}"
    return replace(item, source_id=source_id, event_key=event_key)
