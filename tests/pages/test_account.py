"""The plain pages of a person's own account and of the steps after a right password, asked without scripts."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine, select, update
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from fengsui import people
from fengsui.people import totp
from fengsui.people.password import hashed
from fengsui.store import tables as t
from fengsui.store.database import open_store
from pages.account import route as account
from pages.gate import qr, signin, step
from pages.gate.keys import keys
from pages.look import house
from tests.pages.conftest import NOW

PASSWORD, NEW = "一个很长的口令-2026", "another staple entirely"
OWN = {"origin": "http://testserver"}


@pytest.fixture
def store(home: Path) -> Iterator[Engine]:
    found = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with found.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "wang").values(password=hashed(PASSWORD, "wang")))
    signin.tries.cache_clear()
    keys.cache_clear()
    yield found
    found.dispose()


@pytest.fixture
def client(store: Engine) -> TestClient:
    routes = [
        Route("/signin", signin.page, methods=["GET"]),
        Route("/signin", signin.submit, methods=["POST"]),
        Route("/signin/step", step.page, methods=["GET"]),
        Route("/signin/step", step.submit, methods=["POST"]),
        Route("/account", account.page, methods=["GET"]),
        Route("/account", account.submit, methods=["POST"]),
    ]
    return TestClient(Starlette(routes=routes), follow_redirects=False)


def enter(client: TestClient, secret: str = PASSWORD) -> Any:
    client.cookies.clear()
    return client.post("/signin", data={"name": "wang", "password": secret, "next": "/alerts?id=e3"}, headers=OWN)


def signed(client: TestClient) -> TestClient:
    client.cookies.set("fengsui", "token-wang")
    return client


def code(page: str) -> str:
    """Of the key that the page shows."""
    found = re.search(r'class="key">([A-Z2-7 ]+)<', page)
    assert found, page
    return totp.code_at(base64.b32decode(found[1].replace(" ", "")), totp.step_of(NOW))


def test_a_password_for_one_sign_in_is_changed_before_anything_is_seen(client: TestClient, store: Engine) -> None:
    told = people.reset_password(store, "wang", by="gao", now=NOW)
    entry = enter(client, told)
    assert entry.headers["location"] == "/signin/step?next=/alerts%3Fid%3De3"
    asked = client.get(entry.headers["location"])
    assert "请设自己的密码" in asked.text and 'lang="zh-CN"' in asked.text
    assert client.get("/account").status_code == 303, "half way in is not in"
    given = {"new": NEW, "again": NEW}
    where = entry.headers["location"]
    assert client.post(where, data=given, headers={"origin": "http://evil.example"}).status_code == 403
    differing = client.post(where, data={**given, "again": "x"}, headers=OWN)
    assert differing.status_code == 422 and "两次输入的新密码不一样" in differing.text
    common = client.post(where, data={"new": "1234567890", "again": "1234567890"}, headers=OWN)
    assert common.status_code == 422 and "太容易猜到" in common.text
    assert client.post(where, data=given, headers=OWN).headers["location"] == "/alerts?id=e3"
    assert "我的账户" in client.get("/account").text


def test_two_steps_are_turned_on_used_and_asked_for(client: TestClient, store: Engine) -> None:
    mine = signed(client)
    assert mine.post("/account", data={"do": "offer", "old": "wrong"}, headers=OWN).status_code == 401
    offered = mine.post("/account", data={"do": "offer", "old": PASSWORD}, headers=OWN)
    assert '<svg class="qr"' in offered.text and "otpauth://totp/" in html.unescape(offered.text)
    wrong = mine.post("/account", data={"do": "confirm", "code": "000000"}, headers=OWN)
    assert wrong.status_code == 401 and 'name="code"' in wrong.text, "another code may be typed"
    assert "otpauth" not in wrong.text and 'class="key"' not in wrong.text, "the key is shown for a password only"
    again = mine.post("/account", data={"do": "offer", "old": PASSWORD}, headers=OWN)
    assert code(again.text) == code(offered.text), "the same key: what was scanned still counts"
    done = mine.post("/account", data={"do": "confirm", "code": code(offered.text)}, headers=OWN)
    recovery = re.findall(r"<li>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</li>", done.text)
    assert len(recovery) == 10 and "还剩" not in done.text
    assert "还剩 10 个恢复码" in mine.get("/account").text and recovery[0] not in mine.get("/account").text
    entry = enter(client)
    where = entry.headers["location"]
    assert "验证码或恢复码" in client.get(where).text
    refused = client.post(where, data={"code": code(offered.text)}, headers=OWN)
    assert refused.status_code == 401, "a code that was used opens nothing"
    assert client.post(where, data={"code": recovery[0]}, headers=OWN).headers["location"] == "/alerts?id=e3"
    assert client.get(where).headers["location"].startswith("/signin?"), "all the way in: nothing is left to ask"


def test_at_a_screen_left_open_no_key_is_told_without_the_password(client: TestClient, store: Engine) -> None:
    mine = signed(client)
    answers = [mine.post("/account", data={"do": "confirm", "code": "000000"}, headers=OWN) for _ in range(7)]
    assert answers[0].status_code == 422 and answers[-1].status_code == 429
    assert not [one for one in answers if "otpauth" in one.text or 'class="key"' in one.text]
    with store.connect() as conn:
        assert conn.execute(select(t.second_factor)).first() is None


def test_a_role_that_must_is_led_through_it(client: TestClient, store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = house.house().settings.sign_in
    monkeypatch.setattr(policy.__class__, "second_factor", ("manager",), raising=False)
    object.__setattr__(policy, "second_factor", ("manager",))
    try:
        where = enter(client).headers["location"]
        asked = client.get(where)
        assert "请启用两步验证" in asked.text
        done = client.post(where, data={"code": code(asked.text)}, headers=OWN)
        assert done.text.count("<li>") == 10 and 'href="/alerts?id=e3"' in done.text
        assert client.get("/account").status_code == 200
    finally:
        object.__setattr__(policy, "second_factor", ())


def test_sessions_are_listed_and_ended_ones_own_alone(client: TestClient, store: Engine) -> None:
    at = people.living_sessions(store, NOW)
    other = people.sign_in(store, signin.tries(), "wang", PASSWORD, "10.1.2.3", NOW)
    page = signed(client).get("/account").text
    assert "10.1.2.3" in page and "当前" in page
    theirs = next(one.ref for one in at if one.person_id == "li")
    assert theirs not in page
    assert client.post("/account", data={"do": "revoke", "session": theirs}, headers=OWN).status_code == 422
    ref = hashlib.sha256(other.token.encode()).hexdigest()[:16]
    ended = client.post("/account", data={"do": "revoke", "session": ref}, headers=OWN)
    assert ended.headers["location"] == "/account?done=revoke" and "已结束" in client.get("/account?done=revoke").text
    assert "10.1.2.3" not in client.get("/account").text
    again = client.post("/account", data={"do": "revoke", "session": ref}, headers=OWN)
    assert again.status_code == 422 and "已经结束" in again.text


def test_a_password_is_changed_with_the_old_one(client: TestClient, store: Engine) -> None:
    mine = signed(client)
    given = {"do": "password", "old": PASSWORD, "new": NEW, "again": NEW}
    assert mine.post("/account", data=given).status_code == 403, "a browser names its origin"
    assert mine.post("/account", data={**given, "old": "wrong"}, headers=OWN).status_code == 401
    assert mine.post("/account", data=given, headers=OWN).headers["location"] == "/account?done=password"
    assert enter(client).status_code == 401 and enter(client, NEW).status_code == 303


def test_strangers_and_screens_get_nothing(client: TestClient) -> None:
    for token, status in ((None, 303), ("invented", 303), ("token-screen", 404)):
        client.cookies.clear()
        if token:
            client.cookies.set("fengsui", token)
        for asked in (client.get("/account"), client.post("/account", data={"do": "offer"}, headers=OWN)):
            assert asked.status_code == status and "两步验证" not in asked.text
        assert client.get("/signin/step").headers["location"] == "/signin?next=/wall"


def test_rubbish_is_refused_in_words(client: TestClient, store: Engine) -> None:
    mine = signed(client)
    assert mine.post("/account", data={"do": "<script>"}, headers=OWN).status_code == 422
    assert mine.post("/account", data={"do": "confirm", "code": "x" * 9000}, headers=OWN).status_code == 422
    assert mine.post("/account", data={"x": "y" * 20_000}, headers=OWN).status_code == 413
    with store.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "wang").values(name="<script>alert(1)</script>"))
    assert "<script>" not in mine.get("/account").text
    with store.connect() as conn:
        assert PASSWORD not in str(conn.execute(select(t.audit)).all())


@pytest.mark.parametrize(
    ("length", "sums"),
    [
        (17, "cb09105affd9 27a3c1b7c1b0 1e42bb952152 5ad1606b44b1 2f260c807954 9bdfdac8b0d2 a036d88793be 6f756b1aea2e"),
        (134, "7c97da504e3d 691ff2d266f2 035efea38231 eb67eda78e81 5eec405c8313 6d12f32dbda9 d547dd53c41a 8f400e52a191"),
        (271, "76990c871f78 57cbfd90ba11 06795e9aa49d c70195792ea3 5650c010aaba fc37d56a1a4f f0f9d50d307c 7e429a4c4c50"),
    ],
)
def test_a_qr_code_is_that_of_segno_under_every_mask(length: int, sums: str) -> None:
    """Versions 1, 6 and 10; the sums were made with segno 1.6.6, error correction L, byte mode."""
    text = ("otpauth://totp/x?secret=ABC" * 20)[:length]
    version = qr._version(length)
    bits = qr._interleaved(version, qr._codewords(version, text.encode()))
    grids = [qr._masked(qr._frame(version), bits, mask) for mask in range(8)]
    found = [hashlib.sha256(bytes(one for row in grid for one in row)).hexdigest()[:12] for grid in grids]
    assert found == sums.split()
    assert qr.rows(text) in grids


def test_what_is_too_long_for_a_qr_code_is_said() -> None:
    with pytest.raises(ValueError, match="272"):
        qr.rows("x" * 272)
    longest = totp.address(bytes(20), step.ISSUER, "x" * 64)
    assert len(longest) <= 271 and unquote(longest).startswith(f"otpauth://totp/{step.ISSUER}:")
