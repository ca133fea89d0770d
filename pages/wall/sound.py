"""What a wall screen rings for: severe alerts that nobody has claimed. The browser rings (``living.js``); here is said when.

An exercise is heard apart from what is real: low, soft, and once, so that nobody runs, and nobody learns not to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fengsui.board.alert import Alert
from fengsui.settings.channel import is_quiet
from pages.look.house import House
from pages.look.visitor import Visitor

SEVERE = 3
AGAIN_S = 60


def sound(visitor: Visitor, alerts: Sequence[Alert], house: House, now: datetime) -> dict[str, Any]:
    """``ids``: ring at a new one, and every ``every_s`` while one is there. ``soft``: exercises, heard once each. ``off``: why
    not, empty where it may; one screen alone is muted by its address."""
    words = {why: visitor.say(f"pages.sound.{why}") for why in ("blocked", "muted", "quiet")}
    severe = [alert for alert in alerts if alert.tier == SEVERE and alert.waiting]
    ids, soft = ([alert.episode_id for alert in severe if alert.drill == drill] for drill in (False, True))
    return {"ids": ids, "soft": soft, "off": _off(house, now), "every_s": AGAIN_S, "words": words}


def _off(house: House, now: datetime) -> str:
    rules = house.settings.wall
    if not rules.sound:
        return "muted"
    local = now.astimezone(ZoneInfo(house.zone)).time()
    return "quiet" if rules.quiet and is_quiet(rules.quiet, local) else ""
