"""A demo centre and a worker's road over it, both on one virtual clock.

The centre writes its real channel stores, the real connectors read them: SQL, drop folder, and the HTTP API, whose app is
called in process and answers with the virtual Date. ``snapshot`` folds the files, so that a copy is another beginning.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection

from connectors import rest
from connectors.base import Common, Connector
from connectors.mapper import mapper_of
from fengsui.alerts import seed as alert_seeds
from fengsui.demo.api import app
from fengsui.demo.centre import Centre, found
from fengsui.demo.settings_file import write_settings
from fengsui.metrics import catalogue
from fengsui.replay.main import open_scratch
from fengsui.replay.report import transitions
from fengsui.settings import Settings
from fengsui.settings.keys import open_keys
from fengsui.settings.loader import parse
from fengsui.store import migrate
from fengsui.worker import sources
from fengsui.worker.feed import InlineFeed
from fengsui.worker.poller import Poller
from fengsui.worker.road import Road
from fengsui.worker.rooms import furnish

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
FINE, FINE_FOR = timedelta(seconds=15), timedelta(minutes=5)
HURRY = timedelta(minutes=15)
"""A worker ticks each second; so fine are the first minutes of an incident, afterwards a minute is enough."""


class Stage:
    """``home`` holds centre and store. ``now`` moves with ``play``. A home without a store is furnished at ``now``."""

    def __init__(self, home: Path, now: datetime) -> None:
        self.home, self.now = home, now
        self.settings = demo_settings(home)
        self.centre = Centre(home / "demo")
        self.store = open_scratch(self.settings.store.url)
        migrate.upgrade(self.store)
        with self.store.begin() as conn:
            catalogue.seed(conn, now)
            alert_seeds.seed(conn, self.settings, now)
        self._loop = asyncio.new_event_loop()
        inside = httpx.ASGITransport(app(home / "demo", lambda: self.now + SECOND))
        self._api = httpx.AsyncClient(transport=inside, base_url="http://demo")
        self._keys = open_keys(self.settings, {})
        self.connectors = {name: self._connector(name) for name in self.settings.sources}
        self._feed = InlineFeed(Poller(self.store, self.settings, self.connectors))
        rooms = furnish(self.store, self.settings, self._keys)
        rooms.ingest.prepare(now, _no_fence)
        self._road = Road(self.store, self.settings, rooms, self._feed, lambda at: _no_fence, judge_at_once=True, draw=False)

    def tick(self) -> None:
        """The worker comes a second after the centre: with a clock not its own a reader leaves out what changes just then."""
        self.centre.step(self.now)
        at = self.now + SECOND
        self._feed.poll_all(at)
        done = self._road.tick(at)
        broken = [trouble for trouble in done.troubles if not trouble.code.startswith("engine.")]
        if broken:
            raise AssertionError(f"{self.now}: {broken}")

    def play(self, until: datetime, fine_until: datetime | None = None) -> Iterator[datetime]:
        """One tick after another up to ``until``; yields each ``now`` after its tick."""
        while self.now < until:
            self.now += FINE if fine_until is not None and self.now < fine_until else MINUTE
            self.tick()
            yield self.now

    def hurry(self, until: datetime) -> None:
        """To ``until`` by a tick each quarter of an hour, which closes its minutes one by one; for stretches without
        incident."""
        while self.now < until:
            self.now = min(self.now + HURRY, until)
            self.tick()

    def begin(self, incident: str) -> datetime:
        self.centre.begin(incident, self.now)
        return self.now

    def seen(self, since: datetime) -> list[dict[str, Any]]:
        """Machine transitions of ``fengsui.replay.report`` since then, oldest first."""
        rows = transitions(self.store, self.settings, "en")
        return [row for row in rows if datetime.fromisoformat(row["detected_at"]) >= since]

    def close(self) -> None:
        for connector in self.connectors.values():
            connector.close()
        self._loop.close()
        self.centre.close()
        self.store.dispose()

    def _connector(self, name: str) -> Connector:
        source, common = self.settings.sources[name], Common(**self.settings.common(name))
        if source.kind != "rest":
            return sources.build(self.settings, name, self.store, self._keys)
        options = rest.OPTIONS.model_validate(source.options)
        return rest.connect(common, options, mapper_of(source.map, common), httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        found = self._loop.run_until_complete(self._api.get(request.url.raw_path.decode()))
        headers = {"Date": format_datetime((self.now + SECOND).astimezone(UTC), usegmt=True)}
        kept = {name: found.headers[name] for name in ("content-type", "retry-after") if name in found.headers}
        return httpx.Response(found.status_code, headers=kept | headers, content=found.content)


def demo_settings(home: Path) -> Settings:
    """Those of the demo's own file; databases cannot tell a virtual time, so the caller's is taken."""
    settings = parse(write_settings(home, 8999).read_text(encoding="utf-8"), home, {})
    changed = {
        name: source.model_copy(update={"options": {**source.options, "clock": "ours"}}) if source.kind == "sql" else source
        for name, source in settings.sources.items()
    }
    return settings.model_copy(update={"sources": changed})


def warmed(home: Path, now: datetime, days: int) -> Stage:
    """A new centre with ``days`` of history, all of it read and learned at ``now``."""
    found(home / "demo", now, days=days)
    stage = Stage(home, now)
    stage.tick()
    return stage


def copied(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def _no_fence(conn: Connection) -> None:
    """A scratch store has one worker."""
