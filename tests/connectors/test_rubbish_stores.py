"""Interfaces and databases that misbehave: each ends in its fault, in bounded time and memory, and nothing is lost."""

from __future__ import annotations

import gzip
import json
import sqlite3
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from connectors.base import ConfigFault, Connector, TryLater
from connectors.http_fetch import WAIT_MAX, retry_after
from connectors.mapper import mapper_of
from connectors.registry import build
from connectors.rest import PAGES_MAX, RestOptions
from connectors.rest import connect as connect_rest
from tests.connectors.channel import Server, common, drain, http_server, ids

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
MAPPING: dict[str, Any] = {"id": "id", "kind": {"value": "chat"}, "opened_at": "at", "updated_at": "at"}
ROW = {"id": 1, "at": "2026-11-18T05:43:00Z"}

FAR = "Fri, 31 Dec 9999 23:59:59 -2359"


@pytest.fixture
def server() -> Iterator[Server]:
    with http_server([]) as running:
        yield running


def faked(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> Connector:
    read = RestOptions.model_validate({"url": "https://crm.example/api", "items": "items", **options})
    return connect_rest(common(Path()), read, mapper_of(MAPPING, common(Path())), httpx.MockTransport(answer))


def saying(content: bytes, **headers: str) -> Connector:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return faked(lambda request: httpx.Response(200, headers=told, stream=httpx.ByteStream(content)))


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_drip_of_single_bytes_is_cut_by_the_total_time(server: Server, tmp_path: Path) -> None:
    def drip(handler: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    server.answer = drip
    source = build("rest", common(tmp_path), {"url": server.url, "total_timeout_s": 0.3, "timeout_s": 2}, MAPPING)
    began = time.monotonic()
    with pytest.raises(TryLater, match="slow"):
        source.poll(None, 5, NOW)
    assert time.monotonic() - began < 3


def test_half_a_body_is_tried_later(server: Server, tmp_path: Path) -> None:
    def half(handler: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'[{"id": 1')

    server.answer = half
    with pytest.raises(TryLater, match="gone"):
        build("rest", common(tmp_path), {"url": server.url}, MAPPING).poll(None, 5, NOW)


def test_a_gzip_bomb_is_cut_in_bounded_memory_and_a_stack_of_them_is_not_opened() -> None:
    bomb = gzip.compress(bytes(200 << 20), 1)
    tracemalloc.start()
    with pytest.raises(ConfigFault, match="too_large"):
        faked(
            lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=_Pieces(bomb)), max_bytes=1 << 20
        ).poll(None, 5, NOW)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 160 << 20
    with pytest.raises(TryLater, match="not_json"):
        saying(gzip.compress(bomb), content_encoding="gzip, gzip").poll(None, 5, NOW)
    with pytest.raises(TryLater):
        saying(b"no gzip", content_encoding="gzip").poll(None, 5, NOW)


class _Pieces(httpx.SyncByteStream):
    """As the network gives it: 64 KiB at a time."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __iter__(self) -> Iterator[bytes]:
        yield from (self.data[at : at + (1 << 16)] for at in range(0, len(self.data), 1 << 16))


def test_an_answer_in_gb18030_is_read_where_it_says_so() -> None:
    body = json.dumps({"items": [{**ROW, "id": "工单"}]}, ensure_ascii=False)
    for charset in ("gbk", "GB2312", "gb18030"):
        for written in ("gb18030", "utf-8"):
            source = saying(body.encode(written), content_type=f"application/json; charset={charset}")
            assert ids([source.poll(None, 5, NOW)]) == ["工单"]
    with pytest.raises(TryLater, match="not_json"):
        saying(body.encode("gb18030"), content_type="application/json").poll(None, 5, NOW)


@pytest.mark.parametrize(
    ("row", "good"),
    [
        ('{"id": 0, "id": 1, "at": "2026-11-18T05:43:00Z"}', True),  # the last counts
        ('{"id": NaN, "at": "2026-11-18T05:43:00Z"}', False),
        ('{"id": 1, "at": Infinity}', False),
        ('{"id": 1, "at": 1' + "0" * 400 + "}", False),
        ('{"id": {"a": ' + "[" * 400 + "]" * 400 + '}, "at": "2026-11-18T05:43:00Z"}', False),
        ('{"id": 1, "at": {"a": 1}}', False),
        ('{"id": 1, "at": true}', False),
        ("[]", False),
    ],
)
def test_one_strange_row_is_one_bad_row_and_the_next_is_read(row: str, good: bool) -> None:
    for paging in ({}, {"paging": "page"}):
        pages = [f'{{"items": [{row}, {{"id": 2, "at": "2026-11-18T05:43:00Z"}}]}}', '{"items": []}']
        batch = faked(lambda request, left=pages: httpx.Response(200, content=left.pop(0)), **paging).poll(None, 9, NOW)
        assert ids([batch]) == (["1", "2"] if good else ["2"])
        assert (len(batch.bad), batch.read) == (int(not good), 2)


@pytest.mark.parametrize("document", [{"data": None, "code": 500}, {"data": {"items": None}}])
def test_a_null_where_the_list_should_be_is_tried_later(document: Any) -> None:
    with pytest.raises(TryLater, match="not_list"):
        faked(lambda request: httpx.Response(200, json=document), items="data.items").poll(None, 5, NOW)


@pytest.mark.parametrize(
    ("header", "wait"),
    [("9" * 400, WAIT_MAX), ("²", None), ("Fri, 31 Dec 9999 23:59:59 GMT", WAIT_MAX), (FAR, None)],
)
def test_a_wild_retry_after_never_leaves_the_calendar(header: str, wait: float | None) -> None:
    assert retry_after(header, NOW) == wait


def test_a_server_clock_of_another_century_is_not_believed() -> None:
    date = "Fri, 18 Dec 2099 23:59:59 GMT"
    batch = faked(lambda request: httpx.Response(200, json={"items": [ROW]}, headers={"date": date})).poll(None, 5, NOW)
    assert (batch.source_now, ids([batch])) == (NOW, ["1"])


def test_empty_pages_without_end_do_not_hold_a_poll() -> None:
    asked = []

    def endless(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"items": [], "next": f"t{len(asked)}"})

    batch = faked(endless, paging="cursor", next_path="next").poll(None, 5, NOW)
    assert (len(asked), batch.more, batch.complete) == (PAGES_MAX, True, False)


def test_a_page_behind_the_last_that_is_not_found_ends_the_sweep() -> None:
    def shrunk(request: httpx.Request) -> httpx.Response:
        first = request.url.params.get("page") == "1"
        return httpx.Response(200, json={"items": [ROW]}) if first else httpx.Response(404)

    source = faked(shrunk, paging="page")
    batch = source.poll(None, 5, NOW)
    assert (ids([batch]), batch.complete) == (["1"], True)
    assert ids(list(source.between(NOW - timedelta(hours=2), NOW, 5))) == ["1"]
    with pytest.raises(ConfigFault, match="status"):
        faked(lambda request: httpx.Response(404), paging="page").poll(None, 5, NOW)


def test_a_redirect_to_clear_text_or_another_port_is_refused_with_our_token() -> None:
    for place in (
        "http://crm.example:443/api",
        "https://crm.example:8443/",
        "//elsewhere.example/",
        "https://crm.example.evil/",
    ):
        seen: list[str] = []

        def answer(request: httpx.Request, place: str = place, seen: list[str] = seen) -> httpx.Response:
            seen.append(str(request.url))
            return httpx.Response(307, headers={"location": place})

        with pytest.raises(ConfigFault, match="redirect"):
            faked(answer, headers={"Authorization": "Bearer x"}).poll(None, 5, NOW)
        assert seen == ["https://crm.example/api"]


@pytest.mark.parametrize("value", ["密", "a\nb"])
def test_a_header_that_cannot_travel_is_a_mistake_of_the_configuration(server: Server, tmp_path: Path, value: str) -> None:
    source = build("rest", common(tmp_path), {"url": server.url, "headers": {"X-Token": value}}, MAPPING)
    with pytest.raises(ConfigFault, match="headers") as caught:
        source.poll(None, 5, NOW)
    assert value not in str(caught.value)


# --- databases -------------------------------------------------------------------------------------------------------


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def store(home: Path, *statements: str, **params: Any) -> None:
    with sqlite3.connect(home / "channel.db") as conn:
        for statement in statements:
            conn.execute(statement, params)


def over(home: Path, told: dict[str, Any] | None = None, **options: Any) -> Connector:
    return build("sql", common(home, **(told or {})), {"url": "sqlite:///channel.db", "table": "ticket", **options}, SQL)


SQL = {"id": "id", "kind": {"value": "chat"}, "opened_at": "at", "updated_at": "updated_at"}
CREATE = "create table ticket (id text, at text, updated_at text)"
INSERT = "insert into ticket values (:id, :at, :at)"


def put(home: Path, key: str | None, at: Any) -> None:
    store(home, INSERT, id=key, at=at)


def local(moment: datetime) -> str:
    return (moment + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")


def test_a_column_renamed_in_between_is_named_and_read_when_it_is_mended(tmp_path: Path, now: datetime) -> None:
    store(tmp_path, CREATE)
    put(tmp_path, "1", local(now))
    source = over(tmp_path)
    first = source.poll(None, 9, now)
    store(tmp_path, "alter table ticket rename column at to at_")
    with pytest.raises(ConfigFault, match="no_column") as caught:
        source.poll(first.cursor, 9, now)
    assert (caught.value.params["value"], caught.value.params["nearest"]) == ("at", "at_")
    store(tmp_path, "alter table ticket rename column at_ to at")
    put(tmp_path, "2", local(now))
    assert ids([source.poll(first.cursor, 9, now)]) == ["2"]


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+08:00", "%Y-%m-%d %H:%M:%SZ", ""])
def test_times_written_in_two_ways_are_refused_before_a_row_is_passed_over(tmp_path: Path, now: datetime, form: str) -> None:
    store(tmp_path, "create table ticket (id, at, updated_at)")
    yesterday = now - timedelta(days=1)
    put(tmp_path, "1", local(yesterday))
    put(tmp_path, "2", yesterday.strftime(form) if form else int(yesterday.timestamp()))
    with pytest.raises(ConfigFault, match="time_column"):
        drain(over(tmp_path), now)


def test_rows_without_a_time_of_change_are_found_by_the_sweep_only(tmp_path: Path, now: datetime) -> None:
    store(tmp_path, CREATE)
    put(tmp_path, "1", local(now - timedelta(hours=1)))
    store(tmp_path, "insert into ticket values ('2', :at, null)", at=local(now - timedelta(hours=1)))
    source = over(tmp_path)
    assert ids(drain(source, now)) == ["1"]
    assert ids(list(source.between(now - timedelta(hours=2), now, 9))) == ["1", "2"]


def test_rows_without_an_id_are_bad_and_hide_no_other_of_their_time(tmp_path: Path, now: datetime) -> None:
    store(tmp_path, CREATE)
    at = local(now - timedelta(hours=1))
    for key in (None, "1", "2", None, "3"):
        put(tmp_path, key, at)
    batches = drain(over(tmp_path), now, limit=2)
    assert ids(batches) == ["1", "2", "3"]
    assert [bad.code for batch in batches for bad in batch.bad] == ["connectors.bad.blank"] * 2


def test_an_id_used_twice_is_one_record_delivered_with_both_its_rows(tmp_path: Path, now: datetime) -> None:
    store(tmp_path, CREATE)
    for minutes in (50, 40, 30):
        put(tmp_path, "1", local(now - timedelta(minutes=minutes)))
    assert ids(drain(over(tmp_path), now, limit=1)) == ["1", "1", "1"]


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_store_whose_clock_is_ten_minutes_off_and_then_mended_loses_no_row(
    tmp_path: Path, now: datetime, minutes: int
) -> None:
    store(tmp_path, CREATE)
    away = timedelta(minutes=minutes)
    off = f"select strftime('%Y-%m-%d %H:%M:%S', 'now', '{minutes} minutes')"
    put(tmp_path, "1", local(datetime.now(UTC) + away))
    first = over(tmp_path, {"overlap_s": 60}, clock_sql=off).poll(None, 9, now)
    assert ids([first]) == ["1"]
    assert abs(first.source_now - now - away) < timedelta(seconds=30)
    put(tmp_path, "2", local(datetime.now(UTC)))  # its clock is right again
    mended = over(tmp_path, {"overlap_s": 60})
    second = mended.poll(first.cursor, 9, now)
    third = mended.poll(second.cursor, 9, now)
    assert "2" in ids([second, third])


@pytest.mark.parametrize("said", ["select 'soon'", "select null", "select 'infinity'"])
def test_a_clock_that_tells_no_time_is_a_mistake_of_the_configuration(tmp_path: Path, now: datetime, said: str) -> None:
    store(tmp_path, CREATE)
    with pytest.raises(ConfigFault, match="clock_sql"):
        over(tmp_path, clock_sql=said).poll(None, 9, now)


def test_a_clock_of_another_century_is_not_believed(tmp_path: Path, now: datetime) -> None:
    store(tmp_path, CREATE)
    assert over(tmp_path, clock_sql="select '2099-01-01 00:00:00'").poll(None, 9, now).source_now == now


def test_a_column_of_another_type_is_read_as_what_it_has_become(postgres_url: str, tmp_path: Path, now: datetime) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as conn:
        conn.execute(sa.text("create table ticket (id text, at timestamptz, updated_at timestamptz)"))
        conn.execute(sa.text("insert into ticket values ('1', now(), now())"))
    source = build("sql", common(tmp_path), {"url": postgres_url, "table": "ticket"}, SQL)
    first = source.poll(None, 9, now)
    with engine.begin() as conn:
        conn.execute(sa.text("alter table ticket alter updated_at type bigint using extract(epoch from updated_at)::bigint"))
        conn.execute(sa.text("insert into ticket values ('2', now(), extract(epoch from now())::bigint)"))
    engine.dispose()
    with pytest.raises(TryLater):
        source.poll(first.cursor, 9, now)
    assert "2" in ids([source.poll(first.cursor, 9, now)])


def test_a_connection_that_was_cut_goes_on_behind_its_cursor(postgres_url: str, tmp_path: Path, now: datetime) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as conn:
        conn.execute(sa.text("create table ticket (id text, at timestamptz, updated_at timestamptz)"))
        conn.execute(sa.text("insert into ticket select n::text, now(), now() from generate_series(1, 5) n"))
    source = build("sql", common(tmp_path), {"url": postgres_url, "table": "ticket"}, SQL)
    first = source.poll(None, 2, now)
    with engine.begin() as conn:
        others = "datname = current_database() and pid <> pg_backend_pid()"
        conn.execute(sa.text(f"select pg_terminate_backend(pid) from pg_stat_activity where {others}"))
    engine.dispose()
    assert ids([first, *drain(source, now, first.cursor)]) == ["1", "2", "3", "4", "5"]
