"""The plain HTTP side on a real server with persons: who may in, who may not, and what a probe reads."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from fengsui.people.password import hashed
from fengsui.store import tables as t
from fengsui.store.database import open_store
from pages.gate import address, door

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
    monkeypatch.setattr(door, "loopback", lambda: False)
    assert not door.demo_open()


def test_an_origin_is_compared_with_the_host_and_its_port() -> None:
    def post(origin: str) -> Request:
        headers = [(b"origin", origin.encode()), (b"host", b"fengsui.local:8501")]
        return Request({"type": "http", "method": "POST", "headers": headers, "path": "/signin", "query_string": b""})

    assert address.own(post("http://fengsui.local:8501"))
    assert not address.own(post("http://fengsui.local"))
