from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine as Store

from tests.engine.smallcentre import Centre, make_settings


@pytest.fixture
def centre(store: Store, tmp_path: Path) -> Centre:
    return Centre(store, make_settings(tmp_path))


@pytest.fixture
def embedded(sqlite_store: Store, tmp_path: Path) -> Centre:
    """For tests whose subject is not the database."""
    return Centre(sqlite_store, make_settings(tmp_path))
