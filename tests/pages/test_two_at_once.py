"""Two people click 认领 in two browsers at one instant: one has the alert, the other reads who."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from fengsui.settings import load
from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.pages.test_browser import browser  # noqa: F401  the same Chromium

pytestmark = [pytest.mark.browser]
NAMES = {"wang": "王敏", "li": "李强"}
AT_ONCE = """at => { const button = document.querySelector('.st-key-do_claim button')
  setTimeout(() => { window.clicked = Date.now(); button.click() }, at - Date.now()) }"""


@pytest.fixture
def both(browser: Any, closed_server: Any) -> Iterator[dict[str, Any]]:  # noqa: F811
    """The severe alert open in the browser of each."""
    pages = {}
    for id_ in NAMES:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        context.add_cookies([{"name": "fengsui", "value": f"token-{id_}", "url": closed_server.url}])
        pages[id_] = context.new_page()
        pages[id_].goto(f"{closed_server.url}/alerts?id=e1", wait_until="domcontentloaded")
    for page in pages.values():
        page.wait_for_selector(".st-key-do_claim button:not([disabled])", timeout=60_000)
        page.wait_for_timeout(1500)
    yield pages
    for page in pages.values():
        page.context.close()


@pytest.mark.timeout(180)
def test_of_two_who_claim_at_one_instant_one_has_it_and_the_other_is_told_who(both: dict[str, Any], closed_server: Any) -> None:
    at = int(time.time() * 1000) + 1200
    for page in both.values():
        page.evaluate(AT_ONCE, at)
    said = {}
    for id_, page in both.items():
        page.get_by_test_id("stToast").first.wait_for(timeout=30_000)
        said[id_] = page.get_by_test_id("stToast").first.inner_text()
    clicked = [int(page.evaluate("window.clicked")) for page in both.values()]
    assert abs(clicked[0] - clicked[1]) < 500, "at one instant"
    store = open_store(load(closed_server.home / "fengsui.toml", {}).store.url)
    with store.connect() as conn:
        mine = (t.transition.c.episode_id == "e1") & (t.transition.c.axis == "person") & (t.transition.c.code == "claim")
        (winner,) = conn.scalars(select(t.transition.c.by).where(mine)).all()
        assert conn.scalar(select(t.handling.c.owner).where(t.handling.c.episode_id == "e1")) == winner
    store.dispose()
    (loser,) = set(NAMES) - {winner}
    assert "认领" in said[winner] and NAMES[loser] not in said[winner]
    assert NAMES[winner] in said[loser], said
    both[loser].wait_for_selector(".st-key-do_claim button[disabled]", timeout=20_000)
    assert NAMES[winner] in both[loser].locator(".st-key-p_head").inner_text() or both[loser].get_by_text(NAMES[winner]).count()


REFRESH_S = 5.0
"""The slowest page asks every five seconds for what people did."""


@pytest.mark.timeout(180)
def test_a_claim_is_seen_by_all_viewers_within_one_refresh_though_no_worker_runs(
    both: dict[str, Any], closed_server: Any
) -> None:
    """Handling is read live, never from the worker's picture: 王敏 looks at the desk and at a wall while 李强 claims."""
    desk = both["wang"]
    wall = desk.context.new_page()
    wall.goto(f"{closed_server.url}/wall", wait_until="domcontentloaded")
    row = wall.locator(".alerts .row", has_text="华南 · App").first
    row.wait_for(timeout=60_000)
    assert "待认领" in row.inner_text() and "李强" not in row.inner_text()
    both["li"].locator(".st-key-do_claim button").click()
    both["li"].get_by_test_id("stToast").first.wait_for(timeout=30_000)
    begun = time.monotonic()
    wall.locator(".alerts .row", has_text="华南 · App").filter(has_text="李强").first.wait_for(timeout=15_000)
    on_the_wall = time.monotonic() - begun
    desk.wait_for_selector(".st-key-do_claim button[disabled]", timeout=15_000)
    assert on_the_wall < 2 * REFRESH_S and time.monotonic() - begun < 3 * REFRESH_S
