"""``/healthz``: is the picture fresh and the worker alive. JSON, because unknown paths answer 200 with the application."""

from __future__ import annotations

from datetime import datetime

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse

from fengsui.board import Store, read
from pages.look.house import house, now

FRESH_S = 60.0


async def healthz(request: Request) -> JSONResponse:
    """``{ok, snapshot_age_s, worker_seen_s}``; 503 when the picture or the worker is older than a minute. Ages in seconds,
    null where there is none yet."""
    body = await anyio.to_thread.run_sync(health, house().reader, now())
    return JSONResponse(body, status_code=200 if body["ok"] else 503, headers={"Cache-Control": "no-store"})


def health(store: Store, at: datetime) -> dict[str, float | bool | None]:
    version = read.latest_version(store)
    drawn = None if version is None else read.picture(store, version)
    ages = {
        "snapshot_age_s": _age(drawn.computed_at if drawn else None, at),
        "worker_seen_s": _age(read.worker_seen_at(store), at),
    }
    return {"ok": all(age is not None and age <= FRESH_S for age in ages.values()), **ages}


def _age(since: datetime | None, at: datetime) -> float | None:
    return None if since is None else round((at - since).total_seconds(), 1)
