"""What the worker does by the clock besides polling: the reconcile sweep, coverage, retention.

The fast cursor can miss rows (a long transaction at the source, a skewed clock); polling alone can never know. So each source
is read again by the time of opening, what is new is stored, and how much that was is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine as Store

from connectors.base import Batch, Connector
from fengsui.explore import topics as found_topics
from fengsui.ingest import corrections, deadlines, learning, lessons, retag, retention, rotation, sampling, search_index, topics
from fengsui.ingest.coverage import record_coverage
from fengsui.ingest.keys import Vault
from fengsui.ingest.take import Ingest
from fengsui.metrics.calendar import local_day
from fengsui.settings import Settings
from fengsui.settings.dimension import TOPIC
from fengsui.settings.keys import Keys
from fengsui.store.database import reading
from fengsui.worker import sources, vitals
from fengsui.worker.aside import Aside
from fengsui.worker.chores import Chore, Desk

MOST_LEVELS = 4
SWEEP_BACK = timedelta(hours=24)
COVER_DAYS = 7
ROTATED_BY = "machine"


@dataclass(slots=True)
class Swept:
    """``missed``: rows that the fast cursor had not brought, or not in their newest version."""

    read: int = 0
    missed: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Makes the chores. Each opens a connector of its own: the polling one belongs to its thread."""

    store: Store
    settings: Settings
    ingest: Ingest
    connect: Callable[[str], Connector]

    def sweep(self, source: str, now: datetime) -> Chore:
        """The last 24 hours of ``source`` again."""

        def work(desk: Desk) -> Iterator[bool]:
            yield from self.swept(desk, source, now - SWEEP_BACK, now, Swept())

        return work

    def swept(self, desk: Desk, source: str, start: datetime, end: datetime, done: Swept) -> Iterator[bool]:
        """Rows opened in ``[start, end)``; ``done`` is filled on the way. Nothing for a source that cannot look back."""
        for batch in Aside(lambda: self._between(source, start, end)).items():
            if batch is not None:
                self.take_aside(desk, source, batch, done)
            yield batch is not None

    def take_aside(self, desk: Desk, source: str, batch: Batch, done: Swept) -> None:
        """Store a batch that did not come from the fast cursor."""
        turn = desk.turn
        taken = self.ingest.take(source, batch, turn.tick, turn.now, turn.fence, sweep=True)
        done.read += batch.read
        done.missed += taken.new + taken.changed
        done.bad += taken.bad

    def coverage(self, source: str, now: datetime) -> Chore:
        """The source's own count of each of the last days beside ours."""
        zone = self.settings.centre.zone
        end = local_day(now, zone) + timedelta(days=1)
        start = end - timedelta(days=COVER_DAYS)

        def work(desk: Desk) -> Iterator[bool]:
            for theirs in Aside(lambda: [self._counted(source, start, end)]).items():
                if theirs is not None:
                    record_coverage(self.store, source, theirs, zone, desk.turn.now, desk.turn.fence)
                yield theirs is not None

        return work

    def covered(self) -> list[str]:
        """Sources whose own count is asked for."""
        return [name for name in sources.enabled(self.settings) if self.settings.sources[name].count_coverage]

    def deadlines(self, now: datetime) -> Chore | None:
        """Open tickets counted by a new calendar; None while there is none."""
        version = deadlines.due(self.store, now)
        if version is None:
            return None

        def work(desk: Desk) -> Iterator[bool]:
            parts = deadlines.recount(self.store, self.settings, lambda: (desk.turn.now, desk.turn.fence), version)
            yield from (True for _ in parts)

        return work

    def corrections(self) -> Chore | None:
        """What people said of tags, laid over the records; None while there is nothing new."""
        if not corrections.waiting(self.store):
            return None

        def work(desk: Desk) -> Iterator[bool]:
            corrections.apply(self.store, self.settings, desk.turn.now, desk.turn.fence)
            yield True

        return work

    def search(self) -> Chore | None:
        """Records that the search does not know yet; None while there are none."""
        if not search_index.behind(self.store):
            return None

        def work(desk: Desk) -> Iterator[bool]:
            turn = lambda: (desk.turn.tick, desk.turn.now, desk.turn.fence)  # noqa: E731
            yield from (True for _ in search_index.catch_up(self.store, turn))

        return work

    def topics(self, now: datetime) -> Chore:
        """What customers suddenly talk about, found beside the writer and written down by it."""
        levels = [cuboid for cuboid in self.settings.full_cuboids if cuboid not in ("all", TOPIC) and "|" not in cuboid]

        def look() -> list[list[topics.Seen]]:
            with reading(self.store).connect() as conn:
                return [[_seen(one) for one in found_topics.find(conn, now, levels[:MOST_LEVELS])]]

        def work(desk: Desk) -> Iterator[bool]:
            for found in Aside(look).items():
                if found is not None:
                    topics.note(self.store, found, desk.turn.now, desk.turn.fence)
                yield found is not None
            turn = lambda: (desk.turn.now, desk.turn.fence)  # noqa: E731
            yield from (True for _ in topics.mark(self.store, self.settings, turn))

        return work

    def topic_past(self, now: datetime) -> Chore | None:
        """The weeks before one topic, looked up beside the writer; None where none waits."""
        waiting = topics.without_past(self.store)
        if waiting is None:
            return None

        def work(desk: Desk) -> Iterator[bool]:
            turn = lambda: (desk.turn.now, desk.turn.fence)  # noqa: E731
            for found in Aside(lambda: [topics.past(self.store, waiting, now)]).items():
                if found is not None:
                    yield from (True for _ in topics.fill(self.store, self.settings, found, turn))
                yield found is not None

        return work

    def vitals(self) -> Chore:
        """Whether the house itself is well (系统告警)."""

        def work(desk: Desk) -> Iterator[bool]:
            vitals.watch(self.store, self.settings, desk.turn.now, desk.turn.fence)
            yield True

        return work

    def sample(self, now: datetime) -> Chore | None:
        """The last week's random sample; None where it is drawn or cannot be yet."""
        if not sampling.due(self.store, now, self.settings.centre.zone):
            return None

        def work(desk: Desk) -> Iterator[bool]:
            sampling.draw(self.store, desk.turn.now, self.settings.centre.zone, desk.turn.fence)
            yield True

        return work

    def rotation(self, keys: Keys) -> Chore:
        """What keys of settings that are retired still seal, sealed under the present one; nothing where there is none."""

        def work(desk: Desk) -> Iterator[bool]:
            retired = {key_id for key_id in keys.retired if key_id != keys.data_key_id}
            for found in rotation.needed(self.store, retired) if retired else ():
                yield True
                if found:
                    turn = lambda: (desk.turn.now, desk.turn.fence)  # noqa: E731
                    yield from (True for _ in rotation.rotate(self.store, Vault(keys), ROTATED_BY, turn))

        return work

    def retag(self, since: datetime) -> Chore:
        """Everything opened since then, tagged by the lists, the taxonomy and the models of now."""

        def work(desk: Desk) -> Iterator[bool]:
            turn = lambda: (desk.turn.now, desk.turn.fence)  # noqa: E731
            yield from (True for _ in retag.retag(self.store, self.settings, self.ingest.tagger, since, turn))

        return work

    def learn(self) -> Chore:
        """Each tag about which people have said something new, fitted in a process of its own."""

        def work(desk: Desk) -> Iterator[bool]:
            for tag in learning.due(self.store):
                yield from self.learned(desk, tag)

        return work

    def learned(self, desk: Desk, tag: str, by: str = learning.NIGHTLY) -> Iterator[bool]:
        """Fit one tag, and store what came of it; ``by``: the person who asked, or the night."""
        with reading(self.store).connect() as conn:
            lesson, until, version = learning.lesson(conn, tag, desk.turn.now)
        for found in Aside(lambda: [lessons.learn_apart(lesson)]).items():
            if found is not None:
                turn = desk.turn
                learning.store_learned(self.store, tag, found, until, version, by, turn.now, turn.fence)
            yield found is not None

    def _between(self, source: str, start: datetime, end: datetime) -> Iterator[Batch]:
        connector = self.connect(source)
        try:
            if connector.capabilities.between:
                yield from connector.between(start, end, self.settings.limits.batch_rows)
        finally:
            connector.close()

    def _counted(self, source: str, start: date, end: date) -> Mapping[date, int]:
        connector = self.connect(source)
        try:
            asked = connector.capabilities.count_by_day
            return connector.count_by_day(start, end, self.settings.centre.zone) if asked else {}
        finally:
            connector.close()

    def purge(self) -> Chore:
        """Retention, and with it the uploaded files, which hold customers' words in the clear: they go with the quarantine."""

        def work(desk: Desk) -> Iterator[bool]:
            turn = desk.turn
            retention.purge(self.store, self.settings, turn.now, turn.fence)
            yield True
            before = turn.now - timedelta(days=self.settings.retention.quarantine_days)
            for path in (self.settings.home / "uploads").glob("*"):
                if path.is_file() and path.stat().st_mtime < before.timestamp():
                    path.unlink()
            yield True

        return work


def _seen(one: found_topics.Found) -> topics.Seen:
    phrase = one.phrase
    return topics.Seen(
        phrase.text, phrase.shown, one.slice_key, phrase.now, one.customers, phrase.usual, phrase.score, one.examples
    )
