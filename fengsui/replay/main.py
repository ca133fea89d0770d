"""``fengsui replay``: what would we have seen, and when.

History is fed, virtual minute by virtual minute, into a channel store that the real ``sql`` connector polls; the real road
walks one tick after it. Where nothing happens for a while the clock jumps to the next fact, and the tick closes the idle
steps one by one, as a worker does that catches up: verdicts and transitions are the same, only sooner.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, event
from sqlalchemy import Engine as Store
from tqdm import tqdm

from fengsui.alerts import definitions
from fengsui.alerts import seed as alert_seeds
from fengsui.metrics import catalogue
from fengsui.replay.feeder import Feeder, read_history
from fengsui.replay.history import BadHistory
from fengsui.replay.report import write_transitions
from fengsui.settings import Settings, SettingsFault
from fengsui.settings.keys import open_keys
from fengsui.settings.loader import parse
from fengsui.settings.mistakes import Mistake
from fengsui.settings.replay import Replay
from fengsui.settings.source import Source
from fengsui.store import migrate
from fengsui.store.database import open_store
from fengsui.worker import sources
from fengsui.worker.feed import InlineFeed
from fengsui.worker.poller import Poller
from fengsui.worker.road import Road
from fengsui.worker.rooms import furnish

MINUTE = timedelta(minutes=1)
IDLE = timedelta(minutes=60)
"""The longest jump over idle minutes; shorter than what one tick catches up (``worker.road.MAX_PAIRS``)."""
TAIL = timedelta(hours=6)
"""After the last fact without an explicit end, so that alerts can clear."""

Clock = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Played:
    """Minute by minute from ``first`` to ``last`` in virtual time: ``rows`` of history, ``ticks`` walked, ``transitions``
    written."""

    first: datetime
    last: datetime
    rows: int
    ticks: int
    transitions: int

    @property
    def virtual_minutes(self) -> int:
        return int((self.last - self.first) / MINUTE)


def run(
    file: Path,
    mapping: Path,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    live_from: datetime | None = None,
    out: Path = Path("alerts.csv"),
    rules: Path | None = None,
    lang: str = "zh_CN",
    quiet: bool = False,
) -> Played:
    """Replay ``[start, end)`` of ``file`` and write one row per machine transition to ``out``.

    With ``live_from`` the worker is first started at that moment: what was known before is read and learned as its first
    history, and only the rest is walked minute by minute. ``rules``: a JSON list of further definitions ``{kind, id, body}``.

    Raises before the first minute is walked: ``SettingsFault`` or ``ConfigFault`` for a mapping that cannot be used,
    ``BadDefinition`` for a rule, ``BadHistory`` for a file that cannot be read so or has no row in that stretch, and for an
    ``out`` that cannot be written."""
    _writable(out)
    with TemporaryDirectory(prefix="fengsui-replay-") as scratch:
        stage = Stage(file, mapping, Path(scratch), start, end, rules, live_from)
        try:
            ticks = sum(1 for _ in _bar(stage, quiet))
            transitions = write_transitions(stage.store, out, stage.settings, lang)
        finally:
            stage.close()
    return Played(stage.live_from, stage.end, stage.rows, ticks, transitions)


class Stage:
    """A scratch house with a virtual clock: settings of ``mapping``, store and channel store in ``scratch``."""

    def __init__(
        self,
        file: Path,
        mapping: Path,
        scratch: Path,
        start: datetime | None,
        end: datetime | None,
        rules: Path | None = None,
        live_from: datetime | None = None,
    ) -> None:
        self.settings, plan = read_mapping(mapping, scratch)
        history = read_history(file, plan, start, end)
        self.rows = len(history)
        self.feeder = Feeder(scratch / "history.db", history, plan)
        first = self.feeder.first_at
        if first is None:
            raise BadHistory("nothing", file=file.name)
        self.begin = _minute(first)
        self.end = end or _minute(self.feeder.last_at or first) + TAIL
        self.live_from = self._started(live_from)
        self.store = open_scratch(self.settings.store.url)
        self._prepare(rules)
        keys = open_keys(self.settings)
        connectors, refused = sources.connect(self.settings, self.store, keys)
        for fault in refused.values():
            raise fault
        for connector in connectors.values():
            connector.preview(1, self.begin)  # a column that the mapping names and the history lacks: now, not minute by minute
        self._connectors = connectors
        self._feed = InlineFeed(Poller(self.store, self.settings, connectors))
        rooms = furnish(self.store, self.settings, keys, keep_states=False)
        rooms.ingest.prepare(self.begin, _no_fence)
        self.road = Road(self.store, self.settings, rooms, self._feed, lambda now: _no_fence, judge_at_once=True, draw=False)

    def play(self) -> Iterator[datetime]:
        """Walk from the worker's start to the end; yields each virtual ``now``."""
        now = self.live_from
        while now <= self.end:
            self.feeder.advance(now)
            self._feed.poll_all(now)
            self.road.tick(now)
            yield now
            now = self._after(now)

    def close(self) -> None:
        for connector in self._connectors.values():
            connector.close()
        self.feeder.close()
        self.store.dispose()

    def _after(self, now: datetime) -> datetime:
        """The next minute with a fact, at most an idle hour away and never beyond the end."""
        following = self.feeder.next_at
        jump = min(now + IDLE, self.end) if following is None else min(_minute(following), now + IDLE)
        return max(jump, now + MINUTE)

    def _started(self, live_from: datetime | None) -> datetime:
        if live_from is None:
            return self.begin
        if not self.begin <= live_from < self.end:
            raise BadHistory("live_from", at=live_from.isoformat(), start=self.begin.isoformat(), end=self.end.isoformat())
        return _minute(live_from)

    def _prepare(self, rules: Path | None) -> None:
        migrate.upgrade(self.store)
        with self.store.begin() as conn:
            catalogue.seed(conn, self.begin)
            alert_seeds.seed(conn, self.settings, self.begin)
            for row in json.loads(rules.read_text(encoding="utf-8")) if rules else ():
                definitions.save(conn, row["kind"], row["id"], row["body"], "replay", self.begin)


