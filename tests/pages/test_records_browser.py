"""Bulk correction by keyboard, where only a browser can show it: rows marked, one digit for all, and taken back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from fengsui.ingest.keys import Vault
from fengsui.settings import load, open_keys
from fengsui.store.database import open_store
from fengsui.store.tables import audit, feedback_text, label

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]


@pytest.fixture
def screen() -> Iterator[Any]:
    if not CHROMIUM.exists():
        if os.environ.get("FENGSUI_REQUIRE_ALL") == "1":
            pytest.fail("FENGSUI_REQUIRE_ALL=1 but there is no Chromium")
        pytest.skip("no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
        browser.close()


def until(found: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while not wanted(answer := found()) and time.monotonic() < end:
        time.sleep(0.2)
    return answer


def test_rows_are_marked_and_corrected_by_keys_and_taken_back(demo_server: Any, screen: Any) -> None:
    store = open_store(load(demo_server.home / "fengsui.toml", {}).store.url)

    def said() -> list[Any]:
        with store.connect() as conn:
            return list(conn.execute(select(label.c.record_key, label.c.tag, label.c.new)))

    screen.goto(f"{demo_server.url}/records")
    rows = screen.locator(".row[data-id]")
    rows.first.wait_for(timeout=30_000)
    shown = [rows.nth(n).get_attribute("data-id") for n in range(2)]
    rows.first.click()
    for key in (" ", "ArrowDown", " ", "2"):
        screen.keyboard.press(key)
        screen.wait_for_timeout(300)
    found = until(said, lambda words: len(words) == 2)
    assert {row.record_key for row in found} == set(shown) and len({(row.tag, row.new) for row in found}) == 1
    assert found[0].tag == "issue" and found[0].new
    screen.keyboard.press("u")
    assert until(said, lambda words: not words) == [], "one key takes the whole press back"

    rows.first.wait_for(timeout=30_000)
    n = rows.count()
    screen.locator("[data-every]").first.click()
    screen.keyboard.press("Enter")
    found = until(said, lambda words: len(words) >= n - 1)
    assert len(found) >= 2, "after the mouse the keys are the list's: Enter confirms and presses no button twice"
    store.dispose()


def test_the_words_as_they_came_are_shown_in_a_dialog_for_a_reason(demo_server: Any, screen: Any) -> None:
    settings = load(demo_server.home / "fengsui.toml", {})
    store, vault = open_store(settings.store.url), Vault(open_keys(settings, {}))
    with store.begin() as conn:
        key = conn.execute(select(feedback_text.c.record_key).order_by(feedback_text.c.record_key)).scalars().first()
        sealed = vault.seal("我的手机号是 13812345678，请回电".encode(), key)
        mine = feedback_text.c.record_key == key
        conn.execute(update(feedback_text).where(mine).values(raw=sealed, key_id=vault.key_id))
    screen.goto(f"{demo_server.url}/records?id={key}")
    screen.locator(".st-key-rec_reveal_open button").click(timeout=30_000)
    screen.get_by_role("dialog").get_by_role("textbox").fill("客户来电核对")
    screen.keyboard.press("Tab")
    screen.locator(".st-key-rec_reveal_do button").click()
    screen.get_by_role("dialog").get_by_text("13812345678").wait_for(timeout=20_000)
    with store.connect() as conn:
        told = conn.execute(select(audit.c.params).where(audit.c.action == "text.reveal")).scalars().all()
    assert [one["reason"] for one in told] == ["客户来电核对"]
    store.dispose()
