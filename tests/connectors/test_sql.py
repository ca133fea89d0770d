"""The sql connector against SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import ConfigFault, Connector, Feedback, TryLater
from connectors.registry import build
from connectors.sql_axis import Axis, axis_of, key_from_json, key_to_json
from connectors.sql_faults import fault_of
from tests.connectors.channel import MAPPING, common, drain, ids, rows, sql_store

PLAIN: dict[str, Any] = {"id": "id", "kind": {"value": "complaint"}, "opened_at": "opened_at", "updated_at": "updated_at"}


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'channel.db'}"
    return str(request.getfixturevalue(f"{request.param}_url"))


def run(url: str, *statements: str, **params: Any) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(sa.text(statement), params)
    engine.dispose()


def over(url: str, home: Path, told: dict[str, Any] | None = None, **options: Any) -> Connector:
    return build("sql", common(home, **(told or {})), {"url": url, "table": "ticket", **options}, PLAIN)


# --- pages -----------------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_rows_of_one_instant_are_paged_through(tmp_path: Path, now: datetime) -> None:
    url = f"sqlite:///{tmp_path / 'big.db'}"
    run(
        url,
        "create table ticket (id integer primary key, opened_at text, updated_at text, lot integer)",
        "with recursive n(k) as (select 1 union all select k + 1 from n where k < 100000) "
        "insert into ticket select k, '2026-11-01 08:00:00', '2026-11-01 08:00:00', k % 100 from n",
        "create index by_change on ticket (updated_at, id)",
    )
    mapping = {**PLAIN, "when": {"field": "lot", "in": [0]}}  # mapping all of them is not the subject
    connector = build("sql", common(tmp_path), {"url": url, "table": "ticket"}, mapping)
    batches = drain(connector, now, limit=20_000)
    assert [batch.read for batch in batches] == [20_000] * 5 + [0]
    assert ids(batches) == [str(k) for k in range(100, 100_001, 100)]
    assert len(str(batches[2].cursor)) < 1000  # old rows are not remembered one by one


def test_rows_of_the_overlap_are_not_delivered_again_until_they_change(url: str, tmp_path: Path, now: datetime) -> None:
    sql_store(url, tmp_path, rows(now + timedelta(hours=1, minutes=59), 2))  # changed a minute ago and less
    connector = over(url, tmp_path, {"overlap_s": 600})
    first = connector.poll(None, 50, now)
    assert len(first.records) == 2
    again = connector.poll(first.cursor, 50, now)
    assert (again.read, again.records) == (2, ())
    run(url, "update ticket set opened_at = '2026-11-18 00:00:00' where id = 'T000'")  # within one second of the store's clock
    assert ids([connector.poll(again.cursor, 50, now)]) == ["T000"]


def test_the_stored_cursor_never_passes_the_clock_less_the_overlap(url: str, tmp_path: Path, now: datetime) -> None:
    sql_store(url, tmp_path, rows(now))
    last = drain(over(url, tmp_path, {"overlap_s": 30}), now)[-1]
    assert datetime.fromisoformat(last.cursor["low"]) == last.source_now - timedelta(seconds=30)


def test_a_row_of_a_clock_that_runs_ahead_is_seen_at_once(url: str, tmp_path: Path, now: datetime) -> None:
    sql_store(url, tmp_path, rows(now + timedelta(hours=2, seconds=10), 1))
    assert ids(drain(over(url, tmp_path, {"overlap_s": 30}), now)) == ["T000"]


def test_with_our_clock_nothing_later_than_now_is_seen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    virtual = datetime(2011, 8, 28, 12, 0, tzinfo=UTC)
    sql_store(url, tmp_path, rows(virtual + timedelta(hours=1)))  # rows from 11:00 to 11:22, then 12:00 exactly
    connector = over(url, tmp_path, {"overlap_s": 60}, clock="ours")
    assert not connector.capabilities.clock
    seen = drain(connector, virtual - timedelta(minutes=55))
    assert ids(seen) == [f"T{k:03d}" for k in range(5)]
    later = drain(connector, virtual + timedelta(seconds=1), seen[-1].cursor)
    assert len(ids(later)) == 18
    assert later[-1].source_now == virtual + timedelta(seconds=1)


# --- times -----------------------------------------------------------------------------------------------------------


SECOND = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
LOCAL = datetime.fromisoformat("2026-11-18T14:32:06")


@pytest.mark.parametrize(
    ("sample", "low", "upper"),
    [
        (SECOND, SECOND, SECOND + timedelta(seconds=1)),
        (LOCAL, LOCAL, LOCAL + timedelta(seconds=1)),
        (date(2026, 1, 1), date(2026, 11, 18), date(2026, 11, 19)),
        (1_763_447_526, 1_794_983_526, 1_794_983_527),
        (1_763_447_526_000.0, 1_794_983_526_000, 1_794_983_527_000),
        ("2026-01-01 00:00:00.123", "2026-11-18 14:32:06", "2026-11-18 14:32:07"),
        ("2026-01-01T00:00:00Z", "2026-11-18T06:32:06", "2026-11-18T06:32:07"),
        ("2026-01-01T00:00:00+09:00", "2026-11-18T15:32:06", "2026-11-18T15:32:07"),
        ("2026/01/01 00:00", "2026/11/18 14:32", "2026/11/18 14:33"),
        ("2026-01-01", "2026-11-18", "2026-11-19"),
    ],
)
def test_a_bound_is_written_as_the_column_writes_time_and_never_cuts_a_row_off(sample: Any, low: Any, upper: Any) -> None:
    moment = datetime(2026, 11, 18, 6, 32, 6, 500_000, tzinfo=UTC)
    axis = axis_of(sample, "Asia/Shanghai", "updated_at")
    assert (axis.at_least(moment), axis.below(moment)) == (low, upper)


def test_a_bound_on_the_second_is_not_pushed_up() -> None:
    moment = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
    assert Axis("epoch").below(moment) == moment.timestamp()


def test_a_column_that_does_not_sort_by_time_is_refused() -> None:
    with pytest.raises(ConfigFault) as caught:
        axis_of("18.11.2026 张三", "UTC", "changed")
    assert caught.value.params["field"] == "changed"
    assert "张" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "write"),
    [
        ("integer", lambda moment: int(moment.timestamp())),
        ("bigint", lambda moment: int(moment.timestamp() * 1000)),
        ("varchar(40)", lambda moment: moment.isoformat(timespec="seconds")),
        ("varchar(40)", lambda moment: f"{moment + timedelta(hours=8):%Y-%m-%d %H:%M}"),
    ],
)
def test_times_in_numbers_and_text_are_polled_to_the_end(
    url: str, tmp_path: Path, now: datetime, column: str, write: Callable[[datetime], Any]
) -> None:
    run(url, f"create table ticket (id integer, opened_at {column}, updated_at {column})")
    for k in range(5):
        run(url, "insert into ticket values (:k, :at, :at)", k=k, at=write(now - timedelta(minutes=10 * k)))
    connector = over(url, tmp_path)
    batches = drain(connector, now, limit=2)
    assert sorted(ids(batches)) == ["0", "1", "2", "3", "4"]
    newest = next(one for batch in batches for one in batch.records if isinstance(one, Feedback) and one.source_id == "0")
    assert abs(newest.opened_at - now) < timedelta(minutes=1, seconds=1)


def test_mariadb_timestamps_are_instants_and_datetimes_are_local(mariadb_url: str, tmp_path: Path, now: datetime) -> None:
    run(
        mariadb_url,
        "create table ticket (id int, opened_at datetime, updated_at timestamp(6) null)",
        "set time_zone = '+08:00'",
    )
    run(mariadb_url, "insert into ticket values (1, '2026-11-18 14:32:06', from_unixtime(1794983526))")
    (record,) = over(mariadb_url, tmp_path).poll(None, 5, now).records
    assert isinstance(record, Feedback)
    assert record.opened_at == record.updated_at == datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)


def test_postgres_infinity_is_one_bad_row(postgres_url: str, tmp_path: Path, now: datetime) -> None:
    run(
        postgres_url,
        "create table ticket (id int, opened_at timestamptz, updated_at timestamptz)",
        "insert into ticket values (1, 'infinity', now() - interval '1 hour'), (2, now(), now() - interval '1 hour')",
    )
    batch = over(postgres_url, tmp_path).poll(None, 5, now)
    assert [one.code for one in batch.bad] == ["connectors.bad.time"]
    assert ids([batch]) == ["2"]


def test_keys_come_back_from_the_cursor_as_they_were() -> None:
    import uuid
    from decimal import Decimal

    keys = [datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), Decimal("1.50"), uuid.uuid4(), b"\x00\xff", "甲", 7, 1.5]
    assert [key_from_json(key_to_json(key)) for key in keys] == keys


# --- counts, queries -------------------------------------------------------------------------------------------------


def test_days_are_counted_in_the_zone_asked_for(url: str, tmp_path: Path) -> None:
    moments = [datetime(2026, 11, 17, 15, 59, 59, tzinfo=UTC), datetime(2026, 11, 17, 16, 0, tzinfo=UTC)]
    content = [{**rows(moment + timedelta(hours=2), 1)[0], "id": str(n)} for n, moment in enumerate(moments)]
    sql_store(url, tmp_path, content)
    counted = over(url, tmp_path).count_by_day(date(2026, 11, 17), date(2026, 11, 20), "Asia/Shanghai")
    assert counted == {date(2026, 11, 17): 1, date(2026, 11, 18): 1, date(2026, 11, 19): 0}


def test_counts_leave_out_deleted_rows_and_rows_of_other_shapes(tmp_path: Path, now: datetime) -> None:
    url = f"sqlite:///{tmp_path / 'channel.db'}"
    content = rows(now, 6)
    content[0]["secret"] = "D"
    content[1]["region"] = "测试"
    sql_store(url, tmp_path, content)
    mapping = {**PLAIN, "deleted": {"field": "secret", "in": ["D"]}, "when": {"field": "region", "in": ["华南"]}}
    connector = build("sql", common(tmp_path), {"url": url, "table": "ticket"}, mapping)
    days = connector.count_by_day(now.date() - timedelta(days=2), now.date() + timedelta(days=2), "Asia/Shanghai")
    assert sum(days.values()) == 4
    found = {one.source_id: one.deleted for one in drain(connector, now)[0].records if isinstance(one, Feedback)}
    assert found["T000"] is True and "T001" not in found
    assert connector.capabilities.deletes


def test_a_query_with_colons_and_percent_signs_serves_as_well_as_a_table(url: str, tmp_path: Path, now: datetime) -> None:
    sql_store(url, tmp_path, rows(now))
    query = "select id, opened_at, updated_at, '12:30 %s' as words from ticket where id like 'T00%';"
    connector = build("sql", common(tmp_path), {"url": url, "query": query}, {**PLAIN, "text": "words"})
    batches = drain(connector, now)
    assert len(ids(batches)) == 10
    assert {one.text for batch in batches for one in batch.records if isinstance(one, Feedback)} == {"12:30 %s"}


def test_only_mapped_columns_are_asked_for(tmp_path: Path, now: datetime) -> None:
    url = f"sqlite:///{tmp_path / 'channel.db'}"
    sql_store(url, tmp_path, rows(now, 1))
    connector = over(url, tmp_path)
    statements: list[str] = []
    connector.poll(None, 1, now)
    sa.event.listen(connector.session._engine, "before_cursor_execute", lambda *said: statements.append(said[2]))  # type: ignore[attr-defined]
    connector.poll(None, 5, now)
    assert any("FROM ticket" in one for one in statements)
    assert not any("secret" in one or "words" in one for one in statements)


def test_an_empty_table_is_complete_and_starts_to_speak_later(url: str, tmp_path: Path, now: datetime) -> None:
    sql_store(url, tmp_path, [])
    connector = over(url, tmp_path)
    first = connector.poll(None, 5, now)
    assert (first.read, first.more, first.complete) == (0, False, True)
    assert connector.count_by_day(date(2026, 1, 1), date(2026, 1, 2), "UTC") == {date(2026, 1, 1): 0}


def test_the_first_poll_may_begin_at_a_date(tmp_path: Path, now: datetime) -> None:
    url = f"sqlite:///{tmp_path / 'channel.db'}"
    sql_store(url, tmp_path, rows(now))
    start = (now - timedelta(minutes=61)).isoformat()
    assert len(ids(drain(over(url, tmp_path, start=start), now))) == 8


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_missing_table_and_a_missing_column_are_named_with_the_nearest(url: str, tmp_path: Path, now: datetime) -> None:
    sql_store(url, tmp_path, [])
    with pytest.raises(ConfigFault) as caught:
        over(url, tmp_path, table="tickets").poll(None, 5, now)
    assert (caught.value.code, caught.value.params["nearest"]) == ("connectors.config.no_table", "ticket")
    with pytest.raises(ConfigFault) as caught:
        build("sql", common(tmp_path), {"url": url, "table": "ticket"}, {**PLAIN, "text": "wordz"}).poll(None, 5, now)
    assert (caught.value.params["value"], caught.value.params["nearest"]) == ("wordz", "words")


def test_the_source_cannot_be_written_through_our_connection(url: str, tmp_path: Path, now: datetime) -> None:
    sql_store(url, tmp_path, rows(now, 2))
    connector = over(url, tmp_path)
    connector.poll(None, 5, now)
    with pytest.raises((TryLater, ConfigFault)), connector.session.connection() as conn:  # type: ignore[attr-defined]
        conn.execute(sa.text("delete from ticket"))
    assert connector.preview(5, now).raw


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(ConfigFault, match="no_database"):
        over("sqlite:///absent.db", tmp_path).poll(None, 5, now)
    assert not (tmp_path / "absent.db").exists()


def test_a_wrong_password_stops_the_source_and_is_not_repeated(mariadb_url: str, tmp_path: Path, now: datetime) -> None:
    wrong = mariadb_url.replace("root@", "nobody:geheim@")
    with pytest.raises(ConfigFault, match="denied") as caught:
        over(wrong, tmp_path).poll(None, 5, now)
    assert "geheim" not in str(caught.value)


def test_a_missing_database_stops_the_source(postgres_url: str, tmp_path: Path, now: datetime) -> None:
    with pytest.raises(ConfigFault, match="no_database"):
        over(postgres_url + "x", tmp_path).poll(None, 5, now)


def test_a_role_that_is_not_there_stops_the_source(postgres_url: str, tmp_path: Path, now: datetime) -> None:
    """It comes with no SQLSTATE: before, it was tried again for ever."""
    nobody = sa.make_url(postgres_url).set(username="nobody_here").render_as_string(hide_password=False)
    with pytest.raises(ConfigFault, match="denied"):
        over(nobody, tmp_path).poll(None, 5, now)


def test_an_address_without_its_driver_says_what_one_looks_like(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(ConfigFault, match="driver") as caught:
        over("mysql://root@127.0.0.1/test", tmp_path).poll(None, 5, now)
    assert "mysql+pymysql://" in str(caught.value.params["allowed"])


def test_a_server_that_is_gone_is_tried_later(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(TryLater):
        over("postgresql+psycopg://root@127.0.0.1:1/test", tmp_path).poll(None, 5, now)


def test_a_statement_that_takes_too_long_is_tried_later(
    postgres_url: str, mariadb_url: str, tmp_path: Path, now: datetime
) -> None:
    for where, sleep in ((postgres_url, "pg_sleep(3)"), (mariadb_url, "sleep(3)")):
        began = time.monotonic()
        with pytest.raises(TryLater, match="slow"):
            over(where, tmp_path, clock_sql=f"select {sleep}", timeout_s=0.2).poll(None, 5, now)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("url", ["nonsense", "nodb://x/y", "sqlite+nodriver:///x"])
def test_a_url_without_driver_is_a_mistake_of_the_configuration(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="driver"):
        over(url, tmp_path)


@pytest.mark.parametrize(
    ("options", "mapping"),
    [
        ({"query": "select 1"}, PLAIN),
        ({"table": None}, PLAIN),
        ({"start": "2026-01-01T00:00:00"}, PLAIN),
        ({}, {**PLAIN, "id": ["a", "b"]}),
    ],
)
def test_options_that_contradict_are_refused(tmp_path: Path, options: dict[str, Any], mapping: dict[str, Any]) -> None:
    with pytest.raises(ConfigFault):
        build("sql", common(tmp_path), {"url": "sqlite://", "table": "ticket", **options}, mapping)


def test_a_mapping_without_one_opening_column_cannot_be_swept(tmp_path: Path, now: datetime) -> None:
    url = f"sqlite:///{tmp_path / 'channel.db'}"
    sql_store(url, tmp_path, rows(now, 1))
    reference = {"shape": "reference", "kind": "customer", "id": "id", "valid_from": "opened_at"}
    connector = build("sql", common(tmp_path), {"url": url, "table": "ticket"}, reference)
    assert not connector.capabilities.between
    with pytest.raises(ConfigFault):
        list(connector.between(now, now, 5))


def test_an_unknown_driver_error_is_tried_later_without_its_message() -> None:
    fault = fault_of(sa.exc.OperationalError("select secret", {}, RuntimeError("secret")), "hotline")
    assert isinstance(fault, TryLater)
    assert "secret" not in str(fault)


def test_a_mapping_of_the_suite_reads_every_database_alike(url: str, tmp_path: Path, now: datetime) -> None:
    store = sql_store(url, tmp_path, rows(now))
    found = {
        one.source_id: one for batch in drain(store.connector(), now) for one in batch.records if isinstance(one, Feedback)
    }
    assert found["T001"].text == '第 1 件："付款"失败，\n请处理'
    assert MAPPING["id"] == "id"
