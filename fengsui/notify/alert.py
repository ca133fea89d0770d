"""The alerts that notices are of, as they are when they are sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from fengsui.store.tables import episode, handling, person


def alerts_of(conn: Connection, episode_ids: Iterable[str | None]) -> dict[str, dict[str, Any]]:
    ids = sorted({one for one in episode_ids if one})
    columns = (episode.c.episode_id, episode.c.factors, episode.c.claim_due_at, episode.c.handle_due_at, handling.c.owner)
    query = (
        select(*columns, person.c.name.label("owner_name"))
        .join(handling, handling.c.episode_id == episode.c.episode_id)
        .outerjoin(person, person.c.person_id == handling.c.owner)
        .where(episode.c.episode_id.in_(ids))
    )
    found = {}
    for row in conn.execute(query).mappings() if ids else ():
        found[row["episode_id"]] = {str(name): value for name, value in row.items()} | {
            "owner_name": row["owner_name"] or row["owner"]
        }
    return found
