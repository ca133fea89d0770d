"""管理 in a browser: a target is changed from a date on, told in words, kept in the history; the page speaks Chinese."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fengsui.settings import load
from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.pages.test_browser import LATIN, browser, screen, show, words

pytestmark = [pytest.mark.browser]
__all__ = ["browser", "screen"]
ALSO = LATIN | {"NPS", "JSON", "json", "MB"}


def test_a_target_is_changed_from_a_date_on_and_stands_in_the_history(screen: Any, demo_server: Any) -> None:
    show(screen, demo_server, "admin?section=targets", "[class*='st-key-p_']")
    settings = load(demo_server.home / "fengsui.toml", {})
    day = (datetime.now(UTC).astimezone(settings.centre.tz) + timedelta(days=3)).date().isoformat()
    english = set(re.findall(r"[A-Za-z]{2,}", words(screen))) - ALSO
    assert not english
    _type(screen, "目标值", "93")
    _type(screen, "原因", "年度考核")
    _type(screen, "从哪天起生效", day)
    screen.get_by_role("button", name=re.compile("保存为第")).first.click()
    screen.get_by_text("已保存为第").first.wait_for(timeout=20_000)
    screen.get_by_text("定义历史").first.click()
    screen.get_by_text("年度考核").first.wait_for(timeout=20_000)
    assert f"{day} 00:00" in words(screen)
    store = open_store(settings.store.url)
    newest_first = select(t.definition).where(t.definition.c.kind == "target").order_by(t.definition.c.valid_from.desc())
    with store.connect() as conn:
        newest = conn.execute(newest_first).first()
    store.dispose()
    assert newest is not None and newest.body == {"target": 93} and newest.valid_from > datetime.now(UTC) and not screen.said


def _type(screen: Any, label: str, value: str) -> None:
    field = screen.get_by_label(re.compile(label)).first
    field.fill(value)
    field.press("Tab")
    screen.wait_for_timeout(1200)
