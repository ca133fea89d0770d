"""导入导出: definitions as a JSON file, from one store to another; what a file would change is told before it is saved."""

from __future__ import annotations

import streamlit as st

from fengsui.board import definition_file, revision
from fengsui.board.changes import changes
from fengsui.board.revision import REASON_MAX, Draft, Revision
from fengsui.board.wrong import Wrong
from pages.admin import drafts, saving, tell
from pages.look import trouble
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role

KINDS = ("calendar", "sla_policy", "target", "goal", "known_event", "view", "taxonomy", "classifier")
SHOWN = 40
_READY = "adm_file_drafts"


def section(visitor: Visitor) -> None:
    left, right = st.columns([496, 900], gap="small")
    with left:
        with st.container(border=True, key="p_take"):
            _take(visitor)
        with st.container(border=True, key="p_bring"):
            _bring(visitor)
    with right:
        saving.problems(visitor)
        with st.container(border=True, key="p_differs"):
            _differs(visitor)


def _key(name: str) -> str:
    return f"adm_file_{drafts.turn()}_{name}"


def _take(visitor: Visitor) -> None:
    st.html(heading(visitor.say("pages.admin.file.take"), visitor.say("pages.admin.file.take_second")))
    chosen = st.multiselect(
        visitor.say("pages.admin.file.kinds"),
        KINDS,
        default=list(KINDS[:-1]),
        format_func=lambda kind: visitor.say(f"pages.admin.kind.{kind}"),
        key=_key("kinds"),
        placeholder=visitor.say("pages.admin.file.kinds"),
    )
    content = trouble.kept("adm_file", tuple(chosen), lambda: definition_file.taken(house().reader, chosen))
    st.download_button(
        visitor.say("pages.admin.file.download"),
        content,
        file_name="fengsui_definitions.json",
        mime="application/json",
        key="adm_file_download",
        disabled=not chosen,
        on_click="ignore",
    )


def _bring(visitor: Visitor) -> None:
    st.html(heading(visitor.say("pages.admin.file.bring"), visitor.say("pages.admin.file.bring_second")))
    file = st.file_uploader(visitor.say("pages.upload.file"), type=["json"], key=_key("file"), max_upload_size=5)
    st.button(visitor.say("pages.admin.file.look"), key="adm_file_look", disabled=file is None, on_click=_look)


def _known() -> dict[tuple[str, str], Revision]:
    return {(kind, id_): one for kind in KINDS for id_, one in revision.newest(house().reader, kind).items()}


def _look() -> None:
    """What the file would change, told before anything is stored."""
    require_role(saving.ADMIN)
    saving.calm()
    st.session_state.pop(_READY, None)
    file = st.session_state.get(_key("file"))
    if file is None:
        return
    try:
        st.session_state[_READY] = definition_file.read(file.getvalue(), KINDS, _known(), "")
    except Wrong as fault:
        saving.fail(fault.mistakes)


def _differs(visitor: Visitor) -> None:
    found: list[Draft] | None = st.session_state.get(_READY)
    st.html(heading(visitor.say("pages.admin.file.differs"), visitor.say("pages.admin.file.differs_second")))
    if found is None:
        st.html(f'<p class="kept">{esc(visitor.say("pages.admin.file.nothing_yet"))}</p>')
        return
    if not found:
        st.html(f'<p class="kept">✓ {esc(visitor.say("pages.admin.file.same"))}</p>')
        return
    known = trouble.kept("adm_file_known", None, _known)
    st.html("".join(_draft(visitor, one, known.get((one.kind, one.id))) for one in found[:SHOWN]))
    if len(found) > SHOWN:
        st.html(f'<p class="kept">{esc(visitor.say("pages.admin.change.more", n=len(found) - SHOWN))}</p>')
    st.text_input(
        visitor.say("pages.admin.save.reason"),
        key=_key("reason"),
        max_chars=REASON_MAX,
        placeholder=visitor.say("pages.admin.save.reason_hint"),
    )
    with st.container(horizontal=True, key="save_row"):
        words = visitor.say("pages.admin.file.save", n=len(found))
        st.button(words, key="adm_file_save", type="primary", on_click=_save)
        st.button(visitor.say("pages.admin.save.drop"), key="adm_file_drop", on_click=_drop)


def _draft(visitor: Visitor, one: Draft, last: Revision | None) -> str:
    name = visitor.say(
        "pages.admin.history.version",
        kind=tell.kind_name(visitor, one.kind),
        id=tell.thing(visitor, one.kind, one.id, one.body),
        version=one.seen + 1,
    )
    found = changes(last.body if last else None, one.body)
    lines = [tell.change(visitor, one.kind, one.id, each) for each in found[: saving.SHOWN]]
    if len(found) > saving.SHOWN:
        lines.append(visitor.say("pages.admin.change.more", n=len(found) - saving.SHOWN))
    return f'<p class="sum"><b>{esc(name)}</b></p><ul class="chg">{"".join(f"<li>{esc(line)}</li>" for line in lines)}</ul>'


def _save() -> None:
    """The versions that were seen go along: what somebody else saved meanwhile is told, and nothing is stored."""
    visitor = require_role(saving.ADMIN)
    found: list[Draft] = st.session_state.get(_READY) or []
    reason = str(st.session_state.get(_key("reason")) or "")
    made = [Draft(one.kind, one.id, one.body, one.seen, reason) for one in found]
    if made and saving.store(visitor, made) is not None:
        st.session_state.pop(_READY, None)
        drafts.renew()
        saving.say(visitor.say("pages.admin.file.saved", n=len(made)))


def _drop() -> None:
    saving.calm()
    st.session_state.pop(_READY, None)
    drafts.renew()
