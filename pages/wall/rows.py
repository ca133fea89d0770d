"""The alert rows of the wall, today's loop, and the sources."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from fengsui.board.alert import Alert
from fengsui.board.read import Burning, Picture
from fengsui.locale import tier_mark
from pages.look.alert_words import actual, learning, partner, scope, title
from pages.look.house import house
from pages.look.pieces import esc, stamp
from pages.look.visitor import Visitor

MOST = 7
SEVERE = 3
LONG = timedelta(days=1)
"""Open for longer: known to everybody, so they share one row."""
BLIND = ("gone", "stopped")  # what happens there cannot be seen
PICTURE_S = 7  # six of them and a grace are a minute: then the picture is cut off, and calm is not known


def panel(visitor: Visitor, picture: Picture, fires: Burning, now: datetime) -> str:
    """What burns and a person asked not to be told of (silent, put off) is a number, so that nobody takes it for calm. An
    exercise has its row, and its own number."""
    alerts, real = fires.rows, [alert for alert in fires.rows if not alert.drill]
    waiting = sum(alert.waiting for alert in real)
    counts = [
        ("rows_count", len(real)),
        ("drills", len(alerts) - len(real)),
        ("silent", fires.silent),
        ("put_off", fires.put_off),
    ]
    right = " · ".join(visitor.say(f"pages.wall.{name}", n=n, waiting=waiting) for name, n in counts if n)
    second = visitor.say("pages.wall.rows_second") if not any(n for _, n in counts[1:]) else ""  # one line has room for one
    head = f'<h3 class="h">{esc(visitor.say("pages.wall.rows"))}<em>{esc(second)}</em><span data-ear="1" hidden></span><u>{esc(right)}</u></h3>'
    shown, long, rest = laid(alerts, now)
    body = "".join(_row(visitor, alert) for alert in shown) + _long(visitor, long, now) + _rest(visitor, rest)
    return f'<div class="panel alerts">{head}{body or _calm(visitor, picture, now)}</div>'


def laid(alerts: Sequence[Alert], now: datetime) -> tuple[list[Alert], list[Alert], list[Alert]]:
    """(rows, those that last for days, those for which no row is left): ``MOST`` rows at most, one for each of the last two.

    What is severe and unclaimed has its row before everything else, however old. An exercise stands below all that is real."""
    ordered = sorted(alerts, key=lambda alert: (alert.drill, not _urgent(alert)))
    old = [alert for alert in ordered if now - alert.opened_at >= LONG and not _urgent(alert)]
    long = old if len(old) > 1 else []
    fresh = [alert for alert in ordered if alert not in long]
    room = MOST - bool(long)
    shown = fresh if len(fresh) <= room else fresh[: room - 1]
    return shown, long, fresh[len(shown) :]


def _urgent(alert: Alert) -> bool:
    return alert.tier == SEVERE and alert.waiting and not alert.drill


def _long(visitor: Visitor, long: Sequence[Alert], now: datetime) -> str:
    """One row for all, with the worst tier's mark and what of them is late."""
    if not long:
        return ""
    tier = max(alert.tier for alert in long)
    oldest = (now - min(alert.opened_at for alert in long)).total_seconds()
    late = sum(alert.overdue(now) for alert in long)
    words = visitor.say("pages.wall.long", n=len(long), span=oldest)
    over = f'<b class="over">✖ {esc(visitor.say("pages.wall.long_late", n=late))}</b>' if late else "<b></b>"
    return f'<div class="long t{tier}"><i>{tier_mark(tier)}</i><span>{esc(words)}</span>{over}</div>'


def _rest(visitor: Visitor, rest: Sequence[Alert]) -> str:
    if not rest:
        return ""
    urgent = sum(_urgent(alert) for alert in rest)
    words = visitor.say("pages.wall.rest_urgent" if urgent else "pages.wall.rest", n=len(rest), urgent=urgent)
    return f'<div class="rest{" urgent" if urgent else ""}">{esc(words)}</div>'


