"""大屏视图: what screens show below the figures, in which order, how long each stays, and how it would look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import streamlit as st

from fengsui.board import read, revision, view_edit
from fengsui.board.changes import Change, changes
from fengsui.board.revision import Draft, Revision
from fengsui.board.wrong import Mistake, Wrong
from fengsui.locale import LANGUAGES
from pages.admin import drafts, saving, tell
from pages.admin.drafts import Held
from pages.look import pictures, trouble
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role
from pages.wall import views as wall
from pages.wall.ask import Ask

KIND, NEW, WHOLE = view_edit.KIND, "", ""
SHEET = Path(wall.__file__).parent / "board.css"
COLUMNS = ("order", "name", "seconds", "panels", "scope", "by")
BLANK: Mapping[str, Any] = {
    "name": dict.fromkeys(LANGUAGES, ""),
    "order": 0,
    "seconds": 20,
    "panels": [{"kind": "trend", "metric": "csat"}],
    "scope": WHOLE,
    "withdrawn": False,
}
FIGURES: Mapping[str, tuple[str, ...]] = {"by": ("complaints", "csat")}
_SEEN = "adm_view_seen"
Views: TypeAlias = Mapping[str, Mapping[str, Any]]


def section(visitor: Visitor) -> None:
    last = trouble.kept("adm_views", None, lambda: revision.newest(house().reader, KIND))
    if not last:
        st.html(f'<p class="note">{esc(visitor.say("pages.admin.not_seeded"))}</p>')
        return
    known = {id_: view_edit.plain(one.body) for id_, one in last.items()}
    left, right = st.columns([900, 496], gap="small")
    with right, st.container(border=True, key="p_view"):
        held = _chosen(visitor, known, last)
        _form(visitor, held, known)
        body, wrong = _typed(held, known)
        _save_row(visitor, held, body, wrong, known, last)
    with left:
        with st.container(border=True, key="p_views"):
            st.html(_table(visitor, known, last))
        if not visitor.scope:
            with st.container(border=True, key="p_view_seen"):
                trouble.guarded(_preview)(visitor, body, wrong)


def _table(visitor: Visitor, known: Views, last: Mapping[str, Revision]) -> str:
    head = "".join(f"<th>{esc(visitor.say(f'pages.admin.view.{name}'))}</th>" for name in COLUMNS)
    shown = view_edit.in_order(known)
    rows = "".join(_row(visitor, n, id_, known[id_], last[id_]) for n, id_ in enumerate(shown, 1))
    gone = "".join(_row(visitor, None, id_, known[id_], last[id_]) for id_ in known if id_ not in shown)
    title = heading(visitor.say("pages.admin.view.title"), visitor.say("pages.admin.view.second"))
    return f'{title}<div class="sc"><table class="tb"><tr>{head}</tr>{rows}{gone}</table></div>'


def _row(visitor: Visitor, n: int | None, id_: str, body: Mapping[str, Any], last: Revision) -> str:
    name = f"<b>{esc(body['name'][visitor.lang])}</b> <small>{esc(id_)}</small>"
    place = str(body["scope"]).replace("/", " ") or visitor.say("pages.admin.view.whole")
    stays = visitor.say("pages.admin.view.stays", n=body["seconds"])
    number = f"<b>{n}</b>" if n else f'<i class="chip">{esc(visitor.say("pages.admin.part.withdrawn"))}</i>'
    who = f"{esc(tell.author(visitor, last))} <small>{esc(tell.when(visitor, last.at)[:10])}</small>"
    if last.valid_from > now():
        who += f"<br><small>{esc(visitor.say('pages.admin.view.from', day=tell.when(visitor, last.valid_from)[:10]))}</small>"
    cells = (esc(stays), esc(tell.panels(visitor, body["panels"])), esc(place), who)
    return f"<tr><td>{number}</td><td>{name}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _chosen(visitor: Visitor, known: Views, last: Mapping[str, Revision]) -> Held:
    st.html(heading(visitor.say("pages.admin.view.change")))
    ids = [*view_edit.in_order(known), *(id_ for id_ in known if known[id_]["withdrawn"]), NEW]
    id_ = st.selectbox(
        visitor.say("pages.admin.view.which"),
        ids,
        format_func=lambda one: known[one]["name"][visitor.lang] if one else visitor.say("pages.admin.view.new"),
        key="adm_view",
    )
    found = drafts.held(KIND, id_ or NEW, last.get(id_ or NEW), view_edit.plain)
    return found if found.body else replace(found, body=BLANK)


def _form(visitor: Visitor, held: Held, known: Views) -> None:
    """Each field begins with what the draft says; from then on the field has the word."""
    body = held.body
    two = st.columns(2, gap="small")
    for column, lang in zip(two, ("zh_CN", "en"), strict=True):
        column.text_input(visitor.say(f"pages.admin.part.{lang}"), value=body["name"][lang], key=held.key(lang))
    left, right = st.columns(2, gap="small")
    left.text_input(
        visitor.say("pages.admin.view.stay", least=view_edit.SHORTEST_S, most=view_edit.LONGEST_S),
        value=str(body["seconds"]),
        key=held.key("seconds"),
    )
    spots = len([id_ for id_ in view_edit.in_order(known) if id_ != held.id]) + 1
    right.selectbox(
        visitor.say("pages.admin.part.order"),
        range(spots),
        index=_spot(held, known, spots),
        format_func=lambda n: visitor.say("pages.admin.view.spot", n=n + 1),
        key=held.key("at"),
    )
    for n in range(view_edit.MOST_PANELS):
        _panel(visitor, held, n, body["panels"][n] if n < len(body["panels"]) else {})
    places = [WHOLE, *trouble.kept("adm_view_places", None, lambda: view_edit.places(house().reader))]
    own = str(body["scope"])
    choices = list(dict.fromkeys([*places, own]))
    st.selectbox(
        visitor.say("pages.admin.part.scope"),
        choices,
        index=choices.index(own),
        format_func=lambda place: str(place).replace("/", " ") or visitor.say("pages.admin.view.whole"),
        key=held.key("scope"),
    )
    st.checkbox(visitor.say("pages.admin.view.withdraw"), value=bool(body["withdrawn"]), key=held.key("withdrawn"))


def _spot(held: Held, known: Views, spots: int) -> int:
    if not held.id:
        return spots - 1
    ids = view_edit.in_order({**known, held.id: {**held.body, "withdrawn": False}})
    return min(ids.index(held.id), spots - 1)


def _panel(visitor: Visitor, held: Held, n: int, panel: Mapping[str, Any]) -> None:
    kinds = [*view_edit.KINDS] if n == 0 else [NEW, *view_edit.KINDS]
    kind = st.selectbox(
        visitor.say(f"pages.admin.part.panel{n + 1}"),
        kinds,
        index=kinds.index(panel.get("kind", kinds[0])),
        format_func=lambda name: visitor.say(f"pages.admin.panel.kind.{name or 'none'}"),
        key=held.key(f"kind{n}"),
    )
    ids = list(view_edit.METRICS)

    def name(id_: str) -> str:
        return visitor.say(f"locale.metric.{id_}")

    if kind == "trend":
        at = ids.index(panel.get("metric", "csat"))
        st.selectbox(visitor.say("pages.admin.part.metric"), ids, index=at, format_func=name, key=held.key(f"metric{n}"))
    if kind == "by":
        left, right = st.columns([1, 2], gap="small")
        levels = view_edit.LEVELS
        left.selectbox(
            visitor.say("pages.admin.part.level"),
            levels,
            index=levels.index(panel.get("level", "channel")),
            format_func=lambda level: visitor.say(f"pages.admin.level.{level}"),
            key=held.key(f"level{n}"),
        )
        right.multiselect(
            visitor.say("pages.admin.view.figures", most=view_edit.MOST_FIGURES),
            ids,
            default=list(panel.get("metrics", FIGURES["by"])),
            format_func=name,
            key=held.key(f"metrics{n}"),
            placeholder=visitor.say("pages.admin.part.metrics"),
        )


def _typed(held: Held, known: Views) -> tuple[dict[str, Any], Sequence[Mistake]]:
    """The body as the form says it now, and what is wrong with it. What is right becomes the draft."""
    own = dict(held.body)

    def given(name: str, else_: Any) -> Any:
        return st.session_state.get(held.key(name), else_)

    wrong: list[Mistake] = []
    try:
        own["seconds"] = view_edit.seconds(str(given("seconds", own["seconds"])))
    except Wrong as fault:
        wrong += fault.mistakes
    own["name"] = {lang: str(given(lang, own["name"][lang]) or "").strip() for lang in ("zh_CN", "en")}
    own["panels"] = [one for n in range(view_edit.MOST_PANELS) if (one := _panel_typed(held, n, given))]
    own["scope"], own["withdrawn"] = str(given("scope", own["scope"]) or WHOLE), bool(given("withdrawn", own["withdrawn"]))
    own["order"] = view_edit.placed(known, held.id, int(given("at", len(known)) or 0)).get(held.id, own["order"])
    try:
        view_edit.checked(own)
    except Wrong as fault:
        wrong += fault.mistakes
    if not wrong:
        drafts.put(held, own)
    return own, wrong


def _panel_typed(held: Held, n: int, given: Any) -> dict[str, Any] | None:
    was = held.body["panels"][n] if n < len(held.body["panels"]) else {}
    kind = given(f"kind{n}", was.get("kind", NEW))
    if not kind:
        return None
    if kind == "trend":
        return {"kind": kind, "metric": given(f"metric{n}", was.get("metric", "csat"))}
    if kind == "by":
        metrics = list(given(f"metrics{n}", was.get("metrics", FIGURES["by"])))
        return {"kind": kind, "level": given(f"level{n}", was.get("level", "channel")), "metrics": metrics}
    return {"kind": kind}


def _moved(held: Held, known: Views) -> dict[str, int]:
    """Others that are numbered anew to make room for this one."""
    at = int(st.session_state.get(held.key("at")) or 0)
    return {id_: order for id_, order in view_edit.placed(known, held.id, at).items() if id_ != held.id}


def _save_row(
    visitor: Visitor,
    held: Held,
    body: Mapping[str, Any],
    wrong: Sequence[Mistake],
    known: Views,
    last: Mapping[str, Revision],
) -> None:
    found = [one for one in changes(held.first, body) if not (one.before is None and one.after in ("", False))]
    found += [
        Change((known[id_]["name"][visitor.lang], "order"), known[id_]["order"], n) for id_, n in _moved(held, known).items()
    ]
    told = visitor.say("pages.admin.save.n", n=len(found)) if found else visitor.say("pages.admin.save.none")
    st.html(heading(visitor.say("pages.admin.save.title"), told) + saving.lines(visitor, held, found))
    saving.problems(visitor)
    saving.reason_and_date(visitor, held, dated=True)
    off = not (found or wrong) or bool(visitor.scope)
    with st.container(horizontal=True, key="save_row"):
        words = visitor.say("pages.admin.save.do", version=held.seen + 1)
        st.button(words, key="adm_save", type="primary", disabled=off, on_click=_save, args=(held, known, last))
        st.button(visitor.say("pages.admin.save.drop"), key="adm_drop", on_click=_drop, args=(held,))


def _save(held: Held, known: Views, last: Mapping[str, Revision]) -> None:
    """The view, and with it those that make room: all of them or none."""
    visitor = require_role(saving.ADMIN)
    saving.calm()
    reason, starts = (str(st.session_state.get(held.key(name)) or "") for name in ("reason", "starts"))
    body, wrong = _typed(held, known)
    try:
        if wrong:
            raise Wrong(wrong)
        day = saving.day_of(starts)
    except Wrong as fault:
        saving.fail(fault.mistakes)
        return
    id_ = held.id or view_edit.id_for(body["name"]["en"], known, saving.fresh())
    made = [Draft(KIND, id_, body, held.seen, reason, day)]
    for other, order in _moved(held, known).items():
        made.append(Draft(KIND, other, {**known[other], "order": order}, last[other].version, reason, day))
    version = saving.store(visitor, made)
    if version is not None:
        drafts.drop(KIND, held.id)
        saving.say(visitor.say("pages.admin.view.saved", name=body["name"][visitor.lang], id=id_))


def _drop(held: Held) -> None:
    saving.calm()
    drafts.drop(held.kind, held.id)


def _preview(visitor: Visitor, body: Mapping[str, Any], wrong: Sequence[Mistake]) -> None:
    """Drawn by the wall itself, of what the store holds now."""
    st.html(heading(visitor.say("pages.admin.view.seen"), visitor.say("pages.admin.view.seen_second")))
    picture = pictures.newest()
    if wrong or picture is None:
        lines = "".join(f"<li>{esc(tell.mistake(visitor, one))}</li>" for one in wrong)
        words = visitor.say("pages.admin.view.unseen" if wrong else "pages.wall.no_picture")
        st.html(f'<p class="kept">{esc(words)}</p><ul class="chg">{lines}</ul>')
        return
    made = _made(body)
    whole = replace(picture, body={**picture.body, "panels": {made["key"]: made["data"]}})
    ask = Ask((), None, visitor.lang)
    alerts = trouble.kept("adm_view_alerts", None, lambda: read.burning(house().reader, ()).every)
    drawn = wall.one(made["view"], ask, ask.visitor(house()), whole, alerts)
    css = SHEET.read_text(encoding="utf-8") + ".seen{width:1035px;zoom:.82}"
    living("view_seen", f'<div class="seen views">{drawn}</div>', css, visitor, key="adm_view_seen_by")


def _made(body: Mapping[str, Any]) -> dict[str, Any]:
    """Asked of the store once for a body and minute, not at every key."""
    at = now()
    key = (json.dumps(body, sort_keys=True), int(at.timestamp() // 60))
    kept = st.session_state.get(_SEEN)
    if kept and kept[0] == key:
        found: dict[str, Any] = kept[1]
        return found
    made = view_edit.preview(house().reader, house().settings, view_edit.checked(body), at)
    st.session_state[_SEEN] = (key, made)
    return made
