"""Children are started, started again, and above all gone at the end, with everything they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from fengsui import supervisor as module
from fengsui.supervisor import Crashed, Supervisor, Task

# A child that writes its own pid and that of a grandchild into a file, then sleeps. "deaf" ignores SIGTERM.
FAMILY = """
import os, signal, subprocess, sys, time
folder, name, deaf = sys.argv[1:4]
if deaf == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open(f"{folder}/{name}.part", "w") as file:
    file.write(f"{os.getpid()} {inner.pid}")
os.replace(f"{folder}/{name}.part", f"{folder}/{name}.pids")
print("hello from", name, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.02)
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.05)


@pytest.fixture
def heard() -> list[Crashed]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, heard: list[Crashed]) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "run", heard.append, grace_s=0.5)
    yield made
    made.close()


def family(folder: Path, name: str, deaf: str = "") -> Task:
    return Task(name, [sys.executable, "-c", FAMILY, str(folder), name, deaf])


def pids(folder: Path, name: str) -> list[int]:
    file = folder / f"{name}.pids"
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


def living(numbers: list[int]) -> list[int]:
    return [n for n in numbers if psutil.pid_exists(n) and psutil.Process(n).status() != psutil.STATUS_ZOMBIE]


def soon(true: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("deaf", ["", "deaf"])
def test_nothing_is_left_of_a_child_that_has_children(supervisor: Supervisor, tmp_path: Path, deaf: str):
    supervisor.start(family(tmp_path, "worker", deaf))
    assert supervisor.wait_for(lambda: bool(pids(tmp_path, "worker")), 10)
    numbers = pids(tmp_path, "worker")
    assert len(living(numbers)) == 2
    supervisor.close()
    soon(lambda: not living(numbers), 2)
    assert "hello from worker" in (tmp_path / "run" / "worker.log").read_text()


def test_a_crashed_child_is_told_and_started_again_and_its_own_children_go(
    supervisor: Supervisor, tmp_path: Path, heard: list[Crashed]
):
    supervisor.start(family(tmp_path, "worker"))
    supervisor.wait_for(lambda: bool(pids(tmp_path, "worker")), 10)
    first = pids(tmp_path, "worker")
    os.kill(first[0], signal.SIGKILL)
    assert supervisor.wait_for(lambda: pids(tmp_path, "worker") != first, 10)
    assert [(one.name, one.status) for one in heard] == [("worker", -9)]
    soon(lambda: not living(first), 2)


def test_a_child_that_cannot_live_is_tried_less_and_less_often(supervisor: Supervisor, heard: list[Crashed]):
    supervisor.start(Task("broken", [sys.executable, "-S", "-c", "raise SystemExit(3)"]))
    supervisor.wait_for(lambda: len(heard) == 4, 10)
    assert [one.status for one in heard] == [3, 3, 3, 3]
    assert [one.wait_s for one in heard] == [0.05, 0.1, 0.2, 0.4]


def test_after_a_steady_life_the_wait_begins_anew(tmp_path: Path, heard: list[Crashed]):
    steady = Supervisor(tmp_path, heard.append, steady_s=0)
    steady.start(Task("broken", [sys.executable, "-S", "-c", "raise SystemExit(3)"]))
    steady.wait_for(lambda: len(heard) == 3, 10)
    steady.close()
    assert {one.wait_s for one in heard} == {0.05}


def test_the_wait_has_an_end(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, heard: list[Crashed]):
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.06)
    supervisor.start(Task("broken", [sys.executable, "-S", "-c", "raise SystemExit(3)"]))
    supervisor.wait_for(lambda: len(heard) == 3, 10)
    assert [one.wait_s for one in heard] == [0.05, 0.06, 0.06]


def test_what_is_never_ready_is_not_waited_for_without_end(supervisor: Supervisor):
    assert not supervisor.wait_for(lambda: False, 0.1)


