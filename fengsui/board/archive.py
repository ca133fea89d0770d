"""归档: every alert that ever was, found by words, place, tier, verdict, owner and time. What is closed, unless all
is asked for.

Words are looked for in what people read of an alert and wrote on it (``archive_words``). All of them must be there, in any
order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, case, or_, select

from fengsui.alerts.modes import DRILL, ON
from fengsui.alerts.silence import Silence
from fengsui.board import archive_words
from fengsui.board.alert import CLOSED, Alert, alerts, select_alerts
from fengsui.board.scope import Scope, sees
from fengsui.store.database import reading
from fengsui.store.slices import slice_key
from fengsui.store.tables import episode, handling, person, transition

MOST = 50_000
"""Alerts in scope and place that one search walks through, the newest first."""
AT_ONCE = 500
WORDS_MAX = 200
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for; empty fields ask for nothing. ``where``: level -> value, holding its parts; ``verdict``
    ``none``: nobody judged it. ``nature``: on, drill. ``closed`` False: open ones, too."""

    start: datetime | None = None
    end: datetime | None = None
    words: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    tiers: tuple[int, ...] = ()
    verdict: str = ""
    owner: str = ""
    nature: str = ON
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """One alert with what people left on it. ``cure``, ``cause``: chips or own words; ``notes`` in order."""

    alert: Alert
    cure: str | None
    cause: str | None
    lesson: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """``rows``: the newest first, as many as were asked for, of ``n``. ``cut``: there were more than are walked through."""

    rows: tuple[Kept, ...]
    n: int
    cut: bool


def search(store: Engine, scope: Scope, wish: Wish, lang: str, most: int = MOST) -> Found:
    """In ``scope`` only; ``lang``: of the words. Only the alerts that are given back are read in full."""
    asked = archive_words.folded(wish.words[:WORDS_MAX]).split()
    rows: list[Kept] = []
    with reading(store).connect() as conn:
        heads, cut = _heads(conn, scope, wish, lang)
        heads = archive_words.saying(conn, heads, asked, lang) if asked else heads
        ids = [one.episode_id for one in heads[:most]]
        for at in range(0, len(ids), AT_ONCE):
            rows += _full(conn, scope, ids[at : at + AT_ONCE])
    return Found(tuple(rows), len(heads), cut)


def _heads(conn: Connection, scope: Scope, wish: Wish, lang: str) -> tuple[list[Any], bool]:
    """Whatever is asked except words, the newest first; and whether the limit cut anything off."""
    columns = archive_words.columns(lang) if wish.words.strip() else archive_words.HEAD
    query = select_alerts(drills=wish.nature == DRILL).with_only_columns(*columns, maintain_column_froms=True)
    asked = [*_asked(wish), *_near(scope, wish)]
    newest = query.where(*asked).order_by(episode.c.opened_at.desc(), episode.c.episode_id).limit(MOST + 1)
    rows = conn.execute(newest).all()
    inside = [row for row in rows[:MOST] if sees(scope, row.slice_key) and _place(wish, row.rule_id, row.slice_key)]
    return inside, len(rows) > MOST


def _near(scope: Scope, wish: Wish) -> list[ColumnElement[bool]]:
    """Before the limit counts: keys that hold a value of the scope and those of the place, at any level. ``sees`` and
    ``_place`` say exactly which."""
    near = [or_(*(_holds(value) for value in scope))] if scope else []
    return [*near, *(_holds(value) for value in wish.where.values())]


def _holds(value: str) -> ColumnElement[bool]:
    return episode.c.slice_key.contains(slice_key({"": value}), autoescape=True)


def _full(conn: Connection, scope: Scope, ids: Sequence[str]) -> list[Kept]:
    """In the order of ``ids``."""
    found = {
        one.episode_id: one for one in alerts(conn, select_alerts(drills=True).where(episode.c.episode_id.in_(ids)), scope)
    }
    left = _left(conn, ids)
    return [_kept(found[id_], left.get(id_, [])) for id_ in ids if id_ in found]


def owners(store: Engine, scope: Scope) -> dict[str, str]:
    """person_id -> name, of everybody who ever had an alert that ``scope`` sees."""
    query = select(episode.c.slice_key, person.c.person_id, person.c.name).distinct()
    joined = query.join_from(handling, person, person.c.person_id == handling.c.owner)
    with store.connect() as conn:
        rows = conn.execute(joined.join(episode, episode.c.episode_id == handling.c.episode_id)).all()
    return dict(sorted({row.person_id: row.name for row in rows if sees(scope, row.slice_key)}.items(), key=lambda one: one[1]))


def _asked(wish: Wish) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = [episode.c.mode == wish.nature]
    if wish.closed:
        asked.append(handling.c.state.in_(CLOSED))
    if wish.start is not None:
        asked.append(episode.c.opened_at >= wish.start)
    if wish.end is not None:
        asked.append(episode.c.opened_at < wish.end)
    if wish.verdict:
        asked.append(handling.c.verdict.is_(None) if wish.verdict == "none" else handling.c.verdict == wish.verdict)
    if wish.owner:
        asked.append(handling.c.owner == wish.owner)
    if wish.tiers:
        asked.append(_TIER.in_(wish.tiers))
    return asked


_HOLDS = handling.c.tier.is_not(None) & or_(handling.c.machine_tier.is_(None), episode.c.tier <= handling.c.machine_tier)
_TIER = case((_HOLDS, handling.c.tier), else_=episode.c.tier)
"""``board.alert.effective_tier``, asked of the store."""


def _place(wish: Wish, rule_id: str, key: str) -> bool:
    """As a silence of that place would cover it."""
    return not wish.where or Silence("", None, wish.where, 3, EVER, EVER).covers(rule_id, key, 1)


def _left(conn: Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, Mapping[str, object], str | None]]]:
    """episode -> (code, params, note) of people's decisions, in order."""
    found: dict[str, list[tuple[str, Mapping[str, object], str | None]]] = defaultdict(list)
    columns = (transition.c.episode_id, transition.c.code, transition.c.params, transition.c.note)
    for at in range(0, len(ids), AT_ONCE):
        mine = (transition.c.axis == "person") & transition.c.episode_id.in_(ids[at : at + AT_ONCE])
        for row in conn.execute(select(*columns).where(mine).order_by(transition.c.episode_id, transition.c.n)):
            found[row.episode_id].append((row.code, row.params, row.note))
    return found


def _kept(one: Alert, left: Iterable[tuple[str, Mapping[str, object], str | None]]) -> Kept:
    said = {code: params for code, params, _ in left}
    review = said.get("review", {})
    notes = tuple(note for _, _, note in left if note)
    return Kept(one, _word(said.get("resolve"), "reason"), _word(review, "cause"), _word(review, "lesson"), notes)


def _word(params: Mapping[str, object] | None, name: str) -> str | None:
    value = (params or {}).get(name)
    return None if value is None else str(value)
