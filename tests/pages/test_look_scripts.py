"""Scripts of the look by themselves, in a browser without a server: what a key does to rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.pages.conftest import ROOT

pytestmark = [pytest.mark.browser]
CHROMIUM = Path("/usr/bin/chromium")
LOOK = ROOT / "pages" / "look"
ROWS = "".join(f'<a data-id="end:{n}">×</a>' for n in range(4))
MOUNT = """async ([script, data]) => {
  const made = await import('data:text/javascript;charset=utf-8,' + encodeURIComponent(script))
  window.picked = []
  made.default({ data, parentElement: document.body, setStateValue: (name, id) => window.picked.push(id) })
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        if os.environ.get("FENGSUI_REQUIRE_ALL") == "1":
            pytest.fail("FENGSUI_REQUIRE_ALL=1 but there is no Chromium")
        pytest.skip("no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def screen(browser: Any) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.set_content('<div id="r"></div>')
    yield page
    page.close()


def rows(screen: Any, *, presses: bool) -> None:
    words = {"lang": "zh-CN", "second": "s", "minute": "m", "hour": "h", "day": "d"}
    data = {"html": ROWS, "sel": None, "presses": presses, "sent": 0, "zone": "Asia/Shanghai", "words": words}
    screen.evaluate(MOUNT, [(LOOK / "living.js").read_text(encoding="utf-8"), data])
    screen.locator("[data-id]").first.focus()


def focused(screen: Any) -> str:
    return str(screen.evaluate("document.activeElement.dataset.id"))


def test_arrows_only_go_where_a_pick_does_something(screen: Any) -> None:
    rows(screen, presses=True)
    for key, at in (("ArrowDown", 1), ("j", 2), ("ArrowDown", 3), ("ArrowDown", 3), ("k", 2), ("ArrowUp", 1)):
        screen.keyboard.press(key)
        assert (focused(screen), screen.evaluate("window.picked")) == (f"end:{at}", [])
    screen.keyboard.press("Enter")
    screen.keyboard.press("ArrowDown")
    screen.keyboard.press(" ")
    screen.locator('[data-id="end:0"]').click()
    assert screen.evaluate("window.picked") == ["end:1", "end:2", "end:0"]
    assert screen.locator("[role=button]").count() == 4 and screen.locator("[aria-selected]").count() == 0


def test_arrows_pick_where_a_row_is_only_looked_at(screen: Any) -> None:
    rows(screen, presses=False)
    screen.keyboard.press("ArrowDown")
    screen.keyboard.press("j")
    assert screen.evaluate("window.picked") == ["end:1", "end:2"]
    assert screen.locator('[role=option][aria-selected="true"]').count() == 1


DRAWN = """async ([script, data]) => {
  document.body.innerHTML += '<div class="st-key-p"><canvas width="700" height="200"></canvas></div>'
  const made = await import('data:text/javascript;charset=utf-8,' + encodeURIComponent(script))
  const kind = CanvasRenderingContext2D.prototype, text = kind.fillText, image = kind.drawImage, said = []
  kind.fillText = function (words, x, y, most) {
    said.push({ words, x, y, end: x + Math.min(this.measureText(words).width, most ?? Infinity) })
    text.call(this, words, x, y)
  }
  let top = 0
  kind.drawImage = function (...args) { top = args[2]; image.apply(this, args) }
  const sheet = new Promise(done => {
    HTMLCanvasElement.prototype.toBlob = function () { done([this.width / 2, this.height / 2]) }
  })
  made.default({ data, parentElement: document.body })
  document.querySelector('button').click()
  const [width, height] = await sheet
  return { said, top, width, height }
}"""


def test_every_key_stands_whole_in_the_picture_of_a_chart(screen: Any) -> None:
    keys = [["#e00", f"第 {n} 条线：华南大区电话渠道的投诉量"] for n in range(8)] + [["#0a0", "很长的说明" * 40]]
    second = "全中心，投诉量，11 月 18 日" * 6
    chart = {"key": "p", "title": "投诉量走势", "second": second, "keys": keys}
    look = {"font": "sans-serif", "text": "#000", "mut": "#666", "panel": "#fff"}
    data = {"go": "图片", "charts": [chart], "mark": "王敏 · 周会材料", "look": look, "name": "x.png", "nothing": "没有图"}
    found = screen.evaluate(DRAWN, [(LOOK / "picture.js").read_text(encoding="utf-8"), data])
    said = found["said"]
    written = "".join(one["words"] for one in said).replace(" ", "")
    for words in (second, *(words for _, words in keys)):
        assert words.replace(" ", "") in written
    assert max(one["end"] for one in said) <= found["width"] - 24 + 0.5, "nothing leaves the sheet"
    assert found["top"] + 200 + 18 + 13 <= found["height"] and max(one["y"] + 13 for one in said) <= found["height"]
    assert [one for one in said[:-1] if one["y"] + 13 > found["top"]] == [], "nothing lies over the chart"
    lines = sorted({one["y"] for one in said[1:-1]})
    assert len(lines) >= 5 and min(b - a for a, b in pairwise(lines)) >= 13
