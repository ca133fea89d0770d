"""The plain HTTP side on a real server with persons: who may in, who may not, and what a probe reads."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy import select
from starlette.requests import Request

from fengsui import people
from fengsui.board import report
from fengsui.people.link import REPORT
from fengsui.people.password import hashed
from fengsui.store import tables as t
from fengsui.store.database import open_store
from pages.gate import address, door
from pages.look import house
from tests.pages.conftest import NOW
from tests.pages.test_leak import SECRETS, ask
from tests.pages.test_report import GOOD, STAFF

PASSWORD = "一个很长的口令-2026"


@pytest.fixture
def client(closed_server: Any) -> httpx.Client:
    store = open_store(f"sqlite:///{closed_server.home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(t.person.update().where(t.person.c.person_id == "wang").values(password=hashed(PASSWORD, "wang")))
    store.dispose()
    return httpx.Client(base_url=closed_server.url, timeout=20)


def test_the_gate(client: httpx.Client) -> None:
    """One server, one story: out, wrong, foreign, in, away; each step would fail if the one before had let somebody in."""
    asked = client.get("/alerts?id=e3")
    assert (asked.status_code, asked.headers["location"]) == (303, "/signin?next=/alerts%3Fid%3De3")

    form = client.get(asked.headers["location"])
    assert 'lang="zh-CN"' in form.text and "登录" in form.text and "e3" in form.text

    entered = {"name": "wang", "password": "wrong", "next": "/alerts?id=e3"}
    own = {"origin": str(client.base_url).rstrip("/")}
    wrong = client.post("/signin", data=entered, headers=own)
    nobody = client.post("/signin", data=entered | {"name": "nobody"}, headers=own)
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text.replace('value="wang"', "") == nobody.text.replace('value="nobody"', ""), "which was wrong is not told"

    right = entered | {"password": PASSWORD}
    assert client.post("/signin", data=right, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/signin", data=right).status_code == 403, "a browser names its origin"

    entry = client.post("/signin", data=right, headers=own)
    assert (entry.status_code, entry.headers["location"]) == (303, "/alerts?id=e3")
    cookie = entry.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie
    assert client.get("/alerts").status_code == 200
    assert client.get("/").headers["location"] == "/wall"

    asked = client.get("/signout")
    assert asked.status_code == 200 and "要退出登录吗" in asked.text
    assert client.get("/alerts").status_code == 200, "a link, or a browser that fetches ahead, signs nobody out"
    assert client.post("/signout", headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/signout").status_code == 403
    assert client.get("/alerts").status_code == 200
    assert client.post("/signout", headers=own).headers["location"] == "/signin"
    assert client.get("/alerts").status_code == 303


def test_a_wall_link_opens_the_wall_once_swapped_and_nothing_after_it_is_revoked(
    client: httpx.Client, closed_server: Any
) -> None:
    store = open_store(f"sqlite:///{closed_server.home / 'fengsui.db'}")
    at = datetime.now(UTC)
    link, token = people.make_link(store, "大厅东墙", by="cli", now=at)
    _, far_token = people.make_link(store, "分部", by="cli", now=at, addresses=["10.9.0.0/16"])
    assert client.head(f"/wall/enter/{token}").status_code == 405 and not client.cookies

    entered = client.get(f"/wall/enter/{token}?lang=en&sound=0", headers={"x-forwarded-proto": "https"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/wall?lang=en&sound=0"), (
        "the token has left the address"
    )
    assert entered.headers["referrer-policy"] == "no-referrer"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" in cookie and token.lower() not in cookie
    mine = {"cookie": entered.headers["set-cookie"].partition(";")[0]}
    assert client.get("/wall", headers=mine).status_code == 200
    assert "set-cookie" not in client.get(f"/wall/enter/{token}", headers=mine).headers, "opened again: the same session"
    stream = closed_server.url.replace("http", "ws") + "/_stcore/stream"
    secret = mine["cookie"].partition("=")[2]
    assert "当前预警" in asyncio.run(ask(stream, "wall", cookie=secret))
    assert "你的角色不能使用这一页" in asyncio.run(ask(stream, "alerts", cookie=secret)), "the wall and nothing else"

    with store.begin() as conn:  # its link moves to another place: the cookie opens no page and no stream from here
        conn.execute(
            t.wall_link.update().where(t.wall_link.c.person_id == link.person.person_id).values(addresses=["10.9.0.0/16"])
        )
    assert client.get("/wall", headers=mine).status_code == 403
    with pytest.raises(websockets.InvalidStatus) as turned_off:
        asyncio.run(ask(stream, "wall", cookie=secret))
    assert turned_off.value.response.status_code == 403
    with store.begin() as conn:
        conn.execute(t.wall_link.update().where(t.wall_link.c.person_id == link.person.person_id).values(addresses=[]))
    assert client.get("/wall", headers=mine).status_code == 200

    _, rich = people.make_link(store, "西墙", by="cli", now=at, views=["overview", "sla"], turn_s=30)
    to = [client.get(f"/wall/enter/{rich}{query}").headers["location"] for query in ("", "?lang=en", "?view=voice")]
    assert to == ["/wall?view=overview,sla&turn=30", "/wall?lang=en&view=overview,sla&turn=30", "/wall?view=voice"]
    people.revoke_link(store, link.person.person_id, by="cli", now=at)
    assert client.get("/wall", headers=mine).headers["location"].startswith("/signin")
    assert "当前预警" not in asyncio.run(ask(stream, "wall", cookie=secret))
    answers = [client.get(f"/wall/enter/{each}") for each in (token, "invented", far_token)]
    assert [each.status_code for each in answers] == [403, 403, 403] and not any(each.cookies for each in answers)
    assert "不存在、已过期或已收回" in answers[0].text and answers[0].text == answers[1].text
    assert "127.0.0.1" in answers[2].text, "whoever has the right link is told why it does not open"
    store.dispose()


def test_an_address_that_is_no_page_is_said_to_be_none(client: httpx.Client) -> None:
    """To a stranger as to whom has signed in: Streamlit would answer with an English dialog over an empty page."""
    browser = {"accept": "text/html,application/xhtml+xml"}
    for cookies in ({}, {"fengsui": "token-wang"}):
        for address_ in ("/sla", "/wall/x", "/sla?lang=zh"):
            asked = httpx.get(str(client.base_url.join(address_)), headers=browser, cookies=cookies, timeout=20)
            assert asked.status_code == 404
            assert "没有这个页面" in asked.text and 'href="/wall"' in asked.text and 'lang="zh-CN"' in asked.text
            assert asked.text.index("没有这个页面") < asked.text.index("There is no such page")
    assert 'lang="en"' in client.get("/sla?lang=en", headers=browser).text
    assert client.get("/_stcore/health", headers=browser).text == "ok", "what is no page passes"
    assert client.get("/signin", headers=browser).status_code == 200
    assert "没有这个页面" not in client.get("/static/nothing.js", headers=browser).text


def test_a_probe_reads_json_and_too_many_tries_are_told(client: httpx.Client) -> None:
    health = client.get("/healthz")
    body = json.loads(health.text)
    assert set(body) == {"ok", "reason", "snapshot_age_s", "worker_seen_s"}
    assert body["ok"] is (health.status_code == 200)
    own = {"origin": str(client.base_url).rstrip("/")}
    codes = [client.post("/signin", data={"name": "wang", "password": "x"}, headers=own).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/alerts?id=1", "/alerts?id=1"),
        ("//evil.example/x", "/wall"),
        ("https://evil.example", "/wall"),
        ("/\\evil.example", "/wall"),
        ("", "/wall"),
        (None, "/wall"),
    ],
)
def test_after_the_sign_in_one_stays_here(wanted: str | None, goes: str) -> None:
    assert address.inside(wanted) == goes


def test_addresses_carry_the_prefix_of_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address.st, "get_option", lambda name: "/qm/")
    assert (address.path("healthz"), address.inside("/qm/alerts"), address.inside("/alerts")) == (
        "/qm/healthz",
        "/qm/alerts",
        "/qm/wall",
    )


def test_the_demo_is_open_only_here_and_only_while_nobody_has_an_account(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "loopback", lambda: True)
    assert not door.demo_open(), "persons exist: they must sign in"
    monkeypatch.setattr(door.people, "every_person", lambda store: (SimpleNamespace(person_id="demo"),))
    assert door.demo_open()
    people.make_link(house.house().writer, "试看", by="cli", now=NOW)
    people.make_link(house.house().writer, "柜台", by="cli", now=NOW, start=REPORT)
    screens = [SimpleNamespace(person_id=each.person.person_id) for each in people.every_link(house.house().reader)]
    monkeypatch.setattr(door.people, "every_person", lambda store: (SimpleNamespace(person_id="demo"), *screens))
    assert len(screens) == 2 and door.demo_open(), "a link is nobody who could sign in"
    monkeypatch.setattr(door, "loopback", lambda: False)
    assert not door.demo_open()


def test_an_origin_is_compared_with_the_host_and_its_port() -> None:
    def post(origin: str) -> Request:
        headers = [(b"origin", origin.encode()), (b"host", b"fengsui.local:8501")]
        return Request({"type": "http", "method": "POST", "headers": headers, "path": "/signin", "query_string": b""})

    assert address.own(post("http://fengsui.local:8501"))
    assert not address.own(post("http://fengsui.local"))


def test_a_link_to_report_opens_its_form_on_a_fresh_process_and_nothing_else(closed_server: Any) -> None:
    """Its first requests are a stranger's; then whoever has the link, with and without a session of any role."""
    closed_server.stop()
    file = closed_server.home / "fengsui.toml"
    file.write_text(file.read_text(encoding="utf-8") + STAFF, encoding="utf-8")
    store, at = open_store(f"sqlite:///{closed_server.home / 'fengsui.db'}"), datetime.now(UTC)
    links = {
        name: people.make_link(store, "天河网点柜台", by="cli", now=at, start=REPORT, scope=["华南"], expires_at=until)
        for name, until in (("good", None), ("revoked", None), ("expired", at + timedelta(seconds=-1)))
    }
    people.revoke_link(store, links["revoked"][0].person.person_id, by="cli", now=at)
    _, wall = people.make_link(store, "大厅", by="cli", now=at)
    closed_server.start()
    client = httpx.Client(base_url=closed_server.url, timeout=20)
    good = links["good"][1]

    shut = ["invented", "a" * 500, "%00", "..%2fadmin", wall, links["revoked"][1], links["expired"][1]]
    for cookies in ({}, {"fengsui": "token-screen"}, {"fengsui": "token-wang"}):
        for token in shut:
            for answer in (
                httpx.get(str(client.base_url) + f"/tell/{token}", cookies=cookies, timeout=20),
                httpx.post(str(client.base_url) + f"/tell/{token}", data=GOOD, cookies=cookies, timeout=20),
            ):
                assert answer.status_code == (400 if "%" in token else 404), token
                assert not [secret for secret in (*SECRETS, "天河", 'name="words"') if secret in answer.text], token
    with store.connect() as conn:
        assert not conn.execute(select(t.inbox)).all()

    for cookies in ({}, {"fengsui": "token-screen"}, {"fengsui": "token-wang"}):
        form = httpx.get(str(client.base_url) + f"/tell/{good}", cookies=cookies, timeout=20)
        assert form.status_code == 200 and "天河网点柜台" in form.text and "<form" in form.text
        assert not [secret for secret in (*SECRETS, "华东", "<script") if secret in form.text]
        assert "set-cookie" not in form.headers and form.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in form.headers["content-security-policy"]
    assert client.get(f"/tell/{good}?sent=%00").status_code == client.get(f"/tell/{good}?sent=x'--").status_code == 200
    for method in ("PUT", "DELETE", "PATCH"):
        assert client.request(method, f"/tell/{good}").status_code == 405

    assert client.get(f"/wall/enter/{good}").status_code == 403, "no wall behind it"
    assert client.get("/wall", cookies={"fengsui": good}).headers["location"].startswith("/signin"), "no session either"
    stream = closed_server.url.replace("http", "ws") + "/_stcore/stream"
    assert not [secret for secret in SECRETS if secret in asyncio.run(ask(stream, "wall", cookie=good))]
    store.dispose()


