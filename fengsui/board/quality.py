"""预警质量: how often an alert was right, how fast it was taken and done, how many nobody judged, and what was missed.

Of the alerts that people see: parts of another one and silent rules are not counted. Times are estimated with those still open
counted as what they are (``metrics.survival``): a mean over closed ones would fall when the hard ones stay open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from fengsui.board.alert import CLOSED, Alert, alerts, select_alerts
from fengsui.board.definitions import newest, rule_names
from fengsui.board.scope import Scope, sees
from fengsui.metrics.intervals import wilson
from fengsui.metrics.survival import survival
from fengsui.store.tables import episode, person

RIGHT, WRONG = ("real", "new_normal"), ("false",)
SETTLED = timedelta(days=1)
"""Whoever saw it had so long to say what it was."""
FEW = 5


@dataclass(frozen=True, slots=True)
class Share:
    """``met`` of ``n`` with its 95 % interval; ``share`` None where nothing was counted."""

    met: int
    n: int

    @property
    def share(self) -> float | None:
        return self.met / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.met, self.n)


@dataclass(frozen=True, slots=True)
class Span:
    """Kaplan-Meier: seconds by which half of ``n`` had ended (``ended`` of them did); None while fewer have."""

    median: float | None
    n: int
    ended: int


@dataclass(frozen=True, slots=True)
class Line:
    """One rule or one team. ``name``: of a rule, per language. ``precision``: of those judged right or wrong."""

    id: str
    name: Mapping[str, str]
    raised: int
    precision: Share
    unverified: Share
    claim: Span
    solve: Span


@dataclass(frozen=True, slots=True)
class Missed:
    """An event that no alert told of, entered by a person."""

    start_at: datetime
    end_at: datetime
    metric: str
    place: str
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Quality:
    """``response``: the due cohort, claimed by the deadline that fell in the window. ``recall``: told events of those told and
    missed."""

    since: datetime
    whole: Line
    response: Share
    recall: Share
    rules: tuple[Line, ...]
    teams: tuple[Line, ...]
    missed: tuple[Missed, ...]


def quality(store: Engine, scope: Scope, start: datetime, now: datetime) -> Quality:
    """Of alerts opened in ``[start, now)``; the response rate of those whose claim fell due then."""
    opened = (episode.c.opened_at >= start) & (episode.c.opened_at < now) & episode.c.parent_id.is_(None)
    due = (episode.c.claim_due_at >= start) & (episode.c.claim_due_at < now) & episode.c.parent_id.is_(None)
    with store.connect() as conn:
        found = alerts(conn, select_alerts().where(opened), scope)
        cohort = alerts(conn, select_alerts().where(due), scope)
        names, teams, missed = rule_names(conn), _teams(conn), _missed(conn, scope, start, now)
    in_time = sum(_in_time(one) for one in cohort)
    whole = _line("", {}, found, now)
    told = whole.precision.met
    return Quality(
        start,
        whole,
        Share(in_time, len(cohort)),
        Share(told, told + len(missed)),
        _lines(found, lambda one: one.rule_id, names, now),
        _lines([one for one in found if one.owner], lambda one: teams.get(one.owner or "", ""), {}, now),
        missed,
    )


def _in_time(one: Alert) -> bool:
    return one.claimed_at is not None and one.claim_due_at is not None and one.claimed_at <= one.claim_due_at


def _lines(
    found: Sequence[Alert], key: Callable[[Alert], str], names: Mapping[str, Mapping[str, str]], now: datetime
) -> tuple[Line, ...]:
    """The most alerts first."""
    groups: dict[str, list[Alert]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    lines = [_line(id_, names.get(id_, {}), group, now) for id_, group in groups.items()]
    return tuple(sorted(lines, key=lambda line: (-line.raised, line.id)))


def _line(id_: str, name: Mapping[str, str], group: Sequence[Alert], now: datetime) -> Line:
    right = sum(one.verdict in RIGHT for one in group)
    wrong = sum(one.verdict in WRONG for one in group)
    settled = [one for one in group if one.opened_at <= now - SETTLED]
    silent = sum(one.verdict is None for one in settled)
    return Line(
        id_,
        name,
        len(group),
        Share(right, right + wrong),
        Share(silent, len(settled)),
        _span(group, lambda one: one.claimed_at, now),
        _span(group, lambda one: one.resolved_at, now),
    )


def _span(group: Sequence[Alert], end: Callable[[Alert], datetime | None], now: datetime) -> Span:
    """Judged or merged away without that step: watched until it was closed; still open: until now."""
    watched = [one for one in group if not one.silent]
    lasted = [max(0.0, ((end(one) or _closed(one) or now) - one.opened_at).total_seconds()) for one in watched]
    ended = [end(one) is not None for one in watched]
    if not watched:
        return Span(None, 0, 0)
    return Span(survival(lasted, ended).median(), len(watched), sum(ended))


def _closed(one: Alert) -> datetime | None:
    """When nobody could claim it any more: it is censored there."""
    return (one.resolved_at or one.cleared_at) if one.state in CLOSED else None


def _teams(conn: Connection) -> dict[str, str]:
    """person -> their organisations; empty is the whole centre."""
    return {row.person_id: "、".join(row.scope) for row in conn.execute(select(person.c.person_id, person.c.scope))}


def _missed(conn: Connection, scope: Scope, start: datetime, now: datetime) -> tuple[Missed, ...]:
    found = []
    for _, body in newest(conn, "stretch").values():
        begin, end = (datetime.fromisoformat(str(body[name])) for name in ("start_at", "end_at"))
        if body.get("verdict") == "missed" and start <= begin < now and sees(scope, str(body["slice_key"])):
            place, metric = str(body["slice_key"]), str(body["metric"])
            found.append(Missed(begin, end, metric, place, str(body.get("name") or ""), str(body.get("note") or "")))
    return tuple(sorted(found, key=lambda one: one.start_at, reverse=True))
