"""What only a browser can tell: no scroll, drawn marks, no English, a quiet console, and an outage that says so."""

# ruff: noqa: E501  scripts for the browser

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from fengsui import people
from fengsui.board import snapshot
from fengsui.settings import load
from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.pages.conftest import ROOT, Server, free_port

pytestmark = [pytest.mark.browser]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
READY = {
    "records": ".st-key-p_list .row",
    "quality": ".st-key-p_clean table",
    "wall": ".plot .mk",
    "alerts": ".st-key-p_series svg .mark-line path",
    "kpi": ".st-key-p_list",
    "explore": ".st-key-p_series svg .mark-line path",
    "due": ".st-key-p_backlog .sg",
    "sources": ".st-key-p_low_a svg .mark-rect path",
    "running": ".st-key-p_ticks svg .mark-rect path",
}
OLD = datetime(2026, 1, 1, tzinfo=UTC)
LATIN = {"App", "SLA", "Excel", "CSV", "GiB", "b", "n"}
"""Words that Chinese pages write in Latin letters on purpose."""


CUT = """() => { const cut = []; document.querySelectorAll('*').forEach(host => { if (!host.shadowRoot) return
          host.shadowRoot.querySelectorAll('.panel, .tile').forEach(box => {
            if (box.scrollHeight > box.clientHeight + 2) cut.push(box.className + box.scrollHeight + '>' + box.clientHeight) }) })
          return cut }"""
"""Panels and figures of the wall that hold more than they show."""
VIEWS = """() => { const found = []; document.querySelectorAll('*').forEach(host => host.shadowRoot?.querySelectorAll('[data-go]')
  .forEach(node => found.push(node.dataset.go))); return found }"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        import os

        if os.environ.get("FENGSUI_REQUIRE_ALL") == "1":
            pytest.fail("FENGSUI_REQUIRE_ALL=1 but there is no Chromium")
        pytest.skip("no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def screen(browser: Any) -> Iterator[Any]:
    """A page of 1920x1080 in Chinese; ``screen.said`` is what its console complained about."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN", color_scheme="dark")
    page = context.new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text) if _counts(message) else None)
    page.on("pageerror", lambda fault: page.said.append(str(fault)))
    yield page
    context.close()


def _counts(message: Any) -> bool:
    """Streamlit looks for its own root at the page's address first and is answered 404: no fault of ours."""
    return message.type == "error" and "_stcore" not in (message.location or {}).get("url", "")


def draw(server: Any) -> None:
    """What the worker does at the end of a tick."""
    settings = load(server.home / "fengsui.toml", {})
    store = open_store(settings.store.url)
    with store.connect() as conn:
        newest = conn.exec_driver_sql("select max(version) from snapshot").scalar()
    snapshot.build(store, settings, int(newest or 0) + 1, datetime.now(UTC), lambda conn: None)
    store.dispose()


def show(screen: Any, server: Any, name: str, ready: str = "") -> None:
    draw(server)
    screen.goto(f"{server.url}/{name}", wait_until="domcontentloaded")
    screen.wait_for_selector(ready or READY[name], state="attached", timeout=60_000)
    screen.wait_for_timeout(1500)


def words(screen: Any) -> str:
    """All text on the page, shadow roots included."""
    return str(
        screen.evaluate(
            """() => { const all = []; const walk = node => {
              if (node.nodeType === 3 && node.parentElement && node.parentElement.checkVisibility?.()) all.push(node.textContent)
              if (['STYLE', 'SCRIPT'].includes(node.nodeName) || node.dataset?.testid === 'stIconMaterial') return
              if (node.shadowRoot) walk(node.shadowRoot)
              node.childNodes.forEach(walk) }; walk(document.querySelector('[data-testid="stMain"]')); return all.join('\\n') }"""
        )
    )


@pytest.mark.parametrize("name", list(READY))
def test_a_chinese_page_is_drawn_in_chinese_and_the_console_is_quiet(screen: Any, demo_server: Any, name: str) -> None:
    show(screen, demo_server, name)
    english = set(re.findall(r"[A-Za-z]{2,}", words(screen))) - LATIN - {"svg"}
    assert not english
    assert "演示数据" in words(screen)
    assert screen.evaluate("document.documentElement.lang") == "zh-CN"
    assert screen.said == []


