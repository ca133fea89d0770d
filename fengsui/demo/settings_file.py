"""``fengsui.toml`` of the demo centre: where its channel stores are and how they map to Fengsui's shapes."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

TEMPLATE = Path(__file__).with_name("fengsui.toml")
_STORE = re.compile(r"http://127\.0\.0\.1:\d+/(?=(?:api|original)/)")


def write_settings(home: Path, port: int) -> Path:
    """Write HOME/fengsui.toml for a demo centre whose HTTP store is on ``port``; returns its path.

    In a file that is already there only that port is brought up to date: the rest is its owner's.
    """
    target = home / "fengsui.toml"
    (home / "demo" / "drop").mkdir(parents=True, exist_ok=True)
    text = target.read_text(encoding="utf-8") if target.exists() else settings_text(port)
    target.write_text(_STORE.sub(f"http://127.0.0.1:{port}/", text), encoding="utf-8")
    return target


def settings_text(port: int) -> str:
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(demo_port=port)
