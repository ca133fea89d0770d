"""管理, for administrators: calendar, SLA policy, tiers, targets, known events, views of the wall, and every change of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pages.admin import calendar, drafts, events, history, moved, policy, saving, targets, taxonomy, tiers, views
from pages.look import sections
from pages.look.dress import dress
from pages.look.pieces import esc
from pages.look.sections import Section
from pages.look.visitor import require_role

HERE = Path(__file__).parent
SECTIONS: Mapping[str, Section] = {
    "calendar": calendar.section,
    "policy": policy.section,
    "tiers": tiers.section,
    "targets": targets.section,
    "events": events.section,
    "views": views.section,
    "taxonomy": taxonomy.section,
    "history": history.section,
    "file": moved.section,
}


def page() -> None:
    visitor = require_role(saving.ADMIN)
    dress(sheet=HERE / "admin.css")
    saving.said()
    section = sections.chosen(visitor, "admin", "pages.admin.section", "pages.admin.section", SECTIONS, _left)
    if visitor.scope:
        st.html(f'<p class="note" role="status">{esc(visitor.say("board.wrong.centre_wide"))}</p>')
    section(visitor)


def _left() -> None:
    """What was wrong in the last section is over. Drafts stay."""
    saving.calm()
    drafts.renew()
