"""The webhook's door: who may deliver, what is refused and how, and that nothing is half-written or told twice."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from fengsui.board import push
from fengsui.settings import open_keys, parse
from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.conftest import NOW, skip_or_fail
from tests.pages.conftest import Server, free_port

SECRET = "a shared secret of some length"
SOURCES = """
[source.shop]
kind = "webhook"
purpose = "test"
push = { secret = "env:SHOP_SECRET", previous = "env:SHOP_OLD", items = "data.rows" }
map = { id = "id", kind = "kind", opened_at = "at", text = "text" }
[source.forum]
kind = "webhook"
purpose = "test"
push = { secret = "env:SHOP_SECRET", auth = "bearer" }
map = { id = "id", kind = "kind", opened_at = "at", text = "text" }
[source.off]
kind = "webhook"
purpose = "test"
enabled = false
push = { secret = "env:NOT_SET" }
[limits]
push_mb = 1
push_rows = 100
push_waiting = 3
"""
ROW = {"id": "A-1", "kind": "complaint", "at": "2026-11-18T14:30:00+08:00", "text": "打不开"}


@pytest.fixture
def shop(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    from pages.gate import webhook
    from pages.look import house

    monkeypatch.setenv("SHOP_SECRET", SECRET)
    monkeypatch.setenv("SHOP_OLD", "the secret of last year")
    file = home / "fengsui.toml"
    file.write_text(file.read_text(encoding="utf-8") + SOURCES, encoding="utf-8")
    for cached in (house.house, webhook.slot, webhook._line):
        cached.cache_clear()
    monkeypatch.setattr(webhook, "now", lambda: NOW)
    methods = ["GET", "POST"]
    with TestClient(Starlette(routes=[Route("/webhook/{source}", webhook.take, methods=methods)])) as client:
        yield client
    for cached in (webhook.slot, webhook._line):
        cached.cache_clear()


def signed(body: bytes, at: float | None = None, secret: str = SECRET, **more: str) -> dict[str, str]:
    stamp = str(int(NOW.timestamp() if at is None else at))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
    known = {"content-type": "application/json", push.STAMP: stamp, push.SIGNATURE: f"v1={digest}"}
    return {**known, **more}


def send(client: TestClient, content: Any, source: str = "shop", **headers: str) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(f"/webhook/{source}", content=body, headers={**signed(body), **headers})


def kept() -> list[Any]:
    from pages.look.house import house

    with house().reader.connect() as conn:
        return list(conn.execute(select(t.inbox).order_by(t.inbox.c.received_at)))


def test_an_accepted_delivery_is_committed_sealed_and_answered_with_its_id(shop: TestClient) -> None:
    answer = send(shop, {"data": {"rows": [ROW, ROW]}})
    (row,) = kept()
    assert (answer.status_code, answer.json()) == (202, {"id": row.inbox_id, "rows": 2})
    assert (row.source, row.state, row.rows_n) == ("shop", "new", 2)
    assert "打不开".encode() not in row.body and b"A-1" not in row.body


@pytest.mark.parametrize(
    ("kind", "body", "rows"),
    [
        ("application/json; charset=utf-8", json.dumps([ROW, ROW]).encode(), 2),
        ("application/json", b"[]", 0),
        ("application/x-ndjson", b'{"id": 1}\r\n\n{"id": "\xe4\xb8\x80"}\n', 2),
    ],
)
def test_arrays_and_lines_are_rows(shop: TestClient, kind: str, body: bytes, rows: int) -> None:
    answer = send(shop, body, **{"content-type": kind})
    assert (answer.status_code, answer.json()["rows"]) == (202, rows)


def test_delivered_again_is_the_same_answer_and_no_second_row(shop: TestClient) -> None:
    first = send(shop, [ROW], **{"idempotency-key": "order-7"})
    later = signed(json.dumps([ROW]).encode(), NOW.timestamp() + 60, **{"idempotency-key": "order-7"})
    again = shop.post("/webhook/shop", content=json.dumps([ROW]).encode(), headers=later)
    assert (again.status_code, again.json()) == (202, first.json())
    assert send(shop, [ROW]).json() == send(shop, [ROW]).json(), "without a key the signed request itself is the key"
    assert len(kept()) == 2
    other = send(shop, [ROW, ROW], **{"idempotency-key": "order-7"})
    assert (other.status_code, other.json()["error"]["code"]) == (422, "board.inbox.key_reused")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({push.SIGNATURE: "v1=" + "0" * 64}, "board.push.signature"),
        ({push.SIGNATURE: "v1=ä"}, "board.push.signature"),
        ({push.SIGNATURE: "v0=" + "0" * 64}, "board.push.unsigned"),
        ({push.STAMP: "yesterday"}, "board.push.stamp"),
        ({push.STAMP: "99999999999999999"}, "board.push.stamp"),
        ({push.STAMP: str(int(NOW.timestamp()) - 301)}, "board.push.old"),
        ({push.STAMP: str(int(NOW.timestamp()) + 301)}, "board.push.old"),
        ({push.STAMP: str(int(NOW.timestamp()) - 1)}, "board.push.signature"),
    ],
)
def test_who_cannot_show_who_he_is_is_turned_away(shop: TestClient, headers: dict[str, str], code: str) -> None:
    body = json.dumps([ROW]).encode()
    raw = {name.encode(): value.encode("utf-8") for name, value in {**signed(body), **headers}.items()}
    answer = shop.post("/webhook/shop", content=body, headers=list(raw.items()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    assert "www-authenticate" in answer.headers and not kept()


def test_an_old_copy_of_a_signed_request_is_refused_and_the_old_secret_still_counts(shop: TestClient) -> None:
    body = json.dumps([ROW]).encode()
    old = shop.post("/webhook/shop", content=body, headers=signed(body, NOW.timestamp() - 3600))
    assert (old.status_code, old.json()["error"]["code"]) == (401, "board.push.old")
    before = shop.post("/webhook/shop", content=body, headers=signed(body, secret="the secret of last year"))
    assert before.status_code == 202


def test_a_bearer_shows_its_token(shop: TestClient) -> None:
    body, kind = json.dumps(ROW).encode(), {"content-type": "application/json"}
    for token in ("", "Bearer", "Bearer wrong", f"Basic {SECRET}"):
        answer = shop.post("/webhook/forum", content=body, headers={**kind, "authorization": token})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "board.push.bearer")
    assert shop.post("/webhook/forum", content=body, headers=signed(body)).status_code == 401
    right = {**kind, "authorization": f"bearer {SECRET}"}
    assert shop.post("/webhook/forum", content=body, headers=right).json()["rows"] == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", {"line": 1, "column": 1}),
        (b"{", {"line": 1, "column": 2}),
        (b'[{"a": 1},\n oops]', {"line": 2, "column": 2}),
        (b'[{"a": NaN}]', {"line": 1, "column": 1}),
        (b"[" * 100_000, {"line": 1, "column": 1}),
        (b'[{"a": ' + b"9" * 5000 + b"}]", {"line": 1, "column": 1}),
        (b'[{"a": "\xff"}]', {"byte": 8}),
        (b'[{"a": 1}, 7]', {"row": 2}),
        (b'{"data": {"rows": 7}}', {"items": "data.rows"}),
    ],
)
def test_garbage_is_refused_with_its_place_and_never_repeated(shop: TestClient, body: bytes, place: dict[str, Any]) -> None:
    answer = send(shop, body)
    told = answer.json()["error"]
    assert answer.status_code == 422
    assert {name: told[name] for name in place} == place
    assert "oops" not in answer.text and not kept()


def test_a_bad_line_of_many_is_named(shop: TestClient) -> None:
    answer = send(shop, b'{"a": 1}\n{"b": \n{"c": 3}\n', **{"content-type": "application/x-ndjson"})
    assert (answer.status_code, answer.json()["error"]["line"]) == (422, 2)


def test_what_is_too_large_is_refused_before_it_is_read_to_its_end(shop: TestClient) -> None:
    declared = send(shop, b"x" * (2**20 + 1))
    assert (declared.status_code, declared.json()["error"]["code"]) == (413, "board.push.size")

    def endless() -> Iterator[bytes]:
        for n in range(64):
            sent.append(n)
            yield b" " * 65_536

    sent: list[int] = []
    chunked = shop.post("/webhook/shop", content=endless(), headers=signed(b""))
    assert chunked.status_code == 413
    assert [send(shop, [ROW] * n).status_code for n in (100, 101)] == [202, 413]
    assert [row.rows_n for row in kept()] == [100]


def test_ten_thousand_rows_are_the_limit_unless_said_otherwise() -> None:
    settings = parse("", Path("nowhere"), {})
    assert (settings.limits.push_rows, settings.limits.push_mb) == (10_000, 8)
    table = push.Push(secret=SECRET)
    headers = {"content-type": "application/json"}
    assert len(push.rows_of(settings, table, headers, json.dumps([{}] * 10_000).encode())) == 10_000
    with pytest.raises(push.NotTaken) as caught:
        push.rows_of(settings, table, headers, json.dumps([{}] * 10_001).encode())
    assert (caught.value.status, caught.value.params) == (413, {"rows": 10_001, "allowed": 10_000})


@pytest.mark.parametrize(("depth", "taken"), [(40, True), (200, False)])
def test_what_is_nested_too_deep_is_told_to_the_sender(depth: int, taken: bool) -> None:
    body = b'{"id": ' + b"[" * depth + b"]" * depth + b"}"
    settings, table = parse("", Path("nowhere"), {}), push.Push(secret=SECRET)
    if taken:
        assert len(push.rows_of(settings, table, {"content-type": "application/json"}, body)) == 1
        return
    with pytest.raises(push.NotTaken) as caught:
        push.rows_of(settings, table, {"content-type": "application/json"}, body)
    assert (caught.value.status, caught.value.code) == (422, "board.push.json")


def test_other_refusals(shop: TestClient) -> None:
    assert send(shop, [ROW], "nobody").status_code == 404
    assert send(shop, [ROW], "off").status_code == 404
    assert send(shop, [ROW], "tickets").status_code == 404, "a polled source has no door"
    assert send(shop, [ROW], **{"content-type": "text/plain"}).status_code == 415
    assert send(shop, [ROW], **{"idempotency-key": "x" * 201}).status_code == 422
    assert shop.get("/webhook/shop").status_code == 405
    assert not kept()


def test_a_flood_waits(shop: TestClient) -> None:
    codes = [send(shop, [ROW], **{"idempotency-key": str(n)}) for n in range(5)]
    assert [one.status_code for one in codes] == [202, 202, 202, 429, 429]
    assert int(codes[-1].headers["retry-after"]) > 0
    assert send(shop, [ROW], **{"idempotency-key": "2"}).status_code == 202


def test_a_locked_store_says_later_and_keeps_the_loop_free(
    shop: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one delivery waits for the lock, another request is answered."""
    import httpx

    from fengsui.store import database
    from pages.look import house

    monkeypatch.setattr(database, "BUSY_MS", 700)
    house.house.cache_clear()
    body = json.dumps([ROW]).encode()

    async def both() -> tuple[httpx.Response, httpx.Response, list[str]]:
        ended: list[str] = []
        transport = httpx.ASGITransport(app=shop.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:

            async def noted(name: str, asked: Any) -> httpx.Response:
                answer: httpx.Response = await asked
                ended.append(name)
                return answer

            slow = asyncio.create_task(noted("locked", client.post("/webhook/shop", content=body, headers=signed(body))))
            await asyncio.sleep(0.15)
            quick = await noted("quick", client.get("/webhook/shop"))
            return await slow, quick, ended

    lock = sqlite3.connect(home / "fengsui.db", isolation_level=None)
    lock.execute("begin immediate")
    try:
        locked, quick, ended = asyncio.run(both())
    finally:
        lock.execute("rollback")
        lock.close()
    assert (locked.status_code, locked.json()["error"]["code"]) == (503, "board.inbox.unavailable")
    assert int(locked.headers["retry-after"]) > 0
    assert (quick.status_code, ended) == (405, ["quick", "locked"])
    assert not kept()
    assert send(shop, [ROW]).status_code == 202


def test_a_full_disk_says_later_and_leaves_nothing(shop: TestClient) -> None:
    from pages.look.house import house

    with house().writer.connect() as conn:
        conn.exec_driver_sql("rollback")
        pages = conn.exec_driver_sql("pragma page_count").scalar_one()
        conn.exec_driver_sql(f"pragma max_page_count={pages}")
    big = [{**ROW, "text": "字" * 1000}] * 90
    full = send(shop, big)
    assert (full.status_code, full.json()["error"]["code"]) == (503, "board.inbox.unavailable")
    assert not kept()


def test_nothing_of_the_payload_is_logged(shop: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    send(shop, [{**ROW, "text": "绝密的话"}])
    send(shop, '[{"text": "绝密的话"'.encode())
    send(shop, ["绝密的话"])
    assert "绝密的话" not in caplog.text and SECRET not in caplog.text


def test_the_documented_example_works(closed_server_with_shop: Any) -> None:
    """docs/connectors.md: the settings and the curl commands as they stand there, against a real server."""
    if which("curl") is None or which("openssl") is None:
        skip_or_fail("no curl or no openssl")
    server, script = closed_server_with_shop
    ran = subprocess.run(
        ["bash", "-euc", script],
        env={"PATH": "/usr/bin:/bin", "SHOP_SECRET": SECRET, "FENGSUI_URL": server.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0, ran.stderr
    assert answers[0]["rows"] == 1 and answers[0]["id"]
    assert answers[0] == answers[1], "sent twice under one key"
    assert answers[2]["rows"] == 2


@pytest.fixture
def closed_server_with_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A real server whose settings are those of the page, and the commands that the page shows."""
    chapter = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text("utf-8")
    chapter = chapter.split("\n## webhook\n")[1].split("\n## ")[0]
    (toml,), (script,) = (re.findall(rf"```{kind}\n(.*?)```", chapter, re.DOTALL) for kind in ("toml", "sh"))
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    house = tmp_path / "shop-house"
    house.mkdir()
    (house / "fengsui.toml").write_text(toml, encoding="utf-8")
    settings = parse(toml, house, {"SHOP_SECRET": SECRET})
    store = open_store(settings.store.url)
    t.METADATA.create_all(store)
    store.dispose()
    open_keys(settings)
    server = Server(house, free_port())
    server.start()
    yield server, script
    server.stop()
