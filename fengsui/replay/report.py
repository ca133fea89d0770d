"""One row per machine transition: when it was seen in virtual time, and what was said."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine as Store
from sqlalchemy import select

from fengsui.locale import say
from fengsui.settings import Settings
from fengsui.store.database import reading
from fengsui.store.tables import episode, transition

COLUMNS = (
    "detected_at",
    "change",
    "tier",
    "grade",
    "metric",
    "slice",
    "window_start",
    "window_end",
    "observed",
    "expected",
    "ready",
    "reason",
    "episode",
    "rule",
    "parent",
)


def write_transitions(store: Store, out: Path, settings: Settings, lang: str) -> int:
    """CSV with ``COLUMNS``; times are ISO-8601 UTC. ``detected_at``: when the step that showed it was closed."""
    rows = list(transitions(store, settings, lang))
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def transitions(store: Store, settings: Settings, lang: str) -> Iterator[dict[str, Any]]:
    """In order of virtual time. A tick that closed idle steps carries a later ``at``; the step's end is the truth."""
    wanted = (
        select(transition, episode.c.rule_id, episode.c.slice_key, episode.c.parent_id)
        .join(episode, episode.c.episode_id == transition.c.episode_id)
        .where(transition.c.axis == "machine")
    )
    with reading(store).connect() as conn:
        found = [_row(row._mapping, settings, lang) for row in conn.execute(wanted)]
    return iter(sorted(found, key=lambda row: (row["detected_at"], row["episode"], row["change"])))


def _row(row: Any, settings: Settings, lang: str) -> dict[str, Any]:
    params = row["params"]
    seen = params.get("window_end")
    at: datetime = min(row["at"], datetime.fromisoformat(seen)) if seen else row["at"]
    reason = params.get("reason")
    return {
        "detected_at": at.isoformat(),
        "change": row["code"],
        "tier": params.get("tier"),
        "grade": params.get("grade"),
        "metric": params.get("metric"),
        "slice": row["slice_key"],
        "window_start": params.get("window_start"),
        "window_end": seen,
        "observed": params.get("observed"),
        "expected": params.get("expected"),
        "ready": params.get("ready"),
        "reason": say(lang, reason, params.get("reason_params") or {}, zone=settings.centre.zone) if reason else "",
        "episode": row["episode_id"],
        "rule": row["rule_id"],
        "parent": row["parent_id"] or "",
    }
