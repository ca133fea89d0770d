"""One worker's term as leader: threads fetch, one thread writes, a tick about once a second until it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Engine as Store
from sqlalchemy.exc import DBAPIError

from fengsui.alerts.seed import seed as seed_alerts
from fengsui.ingest import check
from fengsui.locale import say
from fengsui.metrics import catalogue, view_body
from fengsui.settings import Keys, Settings
from fengsui.store.faults import code_of
from fengsui.store.leadership import Leadership
from fengsui.worker import sources
from fengsui.worker.beat import beat
from fengsui.worker.chores import Chore, Chores
from fengsui.worker.courier import Courier
from fengsui.worker.feed import ThreadFeed
from fengsui.worker.housekeeping import Housekeeping
from fengsui.worker.poller import Fetched, Poller
from fengsui.worker.requests import Clerk
from fengsui.worker.road import Interrupted, Road, TickCounts
from fengsui.worker.rooms import House, furnish
from fengsui.worker.schedule import Job, Schedule, daily, every

log = logging.getLogger(__name__)

SWEEP_S = 600.0
COVERAGE_S = 3600.0
DEADLINES_S = 60.0
CORRECTIONS_S = 1.0
SEARCH_S = 2.0
VITALS_S = 60.0
TOPICS_S = 300.0
TOPIC_PAST_S = 60.0
RETENTION_AT = (3, 10)  # on the centre's clock
LEARNING_AT = (2, 20)
SAMPLE_S = 300.0
HURRY_S = 0.02
APART = 0.2  # of a tick: rows that came are taken in before it is due, but not oftener than this
LOOK_S = 0.25  # how often a resting worker looks whether it should stop
BACK_OFF_S = 2.0


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Term:
    """Everything that belongs to one term. Made anew after each election, so nothing of an older one is believed."""

    settings: Settings
    store: Store
    house: House
    road: Road
    feed: ThreadFeed
    poller: Poller
    schedule: Schedule
    clerk: Clerk
    leadership: Leadership
    clock: Callable[[], datetime]
    trouble: str | None = None

    def serve(self, stop: threading.Event) -> None:
        """Tick until ``stop``. Raises ``LostLeadership``."""
        self._seed()
        self.schedule.start()
        try:
            while not stop.is_set():
                self._rest(stop, self._tick())
        except Interrupted:
            log.info("ended in the middle of a tick; the next worker finishes it")
        finally:
            self.schedule.stop()
            self.feed.stop()
            if self.house.courier is not None and not self.house.courier.stop():
                log.warning("a notice is still under way: what it told is told again by the next worker")

    def close(self) -> None:
        for connector in self.poller.connectors.values():
            connector.close()

    def _tick(self) -> float:
        """One tick; returns how long to wait before the next. A store that is away or full is tried again until it is back."""
        try:
            self.clerk.pick()
            counts = self.road.tick(self.clock())
        except DBAPIError as fault:
            self.trouble = told_once(fault, self.trouble)
            return BACK_OFF_S
        if self.trouble is not None:
            log.info("the store can be written again")
            self.trouble = None
        return self._pause(counts)

    def _rest(self, stop: threading.Event, pause_s: float) -> None:
        """Until the next tick is due, or rows came: a record does not wait for the second to end. A store that is away is left
        alone for all of ``pause_s``."""
        until = time.monotonic() + pause_s
        apart_s = APART * self.settings.engine.tick.total_seconds()
        if stop.wait(pause_s if self.trouble is not None else min(pause_s, apart_s)):
            return
        while not stop.is_set() and (left := until - time.monotonic()) > 0 and not self.feed.rest(min(left, LOOK_S)):
            pass

    def _pause(self, counts: TickCounts) -> float:
        """Hurry while there is work: batches waiting, steps to catch up, history to read."""
        busy = counts.waiting or counts.more or (counts.held == "backfill" and counts.batches)
        return HURRY_S if busy else max(HURRY_S, self.settings.engine.tick.total_seconds() - counts.seconds)

    def _seed(self) -> None:
        now = self.clock()
        fence = self.leadership.fence(now)
        if check.needs_rebuild(self.store, self.settings):
            check.rebuild(self.store, self.settings, now, fence)
        self.house.ingest.prepare(now, fence)
        with self.store.begin() as conn:
            fence(conn)
            catalogue.seed(conn, now)
            view_body.seed(conn, now)
            seed_alerts(conn, self.settings, now)


def told_once(fault: DBAPIError, before: str | None) -> str:
    """Log a store that cannot be used when it becomes so, not every two seconds. Any other fault of a database is a mistake of
    ours that time does not mend: it is raised."""
    code = code_of(fault)
    if code is None:
        raise fault
    if code != before:
        log.error("%s (%s)", say("en", code), type(fault.orig).__name__)
    return code


def begin(
    settings: Settings,
    store: Store,
    keys: Keys,
    leadership: Leadership,
    stop: threading.Event,
    clock: Callable[[], datetime] = utc_now,
) -> Term:
    """Connect to every source that can be connected to, and lay out the jobs."""
    connectors, refused = sources.connect(settings, store, keys)
    poller = Poller(store, settings, connectors)
    feed = ThreadFeed(poller, settings.limits.queue_batches, clock)
    for name, fault in refused.items():
        feed.report(Fetched(name, fault=fault))
    house = furnish(store, settings, keys)
    house = replace(house, courier=Courier(house.post))
    chores = Chores()
    keeping = Housekeeping(store, settings, house.ingest, lambda name: sources.build(settings, name, store, keys))
    if keys.retired:  # keys change while nobody works
        chores.add("rotation", keeping.rotation(keys))
    schedule = Schedule(_jobs(settings, store, feed, chores, keeping, clock), settings.engine.poll_workers)
    road = Road(
        store, settings, house, feed, leadership.fence, chores=chores, missed=schedule.missed, clock=clock, stopping=stop.is_set
    )
    clerk = Clerk(store, settings, keys, chores, keeping, lambda name: _poll_now(poller, feed, name))
    return Term(settings, store, house, road, feed, poller, schedule, clerk, leadership, clock)


def _poll_now(poller: Poller, feed: ThreadFeed, source: str) -> None:
    """A stopped source is tried again: somebody asks because the configuration was mended at the other end."""
    poller.revive(source)
    threading.Thread(target=feed.run, args=(source, True), daemon=True, name=f"poll-{source}").start()


def _jobs(
    settings: Settings,
    store: Store,
    feed: ThreadFeed,
    chores: Chores,
    keeping: Housekeeping,
    clock: Callable[[], datetime],
) -> list[Job]:
    jobs = [daily("retention", *RETENTION_AT, settings.centre.zone, lambda: chores.add("retention", keeping.purge()))]
    jobs.append(daily("learning", *LEARNING_AT, settings.centre.zone, lambda: chores.add("learning", keeping.learn())))
    jobs.append(every("sample", SAMPLE_S, _calling(_if_any, "sample", chores, lambda: keeping.sample(clock()))))
    jobs.append(every("deadlines", DEADLINES_S, _calling(_recount, chores, keeping, clock)))
    jobs.append(every("corrections", CORRECTIONS_S, _calling(_if_any, "corrections", chores, keeping.corrections)))
    jobs.append(every("topics", TOPICS_S, _calling(_look_for_topics, chores, keeping, clock)))
    jobs.append(every("topic past", TOPIC_PAST_S, _calling(_if_any, "topic past", chores, lambda: keeping.topic_past(clock()))))
    jobs.append(every("vitals", VITALS_S, lambda: chores.add("vitals", keeping.vitals()), at_once=True))
    jobs.append(every("search", SEARCH_S, _calling(_if_any, "search", chores, keeping.search)))
    for name in feed.sources:
        source = settings.sources[name]
        often = settings.engine.tick if source.pushed else source.cadence  # an inbox is ours: looking costs nobody anything
        jobs.append(every(f"poll:{name}", often.total_seconds(), _calling(feed.run, name), at_once=True))
        if not source.pushed:
            jobs.append(every(f"sweep:{name}", SWEEP_S, _calling(_sweep, name, feed, chores, keeping, clock)))
    for name in keeping.covered():
        jobs.append(every(f"coverage:{name}", COVERAGE_S, _calling(_cover, name, chores, keeping, clock)))
    if settings.heartbeat.url:
        jobs.append(
            every("heartbeat", settings.heartbeat.every.total_seconds(), _calling(beat, settings.heartbeat.url, store, chores))
        )
    return jobs


def _calling(run: Callable[..., object], *args: object) -> Callable[[], object]:
    """A job. While the store is away it does nothing: the tick says so once, and the job's next turn comes."""

    def call() -> None:
        try:
            run(*args)
        except DBAPIError as fault:
            if code_of(fault) is None:
                raise

    return call


def _sweep(source: str, feed: ThreadFeed, chores: Chores, keeping: Housekeeping, clock: Callable[[], datetime]) -> None:
    if source in feed.settled:  # while history is read there is nothing to reconcile
        chores.add(f"sweep:{source}", keeping.sweep(source, clock()))


def _recount(chores: Chores, keeping: Housekeeping, clock: Callable[[], datetime]) -> None:
    chore = keeping.deadlines(clock())
    if chore is not None:
        chores.add("deadlines", chore)


def _look_for_topics(chores: Chores, keeping: Housekeeping, clock: Callable[[], datetime]) -> None:
    chores.add("topics", keeping.topics(clock()))


def _if_any(name: str, chores: Chores, make: Callable[[], Chore | None]) -> None:
    chore = make()
    if chore is not None:
        chores.add(name, chore)


def _cover(source: str, chores: Chores, keeping: Housekeeping, clock: Callable[[], datetime]) -> None:
    chores.add(f"coverage:{source}", keeping.coverage(source, clock()))
