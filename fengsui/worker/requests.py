"""Requests of the dashboard, carried out by the worker: the visible table of what can be asked (docs/contracts.md §11).

Every kind is idempotent, so one that was cut off by a crash is simply done again. Slow sources are read in a thread; rows are
written by the writer, a batch at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Engine as Store
from sqlalchemy import select, update

from connectors import files
from connectors.base import BadRecord, Batch, Common, Fault
from connectors.gather import map_rows, sort_out
from connectors.mapper import mapper_of
from fengsui.backtest.child import Errand, TrialFailed, outcome
from fengsui.backtest.rehearsal import Rehearsal
from fengsui.backtest.wish import Place, Wish
from fengsui.ingest import corrections, learning, models, retag, rotation
from fengsui.ingest.erase import erase
from fengsui.ingest.keys import Vault
from fengsui.settings import Keys, Settings
from fengsui.store.database import reading
from fengsui.store.leadership import LostLeadership
from fengsui.store.tables import quarantine, request
from fengsui.text.tags import LEARNED
from fengsui.worker import sources
from fengsui.worker.aside import Aside
from fengsui.worker.chores import Chore, Chores, Desk
from fengsui.worker.housekeeping import SWEEP_BACK, Housekeeping, Swept
from fengsui.worker.preview import as_json

log = logging.getLogger(__name__)

REPLAY_AT_ONCE = 200
MOST_WEEKS = 104
Params: TypeAlias = Mapping[str, Any]


class Refusal(Exception):
    """This request cannot be carried out: ``code`` and ``params`` go into its row."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


@dataclass(slots=True)
class Answer:
    """Filled while a request is carried out."""

    progress: float = 0.0
    result: dict[str, Any] = field(default_factory=dict)


Carry: TypeAlias = "Callable[[Clerk, Desk, Params, Answer], Iterator[bool]]"


@dataclass(slots=True)
class Clerk:
    """Takes new requests to the chores and writes their answers. ``ask_poll``: poll a source now, whatever its cadence."""

    store: Store
    settings: Settings
    keys: Keys
    chores: Chores
    keeping: Housekeeping
    ask_poll: Callable[[str], None]
    _known: set[str] = field(default_factory=set)

    def pick(self) -> int:
        """New requests become chores; those that an earlier worker left running are begun again."""
        open_ = select(request.c.request_id, request.c.kind, request.c.params, request.c.by).where(
            request.c.state.in_(("new", "running"))
        )
        with reading(self.store).connect() as conn:
            rows = conn.execute(open_.order_by(request.c.at, request.c.request_id)).all()
        fresh = [row for row in rows if row.request_id not in self._known]
        for row in fresh:
            self._known.add(row.request_id)
            self.chores.add(f"request:{row.request_id}", self._chore(row.request_id, row.kind, {**row.params, "by": row.by}))
        return len(fresh)

    def source(self, params: Params) -> str:
        name = str(params.get("source", ""))
        if name not in self.settings.sources:
            raise Refusal("worker.request.source_unknown", source=name, allowed=sorted(self.settings.sources))
        return name

    def upload(self, params: Params) -> Path:
        """A file of ``HOME/uploads`` and of nowhere else, whatever the request says."""
        folder = (self.settings.home / "uploads").resolve()
        path = (folder / str(params.get("path", ""))).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise Refusal("worker.request.no_upload", path=str(params.get("path", "")))
        return path

    def _chore(self, request_id: str, kind: str, params: Params) -> Chore:
        def work(desk: Desk) -> Iterator[bool]:
            answer = Answer()
            try:
                yield from self._carried(desk, request_id, kind, params, answer)
            except LostLeadership:
                raise
            except Exception as fault:  # the asker reads what went wrong; the road goes on
                log.warning("request %s (%s): %s", request_id, kind, type(fault).__name__)
                code, why = _told(fault)
                self._close(desk, request_id, "failed", code, {**answer.result, **why})  # also what had been done until then
            finally:
                self._known.discard(request_id)

        return work

    def _carried(self, desk: Desk, request_id: str, kind: str, params: Params, answer: Answer) -> Iterator[bool]:
        if kind not in CARRIED:
            raise Refusal("worker.request.kind_unknown", kind=kind, allowed=sorted(CARRIED))
        self._write(desk, request_id, state="running")
        for busy in CARRIED[kind](self, desk, params, answer):
            if busy:
                if self._cancelled(request_id):
                    self._close(desk, request_id, "cancelled", None, answer.result)
                    return
                self._write(desk, request_id, progress=answer.progress)
            yield busy
        answer.progress = 1.0
        self._close(desk, request_id, "done", None, answer.result)

    def _cancelled(self, request_id: str) -> bool:
        with reading(self.store).connect() as conn:
            wanted = select(request.c.cancel).where(request.c.request_id == request_id)
            return bool(conn.execute(wanted).scalar_one_or_none())

    def _close(self, desk: Desk, request_id: str, state: str, code: str | None, result: Mapping[str, Any]) -> None:
        done = {"state": state, "fault_code": code, "result": dict(result), "finished_at": desk.turn.now}
        self._write(desk, request_id, **done, **({"progress": 1.0} if state == "done" else {}))

    def _write(self, desk: Desk, request_id: str, **values: Any) -> None:
        with self.store.begin() as conn:
            desk.turn.fence(conn)
            conn.execute(update(request).where(request.c.request_id == request_id).values(**values))


