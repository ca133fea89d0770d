"""The rest connector against a server that behaves, and one that does not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.base import ConfigFault, Connector, TryLater
from connectors.http_fetch import retry_after
from connectors.mapper import mapper_of
from connectors.registry import build
from connectors.rest import RestOptions
from connectors.rest import connect as connect_rest
from tests.connectors.channel import Server, common, drain, http_server, ids, reply

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
MAPPING: dict[str, Any] = {"id": "id", "kind": {"value": "chat"}, "opened_at": "at", "updated_at": "at"}


def row(k: int) -> dict[str, Any]:
    return {"id": k, "at": (NOW - timedelta(hours=1) + timedelta(minutes=k)).isoformat()}


@pytest.fixture
def server() -> Iterator[Server]:
    with http_server([row(k) for k in range(12)]) as running:
        yield running


def over(server: Server, home: Path, told: dict[str, Any] | None = None, **options: Any) -> Connector:
    return build("rest", common(home, **(told or {})), {"url": server.url, "items": "data.items", **options}, MAPPING)


def faked(home: Path, answer: Any, **options: Any) -> Connector:
    """A connector whose network is a function from request to response."""
    read = RestOptions(**{"url": "https://crm.example/api", "items": "items", **options})
    return connect_rest(common(home), read, mapper_of(MAPPING, common(home)), httpx.MockTransport(answer))


def asked(request: httpx.Request) -> dict[str, str]:
    return dict(request.url.params)


# --- paging ----------------------------------------------------------------------------------------------------------


def by_offset(request: httpx.Request) -> httpx.Response:
    start = int(asked(request).get("offset", 0))
    return httpx.Response(200, json={"items": [row(k) for k in range(start, min(12, start + 5))]})


def by_cursor(request: httpx.Request) -> httpx.Response:
    start = int(asked(request).get("cursor", "t0")[1:])
    more = start + 5 < 12
    following = {
        "items": [row(k) for k in range(start, min(12, start + 5))],
        "next": {"token": f"t{start + 5}" if more else ""},
    }
    return httpx.Response(200, json=following)


def by_link(request: httpx.Request) -> httpx.Response:
    start = int(asked(request).get("from", 0))
    link = {"Link": f'</api?from={start + 5}>; rel="next"'} if start + 5 < 12 else {}
    return httpx.Response(200, json=[row(k) for k in range(start, min(12, start + 5))], headers=link)


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        (by_offset, {"paging": "offset"}),
        (by_cursor, {"paging": "cursor", "next_path": "next.token"}),
        (by_link, {"paging": "link", "items": ""}),
    ],
)
def test_every_paging_comes_to_its_end(tmp_path: Path, answer: Any, options: dict[str, Any]) -> None:
    batches = drain(faked(tmp_path, answer, **options), NOW, limit=5)
    assert ids(batches) == [str(k) for k in range(12)]
    assert batches[-1].complete and not batches[0].complete


def test_without_paging_one_answer_is_all(tmp_path: Path) -> None:
    source = faked(tmp_path, lambda request: httpx.Response(200, json={"items": [row(1), row(2)]}))
    batch = source.poll(None, 1, NOW)
    assert (ids([batch]), batch.more, batch.complete) == (["1", "2"], False, True)


def same_token(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"items": [row(1)], "next": "same"})


def same_page(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"items": [row(1)]})


def same_link(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=[row(1)], headers={"Link": '</api?x>; rel="next"'})


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        (same_token, {"paging": "cursor", "next_path": "next"}),
        (same_page, {"paging": "page"}),
        (same_link, {"paging": "link", "items": ""}),
    ],
)
def test_a_page_that_repeats_is_a_fault_and_not_an_endless_loop(tmp_path: Path, answer: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigFault, match="page_loop"):
        drain(faked(tmp_path, answer, **options), NOW, limit=1)


def test_a_loop_is_found_over_polls_because_the_cursor_remembers(tmp_path: Path) -> None:
    def round_trip(request: httpx.Request) -> httpx.Response:
        following = {"a": "b", "b": "c", "c": "a"}[asked(request).get("cursor", "a")]
        return httpx.Response(200, json={"items": [row(1)], "next": following})

    with pytest.raises(ConfigFault, match="page_loop"):
        drain(faked(tmp_path, round_trip, paging="cursor", next_path="next"), NOW, limit=1)


def test_a_post_sends_its_parameters_as_a_body(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        page = json.loads(request.content)
        assert page["token"] == "x"
        return httpx.Response(200, json={"items": [row(1)] if page["page"] == 0 else []})

    source = faked(tmp_path, answer, method="POST", params={"token": "x"}, paging="page", page_start=0)
    assert ids(drain(source, NOW)) == ["1"]


# --- since -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "written"), [("iso", "2026-11-18T05:43:00Z"), ("epoch", "1794980580"), ("epoch_ms", "1794980580000")]
)
def test_the_next_sweep_asks_since_the_newest_change(tmp_path: Path, form: str, written: str) -> None:
    seen: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(asked(request))
        rows = [{"id": 1, "at": "2026-11-18T05:43:00Z"}]
        return httpx.Response(200, json={"items": rows}, headers={"Date": format_datetime(NOW, usegmt=True)})

    source = faked(tmp_path, answer, since_param="since", since_format=form)
    first = source.poll(None, 10, NOW)
    source.poll(first.cursor, 10, NOW)
    assert seen == [{}, {"since": written}]


def test_since_never_passes_the_servers_clock_less_the_overlap(tmp_path: Path) -> None:
    server_now = NOW - timedelta(minutes=3)  # its clock is behind ours

    def answer(request: httpx.Request) -> httpx.Response:
        rows = [{"id": 1, "at": (NOW + timedelta(minutes=5)).isoformat()}]
        return httpx.Response(200, json={"items": rows}, headers={"Date": format_datetime(server_now, usegmt=True)})

    batch = faked(tmp_path, answer).poll(None, 10, NOW)
    assert batch.source_now == server_now
    assert datetime.fromisoformat(batch.cursor["since"]) == server_now - timedelta(seconds=30)


def test_an_empty_answer_keeps_since_where_it_was(tmp_path: Path) -> None:
    source = faked(tmp_path, lambda request: httpx.Response(200, json={"items": []}), start="2026-11-01T00:00:00Z")
    assert source.poll(None, 10, NOW).cursor == {"since": "2026-11-01T00:00:00+00:00"}
    assert faked(tmp_path, lambda request: httpx.Response(200, json={"items": []})).poll(None, 1, NOW).cursor == {"since": None}


def test_the_sweep_by_time_of_opening_sends_both_bounds(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(asked(request))
        return httpx.Response(200, json={"items": [row(1), row(30)]})

    source = faked(tmp_path, answer, since_param="since", until_param="until")
    (batch,) = source.between(NOW - timedelta(hours=1), NOW - timedelta(minutes=50), 10)
    assert ids([batch]) == ["1"]
    assert seen == [{"since": "2026-11-18T05:32:06Z", "until": "2026-11-18T05:42:06Z"}]


def test_days_are_counted_by_the_interface_itself(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/count"
        return httpx.Response(200, json={"total": 7 if asked(request)["from"] == "2026-11-16T16:00:00Z" else 8})

    source = faked(tmp_path, answer, count_url="https://crm.example/api/count?from={start}&to={end}", count_path="total")
    assert source.capabilities.count_by_day
    found = source.count_by_day(date(2026, 11, 17), date(2026, 11, 19), "Asia/Shanghai")
    assert found == {date(2026, 11, 17): 7, date(2026, 11, 18): 8}


def test_a_count_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    source = faked(tmp_path, lambda request: httpx.Response(200, json={"n": 1}), count_url="https://crm.example/count")
    with pytest.raises(ConfigFault, match="items"):
        source.count_by_day(date(2026, 11, 17), date(2026, 11, 18), "UTC")
    with pytest.raises(ConfigFault, match="count_url"):
        faked(tmp_path, by_offset).count_by_day(date(2026, 11, 17), date(2026, 11, 18), "UTC")


# --- servers that fail -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 400, 410])
def test_a_refusal_stops_the_source(tmp_path: Path, status: int) -> None:
    with pytest.raises(ConfigFault) as caught:
        faked(tmp_path, lambda request: httpx.Response(status, text="张三")).poll(None, 5, NOW)
    assert caught.value.params["value"] == str(status)
    assert "张三" not in str(caught.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_server_is_tried_later_when_it_says(tmp_path: Path, status: int) -> None:
    with pytest.raises(TryLater) as caught:
        faked(tmp_path, lambda request: httpx.Response(status, headers={"Retry-After": "17"})).poll(None, 5, NOW)
    assert caught.value.delay == 17


@pytest.mark.parametrize(
    ("header", "delay"),
    [
        (None, None),
        ("0", 0.0),
        ("Wed, 18 Nov 2026 06:33:06 GMT", 60.0),
        ("Wed, 18 Nov 2026 06:30:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, delay: float | None) -> None:
    assert retry_after(header, NOW) == delay


@pytest.mark.parametrize("body", [b"", b'{"items": [{"id": 1', b"<html>login</html>", b"\xff\xfe", b"[" * 100_000])
def test_half_an_answer_is_tried_later(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(TryLater, match="not_json"):
        faked(tmp_path, lambda request: httpx.Response(200, content=body)).poll(None, 5, NOW)


def test_an_answer_without_the_list_names_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault) as caught:
        faked(tmp_path, lambda request: httpx.Response(200, json={"rows": [], "total": 0})).poll(None, 5, NOW)
    assert caught.value.params["allowed"] == ["rows", "total"]
    with pytest.raises(ConfigFault):
        faked(tmp_path, lambda request: httpx.Response(200, json=[1])).poll(None, 5, NOW)
    with pytest.raises(TryLater, match="not_list"):
        faked(tmp_path, lambda request: httpx.Response(200, json={"items": "busy"})).poll(None, 5, NOW)


def test_a_row_that_is_no_object_is_one_bad_row(tmp_path: Path) -> None:
    batch = faked(tmp_path, lambda request: httpx.Response(200, json={"items": [row(1), "张三", None]})).poll(None, 5, NOW)
    assert ids([batch]) == ["1"]
    assert [one.code for one in batch.bad] == ["connectors.bad.json"] * 2
    assert "张三" not in str(batch.bad[0])


def test_a_redirect_stays_on_the_host_or_is_refused(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        places = {"/api": "/v2", "/out": "https://elsewhere.example/", "/round": "/round"}
        if request.url.path in places:
            return httpx.Response(302, headers={"Location": places[request.url.path]})
        assert request.url.host == "crm.example"
        return httpx.Response(200, json={"items": [row(1)]})

    assert ids([faked(tmp_path, answer).poll(None, 5, NOW)]) == ["1"]
    for path in ("out", "round"):
        with pytest.raises(ConfigFault, match="redirect"):
            faked(tmp_path, answer, url=f"https://crm.example/{path}").poll(None, 5, NOW)


def test_a_next_link_to_another_host_is_refused_before_it_is_asked(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "crm.example", "the token would have gone there"
        return httpx.Response(200, json=[row(1)], headers={"Link": '<https://elsewhere.example/2>; rel="next"'})

    source = faked(tmp_path, answer, paging="link", items="")
    with pytest.raises(ConfigFault, match="redirect"):
        source.poll(None, 5, NOW)


def test_an_answer_without_end_is_cut(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="too_large"):
        faked(tmp_path, lambda request: httpx.Response(200, content=b" " * 200_000), max_bytes=100_000).poll(None, 5, NOW)


def test_a_slow_drip_is_cut_by_the_total_time(server: Server, tmp_path: Path) -> None:
    def drip(handler: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(40):
                handler.wfile.write(b" " * 70_000)
                time.sleep(0.05)
        except OSError:
            return

    server.answer = drip
    began = time.monotonic()
    with pytest.raises(TryLater, match="slow"):
        over(server, tmp_path, total_timeout_s=0.2).poll(None, 5, NOW)
    assert time.monotonic() - began < 1.5


def test_a_silent_server_and_an_absent_one_are_tried_later(server: Server, tmp_path: Path) -> None:
    server.answer = lambda handler, asked: time.sleep(0.5)
    with pytest.raises(TryLater, match="slow"):
        over(server, tmp_path, timeout_s=0.1).poll(None, 5, NOW)
    with pytest.raises(TryLater, match="gone"):
        over(server, tmp_path, url="http://127.0.0.1:1/").poll(None, 5, NOW)


def test_headers_travel_and_their_values_are_in_no_fault(server: Server, tmp_path: Path) -> None:
    server.answer = lambda handler, asked: reply(handler, {"error": "no"}, 401)
    with pytest.raises(ConfigFault) as caught:
        over(server, tmp_path, headers={"Authorization": "Bearer geheim"}).poll(None, 5, NOW)
    assert server.seen[0][1]["Authorization"] == "Bearer geheim"
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ftp://x"},
        {"paging": "cursor"},
        {"start": "2026-01-01T00:00:00"},
        {"headers": {"Authorization": ["geheim"]}},
        {"verify": "absent.pem"},
    ],
)
def test_options_that_cannot_work_are_refused(server: Server, tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigFault) as caught:
        over(server, tmp_path, **options).poll(None, 5, NOW)
    assert "geheim" not in str(caught.value)


def test_rows_without_id_are_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="missing"):
        build("rest", common(tmp_path), {"url": server.url}, {key: value for key, value in MAPPING.items() if key != "id"})


def test_since_follows_measurements_and_logs_and_ignores_master_data(tmp_path: Path) -> None:
    maps = [
        {"shape": "event", "id": "id", "feedback": "id", "kind": {"value": "told"}, "at": "at"},
        {"shape": "measurement", "name": {"value": "waiting"}, "start": "start", "gauge": "id"},
        {"shape": "reference", "kind": "product", "id": "id", "valid_from": "later"},
    ]
    rows = [{"id": 1, "at": "2026-11-18T05:00:00Z", "start": "2026-11-18T05:30:00Z", "later": "2026-11-18T06:00:00Z"}]
    read = RestOptions(url="https://crm.example/api")
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=rows))
    source = connect_rest(common(tmp_path), read, mapper_of(maps, common(tmp_path)), transport)
    batch = source.poll(None, 10, NOW)
    assert len(batch.records) == 3
    assert batch.cursor == {"since": "2026-11-18T05:30:00+00:00"}
    assert len(source.preview(1, NOW).outcome) == 3
