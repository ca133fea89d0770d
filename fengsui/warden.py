"""Ends the supervisor's children when the supervisor itself was killed and could not.

A process of its own that reads a pipe: ``+pid`` and ``-pid`` name process groups that began and ended. When the pipe closes
its writer is gone, by a normal end (then nothing is left) or by SIGKILL or the kernel's out-of-memory killer (then SIGTERM goes
to every group that is left, and SIGKILL after the grace). A pipe closes on every system, also for a parent that had no time.
Run as a file, isolated and without our packages, so that it is small and starts at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

POLL_S = 0.1


class Warden:
    """The supervisor's side: tells of each group, starts the watcher again if somebody killed it."""

    def __init__(self, grace_s: float) -> None:
        self._grace_s = grace_s
        self._groups: set[int] = set()
        self.process: subprocess.Popen[bytes] | None = None

    def watch(self, group: int) -> None:
        self._groups.add(group)
        if not self.look():
            self._write(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._groups.discard(group)
        self._write(f"-{group}\n")

    def look(self) -> bool:
        """Start the watcher where there is none; True if it was started, and told of every group."""
        if self.process is not None and self.process.poll() is None:
            return False
        self._let_go()
        command = [sys.executable, "-I", "-S", str(Path(__file__)), str(self._grace_s)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
        self._write("".join(f"+{group}\n" for group in sorted(self._groups)))
        return True

    def close(self) -> None:
        """The supervisor has stopped its children itself."""
        if self.process is not None:
            self._let_go()
            self.process.wait(self._grace_s + 5)
            self.process = None

    def _let_go(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def _write(self, words: str) -> None:
        pipe = self.process.stdin if self.process is not None else None
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # killed this instant: the next look starts another
                pipe.write(words.encode())
                pipe.flush()


def main(grace_s: float) -> None:
    """The watcher's side: until the pipe closes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a shutdown stops the supervisor, and that ends us
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    _end(groups, grace_s)


def _end(groups: set[int], grace_s: float) -> None:
    _signal(groups, signal.SIGTERM)
    until = time.monotonic() + grace_s
    while groups and time.monotonic() < until:
        time.sleep(POLL_S)
        groups = {group for group in groups if _alive(group)}
    _signal(groups, signal.SIGKILL)


def _signal(groups: Iterable[int], number: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(float(sys.argv[1]))
