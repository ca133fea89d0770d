"""``fengsui run``, ``fengsui worker``, ``fengsui dashboard``: the long-running processes, each alone or all together."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fengsui.cli.where import Where, pass_where

if TYPE_CHECKING:
    from fengsui.settings import Settings

LOCAL = "127.0.0.1"
LOOPBACK = (LOCAL, "::1", "localhost")


@click.command(short_help="启动后台与看板（--demo 加演示中心） · worker and dashboard, with --demo a demo centre")
@click.option("--demo", "with_demo", is_flag=True, help="同时启动演示中心 · start the demo centre, too")
@pass_where
def run(where: Where, with_demo: bool) -> None:
    """启动全部进程，Ctrl-C 停止 · start everything under one supervisor; Ctrl-C stops everything."""
    from fengsui.cli.everything import run_everything

    raise SystemExit(run_everything(where, with_demo=with_demo))


@click.command(short_help="只启动后台：采集、检测、预警、通知 · the worker alone")
@pass_where
def worker(where: Where) -> None:
    """采集、检测、预警、通知；同时只有一个进程领头，其余备用 · one worker leads, others stand by."""
    import logging

    from fengsui.settings import SettingsFault
    from fengsui.store.migrate import StoreTooNew
    from fengsui.worker.main import run as run_worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("httpx", "apscheduler"):  # httpx would log addresses, and with them tokens
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings = where.settings()
    try:
        run_worker(settings)
    except SettingsFault as fault:
        where.print_mistakes(fault.mistakes)
        raise SystemExit(2) from None
    except StoreTooNew as fault:
        where.fail(fault.code, fault.params)


@click.command(short_help="只启动看板 · the dashboard alone")
@pass_where
def dashboard(where: Where) -> None:
    """看板；还没有人能登录时只监听本机 · binds 127.0.0.1 only until somebody can sign in."""
    settings = where.settings()
    host = safe_host(where, settings)
    app = app_file()
    os.chdir(app.parent)  # Streamlit reads .streamlit/config.toml of its folder
    command = streamlit_command(settings, host, app)
    proxies = {"FORWARDED_ALLOW_IPS": ",".join(settings.server.proxies)}  # uvicorn's: whose X-Forwarded-* it believes
    os.execve(sys.executable, command, {**proxies, **os.environ, "FENGSUI_HOME": str(where.home)})


def app_file() -> Path:
    """app.py, wherever Fengsui is installed."""
    from importlib.util import find_spec

    spec = find_spec("app")
    if spec is None or spec.origin is None:
        raise click.ClickException("app.py is not installed")
    return Path(spec.origin)


def streamlit_command(settings: Settings, host: str, app: Path) -> list[str]:
    flags = {
        "--server.address": host,
        "--server.port": str(settings.server.port),
        "--server.baseUrlPath": settings.server.base_path.strip("/"),
        "--server.headless": "true",
        "--server.maxUploadSize": str(settings.limits.upload_mb),
    }
    command = [sys.executable, "-m", "streamlit", "run", str(app), *(f"{name}={value}" for name, value in flags.items())]
    return [*command, *(f"--server.allowedHosts={host}" for host in settings.server.allowed_hosts)]


def safe_host(where: Where, settings: Settings) -> str:
    """The configured address once somebody can sign in; until then this machine alone (contracts §9)."""
    host = settings.server.host
    if host in LOOPBACK:
        return host
    if somebody_can_sign_in(where, settings):
        if not settings.server.public_url.startswith("https://"):
            where.tell("cli.dashboard.no_tls", host=host)
        return host
    where.tell("cli.dashboard.local_only", host=host)
    return LOCAL


def somebody_can_sign_in(where: Where, settings: Settings) -> bool:
    from sqlalchemy import select

    from fengsui.store.tables import person

    store = where.store(settings)
    with store.connect() as conn:
        found = conn.execute(select(person.c.person_id).where(person.c.active & person.c.password.is_not(None))).first()
    store.dispose()
    return found is not None
