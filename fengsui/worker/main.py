"""The worker process: migrate, lead or stand by, serve a term, end cleanly on SIGTERM."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from fengsui.settings import Keys, Settings, open_keys
from fengsui.store.database import open_store
from fengsui.store.leadership import LostLeadership, this_process, try_lead
from fengsui.store.migrate import upgrade
from fengsui.worker.term import BACK_OFF_S, Term, begin, told_once, utc_now

log = logging.getLogger(__name__)

STAND_BY_S = 0.5


def run(settings: Settings, *, stop: threading.Event | None = None, clock: Callable[[], datetime] = utc_now) -> None:
    """Work until SIGTERM, SIGINT or ``stop``. Raises ``SettingsFault`` (keys) and ``StoreTooNew`` before anything is done."""
    ending = stop if stop is not None else _on_signals()
    keys = open_keys(settings)
    store = open_store(settings.store.url)
    try:
        _upgrade(store, ending)
        while not ending.is_set():
            ending.wait(_one_term(settings, store, keys, ending, clock))
    finally:
        store.dispose()


def _upgrade(store: Engine, ending: threading.Event) -> None:
    """Wait for a store that is not there yet: after a power cut the database server may come up later than we do."""
    trouble = None
    while not ending.is_set():
        try:
            upgrade(store)
        except DBAPIError as fault:
            trouble = told_once(fault, trouble)
            ending.wait(BACK_OFF_S)
        else:
            return


def _one_term(settings: Settings, store: Engine, keys: Keys, ending: threading.Event, clock: Callable[[], datetime]) -> float:
    """Lead for a term if nobody else does; returns how long to wait before the next try."""
    try:
        leadership = try_lead(store, this_process(), clock())
        if leadership is None:
            return STAND_BY_S
        log.info("leading, epoch %d", leadership.epoch)
        _serve(begin(settings, store, keys, leadership, ending, clock), ending)
    except DBAPIError as fault:
        told_once(fault, None)
        return BACK_OFF_S
    return 0.0


def _serve(term: Term, ending: threading.Event) -> None:
    try:
        term.serve(ending)
    except LostLeadership as lost:
        log.warning("%s: standing by", lost)
    finally:
        term.leadership.release()
        term.close()


def _on_signals() -> threading.Event:
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop
