"""记录: what customers said, found and narrowed, with its tags; and the place where people set them right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from fengsui.board import correct
from fengsui.board.export import Table
from fengsui.board.read import to_label, voice
from fengsui.board.read.voice import Voice
from pages.look import export, trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.visitor import DESK, Visitor, require_role
from pages.records import detail, listing, saying, sieve, table

HERE = Path(__file__).parent
MOST_OUT = 5_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What the list shows: ``foot`` says how far it reaches, ``next`` where the next page begins."""

    rows: Sequence[Voice]
    foot: str
    next: voice.Cursor | None = None
    empty: str = "all"


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "records.css")
    _tools(visitor)
    st.fragment(trouble.guarded(_work))()
    detail.dialog(visitor)
    export.dialog(visitor, "records", _table)


def _of_address() -> None:
    """``?q=`` is looked for once, and not again when the visitor looks for something else."""
    words = st.query_params.get("q", "")[:200]
    if words and st.session_state.get("rec_address") != words:
        st.session_state["rec_address"] = st.session_state["rec_words"] = words


def _tools(visitor: Visitor) -> None:
    _of_address()
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="pt">{esc(visitor.say("pages.title.records"))}</div>', width="content")
        st.text_input(
            visitor.say("pages.inbox.search"),
            key="rec_words",
            placeholder=visitor.say("pages.inbox.search"),
            label_visibility="collapsed",
            max_chars=200,
            on_change=sieve.again,
            width=300,
        )
        st.pills(
            visitor.say("pages.inbox.sets"),
            sieve.SETS,
            default="all",
            required=True,
            format_func=lambda name: visitor.say(f"pages.inbox.set.{name}"),
            label_visibility="collapsed",
            key="rec_set",
            on_change=sieve.again,
        )
        n = sieve.active()
        label = visitor.say("pages.inbox.filters_n", n=n) if n else visitor.say("pages.inbox.filters")
        with st.popover(label, key="rec_pop", disabled=sieve.chosen_set() in sieve.LISTS):
            sieve.form(visitor)
        st.button(visitor.say("pages.inbox.again"), key="rec_again", on_click=sieve.again)
        quality = st.session_state.get("pages", {}).get("quality")
        if quality is not None:
            st.page_link(quality, label=visitor.say("pages.title.quality"))
        export.button(visitor, "records")


def _work() -> None:
    visitor = require_role(DESK)
    saying.tell()
    tag = _tag()
    shown = _shown(visitor, tag)
    chosen = _chosen(visitor, shown.rows)
    left, right = st.columns([760, 636], gap="small")
    with left, st.container(border=True, key="p_list"):
        with st.container(key="rec_head", horizontal=True, vertical_alignment="center"):
            st.html(f'<p class="sum">{esc(shown.foot)}</p>', width="content")
            if visitor.person.role in correct.ROLES:
                st.segmented_control(
                    visitor.say("pages.inbox.tag"),
                    saying.TAGS,
                    default="issue",
                    required=True,
                    format_func=lambda name: visitor.say(f"pages.tag.{name}"),
                    label_visibility="collapsed",
                    key="rec_tag",
                    on_change=_forget_list,
                )
        may = visitor.person.role in correct.ROLES
        key = chosen.record_key if chosen else None
        listing.rows(
            visitor, shown.rows, tag, key, saying.done(), _hear, may=may, empty=visitor.say(f"pages.inbox.empty.{shown.empty}")
        )
        _foot(visitor, shown)
    with right:
        if chosen is not None:
            detail.panel(visitor, chosen, saying.WHY.get(sieve.chosen_set(), "chosen"))
        else:
            with st.container(border=True, key="p_rec"):
                st.html(f'<p class="none">{esc(visitor.say("pages.inbox.choose"))}</p>')


def _tag() -> str:
    found = str(st.session_state.get("rec_tag") or "issue")
    return found if found in saying.TAGS else "issue"


def _hear() -> None:
    """Before the list is drawn again: what was said is stored, what was picked goes into the address."""
    saying.heard(listing.news(), sieve.chosen_set())
    if key := listing.picked():
        st.query_params["id"] = key[:300]


