"""A demo centre with its eight weeks is made once; each test that writes works on a copy."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fengsui.demo.centre import Centre, found

BEGAN = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)  # a Wednesday, 14:32:06 in Shanghai


@pytest.fixture(scope="session")
def began() -> datetime:
    return BEGAN


@pytest.fixture(scope="session")
def founding(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """HOME/demo with history up to BEGAN, read only, and the seconds of CPU that it took. Made by the first worker that needs
    it; the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    whole_run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, took = whole_run / "founded" / "demo", whole_run / "founded" / "cpu_s"
    folder.parent.mkdir(exist_ok=True)
    with (whole_run / "founded" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not took.exists():
            start = time.process_time()
            found(folder, BEGAN)
            took.write_text(str(time.process_time() - start))
    return folder, float(took.read_text())


@pytest.fixture
def home(founding: tuple[Path, float], tmp_path: Path) -> Path:
    """A home of its own with that history."""
    shutil.copytree(founding[0], tmp_path / "demo")
    return tmp_path


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Centre]]:
    """Opens the centre of a home; closed at the end of the test."""
    centres: list[Centre] = []

    def open_one(home: Path) -> Centre:
        centres.append(Centre(home / "demo"))
        return centres[-1]

    yield open_one
    for centre in centres:
        centre.close()


@pytest.fixture
def centre(home: Path, opened: Callable[[Path], Centre]) -> Centre:
    return opened(home)
