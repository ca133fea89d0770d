"""即将超时 / 已超时: which tickets are listed, whose they are, and what is expected of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.board import due
from fengsui.metrics import calendars
from fengsui.settings import Settings
from fengsui.store import tables as t

Ticket = Callable[..., None]
HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return datetime.fromisoformat("2026-11-18T14:32:00+08:00")


@pytest.fixture
def ticket(store: Engine, now: datetime) -> Ticket:
    """A ticket opened ``age`` hours ago with ``limit`` hours; ``solved`` after so many, or open."""
    made: list[int] = []

    def add(age: float, limit: float = 4, solved: float | None = None, org: str | None = "华南/广东", **more: Any) -> None:
        made.append(1)
        opened = now - age * HOUR
        facts = {"state": "open", "solved_at": None, "resolution_s": None}
        if solved is not None:
            facts = {"state": "solved", "solved_at": opened + solved * HOUR, "resolution_s": int(solved * 3600)}
        times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), opened)
        plain = {"record_key": f"crm:{len(made)}", "source": "crm", "kind": "complaint", "seq": 1, "content_hash": "h"}
        about = {
            "dims": {"org": org, "queue": "信用卡"} if org else {"queue": "信用卡"},
            "extra": {},
            "ratings": [],
            "tags": {},
        }
        row = {**plain, **times, **facts, **about, "due_at": opened + limit * HOUR, "due_source": "default@1", **more}
        with store.begin() as conn:
            conn.execute(insert(t.feedback).values(**row))

    return add


def test_tickets_are_listed_by_time_left_and_counted_by_department(
    store: Engine, settings: Settings, now: datetime, ticket: Ticket
) -> None:
    ticket(5)
    ticket(1, org="华东/上海")
    ticket(2, due_source="default@2:regulator")
    ticket(1, limit=24, org=None)
    ticket(6, solved=2)
    ticket(9, deleted_at=now)
    ticket(900, limit=24)
    found = due.due_list(store, settings, (), due.risks([]), now)
    assert [one.record_key for one in found.tickets] == ["crm:1", "crm:3", "crm:2", "crm:4"] and found.older == 1
    assert [(one.name, one.open, one.overdue, one.soon) for one in found.departments] == [
        ("华南", 2, 1, 1),
        ("华东", 1, 0, 1),
        (None, 1, 0, 0),
    ]
    assert due.counts(found, now) == {"open": 4, "overdue": 1, "soon": 2, "likely": 0, "regulator": 1}
    assert (found.backlog.stages, found.backlog.work_off_s) == ((2, 1, 0, 1), 4 * 86_400)
    assert [one.risk.p for one in found.tickets] == [1.0, None, None, None]  # nothing was learned: only the overdue one is sure


def test_a_scoped_person_sees_tickets_of_their_organisation_only(
    store: Engine, settings: Settings, now: datetime, ticket: Ticket
) -> None:
    for org in ("华南/广东", "华东/上海", None):
        ticket(1, org=org)
    found = due.due_list(store, settings, ("华东",), due.risks([]), now)
    assert [one.org for one in found.tickets] == ["华东/上海"] and found.older == 0


def test_the_chance_is_learned_from_tickets_with_the_same_limit(
    store: Engine, settings: Settings, now: datetime, ticket: Ticket
) -> None:
    """40 urgent ones take half an hour to two hours; 40 normal ones ten hours: four hours mean other odds."""
    for n in range(40):
        ticket(48 + n, solved=0.5 + n * 1.5 / 39)
        ticket(48 + n, limit=24, solved=10)
    ticket(1)
    ticket(9, limit=24)
    found = due.due_list(store, settings, (), due.learned(store, settings, now), now)
    urgent, normal = found.tickets
    assert (urgent.risk.stratum, urgent.risk.n, urgent.risk.p) == (("信用卡", "4 h"), 40, 0.0)
    assert (normal.risk.stratum, normal.risk.p) == (("信用卡", "24 h"), 0.0)
    assert found.departments[0].expected == 0.0
    ticket(2.5, limit=3)
    alone = due.due_list(store, settings, (), due.learned(store, settings, now), now).tickets[0]
    assert alone.risk.stratum == ("信用卡", None) and alone.risk.n == 80 and alone.risk.p == 1.0


def test_a_deadline_beyond_the_table_of_holidays_is_called_so(
    store: Engine, settings: Settings, now: datetime, ticket: Ticket
) -> None:
    with store.begin() as conn:
        calendars.seed(conn, "CN", "Asia/Shanghai", now)
    ticket(1)
    ticket(1, limit=24 * 60)
    assert [one.confirmed for one in due.due_list(store, settings, (), due.risks([]), now).tickets] == [True, False]


def test_stated_chances_are_held_against_what_came(store: Engine, settings: Settings, now: datetime, ticket: Ticket) -> None:
    """Curves of the month before; chances at half of the limit; nobody knows the future."""
    for n in range(40):
        ticket(24 * 30 + n * 6, solved=1 if n % 2 else 5)  # the month before: half of them late
    for n in range(30):
        ticket(48 + n * 12, solved=1 if n % 3 else 6)  # this month: 10 of the 10 that were open after two hours are late
    ticket(3)  # not due yet
    found = due.calibrated(store, settings, now)
    assert found.n == 10 and found.bins == ((1.0, 1.0, 10),) and found.brier == 0.0 and found.plain == 0.0
    assert due.calibrated(store, settings, now - timedelta(days=300)) == due.Calibration(0, None, None, ())
