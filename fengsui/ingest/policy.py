"""The SLA policy in force: when a ticket is due, and how soon a person must answer.

A policy is a versioned definition (kind ``sla_policy``, id ``default``), seeded from settings. A record keeps the deadline of
the version in force when it was opened: a new policy never rewrites the past (KPIS.md, SLA attainment). The clock runs all
day and night; a record's priority is its dimension or field ``priority``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, select

from fengsui.store.tables import definition
from fengsui.store.upsert import upsert

KIND, ID = "sla_policy", "default"
TICKETS = ("complaint", "inquiry", "suggestion", "request")
"""Kinds that a centre must handle; a review, a survey or a call has no deadline."""
NORMAL = "normal"


class SlaSettings(Protocol):
    @property
    def resolution(self) -> Mapping[str, timedelta]: ...
    @property
    def response(self) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """One version. Seconds."""

    version: int
    valid_from: datetime
    resolution: Mapping[str, int]
    response: int
    kinds: tuple[str, ...]

    def due_at(self, kind: str, opened_at: datetime, priority: str | None) -> datetime | None:
        """The deadline of a ticket of ``priority``; None where the policy sets none."""
        seconds = self.resolution.get(priority or NORMAL, self.resolution.get(NORMAL))
        return None if kind not in self.kinds or seconds is None else opened_at + timedelta(seconds=seconds)

    def response_s(self, kind: str) -> int | None:
        return self.response if kind in self.kinds else None

    @property
    def name(self) -> str:
        """For ``due_source``."""
        return f"{ID}@{self.version}"


class Policies:
    """All versions, to be asked for the one in force at a time; the first counts for everything before it."""

    def __init__(self, versions: Sequence[Policy]) -> None:
        self._versions = sorted(versions, key=lambda policy: (policy.valid_from, policy.version))

    def at(self, opened_at: datetime) -> Policy | None:
        in_force = [policy for policy in self._versions if policy.valid_from <= opened_at]
        return in_force[-1] if in_force else next(iter(self._versions), None)


def seed(conn: Connection, sla: SlaSettings, now: datetime) -> None:
    """Version 1 from settings, where there is none."""
    body = {
        "resolution": {name: int(span.total_seconds()) for name, span in sla.resolution.items()},
        "response": int(sla.response.total_seconds()),
        "kinds": list(TICKETS),
    }
    row = {"kind": KIND, "id": ID, "version": 1, "valid_from": now, "by": "seed", "body": body}
    upsert(conn, definition, [row], update=())


def load(conn: Connection) -> Policies:
    query = select(definition).where(definition.c.kind == KIND, definition.c.id == ID)
    return Policies([_policy(row) for row in conn.execute(query)])


def priority_of(dims: Mapping[str, str], extra: Mapping[str, Any]) -> str | None:
    found = dims.get("priority") or extra.get("priority")
    return str(found) if found else None


def _policy(row: Any) -> Policy:
    body = row.body
    return Policy(row.version, row.valid_from, body["resolution"], body["response"], tuple(body.get("kinds", TICKETS)))
