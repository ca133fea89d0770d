"""Claiming from a phone: the link of a notice shows the alert to whoever fetches it, and claims only by its button."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from fengsui import people
from fengsui.alerts import commands
from fengsui.store import tables as t
from tests.conftest import NOW

LARGEST = 100_000


@pytest.fixture
def phone(home: Path) -> TestClient:
    """A browser without any cookie, as the one inside of a chat program."""
    from pages.claim import route

    routes = [Route("/claim/{token}", one, methods=[how]) for one, how in ((route.page, "GET"), (route.submit, "POST"))]
    return TestClient(Starlette(routes=routes), follow_redirects=False)


def link(person: str, episode_id: str = "e1", at=NOW) -> str:
    from pages.look.house import house

    with house().writer.begin() as conn:
        return f"/claim/{people.make_claim_link(conn, person, episode_id, 'n1', at)}"


def handling(episode_id: str = "e1") -> Any:
    from pages.look.house import house

    with house().reader.connect() as conn:
        return conn.execute(select(t.handling).where(t.handling.c.episode_id == episode_id)).one()


def seen(text: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', text)
    assert found
    return found[1]


def open_again(episode_id: str = "e1") -> None:
    from pages.look.house import house

    with house().writer.begin() as conn:
        conn.execute(update(t.handling).where(t.handling.c.episode_id == episode_id).values(state="new", owner=None))


def test_it_shows_what_where_how_much_and_why_without_session_script_or_customers_words(phone: TestClient) -> None:
    from pages.look.house import house

    answer = phone.get(link("li"))
    page = answer.text
    assert (answer.status_code, len(answer.content) < LARGEST) == (200, True)
    for word in ("发给 李强", "严重", "认领", "为什么", "我来核实", "<svg"):
        assert word in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    with house().reader.connect() as conn:
        words = conn.scalars(select(t.feedback_text.c.text)).all()
    assert words and not any(one and one in page for one in words)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "set-cookie" not in answer.headers


def test_fetching_claims_nothing_however_often_and_by_whatever_method(phone: TestClient) -> None:
    address, before = link("li"), handling()
    for _ in range(5):
        assert phone.get(address).status_code == 200
        assert phone.head(address).status_code in (200, 405)
    assert handling() == before
    assert 'name="seen"' in phone.get(address).text, "and it used nothing up"


def test_the_button_claims_and_the_page_says_so_with_deadline_and_plan(phone: TestClient) -> None:
    address = link("li")
    answer = phone.post(address, data={"seen": seen(phone.get(address).text), "first": "technical"})
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    now = handling()
    assert (now.owner, now.state) == ("li", "claimed")
    page = phone.get(address).text
    assert "您 14:32 已认领" in page and "前处置完" in page
    assert "<ol>" in page and "<form" not in page
    from pages.look.house import house

    with house().reader.connect() as conn:
        moved = conn.execute(select(t.transition).where(t.transition.c.code == "claim", t.transition.c.by == "li")).all()
        written = conn.scalars(select(t.audit.c.action).where(t.audit.c.by == "li")).all()
    assert [one.note for one in moved if one.episode_id == "e1"] == ["已联系技术"]
    assert "alert.claim" in written


def test_the_second_one_sees_who_was_first_and_takes_nothing_over(phone: TestClient) -> None:
    first, second = link("li"), link("zhou")
    old = seen(phone.get(second).text)
    phone.post(first, data={"seen": seen(phone.get(first).text)})
    answer = phone.post(second, data={"seen": old})
    assert answer.status_code == 409
    assert "李强" in answer.text and "先认领" in answer.text and "<form" not in answer.text
    assert handling().owner == "li"
    assert "李强 14:32 已先认领" in phone.get(second).text


def test_a_double_click_is_one_claim(phone: TestClient) -> None:
    address = link("li")
    form = {"seen": seen(phone.get(address).text)}
    phone.post(address, data=form)
    version = handling().handling_version
    assert phone.post(address, data=form).status_code == 200
    assert handling().handling_version == version


def test_it_claims_once(phone: TestClient) -> None:
    """Given back to nobody, it is not claimed again with the old link: that would be a key that works for a day."""
    address = link("li")
    phone.post(address, data={"seen": seen(phone.get(address).text)})
    open_again()
    page = phone.get(address).text
    assert "<form" not in page and "已经认领过一次" in page
    phone.post(address, data={"seen": str(handling().handling_version)})
    assert handling().owner is None


def test_a_page_that_is_old_is_refused_with_what_happened_and_can_be_pressed_again(phone: TestClient) -> None:
    from pages.look.house import house

    address = link("li")
    old = seen(phone.get(address).text)
    zhou = people.find(house().reader, "zhou")
    commands.claim(house().writer, "e1", int(old), zhou, NOW)
    commands.give_back(house().writer, "e1", int(old) + 1, zhou, NOW, reason="busy")
    answer = phone.post(address, data={"seen": old})
    assert answer.status_code == 409 and "周倩" in answer.text
    assert phone.post(address, data={"seen": seen(answer.text)}).status_code == 303
    assert handling().owner == "li"


@pytest.mark.parametrize("how", ["late", "off", "password", "role", "scope", "forged", "long"])
def test_a_link_ends(phone: TestClient, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.look.house import house

    address = link("li")
    good = seen(phone.get(address).text)
    store = house().writer
    if how == "late":
        address = link("li", at=NOW - timedelta(hours=24))
    elif how == "off":
        people.change(store, "li", by="t", now=NOW, active=False)
    elif how == "password":
        people.set_password(store, "li", "correct horse battery", by="t", now=NOW)
    elif how == "role":
        people.change(store, "li", by="t", now=NOW, role="wall")
    elif how == "scope":
        people.change(store, "li", by="t", now=NOW, scope=["华北"])
    elif how == "forged":
        address = address[:-1] + ("A" if address[-1] != "A" else "B")
    else:
        address = "/claim/" + "x" * 5000
    answer, pressed = phone.get(address), phone.post(address, data={"seen": good})
    assert (answer.status_code, pressed.status_code) == (410, 410)
    assert "已失效" in answer.text and "<form" not in answer.text
    assert handling().owner is None


def test_somebody_of_another_organisation_is_shown_nothing(phone: TestClient) -> None:
    from pages.look.house import house

    with house().writer.begin() as conn:
        conn.execute(update(t.episode).where(t.episode.c.episode_id == "e1").values(slice_key="org.1=华北"))
    assert phone.get(link("nan")).status_code == 410


@pytest.mark.parametrize("bad", ["", "-1", "x", "１", "99999999999999"])
def test_a_form_that_was_tampered_with_claims_nothing(phone: TestClient, bad: str) -> None:
    address = link("li")
    assert phone.post(address, data={"seen": bad, "first": "<script>"}).status_code in (200, 409)
    assert handling().owner is None


def test_a_claim_stands_and_is_told_as_done_though_its_link_could_not_be_marked(
    phone: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("update", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(people, "use_claim_link", away)
    address = link("li")
    answer = phone.post(address, data={"seen": str(handling().handling_version)}, follow_redirects=False)
    assert answer.status_code == 303 and handling().owner == "li"
    page = phone.get(address).text
    assert "现在由您负责" in page and "<form" not in page


def test_an_analyst_may_look_and_not_claim(phone: TestClient) -> None:
    address = link("ana")
    page = phone.get(address).text
    assert "<form" not in page and "不能认领" in page
    phone.post(address, data={"seen": str(handling().handling_version)})
    assert handling().owner is None


def test_hostile_names_stay_text(phone: TestClient) -> None:
    from pages.look.house import house

    evil = ("<script>alert(1)</script>\"'><img src=x>\u202e" + "长" * 64)[:64]
    people.change(house().writer, "li", by="t", now=NOW, name=evil)
    address = link("zhou")
    other = link("li")
    for page in (phone.get(other).text, phone.get(address).text):
        assert "<script" not in page and "<img" not in page
        assert len(page.encode()) < LARGEST


def test_english_where_the_person_or_the_address_asks(phone: TestClient) -> None:
    page = phone.get(f"{link('li')}?lang=en").text
    assert '<html lang="en">' in page and "for 李强" in page and "Claim" in page


def test_the_table_holds_no_token(phone: TestClient) -> None:
    from pages.look.house import house

    token = link("li").rpartition("/")[2]
    with house().reader.connect() as conn:
        assert token not in str(conn.execute(select(t.claim_link)).all())


@pytest.mark.browser
def test_a_phone_without_scripts_claims_with_two_taps_and_nothing_is_cut_off(tmp_path: Path) -> None:
    """The whole road: the application's own server, its door before it, a phone of 390 x 844."""
    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        pytest.skip("no Chromium")
    from playwright.sync_api import sync_playwright

    from tests.pages.conftest import Server, free_port, furnish

    at = datetime.now(UTC)
    store = furnish(tmp_path / "house", at, people=True)
    with store.begin() as conn:
        first, second = (people.make_claim_link(conn, one, "e1", "n1", at) for one in ("li", "zhou"))
    server = Server(tmp_path / "house", free_port())
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
            phone = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False, locale="zh-CN")
            page = phone.new_page()
            page.goto(f"{server.url}/claim/{first}")
            button = page.get_by_role("button", name="认领")
            box = button.bounding_box()
            assert box and box["y"] + box["height"] <= 844 and box["height"] >= 48, "in sight and large enough for a thumb"
            page.get_by_label("已联系技术").check()
            button.click()
            assert "已认领，现在由您负责" in page.inner_text(".foot")
            assert page.locator("main").bounding_box()["width"] <= 390
            page.goto(f"{server.url}/claim/{second}")
            assert "李强" in page.inner_text(".foot") and page.get_by_role("button").count() == 0
            assert phone.cookies() == []
            browser.close()
    finally:
        server.stop()
        store.dispose()


