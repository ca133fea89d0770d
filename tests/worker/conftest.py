from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine as Store

from tests.worker.channel import START, Channel, Plant, make_settings


@pytest.fixture
def plant(store: Store, tmp_path: Path) -> Plant:
    """One source, on both databases."""
    made = Plant(store, make_settings(tmp_path), {"tickets": Channel()})
    made.seed(START)
    return made


@pytest.fixture
def small(sqlite_store: Store, tmp_path: Path) -> Plant:
    """Two sources; for tests whose subject is not the database."""
    made = Plant(sqlite_store, make_settings(tmp_path, ("tickets", "calls")), {"tickets": Channel(), "calls": Channel()})
    made.seed(START)
    return made
