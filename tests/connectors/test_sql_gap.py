"""Late rows: eight writers with open transactions, updates and one clock that is behind, against the overlap window.

The published form of this experiment: a cursor on (updated_at, id) without overlap lost 963 of 4,915 rows, with an overlap as
long as the longest transaction plus the worst skew none. Here it runs in seconds.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Connector, Cursor, Feedback
from connectors.registry import build
from tests.connectors.channel import common

MAPPING: dict[str, Any] = {
    "id": "id",
    "kind": {"value": "complaint"},
    "opened_at": "opened_at",
    "updated_at": "updated_at",
    "text": "version",
}
WRITERS, SECONDS, HELD_S, SKEW_S = 8, 3.0, 0.5, 0.4


@pytest.fixture
def engine(postgres_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(postgres_url, pool_size=WRITERS + 2)
    with engine.begin() as conn:
        conn.execute(
            sa.text(
                "create table ticket (id serial primary key, opened_at timestamptz default clock_timestamp(),"
                " updated_at timestamptz, version int default 0)"
            )
        )
    yield engine
    engine.dispose()


def connector(engine: sa.Engine, home: Path, overlap_s: float) -> Connector:
    url = engine.url.render_as_string(hide_password=False)
    return build("sql", common(home, overlap_s=overlap_s), {"url": url, "table": "ticket"}, MAPPING)


class Upsert:
    """What ingest does: one row per id, the newest version of it; counts how often a version came for the first time."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[datetime, str]] = {}
        self.stored = 0

    def poll(self, source: Connector, cursor: Cursor | None, limit: int = 200) -> Cursor:
        while True:
            batch = source.poll(cursor, limit, datetime.now(UTC))
            for one in batch.records:
                assert isinstance(one, Feedback)
                self.take(one)
            cursor = batch.cursor
            if not batch.more:
                return cursor

    def take(self, one: Feedback) -> None:
        old = self.rows.get(one.source_id)
        if old is None or one.updated_at > old[0]:
            self.rows[one.source_id] = (one.updated_at, one.text or "")
            self.stored += 1

    def missed(self, engine: sa.Engine) -> int:
        with engine.connect() as conn:
            truth = {str(row.id): str(row.version) for row in conn.execute(sa.text("select id, version from ticket"))}
        return sum(self.rows.get(key, (None, ""))[1] != version for key, version in truth.items())


def write(engine: sa.Engine, seed: int, stop: threading.Event) -> None:
    """Transactions held open for up to HELD_S; the first writer's clock is SKEW_S behind; every fifth row is an update."""
    chance = random.Random(seed)
    stamp = f"clock_timestamp() - interval '{SKEW_S if seed == 0 else 0} seconds'"
    own: list[int] = []
    while not stop.is_set():
        with engine.begin() as conn:
            for _ in range(chance.randint(1, 6)):
                if own and chance.random() < 0.2:
                    change = f"update ticket set updated_at = {stamp}, version = version + 1 where id = :id"
                    conn.execute(sa.text(change), {"id": chance.choice(own)})
                else:
                    add = f"insert into ticket (updated_at) values ({stamp}) returning id"
                    own.append(int(conn.execute(sa.text(add)).scalar_one()))
            time.sleep(chance.random() * HELD_S)


def test_with_an_overlap_of_transaction_and_skew_nothing_is_missed_or_stored_twice(engine: sa.Engine, tmp_path: Path) -> None:
    stop = threading.Event()
    writers = [threading.Thread(target=write, args=(engine, seed, stop)) for seed in range(WRITERS)]
    source, sink, cursor = connector(engine, tmp_path, overlap_s=HELD_S + SKEW_S + 1), Upsert(), None
    for writer in writers:
        writer.start()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        cursor = sink.poll(source, cursor)
        time.sleep(0.1)
    stop.set()
    for writer in writers:
        writer.join()
    sink.poll(source, cursor)
    source.close()
    with engine.connect() as conn:
        rows, versions = conn.execute(sa.text("select count(*), sum(version) from ticket")).one()
    assert rows > 200 and versions > 20  # the writers wrote
    assert sink.missed(engine) == 0
    assert sink.stored <= rows + versions  # each version at most once
    assert len(sink.rows) == rows


@pytest.mark.parametrize(("overlap_s", "missed"), [(0.0, 1), (30.0, 0)])
def test_a_row_of_a_transaction_held_open_is_lost_without_overlap(
    engine: sa.Engine, tmp_path: Path, overlap_s: float, missed: int
) -> None:
    source, sink = connector(engine, tmp_path, overlap_s), Upsert()
    with engine.begin() as other:
        other.execute(sa.text("insert into ticket (updated_at) values (clock_timestamp())"))
        with engine.begin() as conn:
            conn.execute(sa.text("insert into ticket (updated_at) values (clock_timestamp())"))
        time.sleep(1.1)  # bounds are rounded to the second
        cursor = sink.poll(source, None)
        assert len(sink.rows) == 1
    sink.poll(source, cursor)
    source.close()
    assert sink.missed(engine) == missed
