"""A fresh process that nobody has visited: asking for a page by name, signed out, must not run it.

Streamlit once ran pages/*.py directly until st.navigation had run in the process; the websocket is asked as a browser would.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import websockets
from sqlalchemy import insert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from fengsui.people import ROLES
from fengsui.people.session import token_hash
from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.pages.test_access import MAY

SECRETS = ("投诉量突增", "甲机", "电话话务平台", "当前预警", "营业时间", "历次目标")


def readable(raw: bytes) -> str:
    """Component data travels as JSON with escapes: undo them, or a leak would hide behind them."""
    return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), raw.decode("utf-8", "ignore"))


async def ask(url: str, page: str, cookie: str | None = None) -> str:
    """Everything that the server sends for one script run of ``page``."""
    headers = [("Cookie", f"fengsui={cookie}")] if cookie else []
    protocols: Any = ["streamlit"]
    async with websockets.connect(url, subprotocols=protocols, additional_headers=headers, max_size=None) as socket:
        message = BackMsg()
        message.rerun_script.page_name = page
        await socket.send(message.SerializeToString())
        sent = []
        while True:
            answer = ForwardMsg()
            raw = await asyncio.wait_for(socket.recv(), 30)
            assert isinstance(raw, bytes)
            answer.ParseFromString(raw)
            sent.append(readable(raw))
            if answer.WhichOneof("type") == "script_finished":
                return "\n".join(sent)


def test_no_page_runs_for_a_stranger_even_as_the_first_request_of_the_process(closed_server: Any) -> None:
    url = closed_server.url.replace("http", "ws") + "/_stcore/stream"
    for page in ("admin", "running", "alerts", "sources", "wall", "page", "_shell", ""):
        sent = asyncio.run(ask(url, page))
        assert not [secret for secret in SECRETS if secret in sent], page
    sent = asyncio.run(ask(url, "running", cookie="token-wang"))
    assert "甲机" in sent, "the one who may does see it: the test can tell the difference"
    sent = asyncio.run(ask(url, "running", cookie="token-li"))
    assert "甲机" not in sent, "a role without the page does not"
    assert "你的角色不能使用这一页" in sent and "page_not_found" not in sent.lower()
    sent = asyncio.run(ask(url, "admin", cookie="token-wang"))
    assert "你的角色不能使用这一页" in sent and "营业时间" not in sent, "a manager is no administrator"


def test_no_page_runs_for_a_role_that_may_not_on_a_fresh_process(closed_server: Any) -> None:
    """Every page x every role that may not, and the half and ended sessions: the sentence, and nothing of the page."""
    store = open_store(f"sqlite:///{closed_server.home / 'fengsui.db'}")
    at = datetime.now(UTC)
    with store.begin() as conn:
        for role in ROLES:
            who = {"person_id": f"x-{role}", "name": role, "role": role, "scope": [], "active": True, "created_at": at}
            conn.execute(insert(t.person).values(**who))
            row = {"token_hash": token_hash(f"x-{role}"), "person_id": f"x-{role}", "created_at": at}
            conn.execute(insert(t.session).values(**row, expires_at=at + timedelta(days=1)))
    store.dispose()
    url = closed_server.url.replace("http", "ws") + "/_stcore/stream"
    shut = [(name, role) for name, roles in MAY.items() for role in ROLES if role not in roles]
    assert len(shut) > 30
    for name, role in shut:
        sent = asyncio.run(ask(url, name, cookie=f"x-{role}"))
        assert "你的角色不能使用这一页" in sent, (name, role)
        assert not [secret for secret in SECRETS if secret in sent], (name, role)


@pytest.mark.parametrize("origin", ["http://evil.example"])
def test_a_foreign_page_cannot_open_the_websocket(closed_server: Any, origin: str) -> None:
    async def knock() -> None:
        protocols: Any = ["streamlit"]
        url = closed_server.url.replace("http", "ws") + "/_stcore/stream"
        async with websockets.connect(url, origin=websockets.Origin(origin), subprotocols=protocols):
            pass

    with pytest.raises(websockets.InvalidStatus) as fault:
        asyncio.run(knock())
    assert fault.value.response.status_code == 403
