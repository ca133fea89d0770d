"""One record in full: the words with what was heard in them, facts, tags with confidence and source, the customer's way."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

import streamlit as st

from fengsui.board import correct
from fengsui.board import reveal as revealing
from fengsui.board.read import voice
from fengsui.board.read.voice import Tag, Voice
from fengsui.board.wrong import Wrong
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading, plain
from pages.look.visitor import DESK, Visitor, require_role
from pages.records import listing, saying, words

SHOWN_TAGS = ("issue", "department", "sentiment", "demand", "urgency", "product", "region")
LONGEST = 6000
_OPEN, _SHOWN, _WRONG = "rec_reveal", "rec_revealed", "rec_reveal_wrong"


def panel(visitor: Visitor, one: Voice, why: correct.Why) -> None:
    with st.container(border=True, key="p_rec"):
        st.html(_head(visitor, one) + _text(visitor, one) + _facts(visitor, one))
        may = one.raw and visitor.person.role in revealing.ROLES
        if may and st.button(visitor.say("pages.inbox.reveal"), key="rec_reveal_open"):
            _open(one.record_key)
            st.rerun()  # the whole page: its dialog stands outside the list that a press in it draws anew
    with st.container(border=True, key="p_tags"):
        st.html(_tags(visitor, one))
        if visitor.person.role in correct.ROLES:
            _question(visitor, one, why)
    others = trouble.kept(
        "rec_way", (one.record_key, visitor.scope), lambda: voice.of_customer(house().reader, one, visitor.scope)
    )
    with st.container(border=True, key="p_low_way", height="stretch"):
        st.html(_way(visitor, one, others))
        if visitor.person.role == "admin" and not visitor.scope and one.customer:
            page = st.session_state.get("pages", {}).get("customer")
            if page is not None:
                st.page_link(page, label=visitor.say("pages.inbox.customer"), query_params={"customer": one.customer})


def dialog(visitor: Visitor) -> None:
    """Where it is open: the words as they came."""
    if st.session_state.get(_OPEN) and visitor.person.role in revealing.ROLES:
        st.dialog(visitor.say("pages.inbox.reveal"), on_dismiss=_close)(trouble.guarded(_form))(visitor)


def _head(visitor: Visitor, one: Voice) -> str:
    named = bool(one.customer)
    who = visitor.say("pages.people.customer", tail=str(one.customer)[-4:]) if named else visitor.say("pages.inbox.nameless")
    place = " · ".join(
        words.shown(str(part)) for part in (one.dims.get("channel"), _time(visitor, one), one.dims.get("org")) if part
    )
    link = _link(one.url)
    ticket = (
        f'<a href="{esc(link)}" target="_blank" rel="noopener noreferrer">{esc(visitor.say("pages.inbox.ticket"))} ↗</a>'
        if link
        else ""
    )
    return f'<div class="rh"><b>{esc(who)}</b><span>{esc(place)}</span>{ticket}</div>'


def _time(visitor: Visitor, one: Voice) -> str:
    return visitor.say("pages.day_time", at=one.opened_at)


def _link(url: str | None) -> str | None:
    """Of a web page only: what a source wrote there is not to be run."""
    try:
        return url if url and urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


def _text(visitor: Visitor, one: Voice) -> str:
    if not one.text.strip():
        return f'<p class="none">{esc(visitor.say("pages.inbox.no_words"))}</p>'
    heard = [str(word) for found in one.tags.get("cues", {}).values() for word in found]
    more = f'<p class="none">{esc(visitor.say("pages.inbox.long", n=len(one.text)))}</p>' if len(one.text) > LONGEST else ""
    return f'<div class="rt" dir="auto">{words.marked(one.text[:LONGEST], heard)}</div>{more}'


def _facts(visitor: Visitor, one: Voice) -> str:
    deadline = visitor.say("pages.day_time", at=one.due_at) if one.due_at else "—"
    rated = " · ".join(f"{rating.get('value')}/{rating.get('high')}" for rating in one.ratings[:3])
    facts = {
        "tier": one.customer_tier or one.dims.get("customer_tier"),
        "category": one.dims.get("category"),
        "product": one.dims.get("product"),
        "state": visitor.say(f"pages.inbox.state.{one.state}"),
        "due": deadline,
        "rating": rated,
        "source": house().settings.title(one.source, visitor.lang),
        "record": one.record_key.partition(":")[2],
    }
    cells = "".join(
        f'<div><span>{esc(visitor.say(f"pages.inbox.fact.{name}"))}</span><b title="{esc(words.shown(str(value or "")))}">{esc(words.shown(str(value or "—")))}</b></div>'
        for name, value in facts.items()
    )
    return f'<div class="fs">{cells}</div>'


def _tags(visitor: Visitor, one: Voice) -> str:
    second = visitor.say("pages.inbox.tags_second")
    why = one.tags.get("untagged")
    note = f'<p class="none">{esc(visitor.say(f"pages.inbox.untagged.{why}"))}</p>' if why else ""
    rows = "".join(_tag(visitor, one, tag) for tag in SHOWN_TAGS if one.tags.get(tag) or tag in one.said)
    cues = "".join(
        f'<i class="chip">{esc(words.cue(visitor, str(name)))}：{esc("、".join(words.shown(str(word)) for word in found))}</i>'
        for name, found in one.tags.get("cues", {}).items()
    )
    heard = f'<div class="cues"><span>{esc(visitor.say("pages.inbox.cues"))}</span><div>{cues}</div></div>' if cues else ""
    return heading(visitor.say("pages.inbox.tags"), second) + note + f'<div class="tg">{rows}</div>{heard}'


def _tag(visitor: Visitor, one: Voice, tag: str) -> str:
    found = one.tag(tag)
    value = words.value(visitor, tag, found.value) if found.value else visitor.say("pages.inbox.none_fits")
    if tag == "sentiment":
        value = listing.mood(visitor, one) or value
    if tag == "department" and len(one.choices(tag)) > 1:
        value = " / ".join(f"{words.value(visitor, tag, name)} {p:.0%}" for name, p in one.choices(tag))
    ask = words.doubtful(found)
    note = f"<em>{esc(visitor.say('pages.inbox.to_check'))}</em>" if ask else ""
    if tag == "department" and found.source != "person" and (right := words.dispatched(visitor, not ask)):
        note += f"<small>{esc(right)}</small>"
    part = found.sure or 0.0
    return (
        f"<div><span>{esc(visitor.say(f'pages.tag.{tag}'))}</span><b>{esc(value)} {note}</b>"
        f'<div class="bar"><i class="{"ask" if ask else ""}" style="width:{part:.0%}"></i></div><u>{words.sure(found)}</u><small>{esc(_by(visitor, one, tag, found))}</small></div>'
    )


def _by(visitor: Visitor, one: Voice, tag: str, found: Tag) -> str:
    said = one.said.get(tag)
    if said is None:
        return words.source(visitor, found.source)
    return f"{people().get(said.by, said.by)} {visitor.say('pages.day_time', at=said.at)}"


@st.cache_resource(ttl=60, max_entries=1, show_spinner=False)
def people() -> Mapping[str, str]:
    return voice.names_of_people(house().reader)


def _question(visitor: Visitor, one: Voice, why: correct.Why) -> None:
    """One question: the first tag that is in doubt, with its candidates."""
    tag = next((name for name in saying.TAGS if words.doubtful(one.tag(name))), None)
    if tag is None:
        return
    found = one.tag(tag)
    name = words.value(visitor, tag, found.value)
    st.html(f'<p class="q">{esc(visitor.say("pages.inbox.question", tag=visitor.say(f"pages.tag.{tag}"), what=name))}</p>')
    others = [value for value, _ in one.choices(tag) if value != found.value]
    if tag == "sentiment":
        others = [value for value in words.names().values[tag] if value != found.value]
    pressed = {saying.RIGHT: visitor.say("pages.inbox.right"), **{v: words.value(visitor, tag, v) for v in others}}
    pressed[saying.NONE] = visitor.say("pages.inbox.none_fits")
    with st.container(horizontal=True, key="rec_question"):
        for value, label in pressed.items():
            key = f"rec_q_{tag}_{value}_{one.record_key}"
            st.button(plain(label), key=key, on_click=partial(saying.say, tag, [one.record_key], value, why))


def _way(visitor: Visitor, one: Voice, others: tuple[Voice, ...]) -> str:
    second = visitor.say("pages.inbox.way_second")
    if one.customer is None:
        return (
            heading(visitor.say("pages.inbox.way"), second)
            + f'<p class="none">{esc(visitor.say("pages.inbox.way.nobody"))}</p>'
        )
    rows = "".join(
        f"<div><span>{esc(visitor.say('pages.day_time', at=each.opened_at))}</span><span>{esc(words.shown(str(each.dims.get('channel') or '')))}</span>"
        f'<b title="{esc(words.shown(each.text[:300]))}">{esc(words.shown(" ".join(each.text.split())[:80]) or visitor.say("pages.inbox.no_words"))}</b><em>{esc(visitor.say(f"pages.inbox.state.{each.state}"))}</em></div>'
        for each in others
    )
    return heading(visitor.say("pages.inbox.way"), second) + (
        f'<div class="wy">{rows}</div>' if rows else f'<p class="none">{esc(visitor.say("pages.inbox.way.none"))}</p>'
    )


def _open(key: str) -> None:
    _close()
    st.session_state[_OPEN] = key


def _close() -> None:
    for name in (_OPEN, _SHOWN, _WRONG):
        st.session_state.pop(name, None)


def _form(visitor: Visitor) -> None:
    if _OPEN not in st.session_state:
        st.rerun()
    st.html(f'<p class="xp">{esc(visitor.say("pages.inbox.reveal.second"))}</p>')
    st.text_input(visitor.say("pages.export.reason"), key="rec_reason", max_chars=revealing.REASON_MAX)
    if wrong := st.session_state.get(_WRONG):
        st.html(f'<p class="xp" role="alert"><b class="c3">✖</b> {esc(wrong)}</p>')
    if shown := st.session_state.get(_SHOWN):
        st.html(f'<div class="rt" dir="auto">{esc(words.shown(shown))}</div>')
    with st.container(horizontal=True):
        st.button(visitor.say("pages.inbox.reveal"), key="rec_reveal_do", type="primary", on_click=_reveal)
        st.button(visitor.say("pages.form.close"), key="rec_reveal_close", on_click=_close)


def _reveal() -> None:
    """Shown in this dialog alone."""
    visitor = require_role(DESK)
    key, reason = str(st.session_state.get(_OPEN) or ""), str(st.session_state.get("rec_reason") or "")
    st.session_state.pop(_SHOWN, None)
    st.session_state.pop(_WRONG, None)
    try:
        st.session_state[_SHOWN] = revealing.words(house().writer, house().settings, key, visitor.person, reason, now())
    except Wrong as fault:
        st.session_state[_WRONG] = " ".join(visitor.say(one.code, **one.params) for one in fault.mistakes)
    except Exception as fault:  # told; nothing was shown
        st.session_state[_WRONG] = visitor.say("pages.trouble.not_stored", why=visitor.why(fault))