# --- what can be asked -----------------------------------------------------------------------------------------------


def _preview(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    source, now = clerk.source(params), desk.turn.now

    def look() -> Iterator[dict[str, Any]]:
        connector = clerk.keeping.connect(source)
        try:
            yield as_json(connector.preview(clerk.settings.limits.preview_rows, now))
        finally:
            connector.close()

    yield from _awaited(Aside(look), answer)


def _upload_preview(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    source, path, now = clerk.source(params), clerk.upload(params), desk.turn.now
    mapping, common, limit = _mapping(clerk, source), _common(clerk, source), clerk.settings.limits.preview_rows
    yield from _awaited(Aside(lambda: [as_json(files.preview_file(path, mapping, common, now, limit))]), answer)


def _awaited(aside: Aside[dict[str, Any]], answer: Answer) -> Iterator[bool]:
    for found in aside.items():
        if found is not None:
            answer.result = found
        yield found is not None


def _upload(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    """Rows of a file count like any other; neither cursor nor watermark of the source moves."""
    source, path, now = clerk.source(params), clerk.upload(params), desk.turn.now
    mapping, common, limit = _mapping(clerk, source), _common(clerk, source), clerk.settings.limits.batch_rows
    done = Swept()
    for batch in Aside(lambda: files.read_file(path, mapping, common, now, limit)).items():
        if batch is not None:
            clerk.keeping.take_aside(desk, source, batch, done)
            answer.result = {"read": done.read, "stored": done.missed, "bad": done.bad}
        yield batch is not None


def _sweep(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    source, now, done = clerk.source(params), desk.turn.now, Swept()
    for busy in clerk.keeping.swept(desk, source, now - SWEEP_BACK, now, done):
        answer.result = {"read": done.read, "missed": done.missed}
        yield busy


def _poll_now(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    source = clerk.source(params)
    clerk.ask_poll(source)
    answer.result = {"source": source}
    yield True


def _quarantine_replay(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    """A few hundred held rows at a time through the mapping as it is now."""
    source = clerk.source(params)
    ids = params.get("ids")
    held = _held(clerk, source, None if ids is None else [str(one) for one in ids])
    new = changed = 0
    for start in range(0, len(held), REPLAY_AT_ONCE):
        part, turn = held[start : start + REPLAY_AT_ONCE], desk.turn
        taken = clerk.keeping.ingest.replay(source, _remap(clerk, source, turn.now), part, turn.tick, turn.now, turn.fence)
        new, changed = new + taken.new, changed + taken.changed
        answer.progress = min(1.0, (start + len(part)) / len(held))
        answer.result = {"rows": start + len(part), "stored": new + changed}
        yield True
    answer.result = {"rows": len(held), "stored": new + changed, "still_held": len(_held(clerk, source, held))}


def _erase(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    named = {name: str(params[name]) for name in ("record_key", "customer_ref") if params.get(name)}
    if len(named) != 1:
        raise Refusal("worker.request.erase_one", allowed=["record_key", "customer_ref"])
    by, reason, turn = str(params["by"]), str(params.get("reason", "")), desk.turn
    gone = erase(clerk.store, clerk.settings, clerk.keys, by, reason, turn.now, turn.fence, **named)
    clerk.keeping.ingest.forget_texts()
    answer.result = {"records": gone.records, "rows": dict(gone.rows), "raw": gone.raw}
    yield True


def _backtest(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    """In a process of its own; only read, never written but into the request itself."""
    settings = clerk.settings
    wanted = Rehearsal if params.get("body") else Wish
    try:
        wish = wanted.of(params)
    except (KeyError, TypeError, ValueError) as fault:
        raise Refusal("backtest.fault.parameter", why=str(fault)) from None
    place = Place(settings.centre.zone, settings.centre.calendar, settings.retention.minute_rollups_days)
    url = clerk.store.url.render_as_string(hide_password=False)
    errand = Errand(url, wish, place, desk.turn.now)
    for found in Aside(lambda: outcome(errand)).items():
        if isinstance(found, float):
            answer.progress = found
        elif found is not None:
            answer.result = found
        yield found is not None


def _rollback(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    """``version``: the one that the person saw in force; a second click, or a newer version meanwhile, changes nothing."""
    name, version, turn = str(params.get("model", "")), int(params.get("version", 0)), desk.turn
    if name not in LEARNED:
        raise Refusal("worker.request.model_unknown", model=name, allowed=list(LEARNED))
    with clerk.store.begin() as conn:
        turn.fence(conn)
        before = models.roll_back(conn, name, version, str(params["by"]), turn.now)
    if before is None:
        raise Refusal("worker.request.model_moved", model=name, version=version)
    answer.result = {"model": name, "in_force": before}
    yield True


def _retag(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    """Everything of the last weeks by the lists, the taxonomy and the models of now; what people said of it stays."""
    weeks = int(params.get("weeks", 0))
    if not 1 <= weeks <= MOST_WEEKS:
        raise Refusal("worker.request.weeks", weeks=weeks, most=MOST_WEEKS)
    since, seen, changed = desk.turn.now - timedelta(weeks=weeks), 0, 0
    whole = (desk.turn.now - since).total_seconds()
    for part in retag.retag(
        clerk.store, clerk.settings, clerk.keeping.ingest.tagger, since, lambda: (desk.turn.now, desk.turn.fence)
    ):
        seen, changed = seen + part.seen, changed + part.changed
        answer.progress = min(1.0, (part.until - since).total_seconds() / whole)
        answer.result = {"records": seen, "changed": changed}
        yield True


def _rotate_keys(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    """Everything sealed by an older key under the present one; how many could not be opened."""
    sealed = unopened = 0
    for part in rotation.rotate(clerk.store, Vault(clerk.keys), str(params["by"]), lambda: (desk.turn.now, desk.turn.fence)):
        sealed, unopened = sealed + part.sealed, unopened + part.unopened
        answer.result = {"sealed": sealed, "unopened": unopened, "key_id": clerk.keys.data_key_id}
        yield True


def _refit(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    """What is done every night, now."""
    tags = learning.due(clerk.store)
    for done, tag in enumerate(tags, 1):
        yield from clerk.keeping.learned(desk, tag, str(params["by"]))
        answer.progress = done / len(tags)
    answer.result = {"tags": tags}
    yield True


def _unsay(clerk: Clerk, desk: Desk, params: Params, answer: Answer) -> Iterator[bool]:
    """Words of people that were taken back leave the records too."""
    words = [(str(key), str(tag)) for key, tag in params.get("words", [])]
    changed = None
    while changed is None:
        tagger, turn = clerk.keeping.ingest.tagger, desk.turn
        changed = corrections.take_back(clerk.store, clerk.settings, tagger, words, turn.now, turn.fence)
        if changed is None:
            yield True
    answer.result = {"changed": changed}
    yield True


CARRIED: Mapping[str, Carry] = {
    "preview": _preview,
    "upload_preview": _upload_preview,
    "upload": _upload,
    "quarantine_replay": _quarantine_replay,
    "poll_now": _poll_now,
    "sweep": _sweep,
    "erase": _erase,
    "rollback": _rollback,
    "retag": _retag,
    "refit": _refit,
    "rotate_keys": _rotate_keys,
    "unsay": _unsay,
    "backtest": _backtest,
    "rule_preview": _backtest,
}


def _held(clerk: Clerk, source: str, ids: Sequence[str] | None) -> list[str]:
    mine = (quarantine.c.source == source) & (quarantine.c.state == "held") & quarantine.c.raw.is_not(None)
    with reading(clerk.store).connect() as conn:
        found = (
            conn.execute(select(quarantine.c.quarantine_id).where(mine).order_by(quarantine.c.quarantine_id)).scalars().all()
        )
    return [one for one in found if ids is None or one in set(ids)]


def _remap(clerk: Clerk, source: str, now: datetime) -> Callable[[Sequence[Any]], Batch]:
    mapper = mapper_of(_mapping(clerk, source), _common(clerk, source))

    def remap(raws: Sequence[Any]) -> Batch:
        records, bad = sort_out(map_rows(mapper, [raw for raw in raws if isinstance(raw, Mapping)], now))
        lost = [BadRecord("worker.replay.not_a_row", raw) for raw in raws if not isinstance(raw, Mapping)]
        return Batch(records, (*bad, *lost), {}, False, now, False, len(raws))

    return remap


def _mapping(clerk: Clerk, source: str) -> Any:
    return sources.mapping(clerk.settings, source)


def _common(clerk: Clerk, source: str) -> Common:
    return Common(**clerk.settings.common(source))


def _told(fault: Exception) -> tuple[str, dict[str, Any]]:
    """Code and parameters for the asker; an unexpected exception is named by its type, never by its text."""
    if isinstance(fault, Fault | Refusal | TrialFailed):
        return fault.code, {"params": dict(fault.params)}
    return "worker.request.broken", {"params": {"kind": type(fault).__name__}}
