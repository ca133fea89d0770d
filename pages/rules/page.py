"""规则: every rule with what it raised lately; one opened at the right, edited, rehearsed, switched; its versions below."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from fengsui.board import revision, rules
from fengsui.board.rules import Ruled
from pages.admin import tell
from pages.look import trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role
from pages.rules import form, rehearsal

HERE = Path(__file__).parent
READERS = frozenset({"manager", "admin", "analyst"})


def page() -> None:
    visitor = require_role(READERS)
    dress(sheet=HERE / "rules.css")
    form.told()
    found = trouble.kept("rules", None, lambda: rules.rules(house().reader, now()))
    if not found:
        st.html(f'<p class="none">{esc(visitor.say("rules.none"))}</p>')
        return
    by_id = {one.revision.id: one for one in found}
    wanted = (st.query_params.get("rule") or "")[:80]
    chosen = by_id.get(wanted, found[0])
    left, right = st.columns([780, 616], gap="small")
    with left, st.container(border=True, key="p_rules"):
        _list(visitor, found, chosen)
    with right:
        with st.container(border=True, key="p_rule"):
            form.panel(visitor, chosen)
        with st.container(border=True, key="p_rehearsal"):
            rehearsal.panel(visitor, chosen)
        with st.container(border=True, key="p_versions"):
            _versions(visitor, chosen)


def _list(visitor: Visitor, found: list[Ruled], chosen: Ruled) -> None:
    on = sum(one.body["mode"] == "on" for one in found)
    per_day = sum(one.per_day for one in found)
    st.html(heading(visitor.say("rules.title"), visitor.say("rules.second", n=len(found), on=on, per_day=round(per_day, 1))))
    names = [visitor.say(f"rules.column.{name}") for name in ("mode", "name", "kind", "raised")]
    head = '<div class="hd">' + "".join(f"<span>{esc(name)}</span>" for name in names) + "</div>"
    body = "".join(_row(visitor, one) for one in found)
    css = (HERE / "rows.css").read_text(encoding="utf-8")
    picked = living("rules_list", head + body, css, visitor, key="rules_rows", sel=chosen.revision.id)
    if picked and picked != chosen.revision.id and any(one.revision.id == picked for one in found):
        form.forget()
        st.query_params["rule"] = picked
        st.rerun()


def _row(visitor: Visitor, one: Ruled) -> str:
    body = one.body
    place = visitor.say("pages.alert.place", key=form.place_of(body))
    raised = " ".join(f'<i class="c{tier}">{n}</i>' for tier, n in sorted(one.raised.items(), reverse=True)) or "0"
    shadow = visitor.say("rules.shadowed", n=one.shadow) if one.shadow else ""
    mode, kind = visitor.say(f"rules.mode.{body['mode']}"), visitor.say(f"rules.kind.{body['kind']}")
    per_day = visitor.say("rules.per_day", n=round(one.per_day, 2))
    return (
        f'<div class="row {esc(body["mode"])}" data-id="{esc(one.revision.id)}"><b class="m">{esc(mode)}</b>'
        f"<div><b>{esc(name_of(visitor, one))}</b><span>{esc(place)}</span></div><span>{esc(kind)}</span>"
        f'<div class="r"><b>{raised}</b><span>{esc(per_day)} {esc(shadow)}</span></div></div>'
    )


def name_of(visitor: Visitor, one: Ruled) -> str:
    return str(one.body["name"].get(visitor.lang) or one.revision.id)


def _versions(visitor: Visitor, one: Ruled) -> None:
    steps = trouble.kept("rule_steps", one.revision.id, lambda: revision.of(house().reader, "rule", one.revision.id))
    st.html(heading(visitor.say("rules.versions"), visitor.say("rules.versions_second", n=len(steps))))
    rows = "".join(
        f'<div class="as"><b>{step.revision.version}</b><span>{"；".join(esc(line) for line in tell.step(visitor, step))}<small>{esc(step.revision.reason or "—")}</small></span>'
        f"<em>{esc(tell.when(visitor, step.revision.at))} {esc(tell.author(visitor, step.revision))}</em></div>"
        for step in reversed(steps)
    )
    st.html(rows)
    pages = st.session_state.get("pages", {})
    if "explore" in pages and one.body["kind"] == "detector":
        st.html(
            f'<a class="go" href="backtest?{esc(urlencode({"metric": one.body["metric"]}))}" target="_self">{esc(visitor.say("rules.backtest"))} ›</a>'
        )
