"""The wall in a browser, one server for all: the night, turns, a storm of severe alerts, eyes without colours, long counts.

Time is given to the page's script, never waited for: answers carry the server's clock, and the browser's own is moved.
"""

# ruff: noqa: E501  scripts for the browser

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from fengsui.settings import load
from fengsui.store.database import open_store
from tests.pages.conftest import Server, free_port, furnish
from tests.pages.test_browser import CUT, READY, browser, draw, screen, show, words

pytestmark = [pytest.mark.browser]
__all__ = ["browser", "screen"]
ZONE = ZoneInfo("Asia/Shanghai")
CLOCK = """() => { let found = ''; document.querySelectorAll('*').forEach(host => host.shadowRoot?.querySelectorAll('[data-clock]')
  .forEach(node => { found = node.textContent })); return found }"""
VIEW = """() => { const found = []; document.querySelectorAll('*').forEach(host => host.shadowRoot?.querySelectorAll('section[data-view]')
  .forEach(node => node.hidden || found.push(node.dataset.view))); return found.join() }"""
MARK = """() => { let found = null; document.querySelectorAll('*').forEach(host => { const node = host.shadowRoot?.querySelector('.mark')
  if (node) { const style = getComputedStyle(node), box = node.getBoundingClientRect()
    found = [style.backgroundImage, style.pointerEvents, box.width, box.height] } }); return found }"""
QUICK_TURNS = """(() => { const later = window.setTimeout
  window.setTimeout = (what, ms, ...rest) => later(what, ms > 12000 && ms <= 60000 ? 700 : ms, ...rest) })()"""
"""A turn of 15 to 60 seconds is over in less than one."""
LATER = "s => { performance.now = (was => () => was() + s * 1000)(performance.now.bind(performance)) }"


@pytest.fixture(scope="module")
def wall_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo centre that wants its watermark."""
    home = tmp_path_factory.mktemp("wall") / "house"
    furnish(home, datetime.now(UTC), people=False).dispose()
    with (home / "fengsui.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[wall]\nwatermark = true\n")
    server = Server(home, free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def severe(wall_server: Server) -> Iterator[int]:
    """Every alert that burns is severe and nobody's; how many. The house is as before afterwards."""
    store = open_store(load(wall_server.home / "fengsui.toml", {}).store.url)
    with store.begin() as conn:
        tiers = conn.exec_driver_sql("select episode_id, tier from episode").all()
        states = conn.exec_driver_sql("select episode_id, state, tier from handling").all()
        burning = [
            row[0] for row in conn.exec_driver_sql("select episode_id from episode where condition = 'firing' and mode = 'on'")
        ]
        for id_ in burning:
            conn.exec_driver_sql("update episode set tier = 3, parent_id = null where episode_id = ?", (id_,))
            conn.exec_driver_sql("update handling set state = 'new', tier = null where episode_id = ?", (id_,))
    yield len(burning)
    with store.begin() as conn:
        for id_, tier in tiers:
            conn.exec_driver_sql("update episode set tier = ? where episode_id = ?", (tier, id_))
        for id_, state, tier in states:
            conn.exec_driver_sql("update handling set state = ?, tier = ? where episode_id = ?", (state, tier, id_))
    store.dispose()