def test_the_wall_needs_no_scrolling_and_dims_nothing(screen: Any, demo_server: Any) -> None:
    show(screen, demo_server, "wall")
    main = "document.querySelector('[data-testid=stMain]')"
    assert screen.evaluate(f"{main}.scrollHeight <= {main}.clientHeight")
    assert screen.evaluate("document.documentElement.scrollWidth <= 1920")
    dim = "[...document.querySelectorAll('[data-stale=\"true\"]')].filter(e => getComputedStyle(e).opacity !== '1').length"
    assert screen.evaluate(dim) == 0
    assert screen.evaluate(CUT) == []


def test_picking_a_row_moves_the_detail_and_the_address(screen: Any, demo_server: Any) -> None:
    show(screen, demo_server, "alerts")
    screen.get_by_text("20 秒接通率不达标").first.click()
    screen.wait_for_url("**/alerts?id=e3", timeout=20_000)
    screen.get_by_role("heading", name="20 秒接通率不达标").wait_for(timeout=20_000)


def test_a_dialog_outlives_refreshes_and_closes_by_its_button(screen: Any, demo_server: Any) -> None:
    show(screen, demo_server, "alerts")
    screen.get_by_role("button", name="转派").click()
    screen.get_by_placeholder("一句话说明").fill("写到一半")
    draw(demo_server)
    screen.wait_for_timeout(8000)
    assert screen.get_by_placeholder("一句话说明").input_value() == "写到一半"
    screen.get_by_test_id("stDialog").get_by_text("取消").click()
    screen.get_by_test_id("stDialog").wait_for(state="detached", timeout=20_000)


SURVEYS = """
[centre]
name = "小中心"
demo = true

[[dimension]]
name = "channel"
title = { zh_CN = "渠道", en = "Channel" }

[source.surveys]
kind = "files"
purpose = "满意度监测"
title = { zh_CN = "满意度回访", en = "Surveys" }
options = { path = "drop", glob = "*.csv" }

[source.surveys.map]
id = "survey_id"
kind = { value = "survey" }
opened_at = "answered_at"
text = "comment"
ratings = { csat = { field = "csat", low = 1, high = 5 } }

[source.surveys.map.dims]
channel = "channel"
"""


@pytest.fixture
def working_house(tmp_path: Path) -> Iterator[Any]:
    """A house of one folder of surveys, with a worker and a dashboard in processes of their own."""
    home = tmp_path / "house"
    (home / "drop").mkdir(parents=True)
    (home / "fengsui.toml").write_text(SURVEYS, encoding="utf-8")
    with (home / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "fengsui.cli", "--home", str(home), "worker"], cwd=ROOT, stdout=log, stderr=log
        )
    server = Server(home, free_port())
    try:
        _until(lambda: _count(home, "snapshot") > 0, home / "worker.log")
        server.start()
        yield server
    finally:
        server.stop()
        worker.terminate()
        worker.wait(30)


def _until(so: Callable[[], bool], log: Path) -> None:
    for _ in range(300):
        if so():
            return
        time.sleep(0.2)
    raise TimeoutError(log.read_text(encoding="utf-8"))


def _count(home: Path, table: str) -> int:
    if not (home / "fengsui.db").exists():
        return 0
    with closing(sqlite3.connect(home / "fengsui.db")) as conn:
        known = conn.execute("select count(*) from sqlite_master where name = ?", (table,)).fetchone()[0]
        return int(conn.execute(f"select count(*) from {table}").fetchone()[0]) if known else 0


