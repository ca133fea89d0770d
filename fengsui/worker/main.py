"""The worker process: migrate, lead or stand by, serve a term, end cleanly on SIGTERM."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType

from fengsui.settings import Settings, open_keys
from fengsui.store.database import open_store
from fengsui.store.leadership import LostLeadership, this_process, try_lead
from fengsui.store.migrate import upgrade
from fengsui.worker.term import begin, utc_now

log = logging.getLogger(__name__)

STAND_BY_S = 0.5


def run(settings: Settings, *, stop: threading.Event | None = None, clock: Callable[[], datetime] = utc_now) -> None:
    """Work until SIGTERM, SIGINT or ``stop``. Raises ``SettingsFault`` (keys) and ``StoreTooNew`` before anything is done."""
    ending = stop if stop is not None else _on_signals()
    keys = open_keys(settings)
    store = open_store(settings.store.url)
    try:
        upgrade(store)
        while not ending.is_set():
            leadership = try_lead(store, this_process(), clock())
            if leadership is None:
                ending.wait(STAND_BY_S)
                continue
            log.info("leading, epoch %d", leadership.epoch)
            term = begin(settings, store, keys, leadership, clock)
            try:
                term.serve(ending)
            except LostLeadership as lost:
                log.warning("%s: standing by", lost)
            finally:
                leadership.release()
                term.close()
    finally:
        store.dispose()


def _on_signals() -> threading.Event:
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop
