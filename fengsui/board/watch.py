"""Known phrases that a person wants watched (a competitor, a product, 曝光): topics that live until taken off the list."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Engine, select, update

from fengsui.people import NotAllowed, Person, audit
from fengsui.people.plain import plain
from fengsui.store.slices import ALL
from fengsui.store.tables import topic, watermark
from fengsui.store.upsert import upsert
from fengsui.text.masks import mask
from fengsui.text.search_words import phrases

ROLES: Final = frozenset({"manager", "admin", "analyst"})
LONGEST: Final = 40
MOST: Final = 100


class NotAPhrase(Exception):
    """``code`` and ``params`` for the catalogue."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


def may(who: Person) -> bool:
    """Topics are the whole centre's."""
    return who.role in ROLES and not who.scope


def add(store: Engine, phrase: str, who: Person, now: datetime) -> bool:
    """Watch ``phrase``; False where it is watched already. Raises ``NotAllowed``, ``NotAPhrase``."""
    _may(who)
    text = plain(phrase)
    if not 2 <= len(text) <= LONGEST:
        raise NotAPhrase("board.watch.length", least=2, most=LONGEST)
    if not phrases(text):
        raise NotAPhrase("board.watch.no_word")
    with store.begin() as conn:
        watched = {row.phrase for row in _watched(conn)}
        if text.casefold() in watched:
            return False
        if len(watched) >= MOST:
            raise NotAPhrase("board.watch.many", most=MOST)
        upsert(conn, topic, [_row(text, now)])
        audit.record(conn, who.person_id, "topic.watch", {"phrase": mask(text)}, now)
    return True


def end(store: Engine, topic_id: str, who: Person, now: datetime) -> bool:
    """Take a topic off the list, a sudden one too: a person says that it is over. False where it was over already."""
    _may(who)
    with store.begin() as conn:
        mine = (topic.c.topic_id == topic_id) & topic.c.ended_at.is_(None)
        done = conn.execute(update(topic).where(mine).values(ended_at=now)).rowcount > 0
        if done:
            audit.record(conn, who.person_id, "topic.end", {"topic": topic_id}, now)
    return done


def living(conn: Connection) -> list[dict[str, Any]]:
    """Every living topic, the surest first, watched ones last."""
    query = select(topic).where(topic.c.ended_at.is_(None)).order_by(topic.c.kind, topic.c.score.desc(), topic.c.topic_id)
    return [dict(row) for row in conn.execute(query).mappings()]


def left_out(conn: Connection) -> int:
    """Sudden topics that stood out at the last look and do not live, because surer ones do."""
    return int(conn.execute(select(watermark.c.seq).where(watermark.c.name == "topics-left")).scalar() or 0)


def _may(who: Person) -> None:
    if who.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(ROLES))
    if who.scope:
        raise NotAPhrase("board.wrong.centre_wide")


def _watched(conn: Connection) -> list[Any]:
    return list(conn.execute(select(topic.c.phrase).where(topic.c.kind == "watch", topic.c.ended_at.is_(None))))


def _row(text: str, now: datetime) -> dict[str, Any]:
    counts = {"now_n": 0, "customers": 0, "usual": 0.0, "score": 0.0, "examples": []}
    times = {"found_at": now, "last_at": now, "ended_at": None}
    identity = blake2b(f"watch\0{text.casefold()}\0{now.isoformat()}".encode("utf-8", "surrogatepass"), digest_size=16)
    named = {"topic_id": identity.hexdigest(), "phrase": text.casefold(), "shown": text, "slice_key": ALL, "kind": "watch"}
    return {**named, **times, **counts}
