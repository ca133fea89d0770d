"""The words and marks of the page: what, where, how much, why, and one large button. Plain HTML, under 100 kB, no script."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, TypeAlias

from fengsui.board.curve import Point
from fengsui.board.read.detail import Detail
from fengsui.board.read.people import Colleague
from fengsui.locale import say
from fengsui.locale.words import tier_mark
from pages.claim import others
from pages.look import alert_words
from pages.look.bare import style
from pages.look.house import house
from pages.look.visitor import Visitor

HERE = Path(__file__).parent
FIRST = ("verify", "technical", "known")
WIDTH, HEIGHT, EDGE = 350.0, 76.0, 8.0
REASONS = 4
Fault: TypeAlias = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class View:
    """``used``: the link's one claim was made; ``action``: this page's address; ``desk``: where everything else is done."""

    visitor: Visitor
    found: Detail
    now: datetime
    action: str
    desk: str
    used: bool
    fault: Fault | None
    others: Sequence[Colleague] | None = None  # whom to hand it to, where that was asked for

    def say(self, code: str, **params: Any) -> str:
        return html.escape(self.visitor.say(code, **params))


def page(view: View) -> str:
    alert, visitor = view.found.alert, view.visitor
    return _template("claim").substitute(
        lang=_lang(visitor.lang),
        style=style(HERE / "claim.css"),
        brand=view.say("pages.bar.name"),
        number=view.say("pages.claim.number", number=alert.number),
        to=view.say("pages.claim.to", who=visitor.person.name),
        demo=f"<i>{view.say('pages.bar.demo')}</i>" if house().demo else "",
        tier=alert.tier,
        badge=f"{tier_mark(alert.tier)} {view.say(f'locale.tier.{alert.tier}')}",
        clock=_clock(view),
        title=html.escape(alert_words.title(visitor, alert)),
        place=html.escape(alert_words.scope(visitor, alert)),
        lead=html.escape(alert_words.sentence(visitor, alert)),
        figures=_figures(view),
        curve=_curve(view, [point for point in view.found.curve if point.value is not None]),
        fault=f'<p class="fault" role="alert">✖ {view.say(view.fault[0], **view.fault[1])}</p>' if view.fault else "",
        why=_why(view),
        plan=_plan(view),
        foot=_foot(view),
    )


def gone(lang: str, desk: str) -> str:
    """For a link that ended, was revoked or never was: the same words, so that nobody learns which."""
    return _template("gone").substitute(
        lang=_lang(lang),
        style=style(HERE / "claim.css"),
        brand=html.escape(say(lang, "pages.bar.name")),
        title=html.escape(say(lang, "pages.claim.gone")),
        second=html.escape(say(lang, "pages.claim.gone_second")),
        desk=html.escape(desk, quote=True),
        go=html.escape(say(lang, "pages.claim.desk")),
    )


def _clock(view: View) -> str:
    alert = view.found.alert
    due = alert.due_at
    if due is None:
        return f'<p class="clock">{view.say(f"locale.handling.{alert.state}")}</p>'
    left = (due - view.now).total_seconds()
    code = "claim" if alert.waiting else "handle"
    words = view.say("pages.claim.left" if left >= 0 else "pages.claim.late", span=max(60, abs(left) // 60 * 60))
    until = view.say(f"pages.claim.{code}_by", due=due)
    return f'<p class="clock {"late" if left < 0 else ""}"><b>{words}</b><span>{until}</span></p>'


def _figures(view: View) -> str:
    alert = view.found.alert
    end = alert.cleared_at or view.now
    told = [
        (view.say("pages.claim.customers"), view.say("pages.claim.people", n=alert.customers)) if alert.customers else None,
        (view.say("pages.claim.records"), view.say("pages.claim.rows", n=alert.n)) if alert.n else None,
        (view.say("pages.claim.lasting"), view.say("pages.claim.span", span=(end - alert.started_at).total_seconds())),
    ]
    return "".join(f"<div><span>{one[0]}</span><b>{one[1]}</b></div>" for one in told if one)


def _curve(view: View, points: Sequence[Point]) -> str:
    """The line, its band and its newest point, with three times below."""
    if len(points) < 2:
        return ""
    values = [float(one.value or 0) for one in points] + [one.upper for one in points if one.upper is not None]
    top, begin = max(values) or 1.0, points[0].at
    whole = (points[-1].at - begin).total_seconds() or 1.0

    def at(point: Point, value: float) -> str:
        x = EDGE + (WIDTH - 2 * EDGE) * (point.at - begin).total_seconds() / whole
        return f"{x:.1f},{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * max(0.0, value) / top:.1f}"

    line = " ".join(at(one, float(one.value or 0)) for one in points)
    banded = [one for one in points if one.lower is not None and one.upper is not None]
    band = [at(one, one.upper or 0) for one in banded] + [at(one, one.lower or 0) for one in reversed(banded)]
    x, y = line.split()[-1].split(",")
    times = [view.say("pages.claim.time", at=one.at) for one in (points[0], points[len(points) // 2], points[-1])]
    name = html.escape(alert_words.title(view.visitor, view.found.alert), quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{name}"><polygon points="{" ".join(band)}"/>'
        f'<polyline points="{line}"/><path d="M{x},{y}m0-6l6,6l-6,6l-6-6z"/></svg>'
        f'<p class="axis">{"".join(f"<span>{one}</span>" for one in times)}</p>'
    )


def _why(view: View) -> str:
    alert = view.found.alert
    facts = [fact for name in ("floor", "impact", "loss", "likelihood", "cap") for fact in alert.factors.get(name, ())]
    words = [view.say(fact["code"], **fact.get("params", {})) for fact in facts[:REASONS]]
    if not words:
        return ""
    tier = view.visitor.say(f"locale.tier.{alert.machine_tier}")
    return f"<h2>{view.say('pages.why.title', tier=tier)}</h2><ul>{''.join(f'<li>{one}</li>' for one in words)}</ul>"


def _plan(view: View) -> str:
    """Once somebody has it: what to do, and what is done."""
    plan, alert = view.found.plan, view.found.alert
    if plan is None or alert.waiting:
        return ""
    steps = "".join(
        f'<li class="{"done" if one.at else ""}"><span>{html.escape(one.text.get(view.visitor.lang) or one.id)}</span>'
        + (f"<em>{view.say('pages.claim.done', who=one.by or '', at=one.at)}</em>" if one.at else "")
        + "</li>"
        for one in plan.steps
    )
    told = (("contacts", "；".join(plan.contacts)), ("wording", plan.wording.get(view.visitor.lang, "")))
    beside = "".join(f"<p><b>{view.say(f'pages.plan.{name}')}</b> {html.escape(words)}</p>" for name, words in told if words)
    return f"<h2>{html.escape(plan.name.get(view.visitor.lang, ''))}</h2><ol>{steps}</ol>{beside}"


def _foot(view: View) -> str:
    alert, me = view.found.alert, view.visitor.person.person_id
    desk = f'<a href="{html.escape(f"{view.desk}?id={alert.episode_id}", quote=True)}">{view.say("pages.claim.desk")}</a>'
    if alert.waiting and not view.used and view.visitor.handles:
        if view.others is not None:
            return others.foot(view.visitor, view.others, alert.handling_version, view.action)
        return _form(view)
    if alert.owner is not None:
        code = "mine" if alert.owner == me else "handed" if view.used else "theirs"  # by whoever looks, or by somebody faster
        since = view.say(f"pages.claim.{code}", who=alert.owner_name or alert.owner, at=alert.claimed_at or view.now)
        return f'<div class="foot"><p class="owner {code}" role="status">{since}</p>{desk}</div>'
    code = "used" if alert.waiting and view.used else "look_only" if alert.waiting else "over"
    return f'<div class="foot"><p class="owner">{view.say(f"pages.claim.{code}")}</p>{desk}</div>'


def _form(view: View) -> str:
    chips = "".join(
        f'<label><input type="radio" name="first" value="{one}"><span>{view.say(f"pages.claim.first.{one}")}</span></label>'
        for one in FIRST
    )
    question = f"{view.say('pages.claim.first')}<em>{view.say('pages.claim.optional')}</em>"
    return (
        f'<form class="foot" method="post" action="{html.escape(view.action, quote=True)}">'
        f'<input type="hidden" name="seen" value="{view.found.alert.handling_version}">'
        f'<p class="q">{question}</p><div class="chips">{chips}</div>'
        f"<button>{view.say('pages.claim.claim')}</button>"
        f'<a class="quiet" href="?to=1">{view.say("pages.claim.others")}</a></form>'
    )


def _lang(lang: str) -> str:
    return "zh-CN" if lang == "zh_CN" else "en"


@cache
def _template(name: str) -> Template:
    return Template((HERE / f"{name}.html").read_text(encoding="utf-8"))
