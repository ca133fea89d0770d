"""The store and settings of this process, opened once: ``FENGSUI_HOME`` (default ``./home``) says where."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from fengsui.board import Store
from fengsui.settings import Settings, load
from fengsui.store.database import open_store


@dataclass(frozen=True, slots=True)
class House:
    """``reader`` cannot write, on either database; ``writer`` is for short decisions of people only."""

    settings: Settings
    reader: Store
    writer: Store

    @property
    def zone(self) -> str:
        return self.settings.centre.zone

    @property
    def demo(self) -> bool:
        return self.settings.centre.demo


@cache
def house() -> House:
    """Raises ``SettingsFault`` with every mistake of ``HOME/fengsui.toml``: a dashboard without settings must not start."""
    home = Path(os.environ.get("FENGSUI_HOME") or "home")
    settings = load(home / "fengsui.toml")
    url = settings.store.url
    return House(settings, open_store(url, read_only=True), open_store(url, create=False))


def now() -> datetime:
    """The clock of the pages; tests replace it."""
    return datetime.now(UTC)
