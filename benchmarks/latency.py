"""From a committed row to the wall: ``python -m benchmarks.latency [ROWS] [SERVER]``.

SERVER is a PostgreSQL that may make databases: channel table and store lie in two new ones, and the source is polled each
second. Complaints are committed one at a time at odd moments. Printed: after how many seconds the worker's picture counts each
of them, and after how many a browser has painted it on the wall.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import Engine, create_engine, select, text

from benchmarks.screenshots import CHROMIUM, FLAGS
from fengsui.store.database import open_store
from fengsui.store.tables import snapshot

SERVER = "postgresql+psycopg://root@127.0.0.1:5432/test"
PORT = 8643
SECRET = "correct horse battery"
CONFIG = """
[store]
url = "{store}"
[source.hotline]
kind = "sql"
purpose = "benchmark"
cadence = "1s"
[source.hotline.options]
url = "{channel}"
table = "ticket"
[source.hotline.map]
id = "id"
kind = {{ value = "complaint" }}
opened_at = "at"
updated_at = "updated_at"
text = "words"
dims = {{ channel = {{ value = "电话" }} }}
"""
TABLE = "create table ticket (id text primary key, at timestamptz, updated_at timestamptz, words text)"
WALL = ".tile .big b"
CONSOLE = "[data-picture]"  # the bar over each page says when its picture was drawn


def main(rows: int, server: str) -> None:
    with TemporaryDirectory() as folder, databases(server) as (store_url, channel_url):
        home = Path(folder)
        (home / "fengsui.toml").write_text(CONFIG.format(store=store_url, channel=channel_url), encoding="utf-8")
        channel = create_engine(channel_url)
        with channel.begin() as conn:
            conn.execute(text(TABLE))
        env = {**os.environ, "FENGSUI_HOME": folder, "FENGSUI_PORT": str(PORT)}
        fengsui = [sys.executable, "-m", "fengsui.cli"]
        add = ["user", "add", "duty", "--role", "admin", "--password-stdin"]
        subprocess.run([*fengsui, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*fengsui, *add], env=env, check=True, input=SECRET, text=True, stdout=subprocess.DEVNULL)
        child = subprocess.Popen([*fengsui, "run"], env=env, stdout=subprocess.DEVNULL)
        try:
            measure(channel, open_store(store_url, read_only=True), rows)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(30)
            channel.dispose()


@contextmanager
def databases(server: str) -> Iterator[tuple[str, str]]:
    names = [f"fengsui_{uuid.uuid4().hex[:12]}" for _ in range(2)]
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        for name in names:
            conn.execute(text(f"create database {name}"))
    try:
        first, second = (f"{server.rpartition('/')[0]}/{name}" for name in names)
        yield first, second
    finally:
        with engine.connect() as conn:
            for name in names:
                conn.execute(text(f"drop database if exists {name} with (force)"))
        engine.dispose()


def measure(channel: Engine, store: Engine, rows: int) -> None:
    url = f"http://127.0.0.1:{PORT}"
    for _ in range(120):
        try:
            httpx.get(f"{url}/healthz", timeout=2)
            break
        except httpx.HTTPError:
            time.sleep(0.5)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        wall, console = (browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN") for _ in range(2))
        sign_in(wall, f"{url}/wall")
        wall.wait_for_selector(WALL, timeout=60_000)
        sign_in(console, f"{url}/alerts")
        until_counted(store, commit(channel, 0), 1, 60)
        time.sleep(10)
        drawn, painted, seen = [], [], []
        rng = random.Random(7)
        for n in range(1, rows + 1):
            time.sleep(2 + rng.random() * 3)
            at = commit(channel, n)
            counted_s, picture = until_counted(store, at, n + 1, 30)
            drawn.append(counted_s)
            painted.append(until_painted(wall, at, f"{deep(WALL)} && parseInt({deep(WALL)}.innerText) === {n + 1}"))
            seen.append(until_painted(console, at, f"{deep(CONSOLE)} && +{deep(CONSOLE)}.dataset.picture >= {picture}"))
        browser.close()
    for what, took in (("in the picture", drawn), ("painted on the wall", painted), ("painted on a console page", seen)):
        took.sort()
        p50, p95 = (took[int(len(took) * share)] for share in (0.5, 0.95))
        print(f"{what}: p50 {p50:.2f}, p95 {p95:.2f}, max {took[-1]:.2f} s (n = {len(took)})")


def commit(channel: Engine, n: int) -> float:
    """The moment at which row ``n`` became visible."""
    now = datetime.now(UTC)
    with channel.begin() as conn:
        row = {"id": str(n), "now": now, "words": f"第 {n} 位客户等了很久"}
        conn.execute(text("insert into ticket values (:id, :now, :now, :words)"), row)
    return time.perf_counter()


def until_counted(store: Engine, since: float, wanted: int, patience_s: float) -> tuple[float, float]:
    """Seconds until a picture counts ``wanted`` complaints, and that picture's own moment (epoch seconds)."""
    query = select(snapshot.c.body, snapshot.c.computed_at).order_by(snapshot.c.version.desc()).limit(1)
    while time.perf_counter() - since < patience_s:
        with store.connect() as conn:
            row = conn.execute(query).first()
        tiles = row.body["views"]["all"]["tiles"] if row else []
        if row and any(tile["metric"] == "complaints" and tile["value"] == wanted for tile in tiles):
            return time.perf_counter() - since, row.computed_at.timestamp()
        time.sleep(0.02)
    raise SystemExit(f"complaint {wanted} is not in the picture after {patience_s} s")


def sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("#name", "duty")
    page.fill("#password", SECRET)
    page.press("#password", "Enter")
    page.wait_for_url(f"**{address[address.rindex('/') :]}*", timeout=60_000)


def deep(selector: str) -> str:
    """The first node of the page or of a shadow root."""
    roots = "[document, ...[...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)]"
    return f"{roots}.map(r => r.querySelector('{selector}')).find(Boolean)"


def until_painted(page: Page, since: float, true: str) -> float:
    page.wait_for_function(f"() => {true}", timeout=30_000, polling=50)
    return time.perf_counter() - since


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 60, given[1] if len(given) > 1 else SERVER)
