"""A back-test in a process of its own: it takes minutes of CPU, and the worker's clock must not wait for it.

The worker reads what it says as it says it, and ends it by closing the iterator. It only reads the store.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from fengsui.backtest.rehearsal import Rehearsal, rehearse
from fengsui.backtest.trial import Said, trial
from fengsui.backtest.wish import Place, Wish
from fengsui.store.database import open_store

NICE = 10


class TrialFailed(Exception):
    """``code`` and ``params`` for the asker."""

    def __init__(self, code: str, params: Mapping[str, Any]) -> None:
        super().__init__(code, params)
        self.code, self.params = code, dict(params)


@dataclass(frozen=True, slots=True)
class Errand:
    """All that the child needs; the address of the store goes through a pipe, for it may hold a password."""

    url: str
    wish: Wish | Rehearsal
    place: Place
    now: datetime


def outcome(errand: Errand) -> Iterator[Said]:
    """What ``trial`` says, from a child. Raises ``TrialFailed``."""
    attend = "from fengsui.backtest import child; child.attend()"
    path = os.pathsep.join(filter(None, sys.path))  # ours, whatever -P (no module out of the present directory) leaves out
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", attend], stdin=-1, stdout=-1, env={**os.environ, "PYTHONPATH": path}
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        pickle.dump(errand, process.stdin)
        process.stdin.flush()
        while True:
            found = pickle.load(process.stdout)  # of our own child
            if isinstance(found, tuple):
                raise TrialFailed(*found)
            yield found
            if isinstance(found, dict):
                return
    except (OSError, EOFError, pickle.UnpicklingError):
        raise TrialFailed("backtest.fault.died", {}) from None
    finally:
        process.kill()
        process.communicate()


def attend(errands: BinaryIO = sys.stdin.buffer, answers: BinaryIO = sys.stdout.buffer) -> None:
    """The child's life: one errand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which ends its children
    errand: Errand = pickle.load(errands)  # of our own parent
    os.nice(NICE)
    for found in _safely(errand):
        try:
            pickle.dump(found, answers)
            answers.flush()
        except OSError:
            return  # nobody listens any more


def _safely(errand: Errand) -> Iterator[Said | tuple[str, dict[str, Any]]]:
    store = open_store(errand.url, read_only=True)
    try:
        with store.connect() as conn:
            play = rehearse if isinstance(errand.wish, Rehearsal) else trial
            yield from play(conn, errand.wish, errand.place, errand.now)  # type: ignore[arg-type]  # each its own wish
    except ValueError as fault:
        yield "backtest.fault.parameter", {"why": str(fault)}
    except Exception as fault:  # told to the asker by its type: a child has no other voice
        yield "backtest.fault.broken", {"kind": type(fault).__name__}
    finally:
        store.dispose()
