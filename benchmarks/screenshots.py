"""Pictures of every page of a running Fengsui: ``python benchmarks/screenshots.py http://127.0.0.1:8501 FOLDER [PAGE …]``.

Chromium draws each page in Chinese at 1920x1080, dark and light, and the duty desk and the report form on a phone; the wall
also at five sizes, dark and light, in Chinese and English, with each of its views, and as eyes without green or without colours
see it. A page is ready when its text stands and its charts have marks; what Chromium says on its console is printed and makes
the exit code 1.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
CALLED = {"alerts": "duty-desk"}  # as the page of the documentation that shows it
WIDE, PHONE = (1920, 1080), (390, 844)


@dataclass(frozen=True, slots=True)
class Shot:
    page: str
    theme: str
    size: tuple[int, int]
    ready: str  # a CSS selector that only the finished page has
    called: str = ""
    query: str = ""
    eyes: str = ""  # a vision deficiency, as the DevTools protocol names it

    @property
    def name(self) -> str:
        width = "" if self.called or self.size == WIDE else "_phone"
        return f"{self.called or CALLED.get(self.page, self.page)}{'' if self.theme == 'dark' else '_light'}{width}.png"


READY = {
    "wall": ".plot .act, .curve p.empty",
    "alerts": ".st-key-p_series svg, .st-key-p_series .none, .quiet",
    "explore": ".st-key-p_fall svg, .st-key-p_fall canvas, .st-key-p_series .marks path",
    "admin": ".st-key-p_year",
    "records": ".st-key-p_list .row",
    "quality": ".st-key-p_clean",
    "kpi": ".st-key-p_weeks svg",
    "due": ".st-key-p_backlog .sg",
    "sources": ".st-key-p_low_a svg",
    "running": ".st-key-p_ticks svg",
    "report": "main form, main .note",
}
SHOTS = [
    Shot("wall", "dark", WIDE, READY["wall"]),
    *(
        Shot(page, theme, WIDE, READY[page])
        for page in ("alerts", "explore", "kpi", "due", "records", "quality", "sources", "running", "admin")
        for theme in ("dark", "light")
    ),
    Shot("alerts", "dark", PHONE, READY["alerts"]),
    Shot("records", "dark", PHONE, READY["records"]),
    Shot("report", "light", PHONE, READY["report"]),
]


WALL = READY["wall"]
SIZES = ((1366, 768), (1920, 1080), (2560, 1440), (3840, 2160), PHONE)
VIEWS = ("channel", "region", "sla", "satisfaction", "voice")
SHOTS += [
    Shot("wall", "light", WIDE, WALL, query="theme=light"),
    *(
        Shot("wall", theme, size, WALL, f"wall_{size[0]}{end}", f"theme={theme}&lang={lang}")
        for size in SIZES
        for theme in ("dark", "light")
        for lang, end in (("zh_CN", ""), ("en", "_en"))
    ),
    Shot("wall", "dark", WIDE, WALL, "wall_deuteranopia", eyes="deuteranopia"),
    Shot("wall", "dark", WIDE, WALL, "wall_grey", eyes="achromatopsia"),
    Shot("wall", "dark", WIDE, ".side, .curve", "wall_turns", "view=all"),
    *(Shot("wall", "dark", WIDE, ".side, .curve", f"wall_{view}", f"view={view}") for view in VIEWS),
]


def main(url: str, folder: Path, pages: list[str]) -> int:
    shots = [shot for shot in SHOTS if not pages or shot.page in pages]
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        said = [line for shot in shots for line in take(browser, url, shot, folder)]
        browser.close()
    print("\n".join(said) or f"{len(shots)} pictures in {folder}")
    return 1 if said else 0


def take(browser: Browser, url: str, shot: Shot, folder: Path) -> list[str]:
    """One picture; returns what the console said."""
    width, height = shot.size
    scheme: Any = shot.theme
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        color_scheme=scheme,
    )
    page = context.new_page()
    if shot.eyes:
        context.new_cdp_session(page).send("Emulation.setEmulatedVisionDeficiency", {"type": shot.eyes})
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{shot.name}: {message.text}") if ours(message) else None)
    page.on("pageerror", lambda fault: said.append(f"{shot.name}: {fault}"))
    page.goto(f"{url.rstrip('/')}/{shot.page}{'?' if shot.query else ''}{shot.query}", wait_until="domcontentloaded")
    settle(page, shot.ready)
    page.screenshot(path=str(folder / shot.name), full_page=shot.size == PHONE)
    context.close()
    return said


def ours(message: Any) -> bool:
    """An error, and not Streamlit looking for its own root at the page's address first."""
    return message.type == "error" and "_stcore" not in (message.location or {}).get("url", "")


def settle(page: Page, ready: str, timeout_s: float = 60) -> None:
    """Until ``ready`` is there; then two seconds for fonts and the first refresh."""
    page.wait_for_selector(ready, timeout=timeout_s * 1000, state="attached")
    time.sleep(2)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
