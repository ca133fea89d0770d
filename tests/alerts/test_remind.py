"""Tickets that are due soon or overdue: told to the department that holds them, once each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from fengsui.notify.message import Frame, message
from fengsui.store.tables import feedback, outbox, reminder

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def ticket(centre: Any, due_at: datetime, org: str | None = "华南/广东", opened_at: datetime | None = None) -> str:
    dims = {"org": org} if org else {"channel": "App"}
    (key,) = centre.record(opened_at or due_at - timedelta(hours=20), dims=dims, kind="inquiry")
    with centre.store.begin() as conn:
        conn.execute(update(feedback).where(feedback.c.record_key == key).values(due_at=due_at, due_source="default@1"))
    return str(key)


def told(centre: Any) -> list[tuple[str, str, int]]:
    with centre.store.connect() as conn:
        rows = conn.execute(
            select(outbox).where(outbox.c.kind == "due").order_by(outbox.c.created_at, outbox.c.notice_id)
        ).all()
    return sorted((row.code.rpartition("_")[2], row.recipient, row.params["n"]) for row in rows)


def hours(centre: Any, n: int) -> None:
    """Each hour ends with a minute in which alerts advance, and one more that must tell nothing new."""
    for _ in range(n):
        centre.advance(HOUR - MINUTE)
        centre.advance(MINUTE)


@pytest.fixture
def begun(centre: Any) -> Any:
    """At the full hour, alerts having advanced before."""
    centre.advance(centre.now.replace(minute=0, second=0, microsecond=0) + HOUR - centre.now)
    return centre


def test_a_department_hears_of_a_ticket_twice_and_not_again(begun: Any) -> None:
    ticket(begun, begun.now + timedelta(hours=5, minutes=30))
    hours(begun, 1)
    assert told(begun) == []
    hours(begun, 1)
    assert told(begun) == [("soon", "org:华南", 1)]
    hours(begun, 3)
    assert told(begun) == [("soon", "org:华南", 1)]
    hours(begun, 1)
    assert told(begun) == [("over", "org:华南", 1), ("soon", "org:华南", 1)]
    hours(begun, 4)
    assert len(told(begun)) == 2
    with begun.store.connect() as conn:
        kept = conn.execute(select(reminder.c.name, reminder.c.department, reminder.c.at).order_by(reminder.c.at)).all()
    assert [(row.name, row.department) for row in kept] == [("due_soon", "华南"), ("due_over", "华南")]
    assert kept[1].at - kept[0].at == 4 * HOUR


def test_one_notice_for_a_department_and_class_and_managers_for_nobodys(begun: Any) -> None:
    for org in ("华南/广东", "华南/深圳", "华东/上海", None):
        ticket(begun, begun.now + timedelta(hours=4, minutes=30), org)
    hours(begun, 1)
    assert told(begun) == [("soon", "manager", 1), ("soon", "org:华东", 1), ("soon", "org:华南", 2)]


def test_one_opened_with_less_than_four_hours_is_told_and_one_solved_is_not(begun: Any) -> None:
    ticket(begun, begun.now + timedelta(hours=2), "华东/上海", begun.now + 10 * MINUTE)
    key = ticket(begun, begun.now + timedelta(hours=4, minutes=30))
    with begun.store.begin() as conn:
        conn.execute(update(feedback).where(feedback.c.record_key == key).values(state="solved"))
    hours(begun, 1)
    assert told(begun) == [("soon", "org:华东", 1)]


def test_a_stopped_worker_catches_up_once(begun: Any) -> None:
    ticket(begun, begun.now + timedelta(minutes=30))
    begun.advance(timedelta(hours=5))
    assert told(begun) == [("over", "org:华南", 1)]


def test_the_notice_says_who_how_many_and_where_to_look(begun: Any) -> None:
    ticket(begun, begun.now + timedelta(hours=4, minutes=30))
    hours(begun, 1)
    with begun.store.connect() as conn:
        row = conn.execute(select(outbox).where(outbox.c.kind == "due")).mappings().one()
    said = message(row, Frame("zh_CN", "Asia/Shanghai", "/qm", row["created_at"]))
    assert said.title.startswith("即将超时：华南 有 1 件工单将在 4 小时内到期") and said.link == "/qm/due" and said.tier == 1
