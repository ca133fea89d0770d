"""Erasure, retention and coverage: what goes, goes wholly; what stays, stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from connectors.base import BadRecord, Reference
from fengsui.ingest.check import check_store
from fengsui.ingest.coverage import record_coverage
from fengsui.ingest.erase import erase
from fengsui.ingest.retention import purge
from fengsui.store import tables
from tests import rollups

Take = Callable[..., Any]


def rows(store: Engine, table: Any) -> list[Any]:
    with store.connect() as conn:
        return list(conn.execute(select(table)))


@pytest.fixture
def two(take: Take, centre: SimpleNamespace) -> None:
    """A customer with two records, and another one's that repeats the first."""
    said = "退款一直没有到账怎么办"
    since = date(2026, 1, 1)
    take(
        Reference("customer", "c1", {"tier": "金"}, since),
        centre.feedback("1", text=said, customer="c1", events=(centre.event("solved", 9),)),
        centre.feedback("2", customer="c1"),
        centre.feedback("3", text=said, customer="c2"),
        bad=(BadRecord("bad", {"id": 1}, source_id="1"), BadRecord("bad", {"id": 7}, customer="c1")),
    )


@pytest.fixture
def run(store: Engine, centre: SimpleNamespace, no_fence: Any) -> Callable[..., int]:
    return lambda **what: erase(store, centre.settings, centre.keys, "admin", "asked", centre.now, no_fence, **what).records


def test_an_erased_record_leaves_every_table_and_never_comes_back(
    store: Engine, take: Take, centre: SimpleNamespace, run: Callable[..., int], two: None
) -> None:
    assert run(record_key="tickets:1") == 1
    for table in (tables.feedback, tables.feedback_text, tables.event, tables.quarantine):
        assert "tickets:1" not in {row.record_key for row in rows(store, table)}
    assert {row.repeat_of for row in rows(store, tables.feedback)} == {None}
    assert len(rows(store, tables.customer)) == 2  # c1 has another record
    take(centre.feedback("1", updated_at=centre.now), centre.event("solved", 3, "r:1"), gone=("1",), tick=2)
    assert {row.record_key for row in rows(store, tables.feedback)} == {"tickets:2", "tickets:3"}
    assert [row for row in rows(store, tables.event) if row.record_key == "tickets:1"] == []
    assert check_store(store, centre.settings, centre.now).equal


@pytest.mark.parametrize("shown", [True, False], ids=["by the hash on the page", "by the source's own id"])
def test_an_erased_customer_leaves_with_master_data_and_quarantine(
    store: Engine, centre: SimpleNamespace, run: Callable[..., int], two: None, shown: bool
) -> None:
    hashed = next(row.customer for row in rows(store, tables.feedback) if row.record_key == "tickets:1")
    assert run(customer_ref=hashed if shown else "c1") == 2
    assert {row.record_key for row in rows(store, tables.feedback)} == {"tickets:3"}
    assert len(rows(store, tables.customer)) == 1
    assert rows(store, tables.reference) == [] and rows(store, tables.quarantine) == []
    audit = rows(store, tables.audit)[0]
    assert (audit.by, audit.action, audit.params["records"]) == ("admin", "ingest.erase", 2)
    assert "c1" not in str(audit.params)
    assert check_store(store, centre.settings, centre.now).equal


def test_an_erasure_reaches_every_table_that_names_a_record_and_counts_what_went(
    store: Engine, centre: SimpleNamespace, two: None, no_fence: Any
) -> None:
    """A table that is added and forgotten here would keep words of people who asked to be forgotten."""
    named = [table for table in tables.METADATA.sorted_tables if "record_key" in table.c and table.name != "tombstone"]
    with store.begin() as conn:
        conn.execute(
            update(tables.feedback_text).where(tables.feedback_text.c.record_key == "tickets:1").values(raw=b"x", key_id="k1")
        )
        for table in named:
            if not conn.execute(select(table).where(table.c.record_key == "tickets:1")).first():
                conn.execute(insert(table).values(**_filled(table, centre)))
    done = erase(store, centre.settings, centre.keys, "admin", "asked", centre.now, no_fence, customer_ref="c1")
    for table in named:
        assert "tickets:1" not in {row.record_key for row in rows(store, table)}, table.name
        assert done.rows[table.name] >= 1
    assert (done.records, done.raw, done.rows["customer"], done.rows["reference"]) == (2, 1, 1, 1)
    assert rows(store, tables.audit)[0].params["rows"] == done.rows


