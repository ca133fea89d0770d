"""SLA policies: which line sets a limit, by which calendar it is counted, and when a deadline may still move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert, select

from fengsui.ingest import check, deadlines, policy
from fengsui.ingest.take import Ingest
from fengsui.metrics import calendars
from fengsui.metrics.sla_body import Limit, PolicyBody
from fengsui.store import tables

Take = Callable[..., Any]
ZONE = ZoneInfo("Asia/Shanghai")
OFFICE = {
    **{key: ["09:00-12:00", "13:30-18:00"] for key in ("mon", "tue", "wed", "thu", "fri")},
    **{key: [] for key in ("sat", "sun", "holiday")},
}
ALWAYS: dict[str, Any] = {}
POLICY = {
    "lines": [
        {"id": "12345", "when": {"channel": ["政务热线"]}, "resolution": {"n": 5, "unit": "workday"}, "regulator": True},
        {"id": "vip", "when": {"customer_tier": ["VIP"], "priority": ["high"]}, "resolution": {"n": 2, "unit": "hour"}},
        {"id": "south", "when": {"org": ["华南"]}, "resolution": {"n": 90, "unit": "business_minute"}, "pauses": "stop"},
        {"id": "letter", "when": {"channel": ["信函"]}, "resolution": {"n": 15, "unit": "day", "roll": True}},
        {"id": "rest", "resolution": {"n": 8, "unit": "business_hour"}, "response": {"n": 30, "unit": "minute"}},
    ]
}


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def save(store: Engine, kind: str, body: Any, version: int, at: datetime) -> None:
    with store.begin() as conn:
        conn.execute(
            insert(tables.definition).values(kind=kind, id="default", version=version, valid_from=at, by="wang", body=body)
        )


@pytest.fixture
def office(store: Engine, ingest: Ingest, centre: SimpleNamespace, no_fence: Any) -> Callable[..., None]:
    """A centre with office hours and the policy above since 2026; a later calendar has its own version."""
    ingest.prepare(wall("2026-01-01T00:00"), no_fence)

    def calendar(version: int, at: datetime, hours: Any = OFFICE, **days: str) -> None:
        body = calendars.plain_json(calendars.seeded("CN", 2026)) | {"hours": {"default": hours, "夜班": ALWAYS}}
        body["days"] |= {day.replace("_", "-").strip("-"): kind for day, kind in days.items()}
        save(store, "calendar", body, version, at)

    calendar(2, wall("2026-01-01T00:00"))
    save(store, policy.KIND, POLICY, 2, wall("2026-01-01T00:00"))
    return calendar


def row(store: Engine, key: str) -> Any:
    with store.connect() as conn:
        return conn.execute(select(tables.feedback).where(tables.feedback.c.record_key == f"tickets:{key}")).one()


def ticket(centre: SimpleNamespace, key: str, opened: str, *events: Any, **more: Any) -> Any:
    at = wall(opened)
    return centre.feedback(key, opened_at=at, updated_at=at, events=events, **({"dims": {"channel": "App"}} | more))


def event(kind: str, at: str, key: str) -> Any:
    from connectors.base import Event

    return Event(key, kind, wall(at), f"c:{kind}")


@pytest.mark.parametrize(
    ("opened", "about", "due", "said"),
    [
        ("2026-11-12T17:00", {"dims": {"channel": "政务热线"}}, "2026-11-19T18:00", "default@2:regulator"),
        ("2026-11-13T17:00", {"dims": {"channel": "政务热线/市"}}, "2026-11-20T18:00", "default@2:regulator"),
        ("2026-11-17T22:00", {"dims": {"customer_tier": "VIP", "priority": "high"}}, "2026-11-18T00:00", "default@2"),
        (
            "2026-11-17T22:00",
            {"dims": {"customer_tier": "VIP"}, "extra": {"priority": "high"}},
            "2026-11-18T00:00",
            "default@2",
        ),
        ("2026-11-17T11:00", {"dims": {"org": "华南/广东"}}, "2026-11-17T14:00", "default@2"),
        ("2026-11-17T11:00", {"dims": {"org": "华南/广东", "queue": "夜班"}}, "2026-11-17T12:30", "default@2"),
        ("2026-09-16T11:00", {"dims": {"channel": "信函"}}, "2026-10-08T18:00", "default@2"),
        ("2026-11-13T17:00", {}, "2026-11-16T17:30", "default@2"),
        ("2026-11-13T17:00", {"kind": "review"}, None, None),
        ("2026-11-13T17:00", {"due_at": wall("2026-11-14T00:00")}, "2026-11-14T00:00", "source"),
    ],
)
def test_the_first_line_that_fits_sets_the_deadline(
    store: Engine, take: Take, centre: SimpleNamespace, office: Any, opened: str, about: Any, due: str | None, said: str | None
) -> None:
    take(ticket(centre, "1", opened, **about))
    found = row(store, "1")
    assert (found.due_at, found.due_source) == (None if due is None else wall(due), said)
    assert found.calendar_version == 2


def test_clocks_of_a_record_run_in_the_hours_of_its_queue(
    store: Engine, take: Take, centre: SimpleNamespace, office: Any
) -> None:
    life = (("human_reply", "2026-11-16T09:10"), ("solved", "2026-11-16T14:30"))
    for key, dims in (("1", {"channel": "App"}), ("2", {"channel": "App", "queue": "夜班"})):
        take(ticket(centre, key, "2026-11-13T17:45", *(event(kind, at, key) for kind, at in life), dims=dims))
    day, night = row(store, "1"), row(store, "2")
    assert (day.response_s, day.response_target_s, day.resolution_s) == (25 * 60, 15 * 60, (15 + 180 + 60) * 60)
    assert (night.response_s, night.response_target_s) == ((63 * 60 + 25) * 60, 30 * 60)


def test_time_spent_waiting_for_the_customer_moves_the_deadline_once_it_is_over(
    store: Engine, take: Take, centre: SimpleNamespace, office: Any
) -> None:
    south = {"dims": {"org": "华南"}}
    paused = event("paused", "2026-11-17T10:00", "1")
    take(ticket(centre, "1", "2026-11-17T09:30", paused, **south))
    assert row(store, "1").due_at == wall("2026-11-17T11:00")
    take(event("resumed", "2026-11-17T14:00", "1"))
    assert row(store, "1").due_at == wall("2026-11-17T15:00")  # 120 + 30 open minutes later
    take(event("solved", "2026-11-17T14:45", "1"))
    found = row(store, "1")
    assert (found.due_at, found.resolution_s, found.resolution_net_s) == (wall("2026-11-17T15:00"), 13_500, 4_500)


def turn_of(now: datetime, fence: Any) -> Any:
    return lambda: (now, fence)


def test_a_new_holiday_moves_open_deadlines_and_leaves_those_of_solved_tickets(
    store: Engine, take: Take, centre: SimpleNamespace, office: Any, no_fence: Any
) -> None:
    """The trap: deadlines computed when looked at, so that a correction of the calendar rewrites last month's attainment."""
    take(
        ticket(centre, "1", "2026-11-17T11:00"),
        ticket(centre, "2", "2026-11-17T11:00", event("solved", "2026-11-17T15:00", "2")),
    )
    saved = wall("2026-11-17T20:00")
    assert deadlines.due(store, saved) == 2
    list(deadlines.recount(store, centre.settings, turn_of(saved, no_fence), 2))
    assert deadlines.due(store, saved) is None and deadlines.due(store, saved + timedelta(days=1)) == 2
    office(3, saved, _2026_11_18="holiday")
    assert deadlines.due(store, saved) == 3
    done = list(deadlines.recount(store, centre.settings, turn_of(saved, no_fence), 3))
    assert [(part.seen, part.moved) for part in done] == [(1, 1)] and deadlines.due(store, saved) is None
    assert (row(store, "1").due_at, row(store, "1").calendar_version) == (wall("2026-11-19T11:30"), 3)
    assert (row(store, "2").due_at, row(store, "2").calendar_version) == (wall("2026-11-18T11:30"), 2)
    with store.connect() as conn:
        moves = conn.execute(select(tables.audit.c.params).where(tables.audit.c.action == deadlines.MOVED)).scalars().all()
    assert [(move["record_key"], move["calendar"]) for move in moves] == [("tickets:1", 3)]
    assert check.check_store(store, centre.settings, centre.now).equal
    assert next(iter(deadlines.recount(store, centre.settings, turn_of(saved, no_fence), 3))).seen == 0


