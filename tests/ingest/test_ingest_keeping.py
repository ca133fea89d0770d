"""What is kept, for how long, and what must not come back: quarantine, retention, erasure, coverage."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update

from connectors.base import BadRecord, Reference
from fengsui.ingest import quarantine, retention
from fengsui.ingest.coverage import record_coverage
from fengsui.ingest.erase import erase
from fengsui.ingest.keys import Vault
from fengsui.ingest.take import Ingest
from fengsui.store import tables

Take = Callable[..., Any]


def rows(store: Engine, table: Any) -> list[Any]:
    with store.connect() as conn:
        return list(conn.execute(select(table)))


def test_a_row_that_cannot_be_opened_does_not_stop_the_others(
    store: Engine, ingest: Ingest, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    take(bad=(BadRecord("bad.score", {"id": "1"}), BadRecord("bad.score", {"id": "2"}), BadRecord("bad.score", {"id": "3"})))
    ids = sorted(row.quarantine_id for row in rows(store, tables.quarantine))
    with store.begin() as conn:
        mine = tables.quarantine.c.quarantine_id
        conn.execute(update(tables.quarantine).where(mine == ids[0]).values(key_id="a key of long ago"))
        conn.execute(update(tables.quarantine).where(mine == ids[1]).values(raw=b"x" * 40))
    seen: list[Any] = []
    ingest.replay("tickets", lambda raw: seen.extend(raw) or centre.batch(), None, 2, centre.now, no_fence)
    assert len(seen) == 1
    states = {row.quarantine_id: row.state for row in rows(store, tables.quarantine)}
    assert states == {ids[0]: "held", ids[1]: "held", ids[2]: "replayed"}


def test_what_a_person_dismissed_stays_dismissed_after_its_payload_went(
    store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    bad = BadRecord("bad.score", {"id": "1"}, field="score")
    take(bad=(bad,))
    with store.begin() as conn:
        conn.execute(update(tables.quarantine).values(state=quarantine.DISMISSED))
    later = centre.now + timedelta(days=31)
    assert retention.purge(store, centre.settings, later, no_fence)["quarantine"] == 1
    assert rows(store, tables.quarantine)[0].raw is None
    assert "quarantine" not in retention.purge(store, centre.settings, later, no_fence)
    take(bad=(bad,), tick=2, now=later)
    assert rows(store, tables.quarantine)[0].state == quarantine.DISMISSED


def test_a_bad_version_of_an_erased_record_is_not_kept(
    store: Engine, ingest: Ingest, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    take(centre.feedback("9", text="退款一直没到账"))
    erase(store, centre.settings, centre.keys, "admin", "asked", centre.now, no_fence, record_key="tickets:9")
    bad = BadRecord("bad.score", {"id": "9", "words": "退款一直没到账"}, field="score", source_id="9")
    done = take(bad=(bad,), tick=2)
    assert rows(store, tables.quarantine) == []
    assert done.quarantined == 0
    ingest.take("log", centre.batch(bad=(bad,)), 3, centre.now, no_fence)  # its log speaks of the same record
    assert rows(store, tables.quarantine) == []


@pytest.mark.parametrize("where", ["master data", "quarantine", "customer"])
def test_a_customer_without_records_is_found_by_the_hash_on_the_page(
    store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any, where: str
) -> None:
    """The trap: the hash is taken for an id of the source, hashed again, and nothing is erased though it says so."""
    hashed = Vault(centre.keys).customer("c1")
    if where == "master data":
        take(Reference("customer", "c1", {"tier": "金"}, date(2026, 1, 1)))
    elif where == "quarantine":
        take(bad=(BadRecord("bad.score", {"id": "1"}, customer="c1"),))
    else:
        with store.begin() as conn:
            conn.execute(insert(tables.customer).values(customer=hashed, first_seen_at=centre.now))
    erase(store, centre.settings, centre.keys, "admin", "asked", centre.now, no_fence, customer_ref=hashed)
    assert not rows(store, tables.reference) and not rows(store, tables.quarantine) and not rows(store, tables.customer)


def test_when_the_first_of_equal_texts_is_erased_the_next_takes_its_place(
    store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    """The trap: each repeat becomes a first one, and one angry customer counts as many."""
    take(*[centre.feedback(str(n), n, text="退款一直没到账，客服不理人，我要投诉") for n in range(4)])
    erase(store, centre.settings, centre.keys, "admin", "asked", centre.now, no_fence, record_key="tickets:0")
    found = {row.record_key: row.repeat_of for row in rows(store, tables.feedback)}
    assert found == {"tickets:1": None, "tickets:2": "tickets:1", "tickets:3": "tickets:1"}


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "a\x00\udfffb"])
def test_a_bad_row_of_odd_characters_is_held_like_any_other(
    store: Engine, ingest: Ingest, take: Take, centre: SimpleNamespace, no_fence: Any, odd: str
) -> None:
    bad = BadRecord("bad.score", {"id": odd, odd: odd}, field="score", got=odd, source_id=odd, customer=odd)
    assert take(centre.feedback(), bad=(bad,)).new == 1
    assert [row.code for row in rows(store, tables.quarantine)] == ["bad.score"]
    seen: list[Any] = []
    ingest.replay("tickets", lambda raw: seen.extend(raw) or centre.batch(), None, 2, centre.now, no_fence)
    assert seen == [{"id": odd, odd: odd}]


def test_a_clean_up_looks_for_old_rows_without_the_lock_and_goes_in_parts(
    sqlite_store: Engine, centre: SimpleNamespace, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 10)
    ingest = Ingest(sqlite_store, centre.settings, centre.keys)
    bad = tuple(BadRecord("bad.score", {"id": n}) for n in range(35))
    ingest.take("tickets", centre.batch(bad=bad), 1, centre.now, no_fence)
    with sqlite_store.begin() as conn:
        conn.execute(
            insert(tables.gauge),
            [
                {"source": "q", "name": "n", "slice_key": "all", "at": centre.now + timedelta(minutes=n), "value": 1.0}
                for n in range(35)
            ],
        )
    begun: list[int] = []

    def fence(conn: Any) -> None:
        begun.append(1)
        other = sqlite3.connect(sqlite_store.url.database or "", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()

    gone = retention.purge(sqlite_store, centre.settings, centre.now + timedelta(days=100), fence)
    assert (gone["gauge"], gone["quarantine"]) == (35, 35)
    assert len(begun) >= 4 + 4 + 1
    with sqlite_store.connect() as conn:
        assert conn.execute(select(func.count()).select_from(tables.gauge)).scalar() == 0
        assert conn.execute(select(func.count()).where(tables.quarantine.c.raw.is_not(None))).scalar() == 0


def test_nothing_is_written_where_nothing_is_old(store: Engine, centre: SimpleNamespace) -> None:
    def fence(conn: Any) -> None:
        raise AssertionError("a clean-up with nothing to do takes no lock")

    assert retention.purge(store, centre.settings, centre.now, fence) == {}


def test_coverage_counts_by_the_day_of_the_centre_and_without_the_lock(
    store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    midnight = centre.now.replace(hour=16, minute=0, second=0)  # of the 19th in Shanghai
    late = {"opened_at": midnight - timedelta(microseconds=1), "updated_at": centre.now}
    next_day = {"opened_at": midnight, "updated_at": centre.now}
    take(centre.feedback("1", **late), centre.feedback("2", **next_day), centre.feedback("3", deleted=True, **next_day))
    theirs = {date(2026, 11, 18): 1, date(2026, 11, 19): 3}
    assert record_coverage(store, "tickets", theirs, "Asia/Shanghai", centre.now, no_fence) == {date(2026, 11, 19): 2}
    assert record_coverage(store, "tickets", {}, "Asia/Shanghai", centre.now, no_fence) == {}
    stored = {row.day: (row.theirs, row.ours) for row in rows(store, tables.coverage_day)}
    assert stored == {date(2026, 11, 18): (1, 1), date(2026, 11, 19): (3, 1)}


def test_a_record_erased_twice_or_unknown_changes_nothing_but_its_tombstone(
    store: Engine, take: Take, centre: SimpleNamespace, no_fence: Any
) -> None:
    take(centre.feedback("1"), centre.feedback("2"))
    before = centre.everything(store)["rollup"]
    for key in ("tickets:1", "tickets:1", "tickets:none"):
        erase(store, centre.settings, centre.keys, "admin", "asked", centre.now, no_fence, record_key=key)
    after = centre.everything(store)
    assert len(after["tombstone"]) == 2 and len(after["feedback"]) == 1 and len(after["rollup"]) <= len(before)
