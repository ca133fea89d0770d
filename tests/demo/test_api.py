"""The HTTP store: every row on exactly one page, clear refusals, silence when an incident says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fengsui.demo.api import app
from fengsui.demo.centre import Centre


class At:
    """A clock that a test sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def at(began: datetime) -> At:
    return At(began)


@pytest.fixture
def get(home: Path, at: At) -> Callable[..., Any]:
    transport = httpx.ASGITransport(app(home / "demo", at))

    async def ask(path: str, query: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
            return await client.get(path, params=query)

    return lambda path, **query: asyncio.run(ask(path, query))


def test_pages_hold_every_chat_once(get: Callable[..., Any], began: datetime) -> None:
    since = (began - timedelta(days=2)).isoformat()
    total = get("/api/v1/chats", since=since, size=1).json()["total"]
    pages = [get("/api/v1/chats", since=since, page=n, size=300).json() for n in range(1, total // 300 + 2)]
    ids = [item["chat_id"] for page in pages for item in page["items"]]
    assert total > 1000
    assert len(ids) == len(set(ids)) == total
    assert {page["total"] for page in pages} == {total}
    changed = [item["updated_at"] for page in pages for item in page["items"]]
    assert changed == sorted(changed) and changed[0] >= since
    assert get("/api/v1/chats", since=since, page=len(pages) + 1, size=300).json()["items"] == []


def test_tokens_hold_every_chat_once_though_rows_change_meanwhile(
    get: Callable[..., Any], centre: Centre, at: At, began: datetime
) -> None:
    """By page numbers, a row that moves to the end would let the next page begin one row too late."""
    since = (began - timedelta(hours=12)).isoformat()
    before = {item["chat_id"] for item in get("/api/v1/chats", since=since, size=1000).json()["items"]}
    seen: list[str] = []
    token: str | None = ""
    while token is not None:
        page = get("/api/v1/chats", since=since, size=25, after=token).json()
        seen += [item["chat_id"] for item in page["items"]]
        token = page["next"]
        at.now += timedelta(minutes=1)
        centre.step(at.now)
    assert before <= set(seen) and len(before) > 100
    assert get("/api/v1/chats", after="nonsense").status_code == 400


def test_counts_of_a_day(get: Callable[..., Any]) -> None:
    day = {"start": "2026-11-17T00:00:00+08:00", "end": "2026-11-18T00:00:00+08:00"}
    ids = [item["chat_id"] for item in get("/api/v1/chats", since="2026-11-16T16:00:00Z", size=1000).json()["items"]]
    ids += [item["chat_id"] for item in get("/api/v1/chats", since="2026-11-16T16:00:00Z", size=1000, page=2).json()["items"]]
    assert get("/api/v1/chats/count", **day).json()["count"] == len({i for i in ids if i.startswith("H261117")})


def test_since_takes_any_offset(get: Callable[..., Any], began: datetime) -> None:
    utc = get("/api/v1/chats", since="2026-11-18T06:00:00Z").json()["total"]
    assert utc == get("/api/v1/chats", since="2026-11-18T14:00:00+08:00").json()["total"]
    assert 0 < utc < get("/api/v1/chats").json()["total"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-18T06:00:00"}, "since"),
        ({"page": "0"}, "page"),
        ({"page": "²"}, "page"),
        ({"size": "1001"}, "size"),
    ],
)
def test_a_wrong_parameter_is_named(get: Callable[..., Any], query: dict[str, str], name: str) -> None:
    answer = get("/api/v1/chats", **query)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"{name}:")


def test_chats_change_between_polls(get: Callable[..., Any], centre: Centre, at: At, began: datetime) -> None:
    at.now = began + timedelta(minutes=5)
    centre.step(at.now)
    changed = get("/api/v1/chats", since=(began + timedelta(seconds=1)).isoformat()).json()
    assert {item["updated_at"] for item in changed["items"]} == {"2026-11-18T06:37:06+00:00"}
    assert {item["status"] for item in changed["items"]} == {"open", "closed"}
    assert changed["server_time"] == "2026-11-18T06:37:06+00:00"


def test_silence_limits_first_and_fails_then_and_nothing_is_missing_afterwards(
    get: Callable[..., Any], centre: Centre, at: At, began: datetime
) -> None:
    centre.begin("silent-channel", began)
    answers = {}
    for second in (30, 61, 1199, 1200):
        at.now = began + timedelta(seconds=second)
        centre.step(at.now)
        answers[second] = get("/api/v1/chats", since=began.isoformat(), size=1000)
    assert {second: a.status_code for second, a in answers.items()} == {30: 429, 61: 503, 1199: 503, 1200: 200}
    assert answers[30].headers["retry-after"] == "5"
    assert get("/api/v1/queue").status_code == 200
    opened = [i["opened_at"] for i in answers[1200].json()["items"] if i["opened_at"] > "2026-11-18T06:32:06"]
    assert len(opened) >= 12 and min(opened) < "2026-11-18T06:37"


def test_the_queue_monitor_counts_who_waits_and_who_works(
    get: Callable[..., Any], centre: Centre, at: At, began: datetime
) -> None:
    conn = centre.books.tickets
    conn.execute("delete from calls")
    for name, offered, answered in (("P1", "14:29:00", "14:29:10"), ("P2", "14:31:00", None), ("P3", "14:31:40", None)):
        conn.execute(
            "insert into calls values (?, '支付服务组', '支付', '支付失败', '钱包', '华南', '广东', '天河网点', 'C1', '个人',"
            " '普通', ?, ?, null, null, null, '排队中', '2026-11-18 14:32:00')",
            (name, f"2026-11-18 {offered}", answered and f"2026-11-18 {answered}"),
        )
    rows = {row["queue"]: row for row in get("/api/v1/queue").json()["items"]}
    assert rows["支付服务组"]["at"] == "2026-11-18T06:32:00+00:00"
    assert (rows["支付服务组"]["waiting"], rows["支付服务组"]["longest_wait"]) == (2, 60)
    assert rows["支付服务组"]["idle"] == rows["支付服务组"]["signed_in"] - 1
    assert (rows["综合服务组"]["waiting"], rows["综合服务组"]["longest_wait"]) == (0, 0)


def test_the_queue_monitor_keeps_a_quarter_of_an_hour(get: Callable[..., Any], began: datetime) -> None:
    page = get("/api/v1/queue", since=(began - timedelta(minutes=2)).isoformat(), size=1000).json()
    assert len(page["items"]) == page["total"] == 4 * 3
    old = get("/api/v1/queue", since=(began - timedelta(days=2)).isoformat(), size=1000).json()
    assert old["total"] == 31 * 3
    paged = [
        get("/api/v1/queue", since=(began - timedelta(days=2)).isoformat(), page=n, size=40).json()["items"] for n in (1, 2, 3)
    ]
    assert [row for rows in paged for row in rows] == old["items"]


def test_links_lead_to_the_original(get: Callable[..., Any]) -> None:
    chat = get("/api/v1/chats", size=1).json()["items"][0]
    assert get(f"/original/{chat['chat_id']}").json() == chat
    assert get("/original/T2611170003").json()["ticket_id"] == "T2611170003"
    assert get("/original/P2611170003").json()["call_id"] == "P2611170003"
    assert get("/original/X").status_code == 404
