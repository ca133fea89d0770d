"""The list of the desk: tier, what and where, actual over expected, state over the time that is left."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fengsui.board.alert import Alert
from fengsui.board.read import Desk
from fengsui.locale import say, tier_mark
from pages.look.alert_words import actual, partner, scope, title
from pages.look.living import living
from pages.look.pieces import esc, stamp
from pages.look.pieces import heading as panel_heading
from pages.look.visitor import Visitor

HERE = Path(__file__).parent


def _count(visitor: Visitor, desk: Desk) -> str:
    words = visitor.say("pages.alerts.count", n=desk.real(), waiting=desk.waiting())
    drills = len(desk.alerts) - desk.real()
    return f"{words} · {visitor.say('pages.wall.drills', n=drills)}" if drills else words


def heading(visitor: Visitor, desk: Desk) -> str:
    return panel_heading(visitor.say("pages.alerts.title"), _count(visitor, desk), esc(visitor.say("pages.alerts.order")))


def rows(visitor: Visitor, alerts: Sequence[Alert], chosen: str | None) -> str | None:
    """Shows the rows; returns the id of the one that is picked."""
    names = [visitor.say(f"pages.alerts.column.{name}") for name in ("tier", "what", "actual", "state")]
    head = '<div class="hd">' + "".join(f"<span>{esc(name)}</span>" for name in names) + "</div>"
    body = "".join(_row(visitor, alert) for alert in alerts) or f'<p class="none">{esc(visitor.say("pages.alerts.empty"))}</p>'
    css = (HERE / "rows.css").read_text(encoding="utf-8")
    return living("alert_list", head + body, css, visitor, key="alert_rows", sel=chosen)


def _row(visitor: Visitor, alert: Alert) -> str:
    state = visitor.say(f"locale.handling.{alert.state}")
    if alert.put_off:
        state = visitor.say("pages.alerts.put_off_until", at=alert.snoozed_until)
    elif alert.silent:
        state = visitor.say("pages.alerts.silent")
    elif not alert.live and alert.state not in ("resolved", "reviewed"):
        state = visitor.say("pages.alerts.cleared_but", state=state)
    owner = state if alert.waiting or not alert.owner_name else f"{state} · {alert.owner_name}"
    since = visitor.say("pages.alerts.since", at=alert.started_at)
    left = f'<span data-until="{stamp(alert.due_at)}"></span>' if alert.due_at else "<span></span>"
    return (
        f'<div class="row t{alert.tier} {"new" if alert.waiting else ""} {"" if alert.live else "past"}" data-id="{esc(alert.episode_id)}">'
        f'<div class="tr"><i>{tier_mark(alert.tier)}</i>{esc(visitor.say(f"locale.tier.{alert.tier}"))}</div>'
        f'<div class="w"><b>{esc(title(visitor, alert))}</b><span><em>{esc(since)}</em>{esc(scope(visitor, alert))}</span></div>'
        f'<div class="r"><b>{esc(actual(visitor, alert))}</b><span>{esc(partner(visitor, alert))}</span></div>'
        f'<div class="r"><b class="{"new" if alert.waiting else "own"}">{esc(owner)}</b>{left}</div></div>'
    )


def foot(visitor: Visitor, desk: Desk) -> str:
    today = desk.today
    mean = say(visitor.lang, "pages.alerts.mean_claim", {"span": today["claim_s"]}) if today["claim_s"] is not None else ""
    words = visitor.say("pages.alerts.today", raised=today["raised"], claimed=today["claimed"])
    return f'<div class="ft"><span>{esc(words)}{esc(mean)}</span><span>{esc(visitor.say("pages.alerts.keys"))}</span></div>'
