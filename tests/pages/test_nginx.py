"""Several dashboards behind nginx, with the configuration of docs/nginx.conf: one may die and walls go on."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.pages.conftest import ROOT, Server, free_port, furnish
from tests.pages.test_leak import ask

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
MINE = {"cookie": "fengsui=token-wang"}


@pytest.fixture
def front(tmp_path: Path) -> Iterator[tuple[str, list[Server]]]:
    if not Path(NGINX).exists():
        if os.environ.get("FENGSUI_REQUIRE_ALL") == "1":
            pytest.fail("FENGSUI_REQUIRE_ALL=1 but there is no nginx")
        pytest.skip("no nginx")
    furnish(tmp_path / "house", datetime.now(UTC), people=True).dispose()
    servers = [Server(tmp_path / "house", free_port()) for _ in range(2)]
    port = free_port()
    site = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    for given, ours in (("8501", servers[0].port), ("8502", servers[1].port), ("8080", port)):
        site = site.replace(f"127.0.0.1:{given}", f"127.0.0.1:{ours}")
    paths = "".join(f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    whole = (
        f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}} http {{ access_log {tmp_path}/log; {paths}\n{site}}}"
    )
    (tmp_path / "nginx.conf").write_text(whole, encoding="utf-8")
    nginx = subprocess.Popen([NGINX, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path), "-g", "daemon off;"])
    try:
        for server in servers:
            server.start()
        yield f"http://127.0.0.1:{port}", servers
    finally:
        nginx.terminate()
        nginx.wait(10)
        for server in servers:
            server.stop()


@pytest.mark.timeout(180)
def test_two_dashboards_are_one_and_one_of_them_may_go(front: tuple[str, list[Server]]) -> None:
    url, servers = front
    with httpx.Client(base_url=url, headers=MINE, timeout=20) as client:
        tags = {httpx.get(f"{each.url}/wall/now?lang=zh_CN", headers=MINE).headers["x-tag"] for each in servers}
        assert len(tags) == 1, "both draw the same board of the same picture"
        assert client.get("/wall/now?lang=zh_CN").headers["x-tag"] in tags
        assert client.get("/wall").status_code == 200 and client.get("/_stcore/metrics").status_code == 404
        stream = url.replace("http", "ws") + "/_stcore/stream"
        assert "当前预警" in asyncio.run(ask(stream, "wall", cookie="token-wang"))
        assert httpx.get(f"{url}/wall/now").status_code == 401, "a proxy opens nothing"
        for gone in servers:
            gone.stop()
            answer = client.get("/wall/now?lang=zh_CN")
            assert answer.status_code == 200 and "当前预警" in answer.text, "the other one answers in the same breath"
            assert "当前预警" in asyncio.run(ask(stream, "wall", cookie="token-wang"))
            gone.start()
            time.sleep(2.2)  # nginx asks one that failed again after two seconds
