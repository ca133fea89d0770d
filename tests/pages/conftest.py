"""A house with a seeded store, pages that believe who we say is looking, and a real server where one is needed."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
import streamlit as st
from sqlalchemy import Engine, insert

from fengsui.board import snapshot
from fengsui.people.session import token_hash
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA, session

ROOT = Path(__file__).parents[2]
SEEDED = ROOT / "tests" / "board" / "seeded.py"
NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
PEOPLE = ("wang", "li", "nan", "ana", "screen")


def seeded_module() -> ModuleType:
    if "seeded" not in sys.modules:
        spec = importlib.util.spec_from_file_location("seeded", SEEDED)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["seeded"] = module
        spec.loader.exec_module(module)
    return sys.modules["seeded"]


def furnish(home: Path, now: datetime, *, people: bool) -> Engine:
    """Settings, a seeded store with its first picture, and for each person a session whose token is ``token-<id>``."""
    seeded = seeded_module()
    settings = seeded.settings(home)
    store = open_store(settings.store.url)
    METADATA.create_all(store)
    seeded.seed(store, now, people=people)
    snapshot.build(store, settings, 41872, now, lambda conn: None)
    with store.begin() as conn:
        for id_ in PEOPLE if people else ():
            row = {"token_hash": token_hash(f"token-{id_}"), "person_id": id_, "created_at": now}
            conn.execute(insert(session).values(**row, expires_at=now.replace(year=now.year + 1)))
    return store


def _raise(fault: BaseException) -> str:
    """What a page would hide behind a number fails its test."""
    raise fault


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The house of this test, with a frozen clock."""
    from pages.look import house, trouble

    store = furnish(tmp_path / "house", NOW, people=True)
    monkeypatch.setenv("FENGSUI_HOME", str(tmp_path / "house"))
    house.house.cache_clear()
    st.cache_resource.clear()  # pictures of the last test have the same versions
    monkeypatch.setattr(trouble, "noted", _raise)
    monkeypatch.setattr("pages.wall.boards.LOOK_S", 0.0)
    for module in [name for name in sys.modules if name.startswith("pages.")]:
        if hasattr(sys.modules[module], "now"):
            monkeypatch.setattr(sys.modules[module], "now", lambda: NOW)
    yield tmp_path / "house"
    house.house().reader.dispose()
    house.house().writer.dispose()
    house.house.cache_clear()
    store.dispose()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """``looks("wang")``: from now on this person sits before the screen; None: nobody has signed in."""
    from pages.look import visitor

    def set_(person: str | None) -> None:
        monkeypatch.setattr(visitor, "token", lambda: f"token-{person}" if person else None)

    return set_


@dataclass
class Server:
    """A dashboard in a process of its own on a free port."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.address=127.0.0.1"]
        environment = {**os.environ, "FENGSUI_HOME": str(self.home)}
        log = (self.home / "dashboard.log").open("ab")
        self.process = subprocess.Popen(
            [*command, f"--server.port={self.port}"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        self._wait()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def _wait(self) -> None:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{self.url}/signin", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError((self.home / "dashboard.log").read_text(encoding="utf-8"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo centre without persons, drawn now: what a visitor of ``make run`` sees."""
    home = tmp_path_factory.mktemp("demo") / "house"
    furnish(home, datetime.now(UTC), people=False).dispose()
    server = Server(home, free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def closed_server(tmp_path: Path) -> Iterator[Server]:
    """A fresh process that nobody has visited yet, with persons: a sign-in is needed."""
    furnish(tmp_path / "house", datetime.now(UTC), people=True).dispose()
    server = Server(tmp_path / "house", free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def seeded() -> ModuleType:
    return seeded_module()
