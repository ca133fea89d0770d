"""The room's tests empty one PostgreSQL database instead of making one each."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine


@pytest.fixture
def store(emptied_store: Engine) -> Engine:
    return emptied_store
