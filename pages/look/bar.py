"""The top bar: name, pages, and at the right how old the picture is, the clock, and who is here."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fengsui.board.report import source_of as takes_reports
from pages.look import trouble
from pages.look.house import house
from pages.look.living import living
from pages.look.pictures import every, newest
from pages.look.pieces import esc
from pages.look.visitor import EVERYBODY, Visitor, require_role

_CSS = """
.me{display:flex;gap:16px;align-items:center;justify-content:flex-end;font-size:13px;color:var(--mut);white-space:nowrap;height:46px}
.me .live{color:var(--t0)}.me .late{color:var(--t2)}.me .broken{color:var(--t3);font-weight:600}
.me b{font-size:17px;color:var(--text);font-weight:600;font-variant-numeric:tabular-nums}
.me a{border:1px solid var(--line2);border-radius:7px;padding:3px 11px;color:var(--text);text-decoration:none}
.me .p{display:flex}.me a.acc{display:flex;gap:8px;align-items:center;border:0;padding:3px 4px;color:var(--mut)}.me a.acc:hover{color:var(--text);background:var(--hover)}.me form{margin:0}.me button{font:inherit;color:var(--mut);background:none;border:1px solid var(--line2);border-radius:7px;padding:3px 10px;min-height:28px;cursor:pointer}.me button:hover{color:var(--text);background:var(--hover)}
.me i{width:26px;height:26px;border-radius:50%;background:var(--raise);border:1px solid var(--line2);display:grid;place-items:center;font-size:12px;color:var(--text);font-style:normal}
@media(max-width:700px){.me{gap:6px;font-size:12px}.me a{padding:3px 6px}.me .who,.me b{display:none}.me button{min-height:40px}}
"""


def bar(pages: Mapping[str, Any], here: str, visitor: Visitor) -> None:
    """``here``: the address of the page that is shown. On a phone its name comes first in a row that scrolls."""
    with st.container(key="bar", horizontal=True, vertical_alignment="center"):
        demo = f"<span>{esc(visitor.say('pages.bar.demo'))}</span>" if house().demo else ""
        st.html(f'<div class="brand"><b>{esc(visitor.say("pages.bar.name"))}</b>{demo}</div>{_first(here)}', width="content")
        with st.container(key="nav", horizontal=True, vertical_alignment="center"):
            for name, page in pages.items():
                st.page_link(page, label=visitor.say(f"pages.title.{name}"), width="content", query_params=_language())
        st.fragment(trouble.guarded(_me), run_every=every())()


def _first(here: str) -> str:
    return f'<style>@media(max-width:700px){{.st-key-nav>*:has(a[href$="{esc(here)}"]){{order:-1}}}}</style>'


def _me() -> None:
    visitor = require_role(EVERYBODY)
    living("bar", me(visitor), _CSS, visitor, key="bar_me", reload=True)
    trouble.line(visitor.lang)


def me(visitor: Visitor) -> str:
    picture = newest()
    age = f'<span data-picture="{picture.computed_at.timestamp()}"></span>' if picture else esc(visitor.say("pages.age.never"))
    role = visitor.person.title or visitor.say(f"locale.role.{visitor.person.role}")
    name = f'<i>{esc(visitor.person.name[:1])}</i><span class="who">{esc(visitor.person.name)} · {esc(role)}</span>'
    title = esc(visitor.say("pages.account.title"))
    who = f'<a class="acc" href="{_account()}" target="_self" title="{title}" aria-label="{title}">{name}</a>'
    out = f'<form method="post" action="signout"><button>{esc(visitor.say("pages.bar.out"))}</button></form>'
    return f'<div class="me">{_report(visitor)}{age}<b data-clock="1"></b><span class="p">{who}</span>{out}</div>'


def _account() -> str:
    wish = _language().get("lang")
    return "account" + (f"?lang={esc(wish)}" if wish else "")


def _report(visitor: Visitor) -> str:
    """To the form of the front line, where the centre takes reports; a screen sends none."""
    taken = takes_reports(house().settings) is not None and visitor.person.role != "wall"
    return f'<a href="report" target="_self">{esc(visitor.say("pages.report.title"))}</a>' if taken else ""


def _language() -> dict[str, str]:
    """A language asked for in the address stays when one goes on."""
    lang = st.query_params.get("lang")
    return {"lang": lang} if lang else {}
