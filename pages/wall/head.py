"""The head of the wall: whose centre, how old the picture is, the clock, and the count of each tier."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fengsui.board import read
from fengsui.board.alert import Alert
from fengsui.board.read import Picture
from fengsui.board.scope import place_of
from fengsui.locale import tier_mark
from pages.look.alert_words import learning
from pages.look.house import House
from pages.look.pieces import esc, legend
from pages.look.visitor import Visitor


def header(visitor: Visitor, picture: Picture | None, house: House, place: str | None = None) -> str:
    demo = f'<span class="demo">{esc(visitor.say("pages.bar.demo"))}</span>' if house.demo else ""
    age = (
        esc(visitor.say("pages.age.never"))
        if picture is None
        else f'<span data-picture="{picture.computed_at.timestamp()}"></span>'
    )
    return (
        f'<div class="head"><b class="name">{esc(visitor.say("pages.bar.name"))}</b><span class="sub">'
        f"{esc(visitor.say('pages.wall.title'))} · {esc(_place(visitor, house, place))}</span>{demo}{_learning(visitor, picture)}{_system(visitor, house)}"
        f'<span class="age">{age}</span><b class="clock" data-clock="1"></b></div>'
    )


def _place(visitor: Visitor, house: House, wanted: str | None) -> str:
    places = [place_of(visitor.scope, wanted).replace("/", " ")] if visitor.scope else []
    return " · ".join([house.settings.centre.name, *places])


def _learning(visitor: Visitor, picture: Picture | None) -> str:
    if picture is None or picture.body["learning"]["ready"] == picture.body["learning"]["all"] > 0:
        return ""
    words = learning(visitor, picture.body)
    return f'<span class="{"learning" if picture.body["learning"]["learning"] else "demo"}">◔ {esc(words)}</span>'


def _system(visitor: Visitor, house: House) -> str:
    """Trouble of the house itself: one small mark, no row among the alerts."""
    n = len(read.lasting(house.reader))
    return f'<span class="demo">⚠ {esc(visitor.say("pages.system.mark", n=n))}</span>' if n else ""


def counters(visitor: Visitor, alerts: Sequence[Alert], now: datetime) -> str:
    return '<div class="counters">' + "".join(_counter(visitor, alerts, tier, now) for tier in (3, 2, 1)) + "</div>"


def _counter(visitor: Visitor, alerts: Sequence[Alert], tier: int, now: datetime) -> str:
    mine = [alert for alert in alerts if alert.tier == tier]
    waiting = [alert for alert in mine if alert.waiting]
    if waiting:
        oldest = (now - min(alert.opened_at for alert in waiting)).total_seconds()
        words = visitor.say("pages.wall.waiting", n=len(waiting), age=oldest)
    else:
        words = visitor.say("pages.wall.all_taken" if mine else "pages.wall.none")
    state = "none" if not mine else "waiting" if waiting else "taken"
    name = visitor.say("pages.wall.count", tier=visitor.say(f"locale.tier.{tier}"))
    return (
        f'<div class="counter t{tier} {state}"><i>{tier_mark(tier)}</i><b>{len(mine)}</b>'
        f"<span>{esc(name)}</span><em>{esc(words)}</em></div>"
    )


def curve_heading(visitor: Visitor) -> str:
    marks = "".join(
        f'<span class="c{tier}">{tier_mark(tier)} {esc(visitor.say(f"locale.tier.{tier}"))}</span>' for tier in (1, 2, 3)
    )
    title, second = visitor.say("pages.wall.curve"), visitor.say("pages.wall.curve_second")
    return f'<h3 class="h wall">{esc(title)}<em>{esc(second)}</em><u>{legend(visitor)}<span class="lg marks">{marks}</span></u></h3>'
