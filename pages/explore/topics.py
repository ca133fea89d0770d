"""Living topics: what customers suddenly say, and the phrases that people here keep an eye on."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from fengsui.board import watch
from fengsui.board.read import topics
from fengsui.board.read.topics import Topic
from fengsui.board.watch import NotAPhrase
from pages.explore import mark
from pages.explore.words import marked
from pages.look import trouble
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pieces import esc, heading, line, plain
from pages.look.visitor import Visitor, require_role

FRESH_S = 60
_PRESSED = "ex_topics_pressed"
_CSS = """
.tp{display:grid;grid-template-columns:52px minmax(90px,1.1fr) 150px 88px 108px 130px minmax(0,3fr) 64px;gap:0 14px;align-items:center;padding:8px 0;border-top:1px solid var(--line);font-size:13.5px;line-height:20px;font-variant-numeric:tabular-nums}
.tp:first-child{border-top:0}.tp.hd{padding:2px 0 5px}.tp.hd span{font-size:12px;color:var(--faint)!important}
.tp b{font-weight:600;overflow-wrap:anywhere}.tp .k{color:var(--mut);font-size:12.5px}.tp .k.burst{color:var(--t2)}.tp .w,.tp .u{color:var(--mut)}
.tp .n{text-align:right}.tp .u{text-align:right}.tp .x{color:var(--mut);overflow:hidden;display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow-wrap:anywhere}
.tp a{color:var(--acct);text-decoration:none}.tp .e{text-align:right}.tp mark{background:color-mix(in srgb,var(--t2) 26%,transparent);color:inherit}
.tp svg{display:block;width:130px;height:26px}
@media(max-width:700px){.tp{grid-template-columns:auto minmax(0,1fr) auto;gap:2px 10px;font-size:15px}.tp.hd{display:none}.tp .k{grid-row:1}.tp .b{grid-row:1}.tp .n{grid-row:1;grid-column:3}.tp .u{grid-row:2;grid-column:3}.tp .w{grid-row:2;grid-column:1/3}.tp .l{grid-column:1/4}.tp .x{grid-column:1/4;-webkit-line-clamp:3}.tp .e{grid-column:3}}
"""


def panel(visitor: Visitor) -> None:
    found = trouble.kept("topics", visitor.scope, lambda: _kept(visitor.scope))
    may = watch.may(visitor.person)
    with st.container(horizontal=True, vertical_alignment="center", key="ex_topics_head"):
        st.html(heading(visitor.say("explore.topics.title"), visitor.say("explore.topics.second")))
        if may:
            _form(visitor)
    rows = "".join(_row(visitor, one, may) for one in found)
    names = {"kind": "k", "phrase": "b", "where": "w", "now": "n", "usual": "u", "day": "l", "said": "x"}
    heads = (f'<span class="{css}">{esc(visitor.say(f"explore.topics.{name}"))}</span>' for name, css in names.items())
    head = "".join(heads)
    body = f'<div class="tp hd">{head}<span></span></div>{rows}' if rows else ""
    left = "" if visitor.scope else _left(visitor)
    empty = f'<p class="none">{esc(visitor.say("explore.topics.none"))}</p>'
    pressed = int(st.session_state.get(_PRESSED, 0))
    key = f"ex_topics_{_print(found)}_{pressed}"
    picked = living("ex_topics", (body or empty) + left, _CSS, visitor, key=key, presses=True) or ""
    kind, _, topic = picked.partition(":")
    if kind == "end" and any(one.topic_id == topic for one in found):
        st.session_state[_PRESSED] = pressed + 1  # rows remember what was picked: each press ends once, refused or done
        _end(topic)
        st.rerun()


def _left(visitor: Visitor) -> str:
    n = trouble.kept("topics_left", (), _left_out)
    said = visitor.say("explore.topics.left", n=n)
    return f'<p class="none">{esc(said)}</p>' if n else ""


def _row(visitor: Visitor, one: Topic, may: bool) -> str:
    where = visitor.say("pages.alert.place", key=one.slice_key)
    example = one.examples[0] if one.examples else None
    said = marked(example.text, [one.shown]) if example else "—"
    drop = f'<a data-id="end:{esc(one.topic_id)}">{esc(visitor.say(f"explore.topics.end.{one.kind}"))}</a>' if may else ""
    lang = {"lang": visitor.lang} if "lang" in st.query_params else {}
    records = f'<a href="records?{esc(urlencode({"q": one.shown, **lang}))}" target="_self">{esc(one.shown)}</a>'
    drawn = line(one.line, "var(--t2)" if one.kind == "burst" else "var(--cmp)", None, "", 130, 26)
    kind = visitor.say(f"explore.topics.kind.{one.kind}")
    usual = "—" if one.usual is None else visitor.say("explore.topics.per_hour", n=round(one.usual, 1))
    return (
        f'<div class="tp"><span class="k {esc(one.kind)}">{esc(kind)}</span><b class="b">{records}</b><span class="w">{esc(where)}</span>'
        f'<span class="n">{esc(visitor.say("explore.topics.people", n=one.now_n))}</span><span class="u">{esc(usual)}</span>'
        f'<span class="l">{drawn}</span><span class="x">{said}</span><span class="e">{drop}</span></div>'
    )


@st.cache_resource(ttl=FRESH_S, max_entries=50, show_spinner=False)
def _kept(scope: tuple[str, ...]) -> list[Topic]:
    return topics.living(house().reader, scope, now())


@st.cache_resource(ttl=FRESH_S, show_spinner=False)
def _left_out() -> int:
    return topics.left_out(house().reader)


def _print(found: Sequence[Topic]) -> int:
    return hash(tuple((one.topic_id, one.line) for one in found))


def _form(visitor: Visitor) -> None:
    with st.popover(visitor.say("explore.topics.watch"), key="ex_watch_words"):
        st.html(f'<p class="none">{esc(visitor.say("explore.topics.watch_hint", most=watch.MOST))}</p>')
        st.text_input(visitor.say("explore.topics.phrase"), key="ex_phrase", max_chars=watch.LONGEST)
        st.button(visitor.say("explore.topics.add"), key="ex_phrase_add", type="primary", on_click=_add)


def _add() -> None:
    visitor = require_role(watch.ROLES)
    phrase = str(st.session_state.get("ex_phrase") or "")
    try:
        fresh = watch.add(house().writer, phrase, visitor.person, now())
    except NotAPhrase as fault:
        mark.say_later(visitor.say("explore.mark.refused", why=visitor.say(fault.code, **fault.params)))
        return
    except Exception as fault:  # refused like any other, and said
        mark.say_later(visitor.say("explore.mark.refused", why=visitor.why(fault)))
        return
    _kept.clear()
    code = "explore.topics.added" if fresh else "explore.topics.known"
    mark.say_later(visitor.say(code, phrase=plain(" ".join(phrase.split()))))
    st.session_state["ex_phrase"] = ""


def _end(topic_id: str) -> None:
    visitor = require_role(watch.ROLES)
    try:
        watch.end(house().writer, topic_id, visitor.person, now())
    except Exception as fault:  # refused like any other, and said
        mark.say_later(visitor.say("explore.mark.refused", why=visitor.why(fault)))
    else:
        mark.say_later(visitor.say("explore.topics.ended"))
        _kept.clear()
