"""Child processes under one parent: started, logged, started again when they crash, and all gone at the end.

Each child leads a process group of its own, so that stopping it stops its children, and Ctrl-C in the terminal reaches the
supervisor alone, which then stops them in the reverse order of their start: SIGTERM, and SIGKILL after a grace. Where the
supervisor itself is killed, its warden does so.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from fengsui.warden import Warden

GRACE_S = 10.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
STEADY_S = 60.0  # alive for so long: a later crash is a new one
POLL_S = 0.2
LOG_BYTES = 20 * 2**20  # a larger log is put aside; one old log is kept


@dataclass(frozen=True, slots=True)
class Task:
    """One child. ``env`` is added to ours."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


@dataclass(frozen=True, slots=True)
class Crashed:
    """A child ended by itself with ``status`` (negative: the signal) and is started again after ``wait_s``."""

    name: str
    status: int
    wait_s: float
    log: Path


class Child:
    """A task and its present process."""

    def __init__(self, task: Task, logs: Path, steady_s: float, warden: Warden) -> None:
        self.task = task
        self._warden = warden
        self.log = logs / f"{task.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.begun = 0.0
        self.again_at = 0.0
        self.wait_s = 0.0
        self._steady_s = steady_s

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.turn_log()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.task.command),
                env={**os.environ, **self.task.env},
                cwd=self.task.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._warden.watch(self.process.pid)
        self.begun = time.monotonic()

    def look(self, now: float) -> Crashed | None:
        """Start again what is due; tell of a crash once."""
        self.turn_log()
        if self.process is None:
            if now >= self.again_at:
                self.start()
            return None
        status = self.process.poll()
        if status is None:
            return None
        self._end_group()  # what it left behind
        self.wait_s = (
            FIRST_WAIT_S if now - self.begun > self._steady_s else min(max(self.wait_s * 2, FIRST_WAIT_S), LONGEST_WAIT_S)
        )
        self.again_at = now + self.wait_s
        return Crashed(self.task.name, status, self.wait_s, self.log)

    def turn_log(self) -> None:
        """Copied and emptied, not moved: the child holds it open (to append), for months if all is well."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def stop(self, grace_s: float) -> None:
        """SIGTERM to the whole group, SIGKILL to whoever of it is left; returns when none is."""
        if self.process is None:
            return
        self.signal_group(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace_s)
        self._end_group()

    def _end_group(self) -> None:
        assert self.process is not None
        self.signal_group(signal.SIGKILL)
        self.process.wait()
        self._warden.forget(self.process.pid)
        self.process = None

    def signal_group(self, number: signal.Signals) -> None:
        """The group lives as long as any process of it, also after its leader's end."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left (macOS: EPERM for zombies)
                os.killpg(self.process.pid, number)


class Supervisor:
    """``run`` blocks until SIGINT, SIGTERM or SIGHUP, or until ``stop()``. ``tell`` hears of crashes."""

    def __init__(
        self, logs: Path, tell: Callable[[Crashed], None], *, grace_s: float = GRACE_S, steady_s: float = STEADY_S
    ) -> None:
        self.children: list[Child] = []
        self._logs = logs
        self._tell = tell
        self._grace_s = grace_s
        self._steady_s = steady_s
        self._warden = Warden(grace_s)
        self._stopping = threading.Event()

    def start(self, task: Task) -> None:
        child = Child(task, self._logs, self._steady_s, self._warden)
        self.children.append(child)
        child.start()

    def stop(self) -> None:
        """Ask ``run`` and ``wait_for`` to end; may be called from a signal handler or another thread."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def on_signals(self) -> None:
        """Let the usual signals stop us. Only in the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._heard)

    def wait_for(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Watch the children until ``ready()``; False after ``timeout_s`` or when stopped."""
        until = time.monotonic() + timeout_s
        while not self.stopping and time.monotonic() < until:
            if ready():
                return True
            self._step()
        return False

    def run(self) -> None:
        """Watch until stopped."""
        while not self.stopping:
            self._step()

    def close(self) -> None:
        """Stop every child, the youngest first. Nothing is left afterwards."""
        self.stop()
        for child in reversed(self.children):
            child.stop(self._grace_s)
        self._warden.close()

    def _step(self) -> None:
        now = time.monotonic()
        self._warden.look()
        for child in self.children:
            crashed = child.look(now)
            if crashed:
                self._tell(crashed)
        self._stopping.wait(POLL_S)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.stop()
