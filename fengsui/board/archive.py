"""归档: every alert that ever was, found by words, place, tier, verdict, owner and time. What is closed, unless all
is asked for.

Words are looked for in what people read of an alert: its title and place, its number, the rule, who had it, and everything that
was noted on it. All of them must be there, in any order.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, Engine, case, or_, select

from fengsui.alerts.modes import DRILL, ON
from fengsui.alerts.silence import Silence
from fengsui.board.alert import CLOSED, Alert, alerts, select_alerts
from fengsui.board.scope import Scope, sees
from fengsui.locale import say
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
    """In ``scope`` only; ``lang``: of the words. Alerts are read in full ``AT_ONCE`` at a time, and only while words are looked
    for in them or fewer than ``most`` are found."""
    asked = folded(wish.words[:WORDS_MAX]).split()
    rows: list[Kept] = []
    with reading(store).connect() as conn:
        ids, cut = _ids(conn, scope, wish)
        n = 0 if asked else len(ids)
        for at in range(0, len(ids) if asked else min(most, len(ids)), AT_ONCE):
            saying = [one for one in _full(conn, scope, ids[at : at + AT_ONCE]) if _says(one, asked, lang)]
            n += len(saying) if asked else 0
            rows += saying[: most - len(rows)]
    return Found(tuple(rows), n, cut)


def _ids(conn: Connection, scope: Scope, wish: Wish) -> tuple[list[str], bool]:
    """Whatever is asked except words, the newest first; and whether the limit cut anything off."""
    query = select_alerts(drills=wish.nature == DRILL).with_only_columns(
        episode.c.episode_id, episode.c.rule_id, episode.c.slice_key, maintain_column_froms=True
    )
    asked = [*_asked(wish), *_near(scope, wish)]
    newest = query.where(*asked).order_by(episode.c.opened_at.desc(), episode.c.episode_id).limit(MOST + 1)
    rows = conn.execute(newest).all()
    inside = [row.episode_id for row in rows[:MOST] if sees(scope, row.slice_key) and _place(wish, row.rule_id, row.slice_key)]
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


def folded(text: str) -> str:
    """As it is compared: full and half width, upper and lower case are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


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


def _says(one: Kept, asked: Sequence[str], lang: str) -> bool:
    if not asked:
        return True
    text = folded("\n".join(_text(one, lang)))
    return all(word in text for word in asked)


def _text(one: Kept, lang: str) -> Iterable[str]:
    alert = one.alert
    yield say(lang, *alert.title)
    yield alert.number
    yield alert.slice_key
    yield from (alert.names.get(lang) or alert.rule_id, alert.owner_name or "")
    yield from (one.cause or "", one.lesson or "", *one.notes)
