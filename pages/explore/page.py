"""From an alert to its cause in three clicks: the sentence, the series, the slices, the words, the records.

Everything that is asked stands in the address (``address``); what is answered is kept for all who ask the same.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import streamlit as st

from fengsui.board import explore
from fengsui.board.explore import Finding, Journey, Question
from fengsui.store.slices import ALL, slice_levels
from pages.explore import address, deeper, facts, kept, mark, pinned, saved, series, slices, table, topics, words
from pages.explore.address import Asked, go
from pages.explore.sentence import answer, short
from pages.look import export
from pages.look.alert_words import place, title
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pieces import badge, esc, heading
from pages.look.visitor import DESK, Visitor, require_role

HERE = Path(__file__).parent
TELLING = 4  # characters: a phrase that says what is wrong
LENGTHS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "explore.css")
    mark.tell()
    asked = address.asked(visitor)
    _head(visitor, asked)
    if asked.fault:
        st.html(f'<p class="note">{esc(visitor.say(asked.fault))}</p>')
        if asked.fault == "pages.alert.unknown":
            return
    finding = deeper.best(asked.question, visitor)
    _strip(visitor, asked, finding)
    _first_row(visitor, asked)
    _second_row(visitor, asked, finding)
    with st.container(border=True, key="p_topics"):
        topics.panel(visitor)
    window = _window(visitor, asked.question)
    where = visitor.say("pages.alert.place", key=asked.question.slice_key)
    charts = {
        "p_series": series.described(visitor, asked, kept.together(asked.question, asked.beside, asked.zoom, visitor)),
        "p_fall": export.Chart(visitor.say("explore.fall.title"), f"{where} · {window}"),
    }
    export.dialog(visitor, "explore", lambda who: table.found(who, asked.question, window), charts)
    export.dialog(visitor, "records", lambda who: table.records(who, asked.question, window))


# --- head ------------------------------------------------------------------------------------------------------------


def _head(visitor: Visitor, asked: Asked) -> None:
    pages = st.session_state.get("pages", {})
    with st.container(key="tools", horizontal=True, vertical_alignment="center"):
        if asked.alert is not None and "alerts" in pages:
            st.page_link(pages["alerts"], label=visitor.say("pages.title.alerts"), width="content")
            label = f"{title(visitor, asked.alert)} · {place(visitor, asked.alert)}"
            st.page_link(pages["alerts"], label=f"/ {label}", width="content", query_params={"id": asked.alert.episode_id})
            st.html(f'<div class="pt">/ {esc(visitor.say("pages.title.explore"))}</div>', width="content")
        else:
            st.html(f'<div class="pt">{esc(visitor.say("pages.title.explore"))}</div>', width="content")
            _metric(visitor, asked)
        _chips(visitor, asked)
        _zoom(visitor, asked)
        pinned.button(visitor, asked.alert, asked.question, asked.zoom)
        if visitor.person.role in mark.ROLES and asked.fault is None:
            mark.form(visitor, asked.question, _window(visitor, asked.question), _lift(visitor, asked))
        saved.panel(visitor)
        if "backtest" in pages:
            about = {"metric": asked.question.metric, "at": asked.question.slice_key}
            lang = {"lang": visitor.lang} if "lang" in st.query_params else {}
            label = visitor.say("pages.title.backtest")
            st.page_link(pages["backtest"], label=label, width="content", query_params={**about, **lang})
        export.button(visitor, "explore")


def _lift(visitor: Visitor, asked: Asked) -> float | None:
    """What was seen over what is usual, for the next time."""
    finding = kept.finding(asked.question, visitor)
    return finding.observed / finding.expected if finding.state == "ok" and finding.expected > 0 else None


def _metric(visitor: Visitor, asked: Asked) -> None:
    every = explore.metrics(house().settings)
    chosen = asked.question.metric
    options = every if chosen in every else [chosen, *every]
    picked = st.selectbox(
        visitor.say("explore.metric"),
        options,
        index=options.index(chosen),
        format_func=lambda id_: visitor.say(f"locale.metric.{id_}"),
        label_visibility="collapsed",
        key=f"ex_metric_{chosen}",
        width=170,
    )
    if picked != chosen:
        go(visitor, Question(picked, asked.question.slice_key, asked.question.start, asked.question.end))


def _chips(visitor: Visitor, asked: Asked) -> None:
    """Each part of the place closes; the window moves and has a few lengths."""
    question = asked.question
    parts = [f"<span>{esc(visitor.say('pages.alert.place', key=ALL))}</span>"] if question.slice_key == ALL else []
    for level, value in slice_levels(question.slice_key).items():
        words_ = esc(short(visitor, {level: value}))
        parts.append(
            f'<a class="t" data-id="drop:{esc(level)}" title="{esc(visitor.say("explore.close"))}">{words_}<b>×</b></a>'
        )
    parts.append(f'<a data-id="step:-1" title="{esc(visitor.say("explore.earlier"))}">‹</a>')
    parts.append(f'<span class="num">{esc(_window(visitor, question))}</span>')
    parts.append(f'<a data-id="step:1" title="{esc(visitor.say("explore.later"))}">›</a>')
    if asked.alert is None:
        parts += [f'<a data-id="last:{name}">{esc(visitor.say(f"explore.length.{name}"))}</a>' for name in LENGTHS]
    css = (HERE / "chips.css").read_text(encoding="utf-8")
    picked = living(
        "ex_chips", f'<div class="ch">{"".join(parts)}</div>', css, visitor, key=f"ex_chips_{hash(question)}", presses=True
    )
    kind, _, what = (picked or "").partition(":")
    if kind == "drop" and what in slice_levels(question.slice_key):
        go(visitor, address.widened(question, what))
    elif kind == "step" and what in ("-1", "1"):
        go(visitor, address.moved(question, int(what)))
    elif kind == "last" and what in LENGTHS:
        go(visitor, address.lasting(question, LENGTHS[what]))


def _window(visitor: Visitor, question: Question) -> str:
    start, end = (visitor.say("pages.time", at=at) for at in (question.start, question.end))
    days = [visitor.say("explore.day", at=at) for at in (question.start, question.end)]
    if days[0] == days[1]:
        return f"{days[0]} {start}–{end}"
    return f"{days[0]} {start} – {days[1]} {end}"


def _zoom(visitor: Visitor, asked: Asked) -> None:
    picked = st.segmented_control(
        visitor.say("explore.zoom"),
        list(explore.ZOOMS),
        default=asked.zoom,
        required=True,
        format_func=lambda name: visitor.say(f"explore.zoom.{name}"),
        label_visibility="collapsed",
        key=f"ex_zoom_{asked.zoom}",
        width="content",
    )
    if picked and picked != asked.zoom:
        go(visitor, asked.question, picked)


def _strip(visitor: Visitor, asked: Asked, finding: Finding) -> None:
    mark = badge(visitor, asked.alert.tier) if asked.alert else ""
    found = kept.voices(asked.question, visitor)
    heard = ""
    if found.topics and (finding.slices or finding.everywhere):
        told = [one for one in found.topics if len(one.text) >= TELLING] or found.topics
        heard = visitor.say("explore.said.burst", phrase=told[0].shown)
    code = "explore.basis" if finding.tau >= 0.005 else "explore.basis_plain"
    basis = visitor.say(code, n=len(finding.windows), tau=round(finding.tau, 2)) if finding.state == "ok" else ""
    skipped = visitor.say("explore.skipped", n=finding.skipped) if finding.skipped else ""
    with st.container(border=True, key="p_strip"):
        facts_ = f"<small>{esc(basis)}{esc(skipped)}</small>"
        st.html(f'<div class="an">{mark}<p>{esc(answer(visitor, finding))}{esc(heard)}</p>{facts_}</div>')


# --- panels ----------------------------------------------------------------------------------------------------------


def _first_row(visitor: Visitor, asked: Asked) -> None:
    question = asked.question
    shape, unit = explore.unit_of(question.metric)
    changes = explore.shifts(house().reader, question)
    left, right = st.columns([937, 436], gap="small")
    with left, st.container(border=True, key="p_series", height="stretch"):
        found = kept.together(question, asked.beside, asked.zoom, visitor)
        series.panel(visitor, asked, found, changes, shape)
    with right, st.container(border=True, key="p_whyx", height="stretch"):
        told = explore.why(house().reader, house().settings, question, visitor.scope, now(), kept.seen(visitor))
        st.html(facts.why(visitor, told, shape, unit))
        if told.outcome == "unwatched":
            mark.watch(visitor, question)
        if told.outcome not in ("alert", "joined") and asked.fault is None:
            mark.missed(visitor, question)


def _second_row(visitor: Visitor, asked: Asked, finding: Finding) -> None:
    question = asked.question
    left, middle, right = st.columns([590, 430, 346], gap="small")
    with left:
        _where(visitor, asked, finding)
    with middle:
        with st.container(border=True, key="p_bursts"):
            st.html(words.bursts(visitor, kept.voices(question, visitor)))
        with st.container(border=True, key="p_low_beside", height="stretch"):
            own, others = explore.events(house().reader, question, visitor.scope, asked.alert)
            changes = explore.shifts(house().reader, question)
            st.html(facts.beside(visitor, own.started_at if own else None, kept.beside(question), others, changes))
    with right, st.container(border=True, key="p_low_said", height="stretch"):
        _said(visitor, asked)


def _where(visitor: Visitor, asked: Asked, finding: Finding) -> None:
    question = asked.question
    if finding.state != "ok":
        return
    with st.container(border=True, key="p_fall"):
        slices.picture(visitor, finding)
    with st.container(border=True, key="p_low_slices", height="stretch"):
        if finding.partial:
            deeper.panel(visitor, finding)
        picked = slices.table(visitor, finding, pins=asked.alert is not None, made=pinned.made())
    kind, _, key = (picked or "").partition(":")
    if kind == "into":
        go(visitor, address.narrowed(question, key))
    elif kind == "out":
        go(visitor, address.without(question, key))
    elif kind == "back":
        go(visitor, address.put_back(question, [key]))
    elif kind == "pin" and asked.alert is not None:
        pinned.one_slice(visitor, asked.alert, finding, key)


def _said(visitor: Visitor, asked: Asked) -> None:
    question = asked.question
    found = kept.voices(question, visitor)
    more = visitor.say("explore.voices.at_least" if found.cut else "explore.voices.of", n=found.total) if found.total else ""
    with st.container(key="ex_voices", horizontal=True, vertical_alignment="center"):
        st.html(heading(visitor.say("explore.voices.title"), visitor.say("explore.voices.masked"), esc(more)))
        if found.total:
            export.button(visitor, "records")
    above = st.container(key="ex_way")
    picked = words.said(visitor, found, f"{abs(hash(question))}_{pinned.made()}", pins=asked.alert is not None)
    kind, _, customer = (picked or "").partition(":")
    if kind == "pin" and asked.alert is not None and any(one.record_key == customer for one in found.said):
        pinned.one_record(visitor, asked.alert, question, customer)
    if kind == "who" and any(one.customer == customer for one in found.said):
        here = [one.record_key for one in found.said]
        way: Journey | None = explore.journey(house().reader, customer, question.end, visitor.scope, here)
        if way is not None:
            with above:
                st.html(heading(visitor.say("explore.way.title", tail=customer[-4:]), visitor.say("explore.way.second")))
                st.html(words.way(visitor, way))
