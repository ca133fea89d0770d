"""A wall that is never closed: ``python -m benchmarks.soak [REFRESHES] [URL]``; without URL of a new demo centre.

One Chromium shows the wall and ``SCREENS`` more ask as screens do, all as fast as they are answered, so that days pass in
minutes. Prints what the dashboard's memory (by 1,000 refreshes it gave) and the browser's heap (by refresh it drew, after a
collection) grew by, from the first tenth on, and what a refresh took.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import httpx
import psutil
from playwright.sync_api import sync_playwright

from benchmarks.first_start import demo
from benchmarks.screenshots import CHROMIUM, FLAGS
from benchmarks.viewers import MB, PORT, listener, signed_in

SCREENS = 3
WARM = 0.1
HASTE = """(() => { const later = window.setTimeout
  window.setTimeout = (what, ms, ...rest) => later(what, ms > 900 && ms < 12000 ? 60 : ms, ...rest)
  const real = window.fetch; window.drawn = 0
  window.fetch = async (url, ...rest) => { const answer = await real(String(url).replace(/seen=[^&]*/, 'seen='), ...rest)
    if (String(url).includes('/wall/now') && answer.status === 200) window.drawn += 1
    return answer } })()"""
"""The browser asks sixteen times a second, and is given the whole board each time."""


def soak(url: str, refreshes: int) -> None:
    server, stop, asked = listener(url), threading.Event(), [0]
    cookie = signed_in(url)
    others = [threading.Thread(target=_ask, args=(url, cookie, stop, asked), daemon=True) for _ in range(SCREENS)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
        page.add_init_script(HASTE)
        page.goto(url, wait_until="domcontentloaded")
        page.wait_for_selector(".plot", state="attached", timeout=60_000)
        for each in others:
            each.start()
        began, first = time.monotonic(), _state(page, server, asked, refreshes * WARM)
        last = _state(page, server, asked, refreshes)
        stop.set()
        browser.close()
    given, drawn = last["given"] - first["given"], last["drawn"] - first["drawn"]
    print(
        f"{last['given']:.0f} refreshes given, {last['drawn']:.0f} of them drawn, in {time.monotonic() - began:.0f} s: "
        f"dashboard {first['rss']:.1f} -> {last['rss']:.1f} MB, {(last['rss'] - first['rss']) / given * 1000:.2f} MB by 1,000; "
        f"browser heap {first['heap']:.2f} -> {last['heap']:.2f} MB, {(last['heap'] - first['heap']) / drawn * 1000:.2f} kB by "
        f"refresh; nodes {first['nodes']:.0f} -> {last['nodes']:.0f}"
    )


def _ask(url: str, cookie: str, stop: threading.Event, asked: list[int]) -> None:
    with httpx.Client(headers={"Cookie": cookie}, timeout=30) as client:
        while not stop.is_set():
            client.get(f"{url}/now", params={"lang": "zh_CN", "screen": "soak"}).raise_for_status()
            asked[0] += 1


def _state(page: Any, server: psutil.Process, asked: list[int], until: float) -> dict[str, float]:
    """Once ``until`` refreshes were drawn."""
    while page.evaluate("window.drawn") < until:
        page.wait_for_timeout(500)
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")
    tools.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    tools.detach()
    drawn = page.evaluate("window.drawn")
    rss = server.memory_info().rss / MB
    return {
        "rss": rss,
        "heap": found["JSHeapUsedSize"] / MB,
        "nodes": found["Nodes"],
        "drawn": drawn,
        "given": drawn + asked[0],
    }


def main(refreshes: int, url: str | None) -> None:
    if url is not None:
        return soak(url, refreshes)
    with demo(PORT):
        soak(f"http://127.0.0.1:{PORT}/wall", refreshes)
    return None


if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]) if words else 5000, words[1] if len(words) > 1 else None)
