"""A batch too large for one transaction: parts, each small and complete, and nothing that needs no lock behind the lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from connectors.base import BadRecord, Reference
from fengsui.ingest import parts, write
from fengsui.ingest.check import check_store
from fengsui.ingest.take import Ingest
from fengsui.metrics import blocks
from fengsui.store import tables

N = 25


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, rows in (("FIRST", 4), ("FEWEST", 4), ("MOST", 4)):
        monkeypatch.setattr(parts, name, rows)


def history(centre: SimpleNamespace) -> Any:
    """25 records and two bad rows, one record twice, one of them in a later version, one gone."""
    records = [centre.feedback(str(n), n, text=f"第{n}次说退款没到账", customer=f"c{n % 3}") for n in range(N)]
    newer = centre.feedback("0", updated_at=centre.now, dims={"channel": "App"})
    bad = tuple(BadRecord("connectors.bad.number", {"n": n}, field="score") for n in (1, 2))
    return centre.batch(*records, newer, records[3], bad=bad, gone=("24",), cursor={"n": N}, read=N + 4)


def commits(store: Engine, run: Callable[[], object]) -> int:
    seen: list[int] = []
    listen = lambda conn: seen.append(1)  # noqa: E731 - it must be removed again
    event.listen(store, "commit", listen)
    run()
    event.remove(store, "commit", listen)
    return len(seen)


def one(store: Engine, table: Any) -> Any:
    with store.connect() as conn:
        return conn.execute(select(table)).one()


@pytest.mark.usefixtures("small_parts")
def test_parts_end_in_the_tables_of_one_transaction(
    store: Engine, centre: SimpleNamespace, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = history(centre)
    cut = commits(store, lambda: Ingest(store, centre.settings, centre.keys).take("tickets", batch, 1, centre.now, no_fence))
    assert cut == 8
    found, poll, source = centre.everything(store), one(store, tables.poll), one(store, tables.source_state)
    assert (poll.read_n, poll.new_n, poll.changed_n, poll.bad_n, poll.part) == (N + 4, N, 0, 2, 0)
    assert (source.cursor, source.rows_n, source.bad_n, source.backfilled) == ({"n": N}, N, 2, True)
    assert check_store(store, centre.settings, centre.now).equal
    with store.begin() as conn:
        for table in tables.METADATA.sorted_tables:
            conn.execute(table.delete())
    monkeypatch.setattr(parts, "FIRST", 1000)
    whole = Ingest(store, centre.settings, centre.keys)
    assert commits(store, lambda: whole.take("tickets", batch, 1, centre.now, no_fence)) == 1
    other = centre.everything(store)
    found.pop("slice_source"), other.pop("slice_source")  # an overtaken version has fed its slice where it was stored
    assert other == found
    assert one(store, tables.poll)[:9] == poll[:9]


class PowerCut(BaseException):
    pass


@contextmanager
def power_cut(store: Engine, at: int) -> Iterator[None]:
    seen: list[int] = []

    def cut(conn: Any) -> None:
        seen.append(1)
        if len(seen) == at:
            raise PowerCut

    event.listen(store, "commit", cut)
    try:
        yield
    finally:
        event.remove(store, "commit", cut)


@pytest.mark.usefixtures("small_parts")
def test_a_kill_between_parts_leaves_the_cursor_and_ends_in_the_same_tables(
    store: Engine, centre: SimpleNamespace, no_fence: Any
) -> None:
    batch = history(centre)
    with pytest.raises(PowerCut), power_cut(store, 4):
        Ingest(store, centre.settings, centre.keys).take("tickets", batch, 1, centre.now, no_fence)
    left = one(store, tables.source_state)
    assert (left.cursor, left.watermark, left.backfilled, left.rows_n, left.tick) == (None, None, False, 12, 1)
    with store.connect() as conn:
        assert conn.execute(select(tables.poll)).first() is None
    assert check_store(store, centre.settings, centre.now).equal
    Ingest(store, centre.settings, centre.keys).take("tickets", batch, 2, centre.now, no_fence)
    source = one(store, tables.source_state)
    assert (source.cursor, source.rows_n, source.bad_n) == ({"n": N}, N, 2)
    assert check_store(store, centre.settings, centre.now).equal
    with store.connect() as conn:
        seqs = conn.execute(select(tables.feedback.c.record_key, tables.feedback.c.seq)).all()
    assert len(seqs) == N and {seq for _, seq in seqs} == {1, 2}


@pytest.mark.usefixtures("small_parts")
def test_master_data_is_stored_before_the_records_it_explains(store: Engine, centre: SimpleNamespace, no_fence: Any) -> None:
    records = [centre.feedback(str(n), n, dims={"org": "B7"}) for n in range(9)]
    place = Reference("organisation", "B7", {"path": "华南/广东/B7"}, date(2026, 1, 1))
    ingest = Ingest(store, centre.settings, centre.keys)
    ingest.take("tickets", centre.batch(*records, place), 1, centre.now, no_fence)
    with store.connect() as conn:
        assert set(map(str, conn.execute(select(tables.feedback.c.dims)).scalars())) == {"{'org': '华南/广东/B7'}"}
    moved = Reference("organisation", "B7", {"path": "华东/上海/B7"}, date(2026, 1, 1))
    ingest.take("tickets", centre.batch(moved), 2, centre.now, no_fence)
    ingest.take("tickets", centre.batch(centre.feedback("x", dims={"org": "B7"})), 3, centre.now, no_fence)
    with store.connect() as conn:
        dims = conn.execute(select(tables.feedback.c.dims).where(tables.feedback.c.record_key == "tickets:x")).scalar()
    assert dims == {"org": "华东/上海/B7"}


def test_a_click_can_write_while_a_batch_is_made_ready(
    sqlite_store: Engine, centre: SimpleNamespace, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = write.records
    clicks: list[bool] = []

    def click_after(*given: Any) -> Any:
        done = ready(*given)
        other = sqlite3.connect(sqlite_store.url.database or "", timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        other.close()
        clicks.append(True)
        return done

    monkeypatch.setattr(write, "records", click_after)
    Ingest(sqlite_store, centre.settings, centre.keys).take("tickets", history(centre), 1, centre.now, no_fence)
    assert clicks


def test_parts_shrink_at_once_and_grow_step_by_step() -> None:
    pace = parts.Pace()
    pace.learn(200, 2 * parts.WANTED_S)
    assert pace.rows == 100
    pace.learn(100, 100.0)
    assert pace.rows == parts.FEWEST
    pace.learn(10, 0.0001)  # a short part says nothing
    assert pace.rows == parts.FEWEST
    pace.learn(parts.FEWEST, 0.0001)
    assert pace.rows == parts.FEWEST * parts.GROWTH
    for _ in range(50):
        pace.learn(pace.rows, 0.0)
    assert pace.rows == parts.MOST


def statements(store: Engine, run: Callable[[], object]) -> list[str]:
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(store, "before_cursor_execute", note)
    run()
    event.remove(store, "before_cursor_execute", note)
    return seen


def test_a_poll_costs_few_statements(
    store: Engine, centre: SimpleNamespace, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one in ``TURNS`` of them two more, which sum up the rows it appended to."""
    monkeypatch.setattr(blocks, "_turn", SimpleNamespace(randrange=lambda turns: 1))
    ingest = Ingest(store, centre.settings, centre.keys)

    def take(tick: int, *records: Any) -> list[str]:
        return statements(store, lambda: ingest.take("tickets", centre.batch(*records), tick, centre.now, no_fence))

    take(1, centre.feedback("1", text="退款一直没到账", customer="c1"))
    assert len(take(2)) <= 3
    few = take(3, *[centre.feedback(str(n), text="退款一直没到账", customer=f"c{n}") for n in (2, 3)])
    assert len(few) <= 13, few
    assert not [each for each in few if "FROM definition" in each and "count" not in each]
    monkeypatch.setattr(blocks, "_turn", SimpleNamespace(randrange=lambda turns: 0))
    assert len(take(4, centre.feedback("4", text="退款一直没到账", customer="c4"))) <= 15


