"""Silences at work in transaction 2: an alert under one is not told and has no deadlines; when the silence is over, what still
burns is told as one alert, and its deadlines begin then."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, exists, select

from fengsui.alerts import family, wording
from fengsui.alerts.commands.table import UNOWNED
from fengsui.alerts.deadlines import deadlines
from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.leader import CLOSED
from fengsui.alerts.silence import Silence, hushed, silence_of
from fengsui.alerts.tell import News
from fengsui.store.tables import silence

_HOLDS = (silence.c.end_at > bindparam("now")) & (silence.c.start_at <= bindparam("now"))
ANY = exists(select(silence.c.silence_id).where(_HOLDS))
"""Whether there is a silence at all; takes ``now``."""


def load(conn: Connection, now: Any) -> tuple[Silence, ...]:
    """Those that may hold now."""
    rows = conn.execute(select(silence).where(_HOLDS), {"now": now}).all()
    return tuple(one for one in map(silence_of, rows) if one.end_at > now)


def found(desk: Desk, row: Row, tier: int | None = None) -> tuple[Silence, Any] | None:
    """The silence that holds for this alert now. What somebody has in hand is not kept from them."""
    if not desk.silences or row["mode"] != "on" or row["state"] not in UNOWNED:
        return None
    return hushed(desk.silences, row["rule_id"], row["slice_key"], tier or family.tier_of(row), desk.now, desk.zone)


def begin(desk: Desk, row: Row, held: tuple[Silence, Any]) -> None:
    """From now on it is silent."""
    by, until = held
    desk.change(row, silence_id=by.id, claim_due_at=None, handle_due_at=None)
    params = {"silence": by.id, "until": until.isoformat(), "tier": row["tier"]}
    desk.append(row, "muted", row["condition"], row["condition"], params)


def follow(desk: Desk) -> None:
    """What a silence covers since the last advance falls silent; what none covers any more is told."""
    lifted = []
    for row in [one for one in desk.firing() if one["mode"] == "on"]:
        held = found(desk, row)
        if held is None and row["silence_id"]:
            desk.change(row, silence_id=None)
            lifted.append(row)
        elif held is not None and row["silence_id"] is None:
            begin(desk, row, held)
        elif held is not None and row["silence_id"] != held[0].id:
            desk.change(row, silence_id=held[0].id)
    for row in sorted(lifted, key=family.width):  # wholes first: they speak for their parts again
        lift(desk, row)


def lift(desk: Desk, row: Row, *, tell: bool = True) -> None:
    """Its silence is over. Told where nobody else speaks for it; ``tell`` False: the caller tells more."""
    tier = family.tier_of(row)
    spoken = family.spoken_for(desk, row)
    if row["state"] not in CLOSED and not spoken:
        desk.change(row, silence_id=None, **deadlines(desk, tier, row))
    n = desk.append(row, "unmuted", row["condition"], row["condition"], {"tier": tier})
    if not tell or spoken or row["state"] not in UNOWNED:
        return
    words = {**row["reason_params"], "lead": row["reason"], "title": wording.title(row)[0], "change": "unmuted"}
    news = News("raised", row["episode_id"], "machine", n, tier, "alerts.notice.unmuted", words)
    desk.tell(news, desk.book.policy.tiers[str(tier)].tell)  # type: ignore[index]  # "1" | "2" | "3"
