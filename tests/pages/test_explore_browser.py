"""Three clicks in a browser: from the alert to the slice, into it, to a customer's way; and back is one step back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import insert, select

from fengsui.settings import load
from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.pages.conftest import Server, free_port, furnish
from tests.pages.test_browser import browser, screen, words

__all__ = ["browser", "screen"]
pytestmark = [pytest.mark.browser]
PLACES = ("华南/广东/天河网点", "华南/广东/越秀网点", "华东/上海/徐汇网点", "华北/北京/朝阳网点")
MATTERS = ("支付/支付失败", "支付/优惠未抵扣", "物流/配送延误")
SAYINGS = ("银行卡已扣款却显示待付款", "扣款成功订单未支付")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The seeded afternoon, with six weeks of records behind it and a burst of one matter in 华南."""
    home, now = tmp_path_factory.mktemp("explored") / "house", datetime.now(UTC)
    furnish(home, now, people=False).dispose()
    store = open_store(load(home / "fengsui.toml", {}).store.url)
    rng, rows = np.random.default_rng(5), []
    for week in range(1, 7):
        for place in PLACES:
            for channel in ("App", "电话", "微信"):
                for matter in MATTERS:
                    for _ in range(int(rng.poisson(5))):
                        at = now - timedelta(weeks=week, minutes=int(rng.integers(-60, 120)))
                        rows.append(_row(len(rows), at, place, channel, matter, f"请查一下{matter[3:]}"))
    for n in range(48):
        at = now - timedelta(minutes=11) + timedelta(seconds=12 * n)
        rows.append(_row(len(rows), at, PLACES[n % 2], "App", MATTERS[0], f"{SAYINGS[n % 2]}，{n} 元"))
    with store.begin() as conn:
        conn.execute(insert(t.feedback), [row for row, _ in rows])
        conn.execute(insert(t.feedback_text), [_text(row, text) for row, text in rows])
    store.dispose()
    found = Server(home, free_port())
    found.start()
    yield found
    found.stop()


def _row(n: int, at: datetime, place: str, channel: str, matter: str, text: str) -> tuple[dict[str, Any], str]:
    times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), at)
    row = {
        "record_key": f"tickets:x{n}", "source": "tickets", "kind": "complaint", "seq": 1, "content_hash": str(n),
        "state": "open", "dims": {"channel": channel, "org": place, "category": matter},
        "customer": f"customer{n % 40:04d}", "ratings": [],
        "tags": {}, "extra": {}, **times,
    }  # fmt: skip
    return row, text


def _text(row: dict[str, Any], text: str) -> dict[str, Any]:
    return {"record_key": row["record_key"], "text": text, "mask_version": 1, "text_hash": text}


def sentence(screen: Any) -> str:
    return str(screen.locator(".an p").inner_text())


def test_from_the_alert_to_the_slice_and_a_customer_in_three_clicks(screen: Any, server: Server) -> None:
    screen.goto(f"{server.url}/alerts?id=e1", wait_until="domcontentloaded")
    screen.get_by_role("link", name="探查原因").click(timeout=60_000)
    screen.wait_for_selector(".st-key-p_fall svg .mark-rect path", timeout=60_000)
    first = sentence(screen)
    assert "支付" in first and "来自" in first and "突发说法" in first
    assert screen.locator(".st-key-p_series svg .mark-line path").count() >= 2
    screen.locator('[data-id^="into:"]').first.click()
    screen.wait_for_url(re.compile("at=.*category"), timeout=30_000)
    screen.wait_for_selector('[data-id^="drop:category"]', timeout=30_000)
    screen.wait_for_timeout(2500)  # the words of the wider place are replaced
    screen.locator('[data-id^="who:"]').first.click(timeout=30_000)
    screen.wait_for_selector(".st-key-ex_way .tl", timeout=30_000)
    assert "电话" in words(screen) or "App" in words(screen)
    assert screen.said == []


def test_back_is_one_step_back_and_a_link_shows_the_same(screen: Any, server: Server) -> None:
    screen.goto(f"{server.url}/explore?alert=e1", wait_until="domcontentloaded")
    screen.wait_for_selector(".st-key-p_fall svg .mark-rect path", timeout=60_000)
    before = sentence(screen)
    screen.locator('[data-id^="out:"]').first.click()
    screen.wait_for_url(re.compile("out="), timeout=30_000)
    screen.wait_for_selector('[data-id^="back:"]', timeout=30_000)
    assert "已去掉 1 个范围" in sentence(screen)
    link = screen.url
    screen.go_back()
    screen.wait_for_selector('[data-id^="back:"]', state="detached", timeout=30_000)
    screen.wait_for_selector('[data-id^="out:"]', timeout=30_000)
    assert sentence(screen)[:12] == before[:12]
    screen.goto(link, wait_until="domcontentloaded")
    screen.wait_for_selector('[data-id^="back:"]', timeout=60_000)
    assert "已去掉 1 个范围" in sentence(screen)


def test_a_phone_reads_the_sentence_without_scrolling_sideways(screen: Any, server: Server) -> None:
    screen.set_viewport_size({"width": 390, "height": 844})
    screen.goto(f"{server.url}/explore?alert=e1", wait_until="domcontentloaded")
    screen.wait_for_selector(".an p", timeout=60_000)
    screen.wait_for_timeout(1500)
    assert screen.evaluate("document.documentElement.scrollWidth <= 390")
    assert screen.locator(".an p").bounding_box()["y"] < 500


def test_the_charts_leave_as_a_picture_with_its_mark_and_an_audit_row(screen: Any, server: Server, tmp_path: Path) -> None:
    screen.set_viewport_size({"width": 1920, "height": 1080})
    screen.goto(f"{server.url}/explore?alert=e1&with=contacts", wait_until="domcontentloaded")
    screen.wait_for_selector(".st-key-p_fall svg, .st-key-p_fall canvas", state="attached", timeout=60_000)
    screen.locator(".st-key-export_explore button").click()
    screen.get_by_text("图片（PNG）").click()
    screen.locator(".st-key-export_reason input").fill("周会材料")
    screen.locator(".st-key-export_make button").click()
    button = screen.locator(".st-key-export_picture button")
    button.wait_for(timeout=30_000)
    with screen.expect_download(timeout=20_000) as download:
        button.click()
    file = tmp_path / "chart.png"
    download.value.save_as(file)
    assert re.fullmatch(r"fengsui_explore_charts_\d{8}_\d{6}\.png", download.value.suggested_filename)
    picture = np.asarray(Image.open(file).convert("L"), dtype=int)
    assert picture.shape[0] > 900 and picture.shape[1] > 1500, "both charts, twice as sharp as on the page"
    rows = (abs(picture - picture[0, 0]) > 40).sum(axis=1)
    assert rows[: len(rows) // 3].sum() > 2000 and rows[-120:].sum() > 500, "a chart above, the mark below"
    store = open_store(load(server.home / "fengsui.toml", {}).store.url)
    with store.connect() as conn:
        row = conn.execute(select(t.audit).where(t.audit.c.action == "export")).one()
    assert (row.params["format"], row.params["view"], row.params["reason"]) == ("png", "explore_charts", "周会材料")
