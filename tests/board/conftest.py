"""The seeded afternoon: made once per database and worker, then copied for each test, which may change its copy."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Engine

from fengsui.settings import Settings
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA
from tests.conftest import new_database

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)


def load_seeded() -> ModuleType:
    """``seeded`` is no test module: imported by path, as tests have no packages."""
    if "seeded" not in sys.modules:
        spec = importlib.util.spec_from_file_location("seeded", HERE / "seeded.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["seeded"] = module
        spec.loader.exec_module(module)
    return sys.modules["seeded"]


def fill(url: str) -> None:
    engine = open_store(url)
    METADATA.create_all(engine)
    load_seeded().seed(engine, NOW)
    engine.dispose()


@pytest.fixture
def seeded() -> ModuleType:
    return load_seeded()


@pytest.fixture
def settings(tmp_path: Path, seeded: ModuleType) -> Settings:
    made: Settings = seeded.settings(tmp_path / "house")
    return made


@pytest.fixture(scope="session")
def sqlite_afternoon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("afternoon") / "afternoon.db"
    fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a database to copy; nobody may be connected to it then."""
    with new_database() as url:
        fill(url)
        yield url.rpartition("/")[2]


@pytest.fixture
def postgres_afternoon(postgres_template: str) -> Iterator[str]:
    with new_database(postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def afternoon_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_afternoon"))
    shutil.copy(request.getfixturevalue("sqlite_afternoon"), tmp_path / "store.db")
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def afternoon(afternoon_url: str) -> Iterator[Engine]:
    engine = open_store(afternoon_url)
    yield engine
    engine.dispose()
