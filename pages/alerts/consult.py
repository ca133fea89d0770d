"""会商 on the desk: whom to ask, what each thinks, who decides; and the opinions beside the matrix."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fengsui.alerts.commands.table import ASSESSORS
from fengsui.board import read
from fengsui.board.read import Detail
from fengsui.board.read.consultation import Consultation, Vote
from pages.alerts import act
from pages.look import trouble
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

LEVELS = (3, 2, 1)
ANSWERS = ("consult", "assess", "conclude")


def hint(visitor: Visitor, found: Detail, name: str) -> str:
    """Why a command cannot run now; empty where it can, or is none of a consultation."""
    me, talk = visitor.person.person_id, found.consultation
    if name == "assess" and (talk is None or not talk.asks(me)):
        return "pages.hint.not_invited"
    if name == "conclude" and (talk is None or talk.decider != me):
        return "pages.hint.not_decider"
    return ""


def open_to(visitor: Visitor, found: Detail) -> bool:
    """An analyst who was asked for an opinion may give it, and nothing else."""
    return visitor.person.role == "analyst" and found.alert.state != "reviewed" and not hint(visitor, found, "assess")


def call(visitor: Visitor, found: Detail) -> None:
    key = found.alert.slice_key
    people = trouble.kept("judges", key, lambda: read.colleagues(house().reader, key, read.JUDGES))
    names = {one.person_id: f"{one.name} · {one.title or visitor.say(f'locale.role.{one.role}')}" for one in people}
    if not names:
        st.html(f'<p class="none">{esc(visitor.say("pages.form.nobody"))}</p>')
        return
    choose = visitor.say("pages.form.choose")
    for field in (*ASSESSORS, "decider"):
        label = visitor.say(f"pages.form.{field}")
        st.selectbox(
            label, list(names), index=None, format_func=lambda id_: names.get(id_, id_), key=f"f_{field}", placeholder=choose
        )


def opinion(visitor: Visitor, found: Detail) -> None:
    for field in ("likelihood", "impact", "loss"):
        st.pills(visitor.say(f"pages.factor.{field}"), LEVELS, format_func=_scale(visitor, field), key=f"f_{field}")


def _scale(visitor: Visitor, field: str) -> Any:
    words = "size" if field == "impact" else "level"
    return lambda n: visitor.say(f"pages.{words}.{n}")


def decision(visitor: Visitor, found: Detail) -> None:
    if found.consultation is not None:
        st.html(f'<div class="votes">{_votes(visitor, found.consultation)}</div>')
    st.pills(visitor.say("pages.form.tier"), LEVELS, format_func=lambda n: visitor.say(f"locale.tier.{n}"), key="f_tier")


def send(name: str, episode_id: str, seen: int, note: str | None) -> None:
    """The dialog's answers as the command wants them."""
    if name == "consult":
        asked = {st.session_state.get(f"f_{role}"): role for role in reversed(ASSESSORS)}
        people = {id_: role for id_, role in asked.items() if id_}
        act.send(name, episode_id, seen, assessors=people, decider=st.session_state.get("f_decider") or "", note=note)
        return
    fields = ("likelihood", "impact", "loss") if name == "assess" else ("tier",)
    answers: dict[str, Any] = {field: st.session_state.get(f"f_{field}") for field in fields}
    lacking = next((field for field, value in answers.items() if value is None), None)
    if lacking:
        act.lacks(name, lacking)
        return
    act.send(name, episode_id, seen, **answers, note=note)


def votes_of(found: Detail, likelihood: int, impact: int) -> str:
    """One dot for each who sees the alert in this cell of the sheet that is shown."""
    talk, loss = found.consultation, found.alert.loss
    given = [one for one in (talk.votes if talk else ()) if one.at]
    here = [one for one in given if (one.likelihood, one.impact, one.loss) == (likelihood, impact, loss)]
    return f"<sub>{'●' * len(here)}</sub>" if here else ""


def panel(visitor: Visitor, found: Detail) -> str:
    """Empty where nobody was asked."""
    talk = found.consultation
    if talk is None:
        return ""
    second = visitor.say("pages.talk.missing", n=talk.missing) if talk.missing else visitor.say("pages.talk.all")
    if talk.concluded is not None:
        tier = visitor.say(f"locale.tier.{talk.concluded.params['tier']}")
        end = visitor.say("pages.talk.concluded", who=talk.concluded.by, tier=tier, at=talk.concluded.at)
    else:
        end = visitor.say("pages.talk.decides", who=talk.decider_name)
    return (
        heading(visitor.say("pages.talk.title"), second) + f'<div class="votes">{_votes(visitor, talk)}<p>{esc(end)}</p></div>'
    )


def _votes(visitor: Visitor, talk: Consultation) -> str:
    return "".join(_vote(visitor, one) for one in talk.votes)


def _vote(visitor: Visitor, one: Vote) -> str:
    who = f"<b>{esc(one.name)}</b><em>{esc(visitor.say(f'pages.form.{one.role}'))}</em>"
    if one.at is None:
        return f'<div>{who}<span class="faint">{esc(visitor.say("pages.talk.waits"))}</span></div>'
    levels = visitor.say(
        "pages.talk.levels",
        likelihood=visitor.say(f"pages.level.{one.likelihood}"),
        impact=visitor.say(f"pages.size.{one.impact}"),
        loss=visitor.say(f"pages.level.{one.loss}"),
    )
    said = f"<small>「{esc(one.opinion)}」</small>" if one.opinion else ""
    return f"<div>{who}<span>{esc(levels)}</span>{said}</div>"
