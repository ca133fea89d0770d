"""一线上报: everybody who is signed in may report, once, and reads on the same page what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from fengsui import alerts
from fengsui.board import report
from fengsui.ingest.take import Ingest
from fengsui.settings import load, open_keys
from fengsui.store import tables as t
from fengsui.worker import sources
from tests.conftest import NOW

STAFF = '\n[source.frontline]\nkind = "staff"\npurpose = "test"\n'
GOOD = {
    "key": "k1",
    "words": "打 13812345678 说扣了钱",
    "customers": "4-9",
    "urgency": "blocked",
    "channel": "App",
    "org": "华南",
}


@pytest.fixture
def phone(home: Path) -> Iterator[Callable[[str | None], TestClient]]:
    """``phone("wang")``: this person's browser."""
    from pages.gate import webhook
    from pages.look import house
    from pages.report import route

    file = home / "fengsui.toml"
    file.write_text(file.read_text(encoding="utf-8") + STAFF, encoding="utf-8")
    house.house.cache_clear()
    webhook.slot.cache_clear()
    routes = [Route("/report", route.page, methods=["GET"]), Route("/report", route.submit, methods=["POST"])]
    app = Starlette(routes=routes)

    def of(person: str | None) -> TestClient:
        headers = {"origin": "http://testserver"} | ({"cookie": f"fengsui=token-{person}"} if person else {})
        return TestClient(app, headers=headers, follow_redirects=False)

    yield of
    webhook.slot.cache_clear()


def kept() -> list[Any]:
    from pages.look.house import house

    with house().reader.connect() as conn:
        return list(conn.execute(select(t.inbox)))


def worked(home: Path, tick: int = 50_000) -> None:
    """What the worker does with it: the take, then the alerts."""
    from pages.look.house import house

    settings, store = load(home / "fengsui.toml"), house().writer
    keys = open_keys(settings)
    batch = sources.build(settings, "frontline", store, keys).poll(None, 100, NOW)
    ingest = Ingest(store, settings, keys)
    ingest.prepare(NOW, lambda conn: None)
    ingest.take("frontline", batch, tick, NOW, lambda conn: None)
    alerts.advance(store, settings, tick, NOW, lambda conn: None)


@pytest.mark.parametrize("person", ["wang", "li", "nan", "ana"])
def test_every_role_may_report(person: str, phone: Callable[..., TestClient]) -> None:
    form = phone(person).get("/report")
    assert form.status_code == 200 and "一线上报" in form.text and "<script" not in form.text
    assert "default-src 'none'" in form.headers["content-security-policy"]
    sent = phone(person).post("/report", data={**GOOD, "org": "华南"})
    assert (sent.status_code, [row.by for row in kept()]) == (303, [person])


def test_a_screen_on_a_wall_reports_nothing(phone: Callable[..., TestClient]) -> None:
    assert [phone("screen").get("/report").status_code, phone("screen").post("/report", data=GOOD).status_code] == [404, 404]
    assert not kept()


def test_nobody_reports_signed_out_or_from_a_foreign_page(phone: Callable[..., TestClient]) -> None:
    for asked in (phone(None).get("/report"), phone(None).post("/report", data=GOOD)):
        assert (asked.status_code, asked.headers["location"].partition("?")[0]) == (303, "/signin")
    foreign = phone("wang").post("/report", data=GOOD, headers={"origin": "http://evil.example"})
    assert foreign.status_code == 403 and not kept()


def test_a_report_goes_all_the_way_and_tells_so(phone: Callable[..., TestClient], home: Path) -> None:
    sent = phone("wang").post("/report", data=GOOD)
    received = phone("wang").get(sent.headers["location"])
    assert "已收到，正在入库" in received.text and 'http-equiv="refresh"' in received.text
    assert "<form" not in received.text, "a page that reloads must not throw away what is being typed"
    assert "<form" in phone("wang").get("/report").text
    worked(home)
    taken = phone("wang").get(sent.headers["location"]).text
    assert re.search(r"已记入预警 \d{4}-\d\d · 待认领", taken) and 'http-equiv="refresh"' not in taken
    assert "[手机号]" in taken and "138" not in taken
    from pages.look.house import house

    with house().writer.begin() as conn:
        row = conn.execute(select(t.feedback).where(t.feedback.c.source == "frontline")).one()
        assert (row.kind, row.dims, row.extra["customers"]) == ("staff_report", {"channel": "App", "org": "华南"}, "4-9")
        episode_id = conn.scalar(select(t.rule_record.c.episode_id).where(t.rule_record.c.record_key == row.record_key))
        mine = t.handling.c.episode_id == episode_id
        conn.execute(update(t.handling).where(mine).values(state="claimed", owner="li"))
    assert re.search(r"李强 已认领", phone("wang").get("/report").text)
    assert "13812345678" not in phone("li").get("/report").text and "[手机号]" not in phone("li").get("/report").text


def test_the_form_is_of_a_demo_and_leaves_missing_words_to_the_answer(phone: Callable[..., TestClient]) -> None:
    """A browser would ask for them in its own language; the answer asks in the page's."""
    form = phone("wang").get("/report").text
    assert "<i>演示数据</i>" in form and " required" not in form
    assert "请写一句客户怎么说" in phone("wang").post("/report", data={**GOOD, "words": ""}).text


