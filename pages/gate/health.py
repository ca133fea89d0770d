"""``/healthz``: is the picture fresh and the worker alive. JSON, because unknown paths answer 200 with the application."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse

from fengsui.board import Store, read
from pages.look import trouble
from pages.look.house import house, now

FRESH_S = 60.0
REASONS = ("picture_old", "worker_silent")  # where both hold, the second explains the first
Body: TypeAlias = dict[str, float | bool | str | None]


async def healthz(request: Request) -> JSONResponse:
    """``{ok, reason, snapshot_age_s, worker_seen_s}``; 503 when the store does not answer, or the picture or the worker is
    older than a minute. ``reason``: null, ``worker_silent``, ``picture_old``, ``store_away`` (or full, busy, damaged …),
    ``unforeseen``. Ages in seconds, null where there is none yet."""
    body = await anyio.to_thread.run_sync(_asked)
    return JSONResponse(body, status_code=200 if body["ok"] else 503, headers={"Cache-Control": "no-store"})


def _asked() -> Body:
    try:
        return health(house().reader, now())
    except Exception as fault:  # the probe gets a reason
        code, _ = trouble.words(fault)
        reason = code.replace("store.fault.", "store_").replace("pages.trouble.", "")
        return {"ok": False, "reason": reason, "snapshot_age_s": None, "worker_seen_s": None}


def health(store: Store, at: datetime) -> Body:
    version = read.latest_version(store)
    drawn = None if version is None else read.picture(store, version)
    ages = {
        "snapshot_age_s": _age(drawn.computed_at if drawn else None, at),
        "worker_seen_s": _age(read.worker_seen_at(store), at),
    }
    old = [reason for (reason, age) in zip(REASONS, ages.values(), strict=True) if age is None or age > FRESH_S]
    return {"ok": not old, "reason": old[-1] if old else None, **ages}


def _age(since: datetime | None, at: datetime) -> float | None:
    return None if since is None else round((at - since).total_seconds(), 1)
