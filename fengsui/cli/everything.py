"""``fengsui run``: which children there are, in which order they start, and what is said meanwhile."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from fengsui.cli.processes import safe_host
from fengsui.cli.where import Where, utc_now
from fengsui.supervisor import Crashed, Supervisor, Task

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from fengsui.settings import Settings

PORT = 8501
READY_S = 120.0
_ANY = ("0.0.0.0", "::")


def run_everything(where: Where, *, with_demo: bool) -> int:
    """Start, wait, print the address, watch; returns the exit status when everything is stopped."""
    if with_demo:
        _demo_settings(where)
    settings = where.settings()
    _refuse_taken_ports(where, settings, with_demo)
    store = where.store(settings)  # one process migrates before the others look
    if with_demo:
        _demo_rota(store, settings)
    store.dispose()
    supervisor = Supervisor(where.home / "run", lambda crashed: _tell_crash(where, crashed))
    supervisor.on_signals()
    try:
        return _watch(where, settings, supervisor, with_demo)
    finally:
        where.tell("cli.run.stopping")
        supervisor.close()
        where.tell("cli.run.stopped")


def _watch(where: Where, settings: Settings, supervisor: Supervisor, with_demo: bool) -> int:
    """The worker waits for the stores of the demo centre, which take some seconds to fill; the dashboard does not."""
    if with_demo:
        supervisor.start(_task(where, "demo", "serve"))
        where.tell("cli.run.demo")
    supervisor.start(_task(where, "dashboard"))
    if with_demo and not supervisor.wait_for(_demo_is_ready(where), READY_S):
        return _gave_up(where, supervisor, "demo")
    supervisor.start(_task(where, "worker"))
    where.tell("cli.run.starting", logs=str(where.home / "run"))
    url = address(safe_host(where, settings), settings)
    if not supervisor.wait_for(lambda: answers(url), READY_S):
        return _gave_up(where, supervisor, "dashboard")
    where.tell("cli.run.ready", url=url)
    supervisor.run()
    return 0


def _gave_up(where: Where, supervisor: Supervisor, name: str) -> int:
    """0 when somebody stopped us meanwhile: that is no failure."""
    if supervisor.stopping:
        return 0
    where.tell("cli.run.not_ready", name=name, seconds=READY_S, log=str(where.home / "run" / f"{name}.log"))
    return 1


def _task(where: Where, *words: str) -> Task:
    env = {"FENGSUI_HOME": str(where.home), "FENGSUI_LANG": where.lang, "PYTHONUNBUFFERED": "1"}
    return Task(words[0], [sys.executable, "-m", "fengsui.cli", *words], env)


def _demo_settings(where: Where) -> None:
    from fengsui.demo.main import write_settings

    where.home.mkdir(parents=True, exist_ok=True)
    write_settings(where.home, dashboard_port(where) + 1)


def _demo_rota(store: Engine, settings: Settings) -> None:
    """Two months of shifts, where none are planned for next week."""
    from fengsui.demo.rota import rota_rows
    from fengsui.people import on_duty, save_rota, shifts_of

    now = utc_now()
    if not on_duty(store, now + timedelta(days=7)):
        today = now.astimezone(settings.centre.tz).date()
        save_rota(store, shifts_of(rota_rows(today, 60), settings.centre.zone), by="demo", now=now)


def _demo_is_ready(where: Where) -> Callable[[], bool]:
    from fengsui.demo.main import is_ready

    return lambda: is_ready(where.home)


def dashboard_port(where: Where) -> int:
    """FENGSUI_PORT, else that of the settings if there are any, else 8501."""
    if where.file.exists():
        return where.settings().server.port
    given = os.environ.get("FENGSUI_PORT") or str(PORT)
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 65536):
        where.fail("settings.mistake.port_env", {"given": given[:20]}, status=2)
    return int(given)


def _refuse_taken_ports(where: Where, settings: Settings, with_demo: bool) -> None:
    port = settings.server.port
    ports = [(settings.server.host, port)] + ([("127.0.0.1", port + 1)] if with_demo else [])
    for host, number in ports:
        if is_taken(host, number):
            where.fail("cli.run.port_taken", {"port": str(number), "other": str(port + 10)})


def is_taken(host: str, port: int) -> bool:
    """Whether another process listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as fault:
            return fault.errno == errno.EADDRINUSE
    return False


def address(host: str, settings: Settings) -> str:
    """Where a browser on this machine finds the dashboard; ends in a slash."""
    base = settings.server.base_path.strip("/")
    shown = "127.0.0.1" if host in _ANY else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.server.port}/" + (f"{base}/" if base else "")


def answers(url: str) -> bool:
    """Whether the dashboard's /healthz answers. ``ok`` may still be false: the worker is learning."""
    try:
        with urllib.request.urlopen(f"{url}healthz", timeout=2) as reply:
            return isinstance(json.load(reply), dict)
    except (OSError, ValueError):
        return False


def _tell_crash(where: Where, crashed: Crashed) -> None:
    text = where.say("cli.run.crashed", name=crashed.name, status=crashed.status, wait_s=crashed.wait_s, log=str(crashed.log))
    click.echo(text, err=True)