@pytest.mark.timeout(180)
def test_a_file_by_hand_is_looked_at_and_stored(screen: Any, working_house: Any) -> None:
    """The page stays whole while the worker answers: words about it once took the dialog's place in the browser."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [f"s{n},{at},{n},等了很久,电话" for n in range(1, 5)] + ["s9,昨天,3,时间不对,电话"]
    text = "\n".join(["survey_id,answered_at,csat,comment,channel", *rows])
    file = {"name": "问卷.csv", "mimeType": "text/csv", "buffer": text.encode()}
    screen.goto(f"{working_house.url}/sources", wait_until="domcontentloaded")
    screen.get_by_role("button", name="上传 Excel / CSV").click(timeout=60_000)
    dialog = screen.get_by_test_id("stDialog")
    dialog.get_by_text("最大 50 MB").wait_for(timeout=20_000)
    assert not dialog.get_by_text(re.compile("per file|XLS,")).is_visible(), "Streamlit's own line"
    screen.set_input_files("input[type=file]", file)
    dialog.get_by_role("button", name="看前几行").click(timeout=20_000)
    dialog.get_by_text("4 行可入库，1 行读不了").wait_for(timeout=40_000)
    screen.wait_for_timeout(8000)  # every fragment of the page has been drawn again
    assert dialog.get_by_text("4 行可入库，1 行读不了").is_visible()
    assert _count(working_house.home, "feedback") == 0, "looked at only"
    dialog.get_by_role("button", name="入库").click()
    dialog.get_by_text("读取 5 行，入库 4 行，1 行读不了").wait_for(timeout=40_000)
    assert _count(working_house.home, "feedback") == 4
    dialog.get_by_role("button", name="关闭").click()
    dialog.wait_for(state="detached", timeout=20_000)
    assert screen.get_by_role("button", name="上传 Excel / CSV").is_visible()
    assert screen.said == []


@pytest.mark.timeout(180)
def test_an_outage_keeps_the_picture_says_so_and_heals_itself(screen: Any, demo_server: Any) -> None:
    """Within 15 s of the last answer the wall says it; after 45 s without a server it comes back untouched."""
    show(screen, demo_server, "wall")
    demo_server.stop()
    stopped = time.monotonic()
    try:
        screen.get_by_text(re.compile("数据延迟|数据中断")).first.wait_for(timeout=20_000)
        time.sleep(max(0.0, 45 - (time.monotonic() - stopped)))
        assert "投诉量" in words(screen), "the last picture stays"
        assert screen.locator("[data-testid=stDialog]:visible").count() == 0, "no dialog over it"
    finally:
        demo_server.start()
    draw(demo_server)
    screen.get_by_text(re.compile("● 实时")).first.wait_for(timeout=60_000)


@pytest.mark.timeout(120)
def test_a_revoked_link_loses_the_wall_within_one_refresh(screen: Any, closed_server: Any) -> None:
    """Nobody touches the page: the open screen itself must lose the picture."""
    store = open_store(load(closed_server.home / "fengsui.toml", {}).store.url)
    link, token = people.make_link(store, "大厅东墙", by="cli", now=datetime.now(UTC))
    show(screen, closed_server, f"wall/enter/{token}", READY["wall"])
    assert screen.url == f"{closed_server.url}/wall", "the token has left the address"
    assert "当前预警" in words(screen) and screen.locator(".st-key-top a").count() == 0
    people.revoke_link(store, link.person.person_id, by="cli", now=datetime.now(UTC))
    store.dispose()
    screen.get_by_text("登录已结束").wait_for(timeout=6_000)
    screen.wait_for_timeout(500)
    assert not {"当前预警", "投诉量", "今日闭环与数据源"} & set(words(screen).split("\n")), "nothing of it is left"


TONES = """(() => { window.tones = 0; const start = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function (...when) { window.tones += 1; return start.apply(this, when) }
  let touched = false  // as a browser with a window: no sound before a click; without one Chromium allows it
  document.addEventListener('pointerdown', () => { touched = true }, true)
  window.AudioContext = class extends AudioContext {
    get state () { return touched ? super.state : 'suspended' }
    resume () { return touched ? super.resume() : new Promise(() => {}) } } })()"""


def _aged(screen: Any, seconds: int) -> int:
    """Tones played once the last ring is ``seconds`` old; the wall paints every second."""
    screen.evaluate(f"__fengsuiEar.rung.forEach((at, id, all) => all.set(id, at - {seconds}))")
    screen.wait_for_timeout(2500)
    return int(screen.evaluate("window.tones"))


@pytest.mark.timeout(180)
def test_a_severe_alert_rings_until_it_is_claimed(screen: Any, demo_server: Any) -> None:
    """Three tones make a ring. A browser that wants a click first says so; the wall says it too, and rings after it."""
    screen.add_init_script(TONES)
    show(screen, demo_server, "wall")
    screen.get_by_text("声音未开，点一下屏幕").wait_for(timeout=10_000)
    assert screen.evaluate("window.tones") == 0
    screen.mouse.click(400, 700)
    screen.get_by_text("声音未开").wait_for(state="hidden", timeout=10_000)
    screen.wait_for_timeout(2500)
    assert screen.evaluate("window.tones") == 3, "once, though the wall has been drawn again"
    assert _aged(screen, 30) == 3, "the minute is not over"
    assert _aged(screen, 40) == 6, "again after a minute"
    store = open_store(load(demo_server.home / "fengsui.toml", {}).store.url)
    with store.begin() as conn:
        conn.exec_driver_sql("update handling set state = 'claimed' where state = 'new'")
        conn.execute(insert(t.watermark).values(name="decision", seq=1))  # as every command does
    try:
        screen.get_by_text("1 条待认领").first.wait_for(state="hidden", timeout=20_000)
        assert _aged(screen, 600) == 6, "claimed: silence"
    finally:
        with store.begin() as conn:
            conn.exec_driver_sql("update handling set state = 'new' where claimed_at is null and state = 'claimed'")
        store.dispose()
    assert screen.said == []


@pytest.mark.timeout(180)
def test_a_severe_drill_is_heard_once_and_softly(screen: Any, demo_server: Any) -> None:
    """Two low tones, once; and no more of them where something real rings."""
    screen.add_init_script(TONES)
    store = open_store(load(demo_server.home / "fengsui.toml", {}).store.url)

    def decided(seq: int, sentence: str) -> None:
        with store.begin() as conn:
            conn.exec_driver_sql(sentence)
            conn.exec_driver_sql("delete from watermark where name = 'decision'")
            conn.execute(insert(t.watermark).values(name="decision", seq=seq))

    decided(8, "update episode set mode = 'drill' where tier = 3 and mode = 'on'")
    try:
        show(screen, demo_server, "wall")
        screen.mouse.click(400, 700)
        screen.wait_for_timeout(4000)
        assert screen.evaluate("window.tones") == 2
        assert _aged(screen, 600) == 2, "a minute later it is not heard again"
        row = screen.locator(".row.drill").first
        assert row.locator(".tr").inner_text().split() == ["◆", "演练"]
    finally:
        decided(9, "update episode set mode = 'on' where mode = 'drill'")
        store.dispose()


def test_a_muted_wall_says_so_and_other_pages_never_ring(screen: Any, demo_server: Any) -> None:
    screen.add_init_script(TONES)
    show(screen, demo_server, "wall?sound=0", READY["wall"])
    screen.get_by_text("静音", exact=True).wait_for(timeout=10_000)
    screen.mouse.click(400, 700)
    show(screen, demo_server, "alerts")
    screen.mouse.click(400, 700)
    screen.wait_for_timeout(3000)
    assert screen.evaluate("window.tones") == 0 and screen.evaluate("__fengsuiEar.context === null")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_on_the_wall_nothing_lies_over_anything_and_only_what_is_severe_and_unclaimed_moves(
    screen: Any, demo_server: Any, lang: str
) -> None:
    show(screen, demo_server, f"wall?lang={lang}", READY["wall"])
    over = screen.evaluate(
        """() => { const boxes = [], over = []; const walk = node => { if (node.shadowRoot) walk(node.shadowRoot)
            node.childNodes.forEach(walk)
            if (node.nodeType === 3 && node.textContent.trim() && node.parentElement?.closest('.head, .counter, .row, .st-key-top')) {
              if (!node.parentElement.checkVisibility()) return
              const range = document.createRange(); range.selectNodeContents(node); const box = range.getBoundingClientRect()
              const frame = node.parentElement.getBoundingClientRect()
              if (getComputedStyle(node.parentElement).overflowX === 'hidden') box.width = Math.min(box.right, frame.right) - box.x
              if (box.width) boxes.push([node.textContent.trim(), box]) } }
          walk(document.body)
          boxes.forEach(([a, x], n) => boxes.slice(n + 1).forEach(([b, y]) => {
            const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left)
            const high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top)
            if (wide > 2 && high > 6) over.push(`${a} / ${b}`) }))
          return [boxes.length, over] }"""
    )
    assert over[0] > 30 and over[1] == []
    moving = """() => { const found = []; const walk = node => { if (node.shadowRoot) walk(node.shadowRoot); node.childNodes.forEach(walk)
        if (node.nodeType === 1 && getComputedStyle(node).animationName === 'beat') found.push(node.className) }
      walk(document.body); return found }"""
    assert screen.evaluate(moving) == ["counter t3 waiting"]
    screen.emulate_media(reduced_motion="reduce")
    assert screen.evaluate(moving) == []


@pytest.mark.timeout(120)
def test_each_thing_that_stops_is_named_on_an_open_wall_and_its_return_too(screen: Any, closed_server: Any) -> None:
    """Worker, source and database in turn; nobody touches the page. Network and dashboard: the outage above."""
    home = closed_server.home
    store = open_store(load(home / "fengsui.toml", {}).store.url)
    _, token = people.make_link(store, "大厅东墙", by="cli", now=datetime.now(UTC), views=["overview", "sla"], turn_s=15)
    show(screen, closed_server, f"wall/enter/{token}", READY["wall"])
    assert screen.url.endswith("/wall?view=overview,sla&turn=15")
    screen.get_by_text(re.compile("● 实时")).first.wait_for(timeout=10_000)
    screen.get_by_text(re.compile("数据延迟")).first.wait_for(timeout=25_000)  # no worker draws here
    screen.get_by_text("SLA 达成率").nth(1).wait_for(timeout=20_000)  # the next view had its turn meanwhile
    assert "当前预警" in words(screen), "what is critical takes no turns"
    with store.begin() as conn:
        conn.execute(update(t.source_state).where(t.source_state.c.source == "tickets").values(last_success_at=OLD))
    draw(closed_server)
    screen.locator(".tile[data-level='2']").first.wait_for(timeout=10_000)  # figures of a silent source are grey
    screen.locator(".src[data-level='2']", has_text="工单库").wait_for(timeout=10_000)
    screen.get_by_text(re.compile("● 实时")).first.wait_for(timeout=10_000)
    store.dispose()
    (home / "fengsui.db").rename(home / "away.db")
    screen.get_by_text("数据库没有回应").wait_for(timeout=15_000)
    assert "投诉量" in words(screen), "the last picture stays"
    (home / "away.db").rename(home / "fengsui.db")
    screen.get_by_text("数据库没有回应").wait_for(state="detached", timeout=15_000)


@pytest.mark.parametrize("size", [(1366, 768), (1280, 720), (2560, 1440)])
def test_a_screen_of_another_size_shows_the_whole_wall(screen: Any, demo_server: Any, size: tuple[int, int]) -> None:
    screen.set_viewport_size({"width": size[0], "height": size[1]})
    show(screen, demo_server, "wall")
    loop = screen.locator(".loop").bounding_box()
    assert loop["y"] + loop["height"] <= size[1] and loop["x"] + loop["width"] <= size[0]
    assert loop["x"] + loop["width"] > 0.97 * size[0], "and wastes nothing of it"


@pytest.mark.parametrize("width", [820, 1024, 1280])
def test_a_tablet_shows_every_page_in_the_bar_and_the_name_of_an_alert(screen: Any, demo_server: Any, width: int) -> None:
    screen.set_viewport_size({"width": width, "height": 900})
    show(screen, demo_server, "alerts")
    row = screen.locator(".st-key-nav").bounding_box()
    links = [one.bounding_box() for one in screen.locator(".st-key-nav a").all()]
    assert len(links) >= 8 and all(one["x"] + one["width"] <= row["x"] + row["width"] + 1 for one in links)
    names = screen.locator(".row .w b")
    assert names.count() and all(
        one.evaluate("e => e.scrollWidth <= e.clientWidth && e.clientWidth > 70") for one in names.all()
    )


def test_every_view_of_the_wall_is_in_chinese_and_cuts_nothing(screen: Any, demo_server: Any) -> None:
    show(screen, demo_server, "wall?view=all&turn=60", READY["wall"])
    seen = screen.evaluate(VIEWS)
    assert len(seen) == 6
    for view in seen:
        screen.locator(f'[data-go="{view}"]').click()
        screen.locator(f'section[data-view="{view}"]').wait_for(state="visible", timeout=5_000)
        assert not set(re.findall(r"[A-Za-z]{2,}", words(screen))) - LATIN - {"svg", "NPS"}, view
        assert screen.evaluate(CUT) == [], view
        assert "当前预警" in words(screen), "what is critical takes no turns"
    assert screen.said == []


def test_an_open_wall_loads_itself_anew_after_an_upgrade(screen: Any, demo_server: Any) -> None:
    show(screen, demo_server, "wall")
    screen.evaluate("window.before = true")

    def upgraded(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "x-build": "another"})

    screen.route("**/wall/now*", upgraded)
    screen.evaluate("performance.now = (was => () => was() + 120e3)(performance.now.bind(performance))")
    screen.wait_for_function("() => !window.before", timeout=30_000)
    screen.unroute("**/wall/now*")
    screen.wait_for_selector(READY["wall"], state="attached", timeout=60_000)
