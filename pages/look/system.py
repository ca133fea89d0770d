"""系统告警 in words, the same on every page; and the one line that 值守 and 数据源 show while one lasts."""

from __future__ import annotations

import streamlit as st

from fengsui.board import read
from fengsui.board.read import SystemAlert
from pages.look import trouble
from pages.look.house import house
from pages.look.pieces import esc
from pages.look.visitor import Visitor

SHOWN = 8


def words(visitor: Visitor, one: SystemAlert) -> str:
    return visitor.say(f"pages.system.{one.kind}", **{**one.params, "n": len(one.subjects), "names": names(visitor, one)})


def names(visitor: Visitor, one: SystemAlert) -> str:
    """Sources by their titles; of many the first."""
    called = [house().settings.title(subject, visitor.lang) for subject in one.subjects[:SHOWN]]
    more = ["…"] if len(one.subjects) > SHOWN else []
    return ("、" if visitor.lang == "zh_CN" else ", ").join([*called, *more])


def banner(visitor: Visitor) -> None:
    """Nothing while the house is well."""
    found = trouble.kept("system_lasting", None, lambda: read.lasting(house().reader))
    if found:
        said = ("；" if visitor.lang == "zh_CN" else "; ").join(words(visitor, one) for one in found)
        link = f'<a href="duty?section=system" target="_top">{esc(visitor.say("pages.system.open"))} ›</a>'
        head = f"<b>⚠ {esc(visitor.say('pages.system.title'))}</b>"
        st.html(f'<p class="sys" role="status">{head} {esc(said)} {link}</p>')
