"""会商 of an alert: who was asked, what each thinks of it, and who decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from fengsui.board.read.timeline import Happened
from fengsui.store.tables import assessment, person


@dataclass(frozen=True, slots=True)
class Vote:
    """The newest opinion of one person; ``at`` None: not given yet. Levels 1..3."""

    person_id: str
    name: str
    role: str  # supervisor, product, technical
    at: datetime | None = None
    likelihood: int = 0
    impact: int = 0
    loss: int = 0
    opinion: str | None = None


@dataclass(frozen=True, slots=True)
class Consultation:
    """``votes``: by name, those that are missing last. ``concluded``: the tier that was decided, and by whom when."""

    decider: str
    decider_name: str
    since: datetime
    votes: tuple[Vote, ...]
    concluded: Happened | None

    @property
    def missing(self) -> int:
        return sum(one.at is None for one in self.votes)

    def asks(self, person_id: str) -> bool:
        return any(one.person_id == person_id for one in self.votes)


def consultation(conn: Connection, episode_id: str, moves: Sequence[Happened]) -> Consultation | None:
    """``moves``: newest first. None where nobody was asked."""
    calls = [move for move in moves if move.code == "consult"]
    if not calls:
        return None
    invited = {one["person"]: one for call in reversed(calls) for one in call.params["assessors"]}
    query = select(assessment).where(assessment.c.episode_id == episode_id).order_by(assessment.c.at)
    said = {row.person: row for row in conn.execute(query)}
    names = {row.person_id: row.name for row in conn.execute(select(person).where(person.c.person_id.in_(list(invited))))}
    votes = [_vote(one, said.get(id_), names) for id_, one in invited.items()]
    ended = next((move for move in moves if move.code == "conclude" and move.at >= calls[0].at), None)
    last = calls[0].params
    ordered = tuple(sorted(votes, key=lambda one: (one.at is None, one.name)))
    return Consultation(last["decider"], last["decider_name"] or last["decider"], calls[-1].at, ordered, ended)


def _vote(invited: Mapping[str, str], row: object, names: Mapping[str, str]) -> Vote:
    about = (invited["person"], names.get(invited["person"], invited.get("name") or invited["person"]), invited["role"])
    if row is None:
        return Vote(*about)
    return Vote(*about, row.at, row.likelihood, row.impact, row.loss, row.opinion)  # type: ignore[attr-defined]
