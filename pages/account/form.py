"""The words and marks of the page: forms with a POST each, so that it works in any browser, without a script."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from fengsui.locale import say
from fengsui.people import Factor, Offer, Person, Session
from fengsui.people.password import MOST
from fengsui.settings import Settings
from pages.gate import step
from pages.look import charts
from pages.look.bare import style

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class View:
    """All that is shown. ``mine``: the ref of this session; ``offer``: a second factor being set up; ``again``: its first code
    was wrong, another may be typed (the key itself is shown for a password only); ``codes``: just made; ``news`` and ``fault``:
    (code, params) of what was just done."""

    person: Person
    lang: str
    settings: Settings
    action: str
    home: str
    mine: str
    has_password: bool
    factor: Factor | None
    sessions: Sequence[Session]
    offer: Offer | None = field(default=None, repr=False)
    again: bool = False
    codes: tuple[str, ...] = field(default=(), repr=False)
    news: str = ""
    fault: tuple[str, Mapping[str, Any]] | None = None

    def say(self, code: str, **params: Any) -> str:
        return html.escape(say(self.lang, code, params, zone=self.settings.centre.zone))

    def when(self, at: Any) -> str:
        return f"{charts.wall_time(at, self.settings.centre.zone):%m-%d %H:%M}"


def page(view: View) -> str:
    centre, demo = html.escape(view.settings.centre.name), view.settings.centre.demo
    return _template().substitute(
        lang="zh-CN" if view.lang == "zh_CN" else "en",
        style=style(HERE / "account.css"),
        title=view.say("pages.account.title"),
        brand=view.say("pages.bar.name"),
        centre=centre,
        demo=f"<i>{view.say('pages.bar.demo')}</i>" if demo else "",
        home=html.escape(view.home, quote=True),
        who=_who(view),
        news=_news(view),
        body=_password(view) + _second(view) + _sessions(view),
        back=view.say("pages.missing.wall"),
    )


def _who(view: View) -> str:
    who = view.person
    scope = "、".join(who.scope) if who.scope else say(view.lang, "locale.slice.all", {})
    parts = (who.name, who.person_id, say(view.lang, f"locale.role.{who.role}", {}), scope)
    return html.escape(" · ".join(parts))


def _news(view: View) -> str:
    if view.fault:
        return f'<p class="fault" role="alert">✖ {view.say(view.fault[0], **view.fault[1])}</p>'
    return f'<p class="news" role="status">✓ {view.say(view.news)}</p>' if view.news else ""


def _password(view: View) -> str:
    title = f"<h2>{view.say('pages.account.password')}</h2>"
    if not view.has_password:
        return f"<section>{title}<p>{view.say('pages.account.no_password')}</p></section>"
    least = view.settings.sign_in.password_least
    kinds = (("old", "current-password"), ("new", "new-password"), ("again", "new-password"))
    fields = "".join(
        f'<label for="{name}">{view.say(f"pages.account.{name}", least=least)}</label>'
        f'<input id="{name}" name="{name}" type="password" autocomplete="{kind}" maxlength="{MOST}" required>'
        for name, kind in kinds
    )
    return f"<section>{title}<p>{view.say('pages.account.password_second')}</p>{_form(view, 'password', fields)}</section>"


def _second(view: View) -> str:
    title = f"<h2>{view.say('pages.account.second')}</h2>"
    if view.codes:
        return f"<section>{title}<p>{view.say('pages.step.codes.second')}</p>{step.listed(view.codes)}</section>"
    if view.offer:
        made = step.offered(view.lang, view.offer)
        words = f"<p>{view.say('pages.step.enrol.second')}</p>{made}"
        return f"<section>{title}{words}{_form(view, 'confirm', _code(view))}</section>"
    if view.factor is None:
        words = f"<p>{view.say('pages.account.second_off')}</p>"
        button = _form(view, "offer", _old(view, "own")) if view.has_password else ""
        again = _form(view, "confirm", _code(view)) if view.again else ""
        return f"<section>{title}{words}{again}{button}</section>"
    on = view.say("pages.account.second_on", at=view.when(view.factor.confirmed_at), n=view.factor.codes_left)
    return f"<section>{title}<p>✓ {on}</p>{_form(view, 'codes', _code(view))}<p>{view.say('pages.account.lost')}</p></section>"


def _old(view: View, id_: str) -> str:
    return (
        f'<label for="{id_}">{view.say("pages.account.old")}</label>'
        f'<input id="{id_}" name="old" type="password" autocomplete="current-password" maxlength="{MOST}" required>'
    )


def _code(view: View) -> str:
    label = view.say("pages.step.code.label")
    field_ = step.code_field().replace(" autofocus", "")
    return f'<label for="code">{label}</label>{field_}'


def _sessions(view: View) -> str:
    rows = "".join(_session(view, one) for one in view.sessions)
    head = f"<h2>{view.say('pages.account.sessions')}</h2><p>{view.say('pages.account.sessions_second')}</p>"
    return f'<section>{head}<ul class="sess">{rows}</ul></section>'


def _session(view: View, one: Session) -> str:
    where = html.escape(one.ip or "—")
    times = view.say("pages.account.session", start=view.when(one.created_at), seen=view.when(one.seen_at))
    if one.ref == view.mine:
        do = f"<em>{view.say('pages.account.this')}</em>"
    else:
        ref = html.escape(one.ref, quote=True)
        do = _form(view, "revoke", f'<input type="hidden" name="session" value="{ref}">', "quiet")
    return f"<li><div>{where}<small>{times}</small></div>{do}</li>"


def _form(view: View, name: str, inside: str, kind: str = "") -> str:
    action = html.escape(view.action, quote=True)
    button = f'<button class="{kind}">{view.say(f"pages.account.do.{name}")}</button>'
    return f'<form method="post" action="{action}"><input type="hidden" name="do" value="{name}">{inside}{button}</form>'


@cache
def _template() -> Template:
    return Template((HERE / "account.html").read_text(encoding="utf-8"))
