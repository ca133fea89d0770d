"""The words and marks of the form: radio chips and a POST, so that it works in any phone's browser, without a script."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from fengsui.board.report import CUSTOMERS, ORG, URGENCIES, WORDS_MAX, Report
from fengsui.locale import language, say
from fengsui.people import Person
from fengsui.settings import Settings
from pages.look.bare import style

HERE = Path(__file__).parent
CHIPS_MOST = 8
"""More values than this are a list to choose from."""
LOOK_AGAIN_S = 2
USUAL = {"customers": "2-3", "urgency": "workaround"}


@dataclass(frozen=True, slots=True)
class View:
    """All that is shown. ``given``: what was filled in before; ``fault``: (field, code, params); ``sent``: id of the report
    just sent; ``open``: whether this centre takes reports; ``linked``: by a link, without an account."""

    person: Person
    lang: str
    settings: Settings
    action: str
    home: str
    key: str
    given: Mapping[str, str]
    fault: tuple[str, str, Mapping[str, Any]] | None
    choices: Mapping[str, tuple[str, ...]]
    mine: Sequence[Report]
    sent: str
    open: bool
    linked: bool = False

    def say(self, code: str, **params: Any) -> str:
        return html.escape(say(self.lang, code, params, zone=self.settings.centre.zone))


def language_of(wish: str | None, person: Person, settings: Settings) -> str:
    return language(wish, person.lang, settings.centre.language)


def page(view: View) -> str:
    """While the page looks again by itself it holds no form: nobody's half-written words are lost to that."""
    refresh = _refresh(view)
    form = "" if refresh else _form(view) if view.open else f'<p class="note">{view.say("pages.report.closed")}</p>'
    return _template().substitute(
        lang="zh-CN" if view.lang == "zh_CN" else "en",
        style=style(HERE / "report.css"),
        refresh=refresh,
        title=view.say("pages.report.title"),
        second=view.say("pages.report.second"),
        brand=view.say("pages.bar.name"),
        demo=f"<i>{view.say('pages.bar.demo')}</i>" if view.settings.centre.demo else "",
        centre=html.escape(view.settings.centre.name),
        who=html.escape(view.person.name),
        home=html.escape(view.home, quote=True),
        back=_back(view),
        news=_news(view),
        form=form,
        mine=_mine(view),
    )


def _back(view: View) -> str:
    """To a new form, for whoever has no other page, once one was sent."""
    if view.linked and not view.sent:
        return ""
    words = view.say("pages.report.another" if view.linked else "pages.report.back")
    return f'<p class="back"><a href="{html.escape(view.home, quote=True)}">{words}</a></p>'


def _refresh(view: View) -> str:
    """Only after sending, and only until it is taken: reloading would throw away what somebody types."""
    waits = any(one.inbox_id == view.sent and one.state == "received" for one in view.mine)
    return f'<meta http-equiv="refresh" content="{LOOK_AGAIN_S}">' if waits else ""


def _news(view: View) -> str:
    fault = view.fault
    if fault and not fault[0]:
        return f'<p class="fault" role="alert">✖ {view.say(fault[1], **fault[2])}</p>'
    sent = next((one for one in view.mine if one.inbox_id == view.sent), None)
    if sent is None:
        return ""
    following = view.say(f"pages.report.next.{'kept' if view.linked and sent.state == 'taken' else sent.state}")
    return f'<section class="sent {sent.state}" role="status"><b>{_state(view, sent)}</b><p>{following}</p></section>'


def _form(view: View) -> str:
    asked = "".join(_dimension(view, name, values) for name, values in view.choices.items())
    customers = _group(view, "customers", [(one, view.say(f"pages.report.customers.{_code(one)}")) for one in CUSTOMERS], "seg")
    urgency = _group(view, "urgency", [(one, view.say(f"pages.report.urgency.{one}")) for one in URGENCIES], "chips")
    return (
        f'<form method="post" action="{html.escape(view.action, quote=True)}">'
        f'<input type="hidden" name="key" value="{html.escape(view.key, quote=True)}">'
        f"{_words(view)}{customers}{urgency}{asked}"
        f'<p class="hint">{view.say("pages.report.after_linked" if view.linked else "pages.report.after")}</p>'
        f'<div class="foot"><button>{view.say("pages.report.send")}</button></div></form>'
    )


