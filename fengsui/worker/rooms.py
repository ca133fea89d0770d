"""The rooms along the road, as the worker calls them. Tests put others in their place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine as Store

from fengsui import alerts, notify
from fengsui.board import snapshot
from fengsui.engine import Advance, Engine, Warmed
from fengsui.engine.advance import Progress
from fengsui.ingest.take import Ingest, Taken
from fengsui.settings import Keys, Settings
from fengsui.worker.courier import Courier
from fengsui.worker.journal import Fence
from fengsui.worker.poller import Fetched


class Judge(Protocol):
    """What a tick asks of the engine."""

    def warm(self, now: datetime, fence: Fence, progress: Progress | None = None) -> Warmed: ...

    def advance(self, tick: int, now: datetime, fence: Fence) -> Advance: ...

    def counts(self) -> dict[str, int]: ...


class Rooms(Protocol):
    """One call for each step of a tick; each is a transaction (or several) of its own room."""

    @property
    def engine(self) -> Judge: ...

    def take(self, fetched: Fetched, tick: int, now: datetime, fence: Fence) -> Taken: ...

    def failed(self, fetched: Fetched, tick: int, now: datetime, fence: Fence) -> None: ...

    def alert(self, tick: int, now: datetime, fence: Fence) -> int:
        """Returns how many transitions were written."""
        ...

    def deliver(self, now: datetime, fence: Fence) -> int:
        """Returns how many notices were sent since the last call."""
        ...

    def draw(self, tick: int, now: datetime, fence: Fence) -> None: ...


@dataclass(frozen=True, slots=True)
class House:
    """The real rooms on one store."""

    store: Store
    settings: Settings
    ingest: Ingest
    engine: Engine
    courier: Courier | None = None  # without one the tick itself sends: a replay, a test

    def take(self, fetched: Fetched, tick: int, now: datetime, fence: Fence) -> Taken:
        if fetched.batch is None:
            raise AssertionError(f"{fetched.source}: a fault cannot be taken")
        return self.ingest.take(fetched.source, fetched.batch, tick, now, fence, seconds=fetched.seconds, sweep=fetched.sweep)

    def failed(self, fetched: Fetched, tick: int, now: datetime, fence: Fence) -> None:
        if fetched.fault is None:
            raise AssertionError(f"{fetched.source}: nothing failed")
        self.ingest.failed(fetched.source, fetched.fault, tick, now, fence, seconds=fetched.seconds)

    def alert(self, tick: int, now: datetime, fence: Fence) -> int:
        moved = alerts.advance(self.store, self.settings, tick, now, fence)
        return moved.opened + moved.raised + moved.cleared + moved.escalated

    def deliver(self, now: datetime, fence: Fence) -> int:
        return self.courier.call(now, fence) if self.courier else self.post(now, fence)

    def post(self, now: datetime, fence: Fence) -> int:
        return int(notify.deliver(self.store, self.settings, now, fence).sent)

    def draw(self, tick: int, now: datetime, fence: Fence) -> None:
        snapshot.build(self.store, self.settings, tick, now, fence)


def furnish(store: Store, settings: Settings, keys: Keys, *, keep_states: bool = True) -> House:
    """The rooms of a deployment. ``keep_states`` False: a replay in a scratch store."""
    return House(store, settings, Ingest(store, settings, keys), Engine(store, settings, keep_states=keep_states))
