"""What a careless or hostile source sends: it spoils its own row and no other, and no word of it stays where it must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from connectors.base import BadRecord, Event, Measurement, Reference
from fengsui.ingest.check import check_store
from fengsui.ingest.erase import erase
from fengsui.ingest.take import Ingest
from fengsui.store import tables

Take = Callable[..., Any]
HASHED = "h:00112233445566ff"


def column(store: Engine, wanted: Any) -> list[Any]:
    with store.connect() as conn:
        return list(conn.execute(select(wanted)).scalars())


def test_an_id_made_of_words_is_stored_under_our_key_only(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    first, second = (
        centre.feedback(f"{HASHED}#{n}", events=(centre.event("solved", 5, source_id=f"{HASHED}#{n}"),)) for n in (0, 1)
    )
    assert take(first, second).new == 2
    assert take(first, second, tick=2).same == 2
    keys = column(store, tables.feedback.c.record_key)
    assert len(keys) == 2 and not any("00112233445566ff" in key for key in keys)
    assert {key.rpartition("#")[2] for key in keys} == {"0", "1"}
    assert set(column(store, tables.event.c.record_key)) == set(keys)
    assert take(tick=3, gone=(f"{HASHED}#1",)).gone == 1


def test_a_hashed_row_key_of_a_log_is_keyed_too(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    step = Event("1", "solved", centre.now - timedelta(hours=1), f"r:{HASHED}#0")
    assert take(centre.feedback(events=(step,)), step).new == 1
    (key,) = column(store, tables.event.c.event_key)
    assert key.startswith("r:k:") and "00112233445566ff" not in key


@pytest.mark.parametrize("amount", [2**63, 10**30, -1])
def test_a_count_that_no_store_holds_spoils_its_own_row_only(
    store: Engine, take: Take, centre: SimpleNamespace, amount: int
) -> None:
    start = centre.now - timedelta(hours=1)
    rows = [Measurement(name, start, start + timedelta(minutes=15), {}, 1, n) for name, n in (("bad", amount), ("good", 5))]
    done = take(*rows)
    assert (done.new, done.bad) == (1, 1)
    assert column(store, tables.measurement.c.name) == ["good"]


def test_a_gauge_that_is_no_number_spoils_its_own_row_only(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    rows = [Measurement("waiting", centre.now, None, {"queue": q}, gauge=v) for q, v in (("a", float("nan")), ("b", 3.0))]
    assert take(*rows).bad == 1
    assert column(store, tables.gauge.c.value) == [3.0]


def test_a_novel_in_a_dimension_spoils_its_own_row_only(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    novel = "".join(chr(0x4E00 + n * 7 % 20_000) for n in range(5_000))
    done = take(centre.feedback("1", dims={"channel": novel}), centre.feedback("2"))
    assert (done.new, done.bad) == (1, 1)
    assert column(store, tables.quarantine.c.code) == ["ingest.bad.long"]
    assert novel[:20] not in str(column(store, tables.quarantine.c.params))


def test_an_unknown_kind_of_event_is_not_quoted(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.event("我叫张三丰", 1))
    assert "张三丰" not in str(column(store, tables.quarantine.c.params))


def test_what_was_known_already_is_not_missed(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    known = [
        Measurement("waiting", centre.now, None, {"queue": "a"}, gauge=3.0),
        Reference("product", "P1", {"path": "卡/借记卡"}, centre.now.date()),
    ]
    assert take(*known).new == 2
    again = take(*known, tick=2, sweep=True)
    assert (again.new, again.changed, again.same) == (0, 0, 2)
    other = Measurement("waiting", centre.now, None, {"queue": "a"}, gauge=4.0)
    assert take(other, tick=3).changed == 1
    assert column(store, tables.gauge.c.value) == [4.0]
    assert sorted(column(store, tables.poll.c.missed_n)) == [0, 0, 0]


def test_erasing_a_ticket_takes_the_bad_rows_of_its_log(
    store: Engine, ingest: Ingest, take: Take, centre: SimpleNamespace, no_fence: Callable[[object], None]
) -> None:
    take(centre.feedback("7"))
    take(source="log", bad=(BadRecord("connectors.bad.time", {"who": "张三丰"}, source_id="7", field="at"),))
    erase(store, centre.settings, centre.keys, "li", "asked", centre.now, no_fence, record_key="tickets:7")
    with store.connect() as conn:
        assert conn.execute(select(func.count()).select_from(tables.quarantine)).scalar_one() == 0


def test_a_batch_of_everything_bad_leaves_equal_roll_ups(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    take(centre.feedback("1", dims={"channel": "x" * 999}), centre.feedback("2"), centre.feedback(f"{HASHED}#0"))
    assert check_store(store, centre.settings, centre.now).equal


NOVEL = "".join(chr(0x4E00 + n * 7 % 20_000) for n in range(3_000))


def test_an_endless_id_in_a_log_spoils_its_own_row_only(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    """PostgreSQL's index takes no such key: the whole batch would be refused, again at each poll."""
    wrong = (centre.event("solved", 5, source_id=NOVEL), centre.event("solved", 5, key=f"r:{NOVEL}"))
    nested = centre.feedback("1", events=(centre.event("solved", 5, key=f"r:{NOVEL}"),))
    done = take(*wrong, nested, centre.feedback(NOVEL), centre.feedback("2"))
    assert (done.new, done.bad) == (1, 4)
    assert column(store, tables.feedback.c.record_key) == ["tickets:2"]


def test_an_endless_id_of_master_data_spoils_its_own_row_only(store: Engine, take: Take, centre: SimpleNamespace) -> None:
    day = centre.now.date()
    done = take(Reference("product", NOVEL, {"path": "x"}, day), Reference("product", "P1", {"path": "y"}, day))
    assert (done.new, done.bad) == (1, 1)
    assert column(store, tables.reference.c.ref_id) == ["P1"]


def test_novels_in_every_dimension_of_a_measurement_spoil_its_own_row_only(
    store: Engine, take: Take, centre: SimpleNamespace
) -> None:
    """Each is short enough, together they are too long for an index."""
    start = centre.now - timedelta(hours=1)
    long = {f"d{n}": NOVEL[n * 200 : n * 200 + 200] for n in range(6)}
    rows = [Measurement(name, start, start + timedelta(minutes=15), dims, 1, 1) for name, dims in (("bad", long), ("good", {}))]
    gauges = [Measurement(name, start, None, dims, gauge=1.0) for name, dims in (("full", long), ("line", {}))]
    done = take(*rows, *gauges)
    assert (done.new, done.bad) == (2, 2)
    assert column(store, tables.measurement.c.name) == ["good"]
    assert column(store, tables.gauge.c.name) == ["line"]
