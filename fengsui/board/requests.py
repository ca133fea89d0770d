"""Work that a page asks of the worker: a row now, an answer later. The page never touches a source itself (contracts §11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from fengsui.people import NotAllowed, Person, whole_centre
from fengsui.settings import Settings
from fengsui.store.tables import audit, request
from fengsui.store.upsert import upsert

KINDS = (
    "preview",
    "upload_preview",
    "upload",
    "quarantine_replay",
    "poll_now",
    "sweep",
    "erase",
    "backtest",
    "rule_preview",
    "rollback",
    "retag",
    "refit",
    "rotate_keys",
    "unsay",
)
SUFFIXES = (".csv", ".xlsx", ".jsonl")
"""Not ``.xls``: a workbook of an old Excel cannot be read (connectors say so of each)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``state``: new, running, done, failed, cancelled. ``result`` and ``fault_code`` come from the worker."""

    request_id: str
    kind: str
    params: Mapping[str, Any]
    by: str
    at: datetime
    state: str
    progress: float
    result: Any
    fault_code: str | None
    finished_at: datetime | None

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may ask. ``whole``: not who is bound to some organisations, for it shows or changes records of all of them."""

    roles: tuple[str, ...]
    whole: bool = True


DUTY, MANAGER, DESK = ("duty", "manager", "admin"), ("manager", "admin"), ("duty", "manager", "admin", "analyst")
GRANTS: Mapping[str, Grant] = MappingProxyType(
    {
        "preview": Grant(DUTY),
        "upload_preview": Grant(DUTY),
        "upload": Grant(DUTY),
        "quarantine_replay": Grant(DUTY),
        "poll_now": Grant(DUTY, whole=False),
        "sweep": Grant(DUTY, whole=False),
        "erase": Grant(("admin",)),
        "backtest": Grant(DESK, whole=False),  # of slices that one sees: ``board.backtest`` asks
        "rule_preview": Grant(MANAGER),
        "rollback": Grant(MANAGER),
        "retag": Grant(MANAGER),
        "refit": Grant(MANAGER),
        "rotate_keys": Grant(("admin",)),
    }
)
"""kind -> who may ask for it, whatever a page shows. ``unsay`` is put by ``board.correct`` alone."""


def ask(store: Engine, kind: str, params: Mapping[str, Any], who: Person, now: datetime, *, key: str = "") -> str:
    """Hand ``kind`` to the worker and note who asked; returns the request's id.

    ``key`` makes a repeated click the same request (the id is a hash of kind, params, person and key). Raises ``NotAllowed``,
    and ``ValueError`` for a kind that nobody may ask for.
    """
    _may(kind, who)
    with store.begin() as conn:
        return put(conn, kind, params, who.person_id, now, key or now.isoformat())


def _may(kind: str, who: Person) -> None:
    grant = GRANTS.get(kind)
    if grant is None:
        raise ValueError(f"{kind!r} is not a request; known: {', '.join(GRANTS)}")
    if who.role not in grant.roles:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(grant.roles))
    if grant.whole:
        whole_centre(who)


def put(conn: Connection, kind: str, params: Mapping[str, Any], by: str, now: datetime, key: str) -> str:
    """``ask`` within the caller's transaction."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a request; known: {', '.join(KINDS)}")
    request_id = _id(kind, params, by, key)
    row = {"request_id": request_id, "kind": kind, "params": dict(params), "by": by, "at": now, "state": "new"}
    known = conn.execute(select(request.c.request_id).where(request.c.request_id == request_id)).one_or_none()
    if known is None:
        upsert(conn, request, [row], update=())
        conn.execute(insert(audit).values(at=now, by=by, action=f"request.{kind}", params=dict(params)))
    return request_id


def answer(store: Engine, request_id: str) -> Asked | None:
    """How far a request is; None for an id that nobody made."""
    with store.connect() as conn:
        row = conn.execute(select(request).where(request.c.request_id == request_id)).one_or_none()
    return None if row is None else _asked(row)


def recent(store: Engine, kind: str, limit: int = 5, *, by: str | None = None) -> list[Asked]:
    """The newest first; ``by``: only those of one person."""
    query = select(request).where(request.c.kind == kind)
    if by is not None:
        query = query.where(request.c.by == by)
    with store.connect() as conn:
        return [_asked(row) for row in conn.execute(query.order_by(request.c.at.desc()).limit(limit))]


def cancel(store: Engine, request_id: str, by: str, now: datetime) -> bool:
    """Ask the worker to stop; False where it is over already. One that no worker has begun is over at once."""
    mine = (request.c.request_id == request_id) & request.c.state.in_(("new", "running")) & request.c.cancel.is_(False)
    with store.begin() as conn:
        if not conn.execute(update(request).where(mine).values(cancel=True)).rowcount:
            return False
        fresh = (request.c.request_id == request_id) & (request.c.state == "new")
        conn.execute(update(request).where(fresh).values(state="cancelled", finished_at=now))
        params = {"request_id": request_id}
        conn.execute(insert(audit).values(at=now, by=by, action="request.cancel", params=params))
    return True


class NotAnUpload(Exception):
    """The file cannot be taken: ``code`` and ``params`` for the catalogue."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


def save_upload(settings: Settings, name: str, content: bytes) -> str:
    """Keep an uploaded file in ``HOME/uploads`` under a name made of its content; returns the file's name there.

    The person's file name is never a path of ours. Raises ``NotAnUpload`` for a kind or size that is not taken.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise NotAnUpload("board.upload.kind", name=name, allowed=list(SUFFIXES))
    if len(content) > settings.limits.upload_mb * 2**20:
        raise NotAnUpload("board.upload.size", name=name, mb=settings.limits.upload_mb)
    if not content:
        raise NotAnUpload("board.upload.empty", name=name)
    stem = re.sub(r"[^\w-]+", "_", Path(name).stem)[:40]
    kept = f"{blake2b(content, digest_size=8).hexdigest()}-{stem}{suffix}"
    folder = settings.home / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{kept}.part"
    part.write_bytes(content)
    part.replace(folder / kept)
    return kept


def _id(kind: str, params: Mapping[str, Any], by: str, key: str) -> str:
    text = "|".join((kind, repr(sorted(params.items(), key=lambda item: item[0])), by, key))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _asked(row: Any) -> Asked:
    return Asked(
        row.request_id,
        row.kind,
        row.params,
        row.by,
        row.at,
        row.state,
        row.progress,
        row.result,
        row.fault_code,
        row.finished_at,
    )