def test_children_get_their_environment_and_a_large_log_is_put_aside(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "LOG_BYTES", 8)
    log = tmp_path / "run" / "speaker.log"
    log.parent.mkdir()
    log.write_text("older words")
    code = "import os, time; print(os.environ['WORD'], flush=True); time.sleep(60)"
    supervisor.start(Task("speaker", [sys.executable, "-c", code], {"WORD": "spring"}, tmp_path))
    assert supervisor.wait_for(lambda: log.read_text() == "spring\n", 10)
    assert log.with_suffix(".log.1").read_text() == "older words"


def test_a_log_is_put_aside_while_its_child_lives(supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The trap: a child that never ends never starts anew, and its log fills the disk."""
    monkeypatch.setattr(module, "LOG_BYTES", 200)
    code = "import time\nwhile True: print('x' * 99, flush=True); time.sleep(0.05)"
    supervisor.start(Task("speaker", [sys.executable, "-c", code], {}, tmp_path))
    log = tmp_path / "run" / "speaker.log"
    assert supervisor.wait_for(lambda: log.with_suffix(".log.1").exists(), 10)
    assert supervisor.wait_for(lambda: 0 < log.stat().st_size < 200, 10)


# The whole supervisor as a process, stopped as a terminal or an init system would.
WHOLE = """
import sys
from pathlib import Path
from fengsui.supervisor import Supervisor, Task
folder, family = Path(sys.argv[1]), sys.argv[2]
supervisor = Supervisor(folder / "run", print, grace_s=0.5)
supervisor.on_signals()
try:
    for name, deaf in (("demo", ""), ("worker", "deaf"), ("dashboard", "")):
        supervisor.start(Task(name, [sys.executable, "-c", family, str(folder), name, deaf]))
    print("started", flush=True)
    supervisor.run()
finally:
    supervisor.close()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(tmp_path: Path, number: signal.Signals):
    process = subprocess.Popen(
        [sys.executable, "-c", WHOLE, str(tmp_path), FAMILY], stdout=subprocess.PIPE, start_new_session=True
    )
    names = ("demo", "worker", "dashboard")
    try:
        soon(lambda: all(pids(tmp_path, name) for name in names), 20)
        numbers = [number for name in names for number in pids(tmp_path, name)]
        assert len(living(numbers)) == 6
        process.send_signal(number)
        assert process.wait(10) == 0
        soon(lambda: not living(numbers), 2)
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor in a process of its own with three families, one of them deaf to SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, "-c", WHOLE, str(tmp_path), FAMILY], stdout=subprocess.PIPE, start_new_session=True
    )
    soon(lambda: all(pids(tmp_path, name) for name in NAMES), 20)
    yield process
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


NAMES = ("demo", "worker", "dashboard")


def test_nothing_outlives_a_supervisor_that_was_killed_at_once(tmp_path: Path, whole: subprocess.Popen[bytes]):
    """kill -9 and the kernel's out-of-memory killer give nobody time to say goodbye."""
    numbers = [number for name in NAMES for number in pids(tmp_path, name)]
    assert len(living(numbers)) == 6
    whole.kill()
    whole.wait()
    soon(lambda: not living(numbers), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_warden_that_was_killed_is_replaced_and_knows_the_children(tmp_path: Path, whole: subprocess.Popen[bytes]):
    numbers = [number for name in NAMES for number in pids(tmp_path, name)]

    def wardens() -> list[int]:
        mine = living([one.pid for one in psutil.Process(whole.pid).children()])
        return [number for number in mine if "warden.py" in Path(f"/proc/{number}/cmdline").read_text()]

    (first,) = wardens()
    os.kill(first, signal.SIGKILL)
    soon(lambda: any(number != first for number in wardens()), 5)
    (second,) = (number for number in wardens() if number != first)
    time.sleep(0.5)  # it was told of the children in the same breath
    whole.kill()
    whole.wait()
    soon(lambda: not living([*numbers, second]), 5)


def test_stop_may_come_from_another_thread(supervisor: Supervisor):
    threading.Timer(0.1, supervisor.stop).start()
    supervisor.run()
    assert supervisor.stopping
    assert not supervisor.wait_for(lambda: True, 5)
