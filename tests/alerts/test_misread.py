"""A rising rate of corrections is told once to those who can act; a steady one, or what people chose to correct, is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from fengsui.locale import say
from fengsui.notify.message import _place
from fengsui.store.tables import label, outbox


def checked(centre, n: int, wrong: int, back: timedelta, why: str = "random") -> None:
    """``n`` checks that end ``back`` before now, every ``wrong``-th of them a correction (0: none)."""
    rows = [
        {
            "label_id": f"{back}{i}",
            "record_key": f"crm:{i}",
            "tag": "issue",
            "at": centre.now - back - timedelta(minutes=n - i),
            "by": "li",
            "old": "service/attitude",
            "old_by": "rule@2",
            "old_sure": 0.9,
            "new": "service/wait" if wrong and i % wrong == 0 else "service/attitude",
            "why": why,
        }
        for i in range(n)
    ]
    with centre.store.begin() as conn:
        conn.execute(insert(label), rows)


@pytest.mark.parametrize(("why", "wrong", "told"), [("random", 2, True), ("random", 20, False), ("chosen", 2, False)])
def test_a_rising_rate_is_told_once_to_managers_and_administrators(centre, why, wrong, told):
    checked(centre, 300, 20, timedelta(days=10))
    checked(centre, 200, wrong, timedelta(days=1), why)
    for _ in range(4):
        centre.advance(timedelta(days=1))
        centre.advance(timedelta(minutes=5))
    with centre.store.connect() as conn:
        rows = [dict(row) for row in conn.execute(select(outbox).where(outbox.c.kind == "drift")).mappings()]
    assert {row["recipient"] for row in rows} == ({"manager", "admin"} if told else set())
    assert len({row["notice_id"] for row in rows}) == len(rows) and len({row["created_at"] for row in rows}) == int(told)
    for row in rows:
        for lang in ("zh_CN", "en"):
            assert "«" not in say(lang, row["code"], row["params"])
        assert _place(row, "http://x") == "http://x/quality"