def test_the_watermark_says_who_and_when_and_lies_in_nobodys_way(screen: Any, wall_server: Server) -> None:
    show(screen, wall_server, "wall")
    image, pointer, width, height = screen.evaluate(MARK)
    told = re.search(r">([^<]*)</text>", unquote(image))
    assert told and told[1].startswith("演示访客 ")
    said = datetime.strptime(told[1].removeprefix("演示访客 "), "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)
    assert abs((datetime.now(UTC) - said).total_seconds()) < 120, "of the centre's zone"
    assert (pointer, width, height) == ("none", 1920, 1080)
    screen.mouse.click(960, 540)
    assert screen.said == []


def test_each_night_it_loads_itself_anew_and_never_while_nobody_answers(screen: Any, wall_server: Server) -> None:
    """03:59 and 04:09 of the centre's zone, told by the answers; the page has been open for two hours."""
    show(screen, wall_server, "wall")
    tonight = datetime.now(ZONE).replace(hour=3, minute=59, second=20) + timedelta(days=1)
    told = {"at": tonight}

    def at_night(route: Any) -> None:
        if told["at"] is None:
            return route.abort()
        answer = route.fetch()
        return route.fulfill(response=answer, headers={**answer.headers, "x-sent": str(told["at"].timestamp() * 1000)})

    screen.route("**/wall/now*", at_night)
    screen.evaluate("window.before = true")
    screen.evaluate(LATER, 7200)
    screen.wait_for_function(f"() => ({CLOCK})().startsWith('03:59')", timeout=15_000)
    screen.wait_for_timeout(1500)
    assert screen.evaluate("window.before"), "not yet"
    told["at"] = None
    screen.evaluate(LATER, 580)
    screen.wait_for_function(f"() => ({CLOCK})().startsWith('04:09')", timeout=15_000)
    screen.wait_for_timeout(1500)
    assert screen.evaluate("window.before"), "the last picture would be lost"
    told["at"] = tonight.replace(hour=4, minute=9, second=0)
    screen.wait_for_function("() => !window.before", timeout=30_000)
    told["at"] = datetime.now(ZONE)
    screen.wait_for_selector(READY["wall"], state="attached", timeout=60_000)
    screen.unroute("**/wall/now*")


def test_views_take_turns_and_wait_where_they_are_held(screen: Any, wall_server: Server) -> None:
    screen.add_init_script(QUICK_TURNS)
    show(screen, wall_server, "wall?view=sla,voice,overview&turn=15", "section[data-view='voice']")
    seen: list[str] = []
    for _ in range(60):
        now = screen.evaluate(VIEW)
        seen += [now] if seen[-1:] != [now] else []
        assert {"当前预警", "今日闭环与数据源"} <= set(words(screen).split("\n")), "what is critical takes no turns"
        if len(seen) > 4:
            break
        screen.wait_for_timeout(150)
    round_ = ["sla", "voice", "overview"] * 4
    first = round_.index(seen[0])
    assert seen[:5] == round_[first : first + 5], "in the order that was asked for"
    screen.keyboard.press(" ")
    held = screen.evaluate(VIEW)
    screen.get_by_text("继续轮换").wait_for(timeout=5_000)
    draw(wall_server)
    screen.wait_for_timeout(3500)
    assert screen.evaluate(VIEW) == held, "also when news came"
    screen.get_by_text("继续轮换").click()
    screen.wait_for_function(f"() => ({VIEW})() !== '{held}'", timeout=10_000)
    screen.locator("[data-go='voice']").click()
    screen.wait_for_timeout(2500)
    assert screen.evaluate(VIEW) == "voice", "who presses a view stays with it"


BOXES = """query => { const found = []; document.querySelectorAll('*').forEach(host => host.shadowRoot?.querySelectorAll(query)
  .forEach(node => { if (node.checkVisibility()) { const box = node.getBoundingClientRect(); found.push([box.x, box.y, box.right, box.bottom]) } })); return found }"""


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768)])
def test_many_severe_alerts_share_a_third_of_the_screen_and_figures_and_health_stay(
    screen: Any, wall_server: Server, severe: int, size: tuple[int, int]
) -> None:
    screen.set_viewport_size({"width": size[0], "height": size[1]})
    show(screen, wall_server, "wall")
    rows = screen.evaluate(BOXES, ".row.t3.new")
    assert len(rows) == min(severe, 7) >= 3
    assert sum((right - x) * (bottom - y) for x, y, right, bottom in rows) <= size[0] * size[1] / 3
    stays = [screen.evaluate(BOXES, query) for query in (".tile", ".src", ".loop", ".curve", ".age")]
    assert [len(boxes) > 0 for boxes in stays] == [True] * 5 and len(stays[0]) == 6
    inside = [
        0 <= x < right <= size[0] + 1 and 0 <= y < bottom <= size[1] + 1
        for boxes in (rows, *stays)
        for x, y, right, bottom in boxes
    ]
    assert all(inside)
    for n, (x, y, right, bottom) in enumerate(rows):
        assert all(bottom <= other[1] + 1 or other[3] <= y + 1 for other in rows[:n]), "one over the other"
        assert right - x > 300 * size[0] / 1920 and bottom - y > 40 * size[1] / 1080, "and each can be read"
    assert screen.evaluate(CUT) == []


def luminance(pixel: tuple[int, ...]) -> float:
    """Relative luminance of WCAG 2.2."""
    lines = [one / 255 for one in pixel[:3]]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in lines)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(picture: bytes) -> float:
    """Between the two ends of what is drawn there; of glyphs the middle of a stroke has the full colour."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    colours: Any = image.getcolors(1 << 20)
    seen = sorted({luminance(pixel) for _, pixel in colours})
    return (seen[-1] + 0.05) / (seen[0] + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_tiers_are_read_without_green_and_without_colours(screen: Any, wall_server: Server, theme: str) -> None:
    """Each has its shape and its word, and stands out from its ground for such eyes: 4.5 to 1, as small text needs."""
    show(screen, wall_server, f"wall?theme={theme}", READY["wall"])
    for query, shapes in ((".counter", 1), (".row .tr", 1), (".tile .badge:not(.off)", 1)):
        texts = screen.locator(query).all_inner_texts()
        assert len(texts) >= 3
        for text in texts:
            marks, tiers = re.findall("[◆▲●✓]", text), re.findall("严重|重要|一般|正常", text)
            assert len(marks) == shapes and len(tiers) >= 1, text
            assert {"◆": "严重", "▲": "重要", "●": "一般", "✓": "正常"}[marks[0]] == tiers[0]
    tools = screen.context.new_cdp_session(screen)
    for eyes in ("deuteranopia", "achromatopsia"):
        tools.send("Emulation.setEmulatedVisionDeficiency", {"type": eyes})
        for query in (".counter", ".row .tr", ".tile .badge", ".src"):
            for n in range(min(3, screen.locator(query).count())):
                found = contrast(screen.locator(query).nth(n).screenshot(animations="disabled"))
                assert found >= 4.5, f"{eyes} {theme} {query} {n}: {found:.1f}"
    tools.send("Emulation.setEmulatedVisionDeficiency", {"type": "none"})


SHORTENED = """query => { const found = []; document.querySelectorAll('*').forEach(host => host.shadowRoot?.querySelectorAll(query)
  .forEach(node => { if (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 3) found.push(node.textContent) })); return found }"""


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_names_of_figures_and_the_one_severe_alert_are_read_whole(screen: Any, wall_server: Server, lang: str) -> None:
    show(screen, wall_server, f"wall?lang={lang}", READY["wall"])
    for query in (".tile .top > span:first-child", ".tile .cmp", ".head .sub", ".row.t3.new .w b", ".row.t3.new .o > span"):
        assert screen.locator(query).count() and screen.evaluate(SHORTENED, query) == [], query
    screen.set_viewport_size({"width": 390, "height": 844})
    screen.wait_for_timeout(500)
    assert screen.evaluate(SHORTENED, ".tile .top > span:first-child") == []