def _calm(visitor: Visitor, picture: Picture, now: datetime) -> str:
    """Silence must be told from blindness: when it was last checked, and that the detectors are ready."""
    state = picture.body["learning"]
    if state["learning"]:
        words = learning(visitor, picture.body)
        return (
            f'<div class="calm"><i>◔</i><b>{esc(words)}</b><span>{esc(visitor.say("pages.wall.learning_second"))}</span></div>'
        )
    away = sum(source["standing"] in BLIND for source in picture.body["sources"])
    if away:
        title, second = visitor.say("pages.wall.calm_but", n=away), visitor.say("pages.wall.calm_but_second")
        return f'<div class="calm"><i>⚠</i><b>{esc(title)}</b><span>{esc(second)}</span></div>'
    since = None if visitor.scope else picture.body["calm_since"]  # of the whole centre
    lasting = (now - datetime.fromisoformat(since)).total_seconds() if since else None
    title = visitor.say("pages.wall.calm" if lasting is None else "pages.wall.calm_for", span=lasting)
    checked = esc(visitor.say("pages.wall.checked", t="{t}"))
    return (
        f'<div class="calm" data-host="1"><i class="c0">✓</i><b>{esc(title)}</b><b class="cut">{esc(visitor.say("pages.wall.cut"))}</b>'
        f'<span data-since="{picture.computed_at.timestamp()}" data-cadence="{PICTURE_S}" data-words="{checked}"></span></div>'
    )


def _row(visitor: Visitor, alert: Alert) -> str:
    tier = visitor.say("pages.wall.drill" if alert.drill else f"locale.tier.{alert.tier}")
    look = "drill" if alert.drill else "new" if alert.waiting else ""
    state = visitor.say(f"locale.handling.{alert.state}")
    owner = state if alert.waiting or not alert.owner_name else f"{state} · {alert.owner_name}"
    left = f'<span data-until="{stamp(alert.due_at)}"></span>' if alert.due_at else ""
    age = f'<span data-since="{stamp(alert.started_at)}" data-words="{esc(visitor.say("pages.age.ago", t="{t}"))}"></span>'
    begun = f'<i class="ago">{age} · </i>' if left else age  # where there is little room the deadline is worth more
    return (
        f'<div class="row t{alert.tier} {look}"><div class="tr"><i>{tier_mark(alert.tier)}</i>{esc(tier)}</div>'
        f'<div class="w"><b>{esc(title(visitor, alert))}</b><span>{esc(scope(visitor, alert))}</span></div>'
        f'<div class="v"><b>{esc(actual(visitor, alert, brief=True))}</b><span>{esc(partner(visitor, alert, brief=True))}</span></div>'
        f'<div class="o"><b>{esc(owner)}</b><span>{begun}{left}</span></div></div>'
    )


def loop(visitor: Visitor, picture: Picture, today: Mapping[str, Any], duty: str = "") -> str:
    """``duty``: markup, who is on duty."""
    minutes = "—" if today["claim_s"] is None else f"{today['claim_s'] / 60:.0f}"
    boxes = [
        (str(today["raised"]), "raised", ""),
        (str(today["claimed"]), "claimed", ""),
        (str(today["closed"]), "closed", "c0"),
        (str(today["overdue"]), "overdue", "c3" if today["overdue"] else ""),
        (minutes, "minutes", ""),
        (str(today["undelivered"]), "undelivered", "c3" if today["undelivered"] else ""),
    ]
    cells = "".join(
        f'<div><b class="{c}">{esc(v)}</b><span>{esc(visitor.say(f"pages.loop.{k}"))}</span></div>' for v, k, c in boxes
    )
    head = f'<h3 class="h">{esc(visitor.say("pages.loop.title"))}<em>{esc(visitor.say("pages.loop.second"))}</em>{duty}</h3>'
    return f'<div class="panel loop">{head}<div class="boxes">{cells}</div>{chips(visitor, picture)}</div>'


def chips(visitor: Visitor, picture: Picture) -> str:
    """Sources that promised a rhythm, or spoke, or are ill: of others there is nothing to say from five metres."""
    told = [one for one in picture.body["sources"] if one["cadence_s"] or one["last_success_at"] or one["fault_code"]]
    return '<div class="chips">' + "".join(_chip(visitor, source) for source in told) + "</div>"


def _chip(visitor: Visitor, source: dict[str, object]) -> str:
    name = f"<span>{esc(house().settings.title(str(source['source']), visitor.lang))}</span>"
    if not source["last_success_at"] and not source["cadence_s"]:  # nobody promised to push: that is no fault
        return f'<span class="src"><i></i>{name}<em>—</em></span>'
    if source["standing"] == "never" and not source["fault_code"] and not source["pushed"]:  # a centre just begun
        return f'<span class="src wait"><i></i>{name}<em>{esc(visitor.say("pages.age.first"))}</em></span>'
    if not source["last_success_at"]:
        return f'<span class="src" data-level="2"><i></i>{name}<em>{esc(visitor.say("pages.age.never"))}</em></span>'
    level = ' data-level="2"' if source["standing"] == "stopped" else ""
    since = f'data-since="{stamp(str(source["last_success_at"]))}" data-cadence="{source["cadence_s"]}" data-short="1"'
    return f'<span class="src" data-host="1"{level}><i></i>{name}<em {since}></em></span>'
