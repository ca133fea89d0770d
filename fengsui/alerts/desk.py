"""One transaction 2 at work: the connection, the definitions, the live episodes, and what moved so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, or_, select, update

from fengsui.alerts.definitions import Book
from fengsui.alerts.ids import episode_id
from fengsui.alerts.modes import DRILL
from fengsui.alerts.silence import Silence
from fengsui.alerts.tell import News, tell
from fengsui.metrics.catalogue import Metric
from fengsui.store.tables import episode, handling, transition

Row: TypeAlias = dict[str, Any]
UNTOUCHED: Mapping[str, Any] = MappingProxyType(
    {"state": "new", "owner": None, "verdict": None, "person_tier": None, "person_machine_tier": None}
)
"""The people's side of an alert that nobody has seen yet."""
_COLUMNS = tuple(column.name for column in episode.columns)


@dataclass(slots=True)
class Moved:
    """What one advance did. ``verdicts`` and ``records``: looked at; the others: transitions and notices written."""

    verdicts: int = 0
    records: int = 0
    opened: int = 0
    raised: int = 0
    cleared: int = 0
    escalated: int = 0
    lapsed: int = 0
    notices: int = 0


@dataclass(slots=True)
class Desk:
    conn: Connection
    book: Book
    metrics: Mapping[str, Metric]
    zone: ZoneInfo
    tick: int
    now: datetime
    moved: Moved = field(default_factory=Moved)
    live: dict[tuple[str, str], Row] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    put_off: set[str] = field(default_factory=set)  # ids of alerts that people put off, and that still are

    def find(self, rule_id: str, slice_key: str) -> Row | None:
        """The newest episode of the pair that still lives or may fire again."""
        return self.live.get((rule_id, slice_key))

    def firing(self) -> Iterable[Row]:
        return (row for row in self.live.values() if row["condition"] != "cleared")

    def add(self, row: Row) -> None:
        """A new episode with its empty handling row. Numbered only where people see it."""
        row["day"], row["day_n"] = self._number() if row["mode"] == "on" else (None, None)
        self.conn.execute(insert(episode).values(**{name: row[name] for name in _COLUMNS if name in row}))
        self.conn.execute(
            insert(handling).values(
                episode_id=row["episode_id"], state="new", handling_version=0, participants=[], plan_done=[]
            )
        )
        row |= UNTOUCHED
        self.live[row["rule_id"], row["slice_key"]] = row

    def change(self, row: Row, **values: Any) -> None:
        """Machine columns of an episode; never touches handling."""
        row |= values
        self.conn.execute(update(episode).where(episode.c.episode_id == row["episode_id"]).values(**values))

    def append(self, row: Row, code: str, before: str | None, after: str, params: Mapping[str, Any]) -> int:
        """The next machine transition; returns its n."""
        n = int(row["machine_n"]) + 1
        self.change(row, machine_n=n)
        self.conn.execute(
            insert(transition).values(
                episode_id=row["episode_id"],
                axis="machine",
                n=n,
                tick=self.tick,
                at=self.now,
                by="machine",
                code=code,
                before=before,
                after=after,
                params=dict(params),
            )
        )
        return n

    def times(self, row: Row, code: str) -> int:
        """How often the machine has moved this alert by ``code``."""
        mine = (transition.c.episode_id == row["episode_id"]) & (transition.c.axis == "machine") & (transition.c.code == code)
        return self.conn.scalar(select(func.count()).select_from(transition).where(mine)) or 0

    def tell(self, news: News, recipients: Iterable[str]) -> None:
        self.moved.notices += tell(self.conn, self.book.policy, news, recipients, self.now)

    def free_id(self, rule_id: str, slice_key: str, minute: int) -> str:
        """The episode's id; a minute that an ended episode of the pair has taken gives way to the next one."""
        while True:
            found = episode_id(rule_id, slice_key, minute)
            if self.conn.scalar(select(episode.c.rule_id).where(episode.c.episode_id == found)) is None:
                return found
            minute += 1

    def _number(self) -> tuple[Any, int]:
        day = self.now.astimezone(self.zone).date()
        highest = self.conn.scalar(select(func.max(episode.c.day_n)).where(episode.c.day == day))
        return day, (highest or 0) + 1


def open_desk(
    conn: Connection, book: Book, metrics: Mapping[str, Metric], zone: ZoneInfo, tick: int, now: datetime, since: datetime
) -> Desk:
    """With all episodes that burn, or had gone out so lately at ``since`` (the oldest step to judge) that they may go on."""
    lately = since - timedelta(seconds=book.policy.refire_s)
    people = (
        handling.c.state,
        handling.c.owner,
        handling.c.verdict,
        handling.c.tier.label("person_tier"),
        handling.c.machine_tier.label("person_machine_tier"),
    )
    query = select(episode, *people).join(handling, handling.c.episode_id == episode.c.episode_id)
    query = query.where(episode.c.mode != DRILL)  # no rule judges it, and it is nobody's family
    alive = or_(episode.c.condition != "cleared", episode.c.cleared_at >= lately)
    desk = Desk(conn, book, metrics, zone, tick, now)
    for found in conn.execute(query.where(alive).order_by(episode.c.opened_at, episode.c.episode_id)).mappings():
        row = {str(name): value for name, value in found.items()}
        if row["condition"] != "cleared" or _same_mode(book, row):
            desk.live[row["rule_id"], row["slice_key"]] = row
    return desk


def _same_mode(book: Book, row: Row) -> bool:
    """What a rule raised in shadow does not go on once it is on, nor the other way round."""
    rule = book.rule(row["rule_id"])
    return rule is not None and rule.mode == row["mode"]
