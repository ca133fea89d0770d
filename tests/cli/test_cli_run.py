"""``fengsui run`` with stand-ins for the real children: it waits, says where, and leaves nothing behind."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from fengsui.cli import everything, main
from fengsui.cli.everything import address, answers, is_taken
from fengsui.settings import parse
from fengsui.supervisor import Crashed, Supervisor, Task

# Stands in for the dashboard: answers /healthz on its port after a moment.
PAGE = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(b'{"ok": false}')
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
SLEEP = "import time; time.sleep(60)"


def free_port() -> int:
    """A port with a free one after it."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "fengsui.toml").write_text(f"[server]\nport = {free_port()}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def stand_ins(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the children in the order of their start; the supervisor runs until it would only watch."""
    started: list[str] = []

    def task(where: object, *words: str) -> Task:
        started.append(" ".join(words))
        port = parse((home / "fengsui.toml").read_text(encoding="utf-8"), home, {}).server.port
        return Task(words[0], [sys.executable, "-c", PAGE if words[0] == "dashboard" else SLEEP, str(port)])

    monkeypatch.setattr(everything, "_task", task)
    monkeypatch.setattr(Supervisor, "on_signals", lambda self: None)
    monkeypatch.setattr(Supervisor, "run", lambda self: None)
    monkeypatch.setenv("FENGSUI_PORT", "")
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield started
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def fengsui(home: Path, *words: str) -> tuple[int, str]:
    ran = CliRunner().invoke(main, ["--home", str(home), "--lang", "en", *words])
    return ran.exit_code, ran.output


def test_it_starts_waits_says_where_and_stops(home: Path, stand_ins: list[str]):
    status, said = fengsui(home, "run")
    assert status == 0, said
    assert stand_ins == ["dashboard", "worker"]
    port = re.search(r"port = (\d+)", (home / "fengsui.toml").read_text())
    assert port
    assert f"Fengsui is up: http://127.0.0.1:{port[1]}/" in said
    assert said.endswith("everything is stopped\n")
    assert (home / "fengsui.db").exists()


def test_the_demo_writes_its_settings_and_is_served_first(home: Path, stand_ins: list[str], monkeypatch: pytest.MonkeyPatch):
    from fengsui.demo import main as demo_main

    (home / "fengsui.toml").unlink()
    port = free_port()
    monkeypatch.setenv("FENGSUI_PORT", str(port))
    monkeypatch.setattr(demo_main, "is_ready", lambda folder: stand_ins == ["demo serve", "dashboard"])
    monkeypatch.setattr(everything, "answers", lambda url: url == f"http://127.0.0.1:{port}/")
    status, said = fengsui(home, "run", "--demo")
    assert status == 0, said
    assert stand_ins == ["demo serve", "dashboard", "worker"]
    assert f":{port + 1}/" in (home / "fengsui.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("slow", ["demo", "dashboard"])
def test_what_is_never_ready_is_a_failure_that_names_the_log(
    home: Path, stand_ins: list[str], monkeypatch: pytest.MonkeyPatch, slow: str
):
    from fengsui.demo import main as demo_main

    monkeypatch.setattr(everything, "READY_S", 0.3)
    monkeypatch.setattr(demo_main, "is_ready", lambda folder: slow != "demo")
    monkeypatch.setattr(everything, "answers", lambda url: False)
    status, said = fengsui(home, "run", "--demo")
    assert status == 1
    assert f"{slow}.log" in said


def test_ctrl_c_while_waiting_is_no_failure(home: Path, stand_ins: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Supervisor, "on_signals", lambda self: self.stop())
    status, said = fengsui(home, "run")
    assert status == 0
    assert "Fengsui is up" not in said


@pytest.mark.parametrize("words", [["run"], ["run", "--demo"]])
def test_a_taken_port_is_told_before_anything_starts(home: Path, stand_ins: list[str], words: list[str]):
    port = parse((home / "fengsui.toml").read_text(encoding="utf-8"), home, {}).server.port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + len(words) - 1))
        other.listen()
        status, said = fengsui(home, *words)
    assert status == 1
    assert f"port {port + len(words) - 1} is taken" in said
    assert stand_ins == []


def test_a_port_that_is_none_is_told(home: Path, stand_ins: list[str], monkeypatch: pytest.MonkeyPatch):
    (home / "fengsui.toml").unlink()
    monkeypatch.setenv("FENGSUI_PORT", "80x")
    status, said = fengsui(home, "run", "--demo")
    assert status == 2
    assert "80x" in said


def test_a_crash_is_told(home: Path, capsys: pytest.CaptureFixture[str]):
    from fengsui.cli.where import Where

    everything._tell_crash(Where(home, "en"), Crashed("worker", -9, 2.0, home / "run" / "worker.log"))
    told = capsys.readouterr().err
    assert "worker ended by itself (−9)" in told
    assert "worker.log" in told


def test_the_children_are_our_own_commands(home: Path):
    from fengsui.cli.where import Where

    task = everything._task(Where(home, "en"), "demo", "serve")
    assert task.name == "demo"
    assert list(task.command[1:]) == ["-m", "fengsui.cli", "demo", "serve"]
    assert task.env["FENGSUI_HOME"] == str(home)


@pytest.mark.parametrize(
    ("host", "base", "url"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8501/"),
        ("0.0.0.0", "/fs/", "http://127.0.0.1:8501/fs/"),
        ("::1", "", "http://[::1]:8501/"),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open(tmp_path: Path, host: str, base: str, url: str):
    assert address(host, parse(f'[server]\nbase_path = "{base}"\n', tmp_path, {})) == url


def test_a_port_is_free_or_taken():
    port = free_port()
    assert not is_taken("127.0.0.1", port)
    assert not is_taken("192.0.2.1", port)  # not our address: another fault, told by the child
    assert not answers(f"http://127.0.0.1:{port}/")


# The command as a process of its own, ended by a signal. Only the children are replaced.
WHOLE = """
import sys
from fengsui.cli import everything, main
from fengsui.supervisor import Task
home, port, page, sleep = sys.argv[1:5]
def task(where, *words):
    return Task(words[0], [sys.executable, "-c", page if words[0] == "dashboard" else sleep, port])
everything._task = task
main(["--home", home, "--lang", "en", "run"])
"""


def test_sigterm_ends_the_command_and_all_its_children(home: Path):
    port = parse((home / "fengsui.toml").read_text(encoding="utf-8"), home, {}).server.port
    command = [sys.executable, "-u", "-c", WHOLE, str(home), str(port), PAGE, SLEEP]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "")
        assert any("Fengsui is up" in line for line in lines)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 3, "worker, dashboard, and the warden that would end them"
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        until = time.monotonic() + 2
        while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children):
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
