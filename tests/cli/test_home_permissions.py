"""A home that may not be written, files that may not be read: said in words, and nothing is damaged."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fengsui.store.database import open_store
from fengsui.store.migrate import upgrade

ROOT = Path(__file__).parents[2]
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
"""Root may write anywhere; without these two capabilities modes count for it as for everybody."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "home"
    place.mkdir()
    (place / "fengsui.toml").write_text('[centre]\nname = "A"\n', encoding="utf-8")
    yield place
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def ran(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*WITHOUT_RIGHTS, sys.executable, "-m", "fengsui.cli", "--home", str(home), "--lang", "en", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_a_home_that_may_not_be_written_is_said_and_stays_as_it_was(home: Path) -> None:
    home.chmod(0o555)
    for words, told in ((("check",), "unable to open database file"), (("worker",), "PermissionError")):
        done = ran(home, *words)
        assert done.returncode != 0 and told in done.stdout + done.stderr
    assert [path.name for path in home.iterdir()] == ["fengsui.toml"]


def test_a_store_that_may_not_be_written_or_read_is_said_and_not_damaged(home: Path) -> None:
    store = open_store(f"sqlite:///{home}/fengsui.db")
    upgrade(store)
    store.dispose()
    assert [path.name for path in home.glob("fengsui.db*")] == ["fengsui.db"]
    file = home / "fengsui.db"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    for mode, told in ((0o444, "readonly"), (0o000, "unable to open database file")):
        file.chmod(mode)
        home.chmod(0o555)
        done = ran(home, "check")
        assert done.returncode != 0 and told in done.stdout + done.stderr
        home.chmod(0o755)
        file.chmod(0o644)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_settings_that_may_not_be_read_are_named(home: Path) -> None:
    (home / "fengsui.toml").chmod(0o000)
    done = ran(home, "check")
    assert (
        done.returncode == 2 and "fengsui.toml" in done.stdout + done.stderr and "PermissionError" in done.stdout + done.stderr
    )