def _words(view: View) -> str:
    """Not ``required``: the browser would say so in its own language; the answer says it in the page's."""
    given = html.escape(view.given.get("words", ""))
    return (
        f'<label class="q" for="words">{view.say("pages.report.words")}<em>{view.say("pages.report.words_hint")}</em></label>'
        f'<textarea id="words" name="words" rows="3" maxlength="{WORDS_MAX}" aria-required="true" '
        f'placeholder="{view.say("pages.report.words_example")}">{given}</textarea>{_fault(view, "words")}'
    )


def _dimension(view: View, name: str, values: tuple[str, ...]) -> str:
    options, asked = [(one, html.escape(_shown(one))) for one in values], name == ORG and view.person.scope
    if len(values) > CHIPS_MOST:
        return _select(view, name, [("", "—" if asked else view.say("pages.report.open")), *options])
    left_open = [] if len(values) == 1 or asked else [("", view.say("pages.report.open"))]
    return _group(view, name, [*left_open, *options], "chips")


def _group(view: View, name: str, options: Iterable[tuple[str, str]], kind: str) -> str:
    options = list(options)
    chosen = view.given.get(name, USUAL.get(name, "" if len(options) > 1 else options[0][0]))
    chips = "".join(_chip(name, value, words, value == chosen) for value, words in options)
    legend = view.say(f"pages.report.{name}")
    return f'<fieldset><legend class="q">{legend}</legend><div class="{kind}">{chips}</div>{_fault(view, name)}</fieldset>'


def _chip(name: str, value: str, words: str, chosen: bool) -> str:
    mark = " checked" if chosen else ""
    return (
        f'<label><input type="radio" name="{name}" value="{html.escape(value, quote=True)}"{mark}><span>{words}</span></label>'
    )


def _select(view: View, name: str, options: Sequence[tuple[str, str]]) -> str:
    chosen = view.given.get(name, "")
    rows = "".join(
        f'<option value="{html.escape(value, quote=True)}"{" selected" if value == chosen else ""}>{words}</option>'
        for value, words in options
    )
    label = f'<label class="q" for="{name}">{view.say(f"pages.report.{name}")}</label>'
    return f'{label}<select id="{name}" name="{name}">{rows}</select>{_fault(view, name)}'


def _fault(view: View, name: str) -> str:
    if not view.fault or view.fault[0] != name:
        return ""
    return f'<p class="fault" role="alert">✖ {view.say(view.fault[1], **view.fault[2])}</p>'


def _mine(view: View) -> str:
    rows = "".join(_row(view, one) for one in view.mine)
    return f'<h2>{view.say("pages.report.mine")}</h2><ul class="mine">{rows}</ul>' if rows else ""


def _row(view: View, one: Report) -> str:
    words = html.escape(one.words or " · ".join(_shown(value) for value in one.dims.values()) or "—")
    at = view.say("pages.report.at", at=one.received_at)
    return f'<li><span>{words}</span><small>{at} · <b class="{one.state}">{_state(view, one)}</b></small></li>'


def _state(view: View, one: Report) -> str:
    if one.state == "refused":
        return view.say(
            "pages.report.state.refused", why=say(view.lang, one.fault_code or "pages.report.why", one.fault_params)
        )
    if one.state != "taken" or one.alert is None:
        return view.say(f"pages.report.state.{one.state}")
    number, state = one.number or "", say(view.lang, f"locale.handling.{one.alert}")
    also = view.say("pages.report.also", numbers="、".join(one.also)) if one.also else ""
    if one.owner:
        return view.say("pages.report.state.owned", number=number, who=one.owner, state=state) + also
    return view.say("pages.report.state.alert", number=number, state=state) + also


def _code(customers: str) -> str:
    """``2-3`` is no name of a code."""
    return {"1": "one", "2-3": "few", "4-9": "several", "10+": "many"}[customers]


def _shown(value: str) -> str:
    return value.replace("/", " · ")


@cache
def _template() -> Template:
    return Template((HERE / "report.html").read_text(encoding="utf-8"))