def test_a_later_version_of_a_ticket_keeps_the_calendar_by_which_it_was_counted(
    store: Engine, take: Take, centre: SimpleNamespace, office: Any, no_fence: Any
) -> None:
    take(ticket(centre, "1", "2026-11-17T11:00"))
    saved = wall("2026-11-17T20:00")
    office(3, saved, _2026_11_18="holiday")
    list(deadlines.recount(store, centre.settings, turn_of(saved, no_fence), 3))
    later = ticket(centre, "1", "2026-11-17T11:00", event("solved", "2026-11-19T10:00", "1"), text="再次来电")
    take(type(later)(**{**{f: getattr(later, f) for f in later.__dataclass_fields__}, "updated_at": centre.now}))
    found = row(store, "1")
    assert (found.due_at, found.calendar_version, found.state) == (wall("2026-11-19T11:30"), 3, "solved")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"lines": []}, "at least 1"),
        ({"lines": [{"id": "a"}, {"id": "a"}]}, "id of its own"),
        ({"lines": [{"id": "a", "resolution": {"n": 1.5, "unit": "workday"}}]}, "counted whole"),
        ({"lines": [{"id": "a", "resolution": {"n": 1, "unit": "week"}}]}, "unit"),
        ({"lines": [{"id": "a", "resolution": {"n": 0, "unit": "hour"}}]}, "greater than 0"),
        ({"lines": [{"id": "a", "resolution": {"n": 1, "unit": "hour", "roll": True}}]}, "calendar days"),
        ({"lines": [{"id": "a", "until": 3}]}, "until"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_in_words(body: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PolicyBody.model_validate(body)


def test_limits_of_days_end_with_business() -> None:
    clock = calendars.published("CN", "Asia/Shanghai", 2026).newest.clock()
    assert Limit(n=3, unit="workday").due(wall("2026-11-20T10:00"), clock) == wall("2026-11-26T00:00")
    assert Limit(n=3, unit="day").due(wall("2026-11-20T10:00"), clock) == wall("2026-11-24T00:00")
