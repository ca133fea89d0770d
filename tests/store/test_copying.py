"""Many rows by COPY are the rows that an executemany would have written, and its faults are those of any statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from fengsui.store import copying, faults
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA, customer, feedback_text
from fengsui.store.tables import event as steps
from fengsui.store.upsert import put_step, upsert

NOW = datetime(2026, 11, 18, 6, 7, 8, 9, tzinfo=UTC)
WORDS = ("\\N", "a\tb\nc\\d\r", "", "微信 👍", "'\"; drop table event", "\\.", " ")


@pytest.fixture
def many(postgres_url: str) -> Iterator[Engine]:
    engine = open_store(postgres_url)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


def rows(n: int, word: str = "") -> list[dict[str, Any]]:
    return [
        {
            "record_key": f"t:{i}", "event_key": "c:x", "kind": WORDS[i % len(WORDS)] + word,
            "at": NOW + timedelta(seconds=i / 7), "actor": None if i % 2 else "",
            "data": {"said": WORDS[i % len(WORDS)], "n": [i, None]} if i % 3 else {},
            "derived": bool(i % 2),
        }
        for i in range(n)
    ]  # fmt: skip


def stored(store: Engine, table: Any = steps) -> list[tuple[Any, ...]]:
    with store.connect() as conn:
        return [tuple(row) for row in conn.execute(select(table).order_by(*table.primary_key.columns))]


def statements(store: Engine) -> list[str]:
    seen: list[str] = []
    event.listen(store, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement))
    return seen


def test_many_rows_are_what_they_would_be_one_by_one(many: Engine) -> None:
    given, seen = rows(300), statements(many)
    with many.begin() as conn:
        upsert(conn, steps, given[:7])
        put_step(conn.dialect, steps, given, keep=False)(conn)
        again = [*rows(300, "!"), {**given[5], "kind": "last"}]
        put_step(conn.dialect, steps, again, keep=False)(conn)
        put_step(conn.dialect, steps, rows(400, "?"), keep=True)(conn)
    assert any("stage_event" in each for each in seen)
    expected = {**{row["record_key"]: row for row in rows(400, "?")}, **{row["record_key"]: row for row in again}}
    names = [column.name for column in steps.columns]
    assert stored(many) == sorted(tuple(row[name] for name in names) for row in expected.values())


def test_bytes_are_bytes(many: Engine) -> None:
    given = [
        {"customer": f"{i:03}", "source_id": bytes([i % 256, 0, 92]), "key_id": "k", "first_seen_at": NOW} for i in range(260)
    ]
    with many.begin() as conn:
        put_step(conn.dialect, customer, given, keep=True)(conn)
    assert stored(many, customer) == [tuple(row.values()) for row in given]


def test_what_is_rolled_back_leaves_neither_rows_nor_a_stage_that_is_missed(many: Engine) -> None:
    for wanted in (False, True):
        with many.connect() as conn:
            put_step(conn.dialect, steps, rows(200), keep=False)(conn)
            (conn.commit if wanted else conn.rollback)()
        assert len(stored(many)) == (200 if wanted else 0)


def test_who_may_make_no_temporary_table_writes_as_before(many: Engine) -> None:
    url = make_url(many.url)
    role = f"r_{url.database}"
    with many.begin() as conn:
        conn.execute(text(f"create role {role} login password 'x'"))
        conn.execute(text(f"grant all on all tables in schema public to {role}"))
        conn.execute(text(f"revoke temp on database {url.database} from public"))
    seen = statements(many)
    try:
        with many.begin() as conn:
            conn.execute(text(f"set local role {role}"))
            conn.info.clear()
            put_step(conn.dialect, steps, rows(200), keep=False)(conn)
            assert not copying.may(conn)
            conn.info.clear()
        assert len(stored(many)) == 200 and not any("stage_event" in each for each in seen)
    finally:
        with many.begin() as conn:
            conn.execute(text(f"drop owned by {role}"))
            conn.execute(text(f"drop role {role}"))


def test_a_fault_says_what_it_is_and_quotes_no_row(many: Engine) -> None:
    said = [
        {"record_key": str(i), "text": "秘密", "mask_version": 2**40 if i == 150 else 1, "text_hash": "h"} for i in range(200)
    ]
    with pytest.raises(DBAPIError) as fault, many.begin() as conn:
        put_step(conn.dialect, feedback_text, said)(conn)
    assert "秘密" not in str(fault.value) and not fault.value.connection_invalidated
    with many.begin() as conn:
        put_step(conn.dialect, feedback_text, said[:150])(conn)
    assert len(stored(many, feedback_text)) == 150


def test_a_server_that_goes_away_in_the_middle_is_away(many: Engine) -> None:
    def until_dead() -> Iterator[Any]:
        yield ("t:1", "c:x", "k", NOW, None, "{}", False)
        server = create_engine(many.url, isolation_level="AUTOCOMMIT")
        with server.connect() as conn:
            others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            others += " and pid <> pg_backend_pid()"
            conn.execute(text(others))
        server.dispose()
        for _ in range(100_000):
            yield ("t:2", "c:x", "k" * 100, NOW, None, "{}", False)

    with pytest.raises(DBAPIError) as fault, many.begin() as conn:
        copying.put(conn, steps, steps.columns.keys(), until_dead(), "DO NOTHING")  # type: ignore[arg-type]
    assert fault.value.connection_invalidated and faults.kind_of(fault.value) == "away"
    assert stored(many) == []
