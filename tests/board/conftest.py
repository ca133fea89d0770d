"""The seeded afternoon: made once per database and worker, then copied for each test, which may change its copy."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Engine, create_engine, text

from fengsui.settings import Settings
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA

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


_TEMPLATES: dict[str, str] = {}


@pytest.fixture
def postgres_afternoon(postgres_url: str) -> Iterator[str]:
    """``postgres_url`` skips or fails where no server is; its own empty database is replaced by a copy of the template."""
    server_url, _, name = postgres_url.rpartition("/")
    server = create_engine(f"{server_url}/postgres", isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        if server_url not in _TEMPLATES:
            _TEMPLATES[server_url] = f"fengsui_template_{uuid.uuid4().hex[:12]}"
            conn.execute(text(f"create database {_TEMPLATES[server_url]}"))
            fill(f"{server_url}/{_TEMPLATES[server_url]}")
        conn.execute(text(f"drop database {name} with (force)"))
        conn.execute(text(f"create database {name} template {_TEMPLATES[server_url]}"))
    server.dispose()
    yield postgres_url


@pytest.fixture(scope="session", autouse=True)
def _drop_templates() -> Iterator[None]:
    yield
    for server_url, name in _TEMPLATES.items():
        server = create_engine(f"{server_url}/postgres", isolation_level="AUTOCOMMIT")
        with server.connect() as conn:
            conn.execute(text(f"drop database if exists {name} with (force)"))
        server.dispose()


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
