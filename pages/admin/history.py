"""定义历史: every version of every definition: who, when, from when, why, and what it changed."""

from __future__ import annotations

import streamlit as st

from fengsui.board import revision
from fengsui.board.revision import Step
from pages.admin import tell
from pages.look import trouble
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

ALL = "all"
COLUMNS = ("at", "who", "what", "from", "changes", "reason")
LIMIT = 300


def section(visitor: Visitor) -> None:
    with st.container(border=True, key="p_history"):
        kind = st.selectbox(
            visitor.say("pages.admin.history.kind"),
            [ALL, *revision.KINDS],
            format_func=lambda name: visitor.say(f"pages.admin.kind.{name}"),
            key="adm_history_kind",
            width=260,
        )
        wanted = None if kind in (None, ALL) else kind
        steps = trouble.kept("adm_history", wanted, lambda: revision.history(house().reader, wanted, LIMIT))
        head = "".join(f"<th>{esc(visitor.say(f'pages.admin.history.{name}'))}</th>" for name in COLUMNS)
        rows = "".join(_row(visitor, one) for one in steps)
        st.html(
            heading(visitor.say("pages.admin.history.title"), visitor.say("pages.admin.history.second", n=len(steps)))
            + f'<div class="sc"><table class="tb hist"><tr>{head}</tr>{rows}</table></div>'
        )


def _row(visitor: Visitor, step: Step) -> str:
    one = step.revision
    what = visitor.say(
        "pages.admin.history.version",
        kind=tell.kind_name(visitor, one.kind),
        id=tell.thing(visitor, one.kind, one.id, one.body),
        version=one.version,
    )
    changes = "".join(f"<li>{esc(line)}</li>" for line in tell.step(visitor, step))
    cells = (
        esc(tell.when(visitor, one.at)),
        esc(tell.author(visitor, one)),
        esc(what),
        esc(tell.when(visitor, one.valid_from)),
        f"<ul>{changes}</ul>",
        esc(one.reason or "—"),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
