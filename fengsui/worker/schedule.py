"""When things are asked for: polls by cadence, the sweep, coverage, retention, signs of life. APScheduler 3.11, jobs in memory.

Jobs are made from settings; what has been done lives in our tables, so nothing of the scheduler is kept. A poll that takes
longer than its cadence is not run twice (``max_instances`` 1), a late one is run once (``coalesce``) and never dropped
(``misfire_grace_time`` None: the default of one second loses runs). What did not run as planned is counted and shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

log = logging.getLogger(__name__)
logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
"""What was skipped is counted in the tick's row; while first history is read that is a line a second for every source."""

OTHER_JOBS_AT_ONCE = 4

KINDS: Mapping[int, str] = {EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "overlapped", EVENT_JOB_ERROR: "failed"}


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its name is shown on the page 运行状态. ``at_once``: the first run does not wait for its trigger."""

    name: str
    trigger: BaseTrigger
    run: Callable[[], object]
    at_once: bool = False


def every(name: str, seconds: float, run: Callable[[], object], *, at_once: bool = False) -> Job:
    return Job(name, IntervalTrigger(seconds=seconds, timezone=UTC), run, at_once)


def daily(name: str, hour: int, minute: int, zone: str, run: Callable[[], object]) -> Job:
    """On the centre's wall clock."""
    return Job(name, CronTrigger(hour=hour, minute=minute, timezone=ZoneInfo(zone)), run)


class Schedule:
    """Runs jobs in threads: one for each poll (a slow source never keeps another waiting), and a few for the rest."""

    def __init__(self, jobs: Iterable[Job], workers: int = 0) -> None:
        wanted = list(jobs)
        threads = max(workers, len(wanted) + OTHER_JOBS_AT_ONCE)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(threads)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._lock = threading.Lock()
        self._seen: dict[str, dict[str, int]] = {}
        self._scheduler.add_listener(self._note, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)
        for job in wanted:
            self._add(job)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """No new runs; those that run end by themselves."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def missed(self) -> dict[str, Any]:
        """``{job: {missed|overlapped|failed: n}}`` since the last call; written into the tick's row."""
        with self._lock:
            seen, self._seen = self._seen, {}
        return seen

    def _add(self, job: Job) -> None:
        first = {"next_run_time": datetime.now(UTC)} if job.at_once else {}
        self._scheduler.add_job(job.run, job.trigger, id=job.name, name=job.name, **first)

    def _note(self, event: Any) -> None:
        kind = KINDS[event.code]
        name = str(event.job_id)
        with self._lock:
            counts = self._seen.setdefault(name, {})
            counts[kind] = counts.get(kind, 0) + 1
        if event.code == EVENT_JOB_ERROR:
            log.error("job %s failed: %s", name, type(event.exception).__name__)