def test_what_a_take_remembers_is_asked_again_when_it_changes(store: Engine, centre: SimpleNamespace, no_fence: Any) -> None:
    ingest = Ingest(store, centre.settings, centre.keys)
    ingest.prepare(centre.now, no_fence)
    ingest.take("tickets", centre.batch(centre.feedback("1", text="星星点灯真好")), 1, centre.now, no_fence)
    with store.begin() as conn:
        body = {"words": ["星星点灯"]}
        conn.execute(
            tables.definition.insert().values(kind="cue", id="media", version=2, valid_from=centre.now, by="u", body=body)
        )
    ingest.take("tickets", centre.batch(centre.feedback("2", text="星星点灯真好")), 1, centre.now, no_fence)
    with store.connect() as conn:
        tags = dict(conn.execute(select(tables.feedback.c.record_key, tables.feedback.c.tags)).all())
    assert tags["tickets:1"]["cues"] == {} and tags["tickets:2"]["cues"] == {"media": ["星星点灯"]}


def test_customers_master_data_is_joined_though_there_was_none_before(
    store: Engine, centre: SimpleNamespace, no_fence: Any
) -> None:
    ingest = Ingest(store, centre.settings, centre.keys)
    ingest.take("tickets", centre.batch(centre.feedback("1", customer="c1")), 1, centre.now, no_fence)
    gold = Reference("customer", "c1", {"tier": "金"}, date(2026, 1, 1))
    ingest.take("tickets", centre.batch(gold), 2, centre.now, no_fence)
    ingest.take("tickets", centre.batch(centre.feedback("2", customer="c1")), 3, centre.now, no_fence)
    with store.connect() as conn:
        tiers = conn.execute(select(tables.feedback.c.customer_tier).order_by(tables.feedback.c.record_key)).scalars().all()
    assert tiers == [None, "金"]