def read_mapping(mapping: Path, scratch: Path) -> tuple[Settings, Replay]:
    """Settings for the scratch house: those of the file, with the replayed source turned to the scratch channel store."""
    settings = parse(mapping.read_text(encoding="utf-8-sig"), scratch, os.environ)
    plan = settings.replay
    if plan is None or plan.source not in settings.sources:
        allowed = ", ".join(sorted(settings.sources))
        raise SettingsFault((Mistake(1, "replay.source", "", "settings.mistake.replay_source", {"allowed": allowed}),))
    source = _turned(settings.sources[plan.source], plan, scratch)
    changes = {"sources": {plan.source: source}, "replay": None}
    return settings.model_copy(update=changes), plan


def _turned(source: Source, plan: Replay, scratch: Path) -> Source:
    options = {
        "url": f"sqlite:///{scratch / 'history.db'}",
        "table": "history",
        "id_column": "row_id",
        "cursor_column": "updated_at",
        "clock": "ours",
    }
    changes = {
        "kind": "sql",
        "enabled": True,
        "pace": "live",
        "cadence": MINUTE,
        "lateness": source.lateness or plan.delay,
        "overlap": timedelta(0),
        "stall": 3 * IDLE,
        "options": options,
    }
    return source.model_copy(update=changes)


def open_scratch(url: str) -> Store:
    """A store that nobody needs after a crash, so nothing waits for the disk."""
    store = open_store(url)
    event.listen(store, "connect", lambda dbapi, _: dbapi.execute("PRAGMA synchronous=OFF"))
    return store


def _bar(stage: Stage, quiet: bool) -> Iterator[datetime]:
    total = int((stage.end - stage.begin) / MINUTE)
    last = stage.begin
    with tqdm(total=total, unit="min", disable=quiet or None, smoothing=0.05) as bar:
        for now in stage.play():
            bar.update(int((now - last) / MINUTE))
            bar.set_postfix_str(now.strftime("%Y-%m-%d %H:%M"), refresh=False)
            last = now
            yield now


def _writable(out: Path) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("a", encoding="utf-8"):
            pass
    except OSError as mistake:
        raise BadHistory("out", out=str(out), why=type(mistake).__name__) from None


def _no_fence(conn: Connection) -> None:
    """A scratch store has one worker."""


def _minute(at: datetime) -> datetime:
    """The end of the minute that holds ``at``: when a poll on the minute first sees it."""
    floor = at.astimezone(UTC).replace(second=0, microsecond=0)
    return floor if floor == at else floor + MINUTE
