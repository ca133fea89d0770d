"""What people said of tags (``label`` rows, written by a page) laid over the records, at the tick after.

Facts are written by the leader only, so a page writes the label and nothing else. Reading a minute back and writing only what
differs makes it no matter how often a label is read, or whose clock dated it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, select

from fengsui.ingest import retag
from fengsui.ingest.fence import Fence
from fengsui.ingest.retag import Change, TaggerOf
from fengsui.ingest.tag_dims import as_dims, dims_with
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.tables import label, watermark
from fengsui.store.upsert import upsert
from fengsui.text.tagger import overlaid, say, unsay
from fengsui.text.tags import PERSON

NAME = "labels"
LATE = timedelta(minutes=1)
"""Dashboards on other machines date their labels by their own clocks."""
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def waiting(store: Engine) -> bool:
    """Whether there are labels that have not been laid over their records."""
    with reading(store).connect() as conn:
        done, laid = _done(conn)
        return _print(_new(conn, done), done) != laid


def apply(store: Engine, settings: Settings, now: datetime, fence: Fence) -> int:
    """Lay what is new over its records, in one transaction; how many records changed. Of several words about one tag of a
    record the last holds."""
    with reading(store).connect() as conn:
        done, _ = _done(conn)
        rows = _new(conn, done)
        said = _last(rows)
        changes = [_change(row, said[row["record_key"]], settings) for row in retag.stored(conn, said)]
    mark = min(rows[-1]["at"], now) if rows else done  # a clock that is fast must not hide what others say after it
    with store.begin() as conn:
        fence(conn)
        changed = retag.write(conn, settings, changes, now)
        upsert(conn, watermark, [{"name": NAME, "at": mark, "seq": 0, "tick": None, "tag": _print(rows, mark)}])
    return changed


def take_back(
    store: Engine, settings: Settings, tagger: TaggerOf, words: Iterable[tuple[str, str]], now: datetime, fence: Fence
) -> int | None:
    """``words``: (record_key, tag) whose labels were taken back. The machine speaks of them again, or the person before; how
    many records changed. None: the machine still unlearns them, ask again."""
    wanted = set(words)
    keys = sorted({key for key, _ in wanted})
    with reading(store).connect() as conn:
        left = _last(_about(conn, keys))
        rows = retag.stored(conn, keys)
        speaking = tagger(conn, now)
        if speaking is None:
            return None
        found = speaking.tags([row["text"] or "" for row in rows], [row["ratings"] for row in rows])
    changes = []
    for row, tags in zip(rows, found, strict=True):
        src = row["tags"].get("src", {})
        before = {tag: by for tag, by in src.items() if (row["record_key"], tag) not in wanted}
        said: Any = overlaid(tags, {**row["tags"], "src": before})
        if row["text"] is None:  # retention took it: what machines read in it stays
            said = deepcopy(row["tags"])
            for tag in [tag for tag, by in src.items() if by == PERSON and tag not in before]:
                unsay(said, tag, row["ratings"])
        for tag, value in left.get(row["record_key"], {}).items():
            say(said, tag, value)
        changes.append(Change(row, said, dims_with(row["dims"], row["tags"], said, as_dims(settings))))
    with store.begin() as conn:
        fence(conn)
        return retag.write(conn, settings, changes, now)


def _about(conn: Connection, keys: Iterable[str]) -> list[dict[str, Any]]:
    query = select(label).where(label.c.record_key.in_(list(keys))).order_by(label.c.at, label.c.label_id)
    return [dict(row) for row in conn.execute(query).mappings()]


def _done(conn: Connection) -> tuple[datetime, str]:
    """The mark, and the print of the words around it that were laid. A mark without print may have passed words over: all
    are laid once more."""
    row = conn.execute(select(watermark.c.at, watermark.c.tag).where(watermark.c.name == NAME)).first()
    return (row.at, row.tag) if row is not None and row.tag is not None else (_NEVER, _print((), _NEVER))


def _print(rows: Iterable[Mapping[str, Any]], done: datetime) -> str:
    """Which of the words stand after ``done``, or so little before it that others may yet appear beside them."""
    names = sorted(row["label_id"] for row in rows if row["at"] > done - LATE)
    return blake2b("\0".join(names).encode(), digest_size=16).hexdigest()


def _new(conn: Connection, done: datetime) -> list[dict[str, Any]]:
    query = select(label).where(label.c.at > done - LATE).order_by(label.c.at, label.c.label_id)
    return [dict(row) for row in conn.execute(query).mappings()]


def _last(rows: list[dict[str, Any]]) -> dict[str, dict[str, str | None]]:
    said: dict[str, dict[str, str | None]] = {}
    for row in rows:
        said.setdefault(row["record_key"], {})[row["tag"]] = row["new"]
    return said


def _change(row: dict[str, Any], said: dict[str, str | None], settings: Settings) -> Change:
    tags = deepcopy(row["tags"])
    for tag, value in said.items():
        say(tags, tag, value)
    return Change(row, tags, dims_with(row["dims"], row["tags"], tags, as_dims(settings)))