def _filled(table: Any, centre: SimpleNamespace) -> dict[str, Any]:
    """A row of the record with something in each column that must have a value."""
    some = {"DateTime": centre.now, "Integer": 1, "BigInteger": 1, "Float": 0.5, "Boolean": True}
    made = {one.name: some.get(type(one.type).__name__, centre.now if "Time" in type(one.type).__name__ else "x")
            for one in table.c if not one.nullable and one.name != "doc"}  # fmt: skip
    return {**made, "record_key": "tickets:1"}


def test_an_unknown_record_is_kept_out_beforehand(
    store: Engine, take: Take, centre: SimpleNamespace, run: Callable[..., int]
) -> None:
    assert run(record_key="tickets:9") == 1
    take(centre.feedback("9"))
    assert rows(store, tables.feedback) == []


def test_erasure_names_one_thing(run: Callable[..., int]) -> None:
    with pytest.raises(ValueError, match="not both"):
        run(record_key="a", customer_ref="b")


def test_retention_takes_the_old_and_leaves_facts_and_quarter_hours(
    store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    take(centre.feedback(text="退款没到账"), bad=(BadRecord("bad", {"id": 1}),))
    with store.begin() as conn:
        conn.execute(insert(tables.tick).values(tick=1, now=centre.now, finished_at=centre.now))
        conn.execute(insert(tables.tick).values(tick=2, now=centre.now))  # unfinished: never purged
    quarters = [cell for cell in rollups.stored(store) if cell.grain == 15]
    assert purge(store, centre.settings, centre.now, no_fence) == {}
    later = centre.now + timedelta(days=800)
    gone = purge(store, centre.settings, later, no_fence)
    assert {"rollup", "feedback_text", "quarantine", "poll", "tick"} <= gone.keys()
    assert rollups.stored(store) == quarters and len(rows(store, tables.feedback)) == 1
    assert [row.tick for row in rows(store, tables.tick)] == [2]
    held = rows(store, tables.quarantine)[0]
    assert (held.raw, held.state, held.seen_n) == (None, "purged", 1)
    assert rows(store, tables.audit)[0].params == gone
    assert check_store(store, centre.settings, later).equal
    assert purge(store, centre.settings, later, no_fence) == {}


def test_a_long_clean_up_goes_in_parts(
    store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fengsui.ingest.retention.AT_ONCE", 2)
    for tick in range(1, 6):
        take(tick=tick)
    fences: list[object] = []
    assert purge(store, centre.settings, centre.now + timedelta(days=91), fences.append)["poll"] == 5
    assert len(fences) == 3 + 1  # three parts and the audit: what has nothing old takes no lock


def test_coverage_compares_days_of_the_centres_zone(store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any) -> None:
    late = centre.now.replace(hour=16, minute=30)  # 00:30 of the next day in Shanghai
    take(centre.feedback("1"), centre.feedback("2", opened_at=late), centre.feedback("3"))
    take(gone=("3",), tick=2)
    theirs = {date(2026, 11, 18): 3, date(2026, 11, 19): 1}
    missing = record_coverage(store, "tickets", theirs, "Asia/Shanghai", centre.now, no_fence)
    assert missing == {date(2026, 11, 18): 2}
    found = {row.day: (row.theirs, row.ours) for row in rows(store, tables.coverage_day)}
    assert found == {date(2026, 11, 18): (3, 1), date(2026, 11, 19): (1, 1)}
