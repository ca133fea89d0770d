"""Who may open what: the whole table, written down by hand; and the routes of a fresh process to whom is not in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from fengsui.board import export, trail
from fengsui.people import ROLES
from fengsui.people.session import token_hash
from fengsui.store import tables as t
from fengsui.store.database import open_store
from pages.account import route as account
from pages.gate import door
from pages.look import shell

D, M, A, N, U, W = "duty", "manager", "admin", "analyst", "auditor", "wall"
DESK = {D, M, A, N}
MAY = {
    "wall": {*DESK, U, W},
    "alerts": DESK,
    "duty": DESK,
    "explore": DESK,
    "backtest": {M, A, N},
    "kpi": DESK,
    "due": DESK,
    "records": {D, M, A, N},
    "quality": {D, M, A, N},
    "customer": {A},
    "sources": DESK,
    "running": {M, A, N},
    "rules": {M, A, N},
    "admin": {A},
    "people": {A, U},
    "audit": {A, U},
}


def test_the_table_of_pages_is_the_one_written_here() -> None:
    assert {name: set(roles) for name, (_, roles) in shell.PAGES.items()} == MAY
    assert set(door.NAMES) - {"", "report"} == set(MAY), "the door knows every page"
    assert set(ROLES) == {D, M, A, N, U, W}


def test_who_takes_data_out_reads_the_audit_and_has_an_account() -> None:
    assert {M, A, N, U} == export.ROLES and {A, U} == trail.ROLES and set(ROLES) - {W} == account.ROLES


@pytest.fixture
def client(closed_server: Any) -> httpx.Client:
    store = open_store(f"sqlite:///{closed_server.home / 'fengsui.db'}")
    at = datetime.now(UTC)
    with store.begin() as conn:
        conn.execute(
            insert(t.person).values(person_id="shen", name="沈默", role="auditor", scope=[], active=True, created_at=at)
        )
        for stage in (None, "code", "change", "enrol"):
            row = {"token_hash": token_hash(f"token-shen-{stage}"), "person_id": "shen", "created_at": at, "stage": stage}
            conn.execute(insert(t.session).values(**row, expires_at=at + timedelta(days=1)))
        idle = {"token_hash": token_hash("token-idle"), "person_id": "shen", "created_at": at, "idle_at": at}
        conn.execute(insert(t.session).values(**idle, expires_at=at + timedelta(days=1)))
    store.dispose()
    return httpx.Client(base_url=closed_server.url, timeout=20)


def test_a_fresh_process_gives_nothing_to_strangers_half_sessions_and_unused_ones(client: httpx.Client) -> None:
    """The first requests that the process ever gets."""
    for token in (None, "invented", "token-shen-code", "token-shen-change", "token-shen-enrol", "token-idle"):
        cookies = {"fengsui": token} if token else {}
        for name in (*MAY, "report", "account"):
            answer = httpx.get(str(client.base_url.join(f"/{name}")), cookies=cookies, timeout=20)
            assert (answer.status_code, answer.headers["location"][:12]) == (303, "/signin?next"), (token, name)
    origin = {"origin": str(client.base_url).rstrip("/")}
    for name in ("account", "report"):
        answer = httpx.post(str(client.base_url.join(f"/{name}")), data={"do": "offer"}, headers=origin, timeout=20)
        assert answer.status_code == 303 and "/signin" in answer.headers["location"]
    answer = httpx.post(str(client.base_url.join("/signin/step")), data={"code": "000000"}, headers=origin, timeout=20)
    assert answer.status_code == 303
    whole = {"fengsui": "token-shen-None"}
    assert httpx.get(str(client.base_url.join("/audit")), cookies=whole, timeout=20).status_code == 200
    assert "我的账户" in httpx.get(str(client.base_url.join("/account")), cookies=whole, timeout=20).text
    screen = {"fengsui": "token-screen"}
    assert httpx.get(str(client.base_url.join("/account")), cookies=screen, timeout=20).status_code == 404
