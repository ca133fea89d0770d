"""Many screens at the wall: ``python -m benchmarks.viewers [VIEWERS,…] [SECONDS] [URL]``; without URL of a new demo centre.

Speaks Streamlit's websocket as a browser does, without drawing: loads the page, then asks for each fragment as often as the
page says, and loads again where it is told to; a wall asks for its news by HTTP, as often as it is told. Prints the dashboard's
CPU seconds by second and by refresh, how long refreshes took, what was sent, how old the shown picture was, and its memory,
first for one viewer, then for all of them; the floor is an idle dashboard.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.first_start import demo

PORT = 8642
RAMP_S = 10.0
_DRAWN = re.compile(r'data-picture=\\"([0-9.]+)')
MB = 1e6


@dataclass(slots=True)
class Screen:
    """One viewer: what it was sent, and how long each answer took (seconds)."""

    url: str
    cookie: str
    answers: list[float] = field(default_factory=list)
    sent: int = 0
    faults: list[str] = field(default_factory=list)
    loaded: bool = False
    first: float = 0.0
    drawn: float = 0.0
    ages: list[float] = field(default_factory=list)
    _page: str = ""
    _asked: list[float] = field(default_factory=list)
    _cached: dict[str, None] = field(default_factory=dict)
    _timers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _rhythms: dict[str, float] = field(default_factory=dict)

    async def look(self, after_s: float) -> None:
        """Until it is cancelled."""
        await asyncio.sleep(after_s)
        await asyncio.gather(self._stream(), *([self._news()] if urlsplit(self.url).path.endswith("/wall") else []))

    async def _news(self) -> None:
        """What ``follow`` in living.js does."""
        seen, every_s = "", 2.0
        while not self.loaded and not self.faults:
            await asyncio.sleep(0.05)
        async with httpx.AsyncClient(headers={"Cookie": self.cookie}, timeout=30) as client:
            while True:
                await asyncio.sleep(every_s * random.uniform(0.9, 1.1))
                began = time.perf_counter()
                try:
                    answer = await client.get(f"{self.url}/now", params={"lang": "zh_CN", "seen": seen})
                    answer.raise_for_status()
                except httpx.HTTPError as fault:
                    self.faults.append(type(fault).__name__)
                    continue
                self.answers.append(time.perf_counter() - began)
                self.sent += int(answer.headers.get("content-length", 0))
                seen, every_s = answer.headers["x-tag"], float(answer.headers["x-every"])
                if answer.status_code == 200 and (drawn := _DRAWN.search(answer.text)):
                    self.drawn = float(drawn[1])
                self.ages.append(time.time() - self.drawn)

    async def _stream(self) -> None:
        parts = urlsplit(self.url)
        address = f"ws://{parts.netloc}{parts.path.rsplit('/', 1)[0]}/_stcore/stream"
        try:
            async with websockets.connect(
                address,
                origin=websockets.Origin(f"http://{parts.netloc}"),
                additional_headers={"Cookie": self.cookie},
                subprotocols=[websockets.Subprotocol("streamlit")],
                max_size=None,
                ping_interval=None,
                compression=None,
            ) as link:
                await self._ask(link)
                async for raw in link:
                    await self._take(link, bytes(raw) if not isinstance(raw, str) else raw.encode())
        except (OSError, websockets.WebSocketException) as fault:
            self.faults.append(type(fault).__name__)
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _ask(self, link: websockets.ClientConnection, fragment: str = "") -> None:
        wish = BackMsg()
        wish.rerun_script.page_script_hash = self._page
        wish.rerun_script.page_name = "" if self._page else urlsplit(self.url).path.strip("/")
        wish.rerun_script.fragment_id = fragment
        wish.rerun_script.is_auto_rerun = bool(fragment)
        wish.rerun_script.cached_message_hashes.extend(self._cached)
        about = wish.rerun_script.context_info
        about.timezone, about.timezone_offset, about.locale, about.url = "Asia/Shanghai", -480, "zh-CN", self.url
        wish.rerun_script.widget_states.SetInParent()
        self._asked.append(time.perf_counter())
        await link.send(wish.SerializeToString())

    async def _take(self, link: websockets.ClientConnection, raw: bytes) -> None:
        self.sent += len(raw)
        told = ForwardMsg()
        told.ParseFromString(raw)
        if told.metadata.cacheable:
            self._cached[told.hash] = None
        kind = told.WhichOneof("type")
        if kind == "auto_rerun":
            self._wind(link, told.auto_rerun.fragment_id, told.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in told.stop_auto_rerun.fragment_ids:
                if fragment in self._timers:
                    self._timers.pop(fragment).cancel()
        elif kind == "new_session":
            self._page = told.new_session.page_script_hash
        elif kind == "delta" and told.delta.new_element.WhichOneof("type") == "exception":
            self.faults.append(told.delta.new_element.exception.type)
        elif kind == "script_finished" and self._asked:
            self.answers.append(time.perf_counter() - self._asked[0])  # several wishes may be answered at once
            self._asked.clear()
            self.first = self.first or self.answers[-1]
            self.loaded = True

    def _wind(self, link: websockets.ClientConnection, fragment: str, every_s: float) -> None:
        """A page that was begun anew may say another rhythm for the same fragment."""
        if self._rhythms.get(fragment) == every_s and fragment in self._timers:
            return
        if fragment in self._timers:
            self._timers.pop(fragment).cancel()
        self._rhythms[fragment] = every_s
        self._timers[fragment] = asyncio.create_task(self._often(link, fragment, every_s))

    async def _often(self, link: websockets.ClientConnection, fragment: str, every_s: float) -> None:
        due = time.perf_counter() + every_s
        with suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                due += every_s
                await self._ask(link, fragment)


async def watched(url: str, viewers: int, seconds: float, server: psutil.Process) -> list[Screen]:
    screens = [Screen(url, signed_in(url)) for _ in range(viewers)]  # each a session of its own, as screens are
    looking = [asyncio.create_task(each.look(RAMP_S * n / viewers)) for n, each in enumerate(screens)]
    for _ in range(1200):
        if all(each.loaded or each.faults for each in screens):
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)
    first = sorted(each.first for each in screens)
    sent, spent, began = sum(each.sent for each in screens), cpu(server), time.perf_counter()
    for each in screens:
        each.answers.clear()
        each.ages.clear()
    await asyncio.sleep(seconds)
    passed, spent = time.perf_counter() - began, cpu(server) - spent
    sent = sum(each.sent for each in screens) - sent
    answers = sorted(answer for each in screens for answer in each.answers)
    ages = sorted(age for each in screens for age in each.ages)
    for each in looking:
        each.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    faults = [fault for each in screens for fault in each.faults]
    print(
        f"{viewers} viewers, {passed:.0f} s: {spent / passed:.1%} of a core; {len(answers)} refreshes, "
        f"{spent / max(1, len(answers)) * 1000:.1f} ms CPU and {sent / max(1, len(answers)) / 1000:.1f} kB each; "
        f"took p50 {at(answers, 0.5) * 1000:.0f}, p95 {at(answers, 0.95) * 1000:.0f} ms; "
        f"age of the picture p50 {at(ages, 0.5):.1f}, p95 {at(ages, 0.95):.1f} s; first load "
        f"p50 {at(first, 0.5):.2f}, p95 {at(first, 0.95):.2f} s; RSS {server.memory_info().rss / MB:.0f} MB; "
        f"faults {len(faults)} {sorted(set(faults))}"
    )
    return screens


def signed_in(url: str) -> str:
    """What a browser would send after its first request; a demo centre signs its visitor in."""
    with httpx.Client(follow_redirects=True) as client:
        client.get(url).raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def cpu(server: psutil.Process) -> float:
    used = server.cpu_times()
    return float(used.user + used.system)


def at(sorted_: list[float], share: float) -> float:
    return sorted_[min(len(sorted_) - 1, int(share * len(sorted_)))] if sorted_ else 0.0


def listener(url: str) -> psutil.Process:
    """The process that listens at ``url``."""
    port = urlsplit(url).port or 80
    for link in psutil.net_connections("tcp"):
        if link.status == psutil.CONN_LISTEN and link.laddr.port == port and link.pid:
            return psutil.Process(link.pid)
    raise SystemExit(f"nothing listens at {url}")


def measure(url: str, viewers: list[int], seconds: float) -> None:
    server = listener(url)
    spent = cpu(server)
    time.sleep(10)
    print(f"idle: {(cpu(server) - spent) / 10:.1%} of a core; RSS {server.memory_info().rss / MB:.0f} MB")
    for many in sorted({1, *viewers}):
        asyncio.run(watched(url, many, seconds, server))


def main(viewers: list[int], seconds: float, url: str | None) -> None:
    if url is not None:
        return measure(url, viewers, seconds)
    with demo(PORT):
        measure(f"http://127.0.0.1:{PORT}/wall", viewers, seconds)
    return None


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        [int(n) for n in given[0].split(",")] if given else [50],
        float(given[1]) if len(given) > 1 else 60.0,
        given[2] if len(given) > 2 else None,
    )
