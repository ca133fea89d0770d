"""标签体系: issues, departments and what else is tagged, with their words; what a change would do; tagging the past anew."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fengsui.board import requests, revision, taxonomy_edit
from fengsui.board.taxonomy_edit import ID, KIND, LISTS, Preview, Turned
from fengsui.board.wrong import Wrong
from pages.admin import drafts, saving
from pages.admin.drafts import Held
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role

NEW = ""
WEEKS, MOST_WEEKS = 8, 104
EVERY_S = 3
_TOLD, _SEEN = "adm_retag", "adm_tax_seen"


def section(visitor: Visitor) -> None:
    last = trouble.kept("adm_taxonomy", None, lambda: revision.newest(house().reader, KIND)).get(ID)
    if last is None:
        st.html(f'<p class="note">{esc(visitor.say("pages.admin.not_seeded"))}</p>')
        return
    held = drafts.held(KIND, ID, last)
    left, right = st.columns([900, 496], gap="small")
    with left:
        with st.container(border=True, key="p_tax"):
            part = _part(visitor)
            st.html(_table(visitor, held.body, part))
        with st.container(border=True, key="p_tax_seen"):
            _preview(visitor, held)
    with right:
        with st.container(border=True, key="p_tax_one"):
            _form(visitor, held, part)
        saving.panel(visitor, held, dated=False)
        with st.container(border=True, key="p_retag"):
            st.fragment(trouble.guarded(_retag), run_every=EVERY_S)()


def _part(visitor: Visitor) -> str:
    names = list(LISTS)
    chosen = st.segmented_control(
        visitor.say("pages.admin.tax.part"),
        names,
        default=names[0],
        required=True,
        format_func=lambda name: visitor.say(f"pages.admin.part.{name}"),
        label_visibility="collapsed",
        key="adm_tax_part",
        on_change=drafts.renew,
        width="content",
    )
    return str(chosen or names[0])


def _table(visitor: Visitor, body: Mapping[str, Any], part: str) -> str:
    owners = {one["id"]: one["name"][visitor.lang] for one in body.get("departments", ())}
    names = ("id", "name", "department", "words") if part == "issues" else ("id", "name", "words")
    head = "".join(f"<th>{esc(visitor.say(f'pages.admin.tax.{name}'))}</th>" for name in names)
    rows = "".join(_row(visitor, one, part, owners) for one in body.get(part, ()))
    title = heading(visitor.say(f"pages.admin.part.{part}"), visitor.say("pages.admin.tax.second", n=len(body.get(part, ()))))
    return f'{title}<div class="sc"><table class="tb tx"><tr>{head}</tr>{rows}</table></div>'


def _row(visitor: Visitor, one: Mapping[str, Any], part: str, owners: Mapping[str, str]) -> str:
    owner = f"<td>{esc(owners.get(str(one.get('department')), '—'))}</td>" if part == "issues" else ""
    words = visitor.say("pages.admin.tax.joiner").join(map(str, one.get("words", ())))
    return f'<tr><td><small>{esc(one["id"])}</small></td><td><b>{esc(one["name"][visitor.lang])}</b></td>{owner}<td class="w">{esc(words) or "—"}</td></tr>'


def _form(visitor: Visitor, held: Held, part: str) -> None:
    """What is typed goes into the draft with 放进草稿, and is stored with the draft."""
    ids = [one["id"] for one in held.body.get(part, ())]
    st.html(heading(visitor.say("pages.admin.tax.one")))
    chosen = st.selectbox(
        visitor.say("pages.admin.tax.which"),
        [*ids, NEW],
        format_func=lambda id_: (
            f"{taxonomy_edit.entry(held.body, part, id_)['name'][visitor.lang]} · {id_}"
            if id_
            else visitor.say("pages.admin.tax.new")
        ),
        key=held.key(f"which_{part}"),
    )
    one = taxonomy_edit.entry(held.body, part, chosen or NEW)
    key = f"{part}_{chosen or NEW}"
    if not one:
        st.text_input(
            visitor.say("pages.admin.tax.id"), key=held.key(f"id_{key}"), placeholder=visitor.say("pages.admin.tax.id_hint")
        )
    two = st.columns(2, gap="small")
    for column, lang in zip(two, ("zh_CN", "en"), strict=True):
        given = one.get("name", {}).get(lang, "")
        column.text_input(visitor.say(f"pages.admin.part.{lang}"), value=given, key=held.key(f"{lang}_{key}"), max_chars=60)
    if part == "issues":
        owners = [NEW, *(each["id"] for each in held.body.get("departments", ()))]
        own = one.get("department", NEW)
        st.selectbox(
            visitor.say("pages.admin.tax.department"),
            owners,
            index=owners.index(own) if own in owners else 0,
            format_func=lambda id_: (
                taxonomy_edit.entry(held.body, "departments", id_)["name"][visitor.lang]
                if id_
                else visitor.say("pages.admin.tax.nobody")
            ),
            key=held.key(f"department_{key}"),
        )
    st.text_area(
        visitor.say("pages.admin.tax.words_hint"),
        value="\n".join(one.get("words", ())),
        key=held.key(f"words_{key}"),
        height=140,
    )
    with st.container(horizontal=True, key="tax_row"):
        args = (held, part, chosen or NEW)
        st.button(visitor.say("pages.admin.tax.put"), key="adm_tax_put", on_click=_put, args=args)
        if one:
            st.button(visitor.say("pages.admin.tax.drop"), key="adm_tax_drop", on_click=_drop, args=args)


def _put(held: Held, part: str, chosen: str) -> None:
    require_role(saving.ADMIN)
    key = f"{part}_{chosen}"
    typed = {
        name: str(st.session_state.get(held.key(f"{name}_{key}")) or "").strip() for name in ("id", "zh_CN", "en", "words")
    }
    made: dict[str, Any] = {
        **taxonomy_edit.entry(held.body, part, chosen),
        "id": chosen or typed["id"],
        "name": {lang: typed[lang] for lang in ("zh_CN", "en")},
        "words": taxonomy_edit.words_of(typed["words"]),
    }
    if part == "issues":
        made["department"] = str(st.session_state.get(held.key(f"department_{key}")) or "")
    _keep(held, lambda: taxonomy_edit.with_entry(held.body, part, made, fresh=not chosen))


def _drop(held: Held, part: str, chosen: str) -> None:
    require_role(saving.ADMIN)
    _keep(held, lambda: taxonomy_edit.without_entry(held.body, part, chosen))


def _keep(held: Held, make: Any) -> None:
    saving.calm()
    try:
        body = make()
    except Wrong as fault:
        saving.fail(fault.mistakes)
        return
    drafts.put(held, body)
    drafts.renew()
    st.session_state.pop(_SEEN, None)


# --- what it would do ----------------------------------------------------------------------------------------------------


def _preview(visitor: Visitor, held: Held) -> None:
    st.html(heading(visitor.say("pages.admin.tax.seen"), visitor.say("pages.admin.tax.seen_second", n=taxonomy_edit.LOOKED_AT)))
    st.button(
        visitor.say("pages.admin.tax.try"),
        key="adm_tax_try",
        on_click=_try,
        args=(held,),
        disabled=not held.changed or bool(visitor.scope),
    )
    seen: Preview | None = st.session_state.get(_SEEN)
    if seen is None:
        return
    parts = [
        visitor.say("pages.admin.tax.turned", tag=visitor.say(f"pages.tag.{tag}"), n=n) for tag, n in seen.changed.items() if n
    ]
    told = visitor.say("pages.admin.tax.joiner_long").join(parts) or visitor.say("pages.admin.tax.nothing")
    rows = "".join(_turned(visitor, held, one) for one in seen.examples)
    st.html(
        f'<p class="kept">{esc(visitor.say("pages.admin.tax.of", n=seen.n))}{esc(told)}</p><div class="sc"><table class="tb tx">{rows}</table></div>'
    )


def _turned(visitor: Visitor, held: Held, one: Turned) -> str:
    part = next(name for name, tag in LISTS.items() if tag == one.tag)

    def named(id_: str | None) -> str:
        for body in (held.body, held.first):
            if id_ and (found := taxonomy_edit.entry(body, part, id_)):
                return str(found["name"][visitor.lang])
        return id_ or visitor.say("pages.admin.value.none")

    return (
        f'<tr><td>{esc(named(one.before))} → <b>{esc(named(one.after))}</b></td><td class="w">{esc(one.text[:120])}</td></tr>'
    )


def _try(held: Held) -> None:
    visitor = require_role(saving.ADMIN, whole=True)
    try:
        st.session_state[_SEEN] = taxonomy_edit.preview(house().reader, held.body, now())
    except Exception as fault:  # told; nothing was changed
        saving.say(visitor.say("pages.trouble.not_stored", why=visitor.why(fault)))


# --- the past ------------------------------------------------------------------------------------------------------------


def _retag() -> None:
    visitor = require_role(saving.ADMIN)
    st.html(
        heading(visitor.say("pages.admin.tax.again"))
        + f'<p class="kept">{esc(visitor.say("pages.admin.tax.again_second"))}</p>'
    )
    wanted = st.session_state.get(_TOLD)
    asked = requests.answer(house().reader, wanted) if wanted else None
    busy = asked is not None and not asked.over
    with st.container(horizontal=True, key="retag_row", vertical_alignment="bottom"):
        st.number_input(visitor.say("pages.admin.tax.weeks"), 1, MOST_WEEKS, WEEKS, key="adm_retag_weeks", width=140)
        st.button(visitor.say("pages.admin.tax.retag"), key="adm_retag_do", on_click=_ask, disabled=busy or bool(visitor.scope))
    if asked is None:
        return
    if not asked.over:
        st.progress(min(1.0, asked.progress), text=visitor.say("pages.admin.tax.running", share=asked.progress))
        return
    result = asked.result if isinstance(asked.result, Mapping) else {}
    counts = {name: int(result.get(name, 0)) for name in ("records", "changed")}
    why = visitor.say(asked.fault_code, **result.get("params", {})) if asked.fault_code else ""
    st.html(f'<p class="kept" role="status">{esc(visitor.say(f"pages.admin.tax.over.{asked.state}", **counts))} {esc(why)}</p>')


def _ask() -> None:
    visitor = require_role(saving.ADMIN, whole=True)
    weeks = int(st.session_state.get("adm_retag_weeks") or WEEKS)
    try:
        key = f"{now():%Y%m%d%H%M}"  # a second press within the minute is the same wish
        st.session_state[_TOLD] = requests.ask(house().writer, "retag", {"weeks": weeks}, visitor.person, now(), key=key)
    except Exception as fault:  # told; nothing was asked
        saving.say(visitor.say("pages.trouble.not_stored", why=visitor.why(fault)))
