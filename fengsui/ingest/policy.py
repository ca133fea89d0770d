"""The SLA policy in force: when a ticket is due, and how soon a person must answer.

A policy is a versioned definition (kind ``sla_policy``, id ``default``), seeded from settings. A record keeps the deadline of
the version in force when it was opened: a new policy never rewrites the past. Its deadline is counted
by a version of the calendar, which is stored with it and moves on while the ticket is open only (``deadlines``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, select

from fengsui.metrics.business import BusinessClock
from fengsui.metrics.calendars import Calendar, Calendars, plain_json
from fengsui.metrics.facts import Happened, ended_pauses
from fengsui.metrics.sla_body import Line, PolicyBody, by_priority
from fengsui.store.tables import definition
from fengsui.store.upsert import upsert

KIND, ID = "sla_policy", "default"
REGULATOR = ":regulator"
"""At the end of ``due_source``: the deadline of an authority."""


class SlaSettings(Protocol):
    @property
    def resolution(self) -> Mapping[str, timedelta]: ...
    @property
    def response(self) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """One version."""

    version: int
    valid_from: datetime
    body: PolicyBody

    def name(self, line: Line) -> str:
        """For ``due_source``."""
        return f"{ID}@{self.version}{REGULATOR if line.regulator else ''}"


class Policies:
    """All versions, to be asked for the one in force at a time: the last saved of those whose date had come. The first
    counts for everything before it."""

    def __init__(self, versions: Sequence[Policy]) -> None:
        self._versions = sorted(versions, key=lambda policy: policy.version)

    def at(self, opened_at: datetime) -> Policy | None:
        in_force = [policy for policy in self._versions if policy.valid_from <= opened_at]
        return in_force[-1] if in_force else next(iter(self._versions), None)


@dataclass(frozen=True, slots=True)
class Sla:
    """Policies and calendars as one take sees them. Rows are those of ``feedback``."""

    policies: Policies
    calendars: Calendars

    def clock(self, row: Mapping[str, Any]) -> BusinessClock | None:
        """The clock of the record's queue; None where it is plain time."""
        if self.calendars.plain:
            return None
        clock = self._calendar(row).clock(row["dims"].get("queue"))
        return None if clock.always else clock

    def put(self, row: dict[str, Any], due_at: datetime | None) -> None:
        """Set deadline and response target. The source's own deadline wins; the response target is always the policy's.
        ``row["calendar_version"]`` says by which calendar the stored row was counted, if there was one."""
        calendar = self._calendar(row)
        policy = self.policies.at(row["opened_at"])
        line = policy.body.line_of(row["kind"], about(row)) if policy else None
        row["due_at"], row["due_source"] = due_at, "source" if due_at else None
        row["response_target_s"] = None
        row["calendar_version"] = calendar.version or None
        if policy is None or line is None:
            return
        clock = calendar.clock(row["dims"].get("queue"))
        if line.response:
            row["response_target_s"] = int(
                clock.elapsed(row["opened_at"], line.response.due(row["opened_at"], clock)).total_seconds()
            )
        if due_at is None and line.resolution:
            row["due_at"], row["due_source"] = line.resolution.due(row["opened_at"], clock), policy.name(line)

    def pause(self, row: dict[str, Any], events: Iterable[Happened]) -> None:
        """Move the deadline by the pauses that have ended, where the policy says so. The one that lasts moves nothing yet:
        nobody can promise when it ends, and a ticket must not leave its cohort by being paused."""
        pauses = ended_pauses(events, row["solved_at"]) if str(row["due_source"] or "").startswith(ID) else ()
        policy = self.policies.at(row["opened_at"])
        line = policy.body.line_of(row["kind"], about(row)) if pauses and policy else None
        if line is None or line.resolution is None or line.pauses == "run":
            return
        clock = self._calendar(row).clock(row["dims"].get("queue"))
        waited = sum((clock.elapsed(max(start, row["opened_at"]), end) for start, end in pauses), timedelta())
        row["due_at"] = clock.after(line.resolution.due(row["opened_at"], clock), waited)

    def _calendar(self, row: Mapping[str, Any]) -> Calendar:
        known = self.calendars.at(row["opened_at"])
        later = self.calendars.numbered(row["calendar_version"])
        return later if later is not None and later.version > known.version else known


def about(row: Mapping[str, Any]) -> dict[str, str | None]:
    """What lines of a policy ask of a record: its dimensions, its priority, its kind, its source."""
    dims = row["dims"]
    priority = dims.get("priority") or row["extra"].get("priority")
    return {**dims, "priority": str(priority) if priority else None, "kind": row["kind"], "source": row["source"]}


def seed(conn: Connection, sla: SlaSettings, now: datetime) -> None:
    """Version 1 from settings, where there is none."""
    body = plain_json(by_priority(sla.resolution, sla.response))
    row = {"kind": KIND, "id": ID, "version": 1, "valid_from": now, "by": "seed", "body": body}
    upsert(conn, definition, [row], update=())


def load(conn: Connection) -> Policies:
    query = select(definition).where(definition.c.kind == KIND, definition.c.id == ID)
    return Policies([_policy(row) for row in conn.execute(query)])


def _policy(row: Any) -> Policy:
    return Policy(row.version, row.valid_from, PolicyBody.model_validate(row.body))
