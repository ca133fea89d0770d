"""Whether departments answer what they are reminded of: the cohort, what counts as an answer, and whose it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.board import reminders
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
START = NOW - timedelta(days=1)


@pytest.fixture
def remind(store: Engine) -> Any:
    """A reminder ``ago`` hours ago; ``acts``: (kind, hours after it)."""
    made: list[str] = []

    def add(ago: float, *acts: tuple[str, float], org: str | None = "华南/广东", **more: Any) -> str:
        key, at = f"crm:{len(made)}", NOW - ago * HOUR
        made.append(key)
        times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), at - 9 * HOUR)
        row = {"record_key": key, "source": "crm", "kind": "complaint", "seq": 1, "content_hash": "h", "state": "open"}
        about = {"dims": {"org": org} if org else {}, "extra": {}, "ratings": [], "tags": {}}
        department = org.partition("/")[0] if org else None
        with store.begin() as conn:
            conn.execute(insert(t.feedback).values(**row, **times, **about, **more))
            conn.execute(insert(t.reminder).values(record_key=key, name="due_soon", at=at, department=department))
            for n, (kind, after) in enumerate(acts):
                one = {"record_key": key, "event_key": f"r:{n}", "kind": kind, "at": at + after * HOUR, "data": {}}
                conn.execute(insert(t.event).values(**one))
        return key

    return add


def test_an_answer_is_what_a_person_did_within_four_hours(store: Engine, remind: Any) -> None:
    remind(6, ("human_reply", 1))
    remind(6, ("transferred", 4))
    remind(6, ("human_reply", 5))  # too late
    remind(6, ("human_reply", -1))  # before it was reminded
    remind(6, ("customer_message", 1), ("auto_reply", 1))  # nobody acted
    remind(6, solved_at=NOW - 5 * HOUR)  # a source that tells the solution only
    remind(3)  # its four hours still run
    remind(40, ("solved", 1))  # before the window
    remind(6, ("solved", 1), deleted_at=NOW)
    with store.connect() as conn:
        found = reminders.response(conn, "all", START, NOW, NOW)
        assert (found.value, found.n, found.state, found.target) == (0.5, 6, "ok", 1.0)
        assert found.lower is not None and found.upper is not None and found.lower < 0.5 < found.upper
        assert reminders.response(conn, "org.1=华东", START, NOW, NOW).state == "no_data"
        assert reminders.response(conn, "org.1=华南", START, NOW, NOW).n == 6


def test_departments_stand_beside_each_other_and_a_scope_sees_its_own(store: Engine, remind: Any) -> None:
    remind(6, ("human_reply", 1))
    remind(6)
    remind(6, ("solved", 2), org="华东/上海")
    remind(6, org=None)
    found = reminders.departments(store, (), START, NOW)
    assert {name: (one.n, one.met) for name, one in found.items()} == {"华南": (2, 1), "华东": (1, 1), None: (1, 0)}
    assert found["华南"].share == 0.5
    assert reminders.departments(store, ("华东",), START, NOW).keys() == {"华东"}
