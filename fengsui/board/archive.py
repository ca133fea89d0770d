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
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, select

from fengsui.alerts.modes import DRILL, ON
from fengsui.alerts.silence import Silence
from fengsui.board.alert import CLOSED, Alert, alerts, select_alerts
from fengsui.board.scope import Scope, sees
from fengsui.locale import say
from fengsui.store.tables import episode, handling, person, transition

MOST = 50_000
"""Alerts that one search walks through, the newest first; ``Found.cut`` says that there were more."""
AT_ONCE = 500
WORDS_MAX = 200


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
    """``rows``: the newest first."""

    rows: tuple[Kept, ...]
    cut: bool


def search(store: Engine, scope: Scope, wish: Wish, lang: str) -> Found:
    """In ``scope`` only; ``lang``: of the words."""
    query = select_alerts(drills=wish.nature == DRILL).where(*_asked(wish))
    newest = query.order_by(episode.c.opened_at.desc(), episode.c.episode_id).limit(MOST + 1)
    with store.connect() as conn:
        found = alerts(conn, newest, scope)
        inside = [one for one in found if _place(wish, one) and (not wish.tiers or one.tier in wish.tiers)]
        left = _left(conn, [one.episode_id for one in inside])
    kept = [_kept(one, left.get(one.episode_id, [])) for one in inside]
    asked = folded(wish.words[:WORDS_MAX]).split()
    rows = sorted((one for one in kept if _says(one, asked, lang)), key=lambda one: one.alert.opened_at, reverse=True)
    return Found(tuple(rows), len(found) > MOST)


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
    return asked


def _place(wish: Wish, one: Alert) -> bool:
    """As a silence of that place would cover it."""
    anywhere = Silence("", None, wish.where, 3, one.opened_at, one.opened_at)
    return not wish.where or anywhere.covers(one.rule_id, one.slice_key, 1)


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