def test_hostile_words_and_floods_by_a_link_to_report(closed_server: Any) -> None:
    closed_server.stop()
    file = closed_server.home / "fengsui.toml"
    file.write_text(file.read_text(encoding="utf-8") + STAFF, encoding="utf-8")
    store = open_store(f"sqlite:///{closed_server.home / 'fengsui.db'}")
    _, token = people.make_link(store, "<b>柜台</b>\u202e", by="cli", now=datetime.now(UTC), start=REPORT, scope=["华南"])
    closed_server.start()
    client = httpx.Client(base_url=closed_server.url, timeout=20)
    address = f"/tell/{token}"
    assert "<b>柜台" not in client.get(address).text

    refused = [
        ({"words": "字" * 1_000}, 422),
        ({"org": "<img src=x>"}, 422),
        ({"words": "字" * 10_000}, 413),
        ({"words": "\u200b \u200b"}, 422),
    ]
    for wrong, status in refused:
        answer = client.post(address, data={**GOOD, **wrong})
        assert answer.status_code == status and "<form" in answer.text, wrong
        assert "<img" not in answer.text
    taken = [
        "<script>alert(1)</script>",
        "=HYPERLINK(1)",
        "\u202e倒写 \u200b零宽",
        "空\x00字节",
    ]
    for n, words in enumerate(taken):
        sent = client.post(address, data={**GOOD, "key": f"h{n}", "words": words})
        assert sent.status_code == 303, words
        assert "已收到" in client.get(sent.headers["location"]).text
    before = len(taken)
    codes = [
        client.post(address, data={**GOOD, "key": f"f{n}", "words": f"第 {n} 件"}).status_code
        for n in range(report.LINK_MOST + 5)
    ]
    kept = report.LINK_MOST - before
    assert codes == [303] * kept + [429] * (len(codes) - kept)
    with store.connect() as conn:
        assert len(conn.execute(select(t.inbox)).all()) == report.LINK_MOST
    store.dispose()
