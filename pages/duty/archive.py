"""归档: every closed alert, found by words, time, tier, verdict, owner and place; what was found may be taken away."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import streamlit as st

from fengsui.board import archive, silences
from fengsui.board.archive import Found, Kept, Wish
from fengsui.board.export import Table
from fengsui.board.wrong import Wrong
from fengsui.locale import tier_mark
from pages.alerts import table
from pages.alerts.body import chip
from pages.look import charts, export, trouble
from pages.look.alert_words import place, title
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

ANY = ""
DAYS = (7, 30, 90, 365, 0)
"""0: since ever."""
VERDICTS = (ANY, "real", "expected", "false", "new_normal", "none")
NATURES = ("on", "drill")
SHOWN = 100
FRESH_S = 20
LEFT = ("cure", "cause", "lesson", "notes")


def section(visitor: Visitor) -> None:
    with st.container(border=True, key="p_sieve"):
        _sieve(visitor)
    with st.container(border=True, key="p_archive"):
        try:
            found = _found(_wish(), tuple(visitor.scope), visitor.lang)
        except Wrong:
            st.html(f'<p class="over" role="alert">{esc(visitor.say("duty.archive.unclear"))}</p>')
            return
        _list(visitor, found)
    export.dialog(visitor, "archive", _table)


def _sieve(visitor: Visitor) -> None:
    st.html(heading(visitor.say("duty.archive.title"), visitor.say("duty.archive.second")))
    one, two, three, four = st.columns([3, 2, 1.4, 1.6], gap="small")
    one.text_input(
        visitor.say("duty.archive.words"), key="arc_words", max_chars=200, placeholder=visitor.say("duty.archive.words_hint")
    )
    two.text_input(
        visitor.say("duty.silence.where"), key="arc_where", max_chars=300, placeholder=visitor.say("duty.silence.where_hint")
    )
    three.selectbox(
        visitor.say("duty.archive.verdict"), VERDICTS, key="arc_verdict", format_func=lambda name: _verdict(visitor, name)
    )
    names = trouble.kept("arc_owners", visitor.scope, lambda: archive.owners(house().reader, visitor.scope))
    four.selectbox(
        visitor.say("duty.archive.owner"),
        [ANY, *names],
        key="arc_owner",
        format_func=lambda id_: names.get(id_, visitor.say("duty.archive.anybody")),
    )
    with st.container(horizontal=True, key="arc_row", vertical_alignment="bottom"):
        st.pills(visitor.say("duty.archive.days"), DAYS, default=90, key="arc_days", format_func=lambda n: _days(visitor, n))
        st.pills(
            visitor.say("duty.archive.tiers"),
            [3, 2, 1],
            selection_mode="multi",
            key="arc_tiers",
            format_func=lambda n: f"{tier_mark(n)} {visitor.say(f'locale.tier.{n}')}",
        )
        st.pills(
            visitor.say("duty.archive.nature"),
            NATURES,
            default="on",
            key="arc_nature",
            format_func=lambda name: visitor.say(f"pages.export.nature.{name}"),
        )
        st.checkbox(visitor.say("duty.archive.open_too"), key="arc_open")
        export.button(visitor, "archive")


def _days(visitor: Visitor, n: int) -> str:
    return visitor.say("duty.archive.ever") if n == 0 else visitor.say("duty.archive.n_days", n=n)


def _verdict(visitor: Visitor, name: str) -> str:
    if name in (ANY, "none"):
        return visitor.say("duty.archive.any_verdict" if name == ANY else "duty.archive.unjudged")
    return visitor.say(f"locale.verdict.{name}")


def _wish() -> Wish:
    """The form as it stands, by the minute: the same for each click in it. Raises ``Wrong`` for a place."""
    state, at = st.session_state, now().replace(second=0, microsecond=0)
    days = state.get("arc_days", 90)
    return Wish(
        start=at - timedelta(days=int(days)) if days else None if days == 0 else at - timedelta(days=90),
        words=str(state.get("arc_words") or ""),
        where=silences.where_of(house().reader, house().settings, str(state.get("arc_where") or "")),
        tiers=tuple(int(n) for n in state.get("arc_tiers") or ()),
        verdict=str(state.get("arc_verdict") or ""),
        owner=str(state.get("arc_owner") or ""),
        nature=str(state.get("arc_nature") or "on"),
        closed=not state.get("arc_open"),
    )


@st.cache_resource(ttl=FRESH_S, max_entries=20, show_spinner=False)
def _found(wish: Wish, scope: tuple[str, ...], lang: str) -> Found:
    """For each click on the page, and for all who see as much: words in years of alerts take seconds."""
    return archive.search(house().reader, scope, wish, lang, SHOWN)


def _list(visitor: Visitor, found: Found) -> None:
    words = visitor.say("duty.archive.count", n=found.n, shown=len(found.rows))
    cut = f" · {visitor.say('duty.archive.cut', n=archive.MOST)}" if found.cut else ""
    st.html(heading(visitor.say("duty.archive.found"), f"{words}{cut}"))
    head = "".join(
        f"<th>{esc(visitor.say(f'duty.archive.column.{name}'))}</th>" for name in ("opened", "what", "end", "said", "owner")
    )
    rows = "".join(_row(visitor, one) for one in found.rows)
    if rows:
        st.html(f'<div class="sc"><table class="tb"><tr>{head}</tr>{rows}</table></div>')
    else:
        st.html(f'<p class="none">{esc(visitor.say("duty.archive.none"))}</p>')


def _row(visitor: Visitor, one: Kept) -> str:
    alert = one.alert
    at = f"{charts.wall_time(alert.opened_at, visitor.zone):%Y-%m-%d %H:%M}"
    state = visitor.say(f"locale.verdict.{alert.verdict}") if alert.verdict else visitor.say(f"locale.handling.{alert.state}")
    lasted = visitor.say("pages.span", s=((alert.resolved_at or alert.cleared_at or now()) - alert.opened_at).total_seconds())
    said = " · ".join(
        part for part in (_chip(visitor, "resolve", one.cure), _chip(visitor, "judge", one.cause), one.lesson or "") if part
    )
    link = f"alerts?{urlencode({'id': alert.episode_id})}"
    return (
        f"<tr><td>{esc(at)}<small>{esc(alert.number)}</small></td>"
        f'<td><b class="c{alert.tier}">{tier_mark(alert.tier)} {esc(visitor.say(f"locale.tier.{alert.tier}"))}</b> '
        f'<a href="{esc(link)}" target="_top" style="color:var(--acct)">{esc(title(visitor, alert))}</a><small>{esc(place(visitor, alert))}</small></td>'
        f"<td>{esc(state)}<small>{esc(lasted)}</small></td><td>{esc(said)}<small>{esc(one.notes[-1][:120] if one.notes else '')}</small></td>"
        f"<td>{esc(alert.owner_name or '—')}</td></tr>"
    )


def _chip(visitor: Visitor, command: str, value: str | None) -> str:
    """A chip by its word; own words as they are."""
    return "" if value is None else chip(visitor, command, value)


def _table(visitor: Visitor) -> Table:
    """All that was found, with what people left on it."""
    found = archive.search(house().reader, visitor.scope, _wish(), visitor.lang)
    plain = table.table(visitor, [one.alert for one in found.rows], "closed")
    heads = (*plain.columns, *(visitor.say(f"duty.archive.column.{name}") for name in LEFT))
    rows = [[*row, *_left(visitor, one)] for row, one in zip(plain.rows, found.rows, strict=True)]
    about = " · ".join(
        (_days(visitor, int(st.session_state.get("arc_days") or 0)), str(st.session_state.get("arc_words") or ""))
    )
    return Table("archive", visitor.say("duty.archive.title"), about.strip(" ·"), heads, rows, plain.timed)


def _left(visitor: Visitor, one: Kept) -> list[str]:
    return [_chip(visitor, "resolve", one.cure), _chip(visitor, "judge", one.cause), one.lesson or "", "\n".join(one.notes)]
