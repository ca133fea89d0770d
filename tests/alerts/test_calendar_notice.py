"""The table of holidays ends: who is told, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from fengsui.metrics import calendars
from fengsui.store.tables import outbox

DAYS_OF_MORNINGS = 60


@pytest.mark.parametrize("seeded", [True, False])
def test_administrators_hear_of_it_each_monday_and_daily_in_the_last_week(centre, seeded):
    if seeded:
        with centre.store.begin() as conn:
            calendars.seed(conn, "CN", centre.settings.centre.zone, centre.now)
    for _ in range(DAYS_OF_MORNINGS):
        centre.advance(timedelta(days=1))
        centre.advance(timedelta(minutes=5))
    with centre.store.connect() as conn:
        rows = conn.execute(select(outbox).where(outbox.c.kind == "calendar").order_by(outbox.c.created_at)).all()
    days = [row.params["days"] for row in rows]
    assert days == ([38, 31, 24, 17, 10, *range(7, -18, -1)] if seeded else [])
    assert {row.recipient for row in rows} <= {"admin"}