def test_from_a_phone_it_is_handed_to_a_colleague_once_and_help_is_asked_for(phone: TestClient) -> None:
    address = link("li")
    page = phone.get(f"{address}?to=1").text
    assert "确认转派" in page and "王敏" in page and 'value="li"' not in page and "<script" not in page
    assert len(page.encode()) < LARGEST and handling().owner is None, "looking changes nothing"
    refused = phone.post(address, data={"seen": seen(page), "do": "transfer"})
    assert refused.status_code == 409 and "还缺一项：谁" in refused.text
    assert phone.post(address, data={"seen": seen(page), "do": "transfer", "person": "nobody"}).status_code == 409
    helped = phone.post(address, data={"seen": seen(page), "do": "add_participant", "person": "zhou"})
    assert helped.status_code == 303 and list(handling().participants) == ["zhou"] and handling().owner is None
    page = phone.get(f"{address}?to=1").text
    done = phone.post(address, data={"seen": seen(page), "do": "transfer", "person": "wang", "reason": "<b>"})
    assert done.status_code == 303 and handling().owner == "wang"
    given = phone.get(address).text
    assert "现在由 王敏 负责" in given and "已先认领" not in given, "it was handed over, nobody was faster"
    open_again()
    assert "<form" not in phone.get(f"{address}?to=1").text, "a link acts once"
    phone.post(address, data={"seen": str(handling().handling_version), "do": "transfer", "person": "zhou"})
    assert handling().owner is None