def test_sent_twice_is_one_report(phone: Callable[..., TestClient]) -> None:
    first, again = (phone("wang").post("/report", data=GOOD) for _ in range(2))
    assert first.headers["location"] == again.headers["location"]
    assert phone("li").post("/report", data=GOOD).headers["location"] != first.headers["location"]
    assert len(kept()) == 2


def test_a_second_press_a_second_later_is_the_same_report(phone: Callable[..., TestClient], monkeypatch: Any) -> None:
    from pages.report import route

    first = phone("wang").post("/report", data=GOOD)
    monkeypatch.setattr(route, "now", lambda: NOW + timedelta(seconds=1))
    again = phone("wang").post("/report", data=GOOD)
    assert (again.status_code, again.headers.get("location")) == (303, first.headers["location"]) and len(kept()) == 1


def test_a_form_that_was_sent_and_then_changed_is_another_report(phone: Callable[..., TestClient]) -> None:
    phone("wang").post("/report", data=GOOD)
    changed = {**GOOD, "words": "又来了一位"}
    asked = phone("wang").post("/report", data=changed)
    assert asked.status_code == 422 and "再按一次发送" in asked.text and "Idempotency" not in asked.text
    key = re.search(r'name="key" value="([^"]+)"', asked.text)
    assert key and key[1] != "k1"
    assert phone("wang").post("/report", data={**changed, "key": key[1]}).status_code == 303 and len(kept()) == 2


def test_of_two_organisations_a_finer_one_is_not_lost(phone: Callable[..., TestClient]) -> None:
    from pages.look.house import house

    with house().writer.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "nan").values(scope=["华南", "华东/上海"]))
    form = phone("nan").get("/report").text
    assert 'value="华南"' in form and 'value="华东/上海"' in form and "华北" not in form


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"words": "  "}, "请写一句客户怎么说"),
        ({"words": "字" * 501}, "最多 500 个字"),
        ({"customers": "999"}, "请选遇到几位客户"),
        ({"urgency": ""}, "请选现在能不能办理"),
        ({"channel": '"><script>'}, "不在可选项里"),
    ],
)
def test_a_wrong_answer_is_named_and_the_others_stay(
    wrong: dict[str, str], words: str, phone: Callable[..., TestClient]
) -> None:
    answer = phone("wang").post("/report", data={**GOOD, **wrong})
    assert answer.status_code == 422 and words in answer.text and "<script" not in answer.text
    assert 'value="华南" checked' in answer.text and 'value="k1"' in answer.text and not kept()


def test_a_scoped_person_reports_about_its_own_organisation_only(phone: Callable[..., TestClient]) -> None:
    form = phone("nan").get("/report").text
    assert 'value="华南"' in form and "华北" not in form
    assert phone("nan").post("/report", data={**GOOD, "org": "华北"}).status_code == 422
    assert phone("wang").post("/report", data={**GOOD, "org": "华北"}).status_code == 303


def test_a_report_that_could_not_be_read_says_why(phone: Callable[..., TestClient]) -> None:
    from pages.look.house import house

    sent = phone("wang").post("/report", data=GOOD).headers["location"]
    (row,) = kept()
    held = {"quarantine_id": "q", "source": "frontline", "code": "connectors.bad.blank", "params": {"field": "opened_at"}}
    held |= {"record_key": f"frontline:{row.inbox_id}", "first_at": NOW, "last_at": NOW, "seen_n": 1, "state": "held"}
    with house().writer.begin() as conn:
        conn.execute(update(t.inbox).values(state="bad", fault_code="connectors.bad.blank", body=None))
        conn.execute(insert(t.quarantine).values(**held))
    page = phone("wang").get(sent).text
    assert "没有收下：必填的「发生时间 opened_at」为空" in page
    (mine,) = report.mine(house().reader, "frontline", "wang")
    assert mine.state == "refused"


def test_a_store_that_is_locked_keeps_what_was_typed(phone: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch) -> None:
    from fengsui.board.inbox import NotTaken, Slot

    def locked(*_: Any) -> None:
        raise NotTaken(503, "board.inbox.unavailable", 5)

    monkeypatch.setattr(Slot, "put", locked)
    answer = phone("wang").post("/report", data=GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "说扣了钱" in answer.text and "请稍后原样重发" in answer.text


def test_without_the_source_the_form_says_that_it_is_closed(home: Path) -> None:
    from pages.report import route

    client = TestClient(Starlette(routes=[Route("/report", route.page)]), headers={"cookie": "fengsui=token-wang"})
    assert "还没有开通一线上报" in client.get("/report").text


def test_a_silent_pushed_source_is_no_fault_on_the_wall(phone: Callable[..., TestClient], home: Path) -> None:
    from fengsui.board import health
    from pages.look.house import house
    from pages.wall import rows

    settings = load(home / "fengsui.toml")
    with house().reader.connect() as conn:
        found = {one["source"]: one for one in health.health(conn, settings, NOW, {})}
    source = found["frontline"]
    assert (source["pushed"], source["cadence_s"], source["standing"]) == (True, 0.0, "never")
    chip = rows._chip(type("Visitor", (), {"lang": "zh_CN"})(), source)
    assert "data-level" not in chip and "data-level" in rows._chip(_silent_visitor(), {**source, "cadence_s": 5.0})
    assert health.standing(1e6, 0.0, None, 0) == "ok" and health.standing(1e6, 5.0, None, 0) == "gone"


def _silent_visitor() -> Any:
    return type("Visitor", (), {"lang": "zh_CN", "say": lambda self, code, **params: code})()
