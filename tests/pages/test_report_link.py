"""一线上报 without an account: by a link or its code, in its scope, revocable, and the reporter reads what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from fengsui import people
from fengsui.board import report
from fengsui.people.link import REPORT, START
from fengsui.store import tables as t
from tests.conftest import NOW
from tests.pages.test_report import GOOD, kept, phone, worked

__all__ = ["phone"]
LARGEST = 100_000


@pytest.fixture
def anybody(home: Path, phone: Callable[..., TestClient]) -> Iterator[TestClient]:
    """A phone with no session, before the form's own routes."""
    from pages.report import linked

    routes = [
        Route("/tell/{token}", linked.page, methods=["GET"]),
        Route("/tell/{token}", linked.submit, methods=["POST"]),
    ]
    yield TestClient(Starlette(routes=routes), follow_redirects=False)


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.report import linked

    monkeypatch.setattr(linked, "now", lambda: NOW)


def store() -> Any:
    from pages.look.house import house

    return house().writer


def made(**more: Any) -> tuple[str, str]:
    """(id, address)"""
    link, token = people.make_link(store(), "天河网点柜台", by="cli", now=NOW, start=REPORT, **{"scope": ["华南"], **more})
    return link.person.person_id, f"/tell/{token}"


def test_without_an_account_a_report_becomes_an_alert_and_its_sender_reads_so(anybody: TestClient, home: Path) -> None:
    link, address = made()
    form = anybody.get(address)
    assert form.status_code == 200 and "天河网点柜台" in form.text and "<script" not in form.text
    assert "再报一条" not in form.text and "谁在处理" not in form.text, "no promise that a link does not keep"
    assert len(form.content) < LARGEST and "华东" not in form.text, "its scope, and no other"
    sent = anybody.post(address, data={**GOOD, "org": "华南"})
    assert sent.status_code == 303 and sent.headers["location"].startswith(f"{address}?sent=")
    assert [row.by for row in kept()] == [link] and not anybody.cookies
    assert "已收到" in (waits := anybody.get(sent.headers["location"]).text) and "再报一条" in waits
    worked(home)
    taken = anybody.get(sent.headers["location"]).text
    assert re.search(r"已记入预警 \d{4}-\d\d · 待认领", taken) and "13812345678" not in taken
    with store().begin() as conn:
        conn.execute(update(t.handling).values(state="claimed", owner="li"))
    after = anybody.get(sent.headers["location"]).text
    assert "已认领" in after and "李强" not in after, "no name of ours goes out of the house"


def test_nobody_reads_what_another_one_sent_by_the_same_link(anybody: TestClient, home: Path) -> None:
    _, address = made()
    sent = anybody.post(address, data={**GOOD, "org": "华南", "words": "柜台的蓝色机器吞卡"})
    worked(home)
    assert "蓝色机器" in anybody.get(sent.headers["location"]).text
    assert "蓝色机器" not in anybody.get(address).text
    assert "蓝色机器" not in anybody.get(f"{address}?sent=0123456789abcdef").text


def test_it_opens_nothing_else_and_a_link_of_a_wall_opens_no_form(anybody: TestClient) -> None:
    _, address = made()
    with pytest.raises(people.LinkRefused):
        people.enter(store(), address.removeprefix("/tell/"), None, NOW)
    _, wall = people.make_link(store(), "大厅", by="cli", now=NOW)
    assert anybody.get(f"/tell/{wall}").status_code == 404
    assert [one.person.person_id[:7] for one in people.every_link(store(), REPORT)] == [REPORT]
    assert all(one.person.person_id.startswith(START) for one in people.every_link(store(), START))


@pytest.mark.parametrize("how", ["unknown", "long", "revoked", "expired"])
def test_a_link_ends(anybody: TestClient, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    link, address = made(expires_at=NOW + timedelta(days=1))
    if how == "revoked":
        people.revoke_link(store(), link, by="cli", now=NOW)
    if how == "expired":
        from pages.report import linked

        monkeypatch.setattr(linked, "now", lambda: NOW + timedelta(days=2))
    address = {"unknown": "/tell/abc", "long": f"/tell/{'a' * 500}"}.get(how, address)
    assert anybody.get(address).status_code == 404
    assert anybody.post(address, data=GOOD).status_code == 404 and not kept()


def test_its_language_stays_and_what_is_too_long_comes_back_with_a_form(anybody: TestClient) -> None:
    _, address = made()
    form = anybody.get(f"{address}?lang=en").text
    assert f'action="{address}?lang=en"' in form and "The duty desk sees it at once" in form
    sent = anybody.post(f"{address}?lang=en", data={**GOOD, "org": "华南"})
    assert sent.headers["location"].endswith("&lang=en") and "Report another one" in anybody.get(sent.headers["location"]).text
    long = anybody.post(address, data={**GOOD, "words": "字" * 10_000})
    assert long.status_code == 413 and 'name="words"' in long.text and len(kept()) == 1
    assert anybody.post("/tell/abc", data={**GOOD, "words": "字" * 10_000}).status_code == 404
    assert anybody.post(address, data={**GOOD, "words": "\u200b \u2060"}).status_code == 422, "nothing that can be seen"


def test_another_organisation_is_refused_and_what_was_typed_comes_back(anybody: TestClient) -> None:
    _, address = made()
    refused = anybody.post(address, data={**GOOD, "org": "华东", "words": "<script>alert(1)</script>"})
    assert refused.status_code == 422 and "<script" not in refused.text and "&lt;script" in refused.text and not kept()


def test_a_flood_by_one_link_is_slowed_and_said(anybody: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "LINK_MOST", 2)
    _, address = made()
    answers = [anybody.post(address, data={**GOOD, "key": f"k{n}", "words": f"第 {n} 件"}) for n in range(3)]
    assert [one.status_code for one in answers] == [303, 303, 429]
    assert "请一分钟后再试" in answers[2].text and answers[2].headers["retry-after"] == "60" and len(kept()) == 2


def test_a_link_of_organisations_takes_nothing_without_one(anybody: TestClient, home: Path) -> None:
    """The trap: a form posted without ``org``, or with 说不清, was a report of the whole centre."""
    _, one = made()
    bare = {name: value for name, value in GOOD.items() if name != "org"}
    assert anybody.post(one, data=bare).status_code == 303
    worked(home)
    with store().connect() as conn:
        assert conn.scalar(select(t.feedback.c.dims).where(t.feedback.c.kind == report.RECORD))["org"] == "华南"
    _, two = made(scope=["华南", "华东"])
    form = anybody.get(two).text
    assert 'name="org" value="华南"' in form and 'name="org" value=""' not in form and 'name="channel" value=""' in form
    assert 'name="org" value="华南" checked' not in form, "chosen by whoever reports"
    for org in ({}, {"org": ""}):
        refused = anybody.post(two, data={**bare, "key": "k2", **org})
        assert refused.status_code == 422 and "请选择机构：华东、华南" in refused.text and len(kept()) == 1
    assert anybody.post(two, data={**bare, "key": "k2", "org": "华东"}).status_code == 303
