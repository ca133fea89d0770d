"""经过: everything that machine and people did with one alert, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from fengsui.board.alert import Alert, number
from fengsui.store.tables import episode, person, transition


@dataclass(frozen=True, slots=True)
class Happened:
    """One transition, newest first in a list. ``by`` is a name, ``machine`` for the house. ``other``: number of the alert
    that this one was merged into, or that was merged here (code ``merged_here``)."""

    at: datetime
    axis: str
    n: int
    by: str
    for_person: str | None
    code: str
    before: str | None
    after: str | None
    params: Mapping[str, Any]
    note: str | None
    other: str | None = None


def timeline(conn: Connection, alert: Alert) -> list[Happened]:
    mine = conn.execute(select(transition).where(transition.c.episode_id == alert.episode_id)).fetchall()
    taken = conn.execute(_merged_here(alert)).fetchall()
    names = _names(conn, [row.by for row in (*mine, *taken)] + [row.for_person for row in mine])
    numbers = _numbers(conn, [row.params["into"] for row in mine if row.code == "merge_into"])
    found = [_happened(row, names, row.code, numbers.get(row.params.get("into"))) for row in mine]
    found += [_happened(row, names, "merged_here", number(row)) for row in taken]
    return sorted(found, key=lambda one: (one.at, one.axis, one.n), reverse=True)


def _merged_here(alert: Alert) -> Any:
    """Decisions on other alerts that ended in this one; none is older than this alert's own beginning."""
    into = (transition.c.code == "merge_into") & (transition.c.params["into"].as_string() == alert.episode_id)
    others = transition.join(episode, episode.c.episode_id == transition.c.episode_id)
    late = transition.c.at >= alert.started_at
    return select(transition, episode.c.day, episode.c.day_n).select_from(others).where(into, late)


def _happened(row: Any, names: Mapping[str | None, str], code: str, other: str | None) -> Happened:
    return Happened(
        at=row.at,
        axis=row.axis,
        n=row.n,
        by=names.get(row.by, row.by),
        for_person=names.get(row.for_person, row.for_person),
        code=code,
        before=row.before,
        after=row.after,
        params=row.params,
        note=row.note,
        other=other,
    )


def _numbers(conn: Connection, ids: Sequence[str]) -> dict[str, str]:
    query = select(episode.c.episode_id, episode.c.day, episode.c.day_n).where(episode.c.episode_id.in_(ids))
    return {row.episode_id: number(row) for row in conn.execute(query)}


def _names(conn: Connection, ids: Sequence[str | None]) -> dict[str | None, str]:
    wanted = {id_ for id_ in ids if id_ is not None}
    rows = conn.execute(select(person.c.person_id, person.c.name).where(person.c.person_id.in_(wanted)))
    return {row.person_id: row.name for row in rows}