def _forget_list() -> None:
    st.session_state.pop("rec_keys", None)


def _chosen(visitor: Visitor, rows: Sequence[Voice]) -> Voice | None:
    """The record in the address (a link that can be sent on), which need not be in the list; else the first."""
    wanted = st.query_params.get("id")
    if wanted:
        listed = next((one for one in rows if one.record_key == wanted), None)
        if listed is not None:
            return listed
        key = (wanted, visitor.scope)
        if (found := trouble.kept("rec_one", key, lambda: voice.one(house().reader, wanted[:300], visitor.scope))) is not None:
            return found
    return rows[0] if rows else None


def _shown(visitor: Visitor, tag: str) -> Shown:
    only = sieve.chosen_set()
    if only in sieve.LISTS:
        return _offered(visitor, tag, only)
    wanted, starts = sieve.sieve(), sieve.pages()
    before = starts[-1] if starts else None
    key = (repr(wanted), before, visitor.scope)
    found = trouble.kept("rec_page", key, lambda: voice.page(house().reader, wanted, visitor.scope, before))
    code = "pages.inbox.stopped" if found.stopped else "pages.inbox.sum"
    at = found.next[0] if found.next else wanted.start
    foot = visitor.say(code, n=len(found.rows), page=len(starts) + 1, until=sieve.until(), since=at)
    return Shown(found.rows, foot, found.next)


def _offered(visitor: Visitor, tag: str, only: str) -> Shown:
    """Chosen once and then left alone: rows keep their places while one works through them."""
    held = st.session_state.get("rec_keys")
    reader, scope = house().reader, visitor.scope
    week = trouble.kept("rec_week", (tag, scope), lambda: to_label.week(reader, tag, scope)) if only == "random" else None
    if not held or held[0] != (only, tag):
        keys = week.keys if week else () if only == "random" else to_label.offered(reader, tag, now(), scope)
        held = st.session_state["rec_keys"] = ((only, tag), tuple(keys)[: voice.SIZE])
    rows = trouble.kept("rec_these", (held[1], scope), lambda: voice.these(reader, held[1], scope))
    if only == "uncertain":
        return Shown(rows, visitor.say("pages.inbox.uncertain", n=len(rows)), empty=only)
    if week is None:
        return Shown(rows, visitor.say("pages.inbox.random.none"), empty="no_sample")
    params = {"week": week.name, "checked": week.checked, "drawn": week.drawn, "of": week.of_n}
    return Shown(rows, visitor.say("pages.inbox.random", **params), empty=only)


def _foot(visitor: Visitor, shown: Shown) -> None:
    with st.container(key="rec_foot", horizontal=True, vertical_alignment="center"):
        keys = visitor.say("pages.inbox.keys") if visitor.person.role in correct.ROLES else visitor.say("pages.alerts.keys")
        st.html(f'<p class="ft">{esc(keys)}</p>', width="content")
        st.button(visitor.say("pages.inbox.newer"), key="rec_newer", on_click=_newer, disabled=not sieve.pages())
        st.button(
            visitor.say("pages.inbox.older"), key="rec_older", on_click=_older, args=(shown.next,), disabled=not shown.next
        )


def _older(start: voice.Cursor | None) -> None:
    if start is not None and (not sieve.pages() or sieve.pages()[-1] != start):
        sieve.pages().append(start)
        st.query_params.pop("id", None)


def _newer() -> None:
    if sieve.pages():
        sieve.pages().pop()
        st.query_params.pop("id", None)


def _table(visitor: Visitor) -> Table:
    """What the sieve lets through, page by page, from the top."""
    about = visitor.say(f"pages.inbox.set.{sieve.chosen_set()}")
    if sieve.chosen_set() in sieve.LISTS:
        return table.table(visitor, _offered(visitor, _tag(), sieve.chosen_set()).rows, about)
    wanted, before, rows = sieve.sieve(), None, list[Voice]()
    most = min(MOST_OUT, house().settings.limits.export_rows)
    while len(rows) <= most:
        found = voice.page(house().reader, wanted, visitor.scope, before, size=500)
        rows += found.rows
        before = found.next
        if before is None:
            break
    return table.table(visitor, rows, about)
