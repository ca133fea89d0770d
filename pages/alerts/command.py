"""The head of an alert: the sentence, the deadline, the command bar, and the dialogs behind it."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from fengsui.alerts.commands.chips import CHIPS
from fengsui.alerts.commands.table import MANAGER
from fengsui.board import read
from fengsui.board.alert import CLOSED, Alert
from fengsui.board.read import Detail
from fengsui.locale import tier_mark
from pages.alerts import act, consult, customers, tasks
from pages.look import trouble
from pages.look.alert_words import mainly, place, sentence, title
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pieces import badge, esc, plain, stamp
from pages.look.visitor import Visitor

SEVERE = 3
MINUTES = (2, 5, 10, 30, 60, 120, 240, 480, 1440)
MOST_OTHERS = 12  # alerts offered to merge into
_HEAD = """
.ttl{display:flex;align-items:center;gap:12px;flex-wrap:wrap}.ttl h1{font-size:21px;line-height:30px;font-weight:600;margin:0}
.ttl .sc{color:var(--mut);font-size:14px}.ttl .due{margin-left:auto;text-align:right;font-size:13px;color:var(--mut);line-height:19px}
.ttl .due b{font-size:15px;font-variant-numeric:tabular-nums}
.lead{font-size:14.5px;line-height:25px;margin:8px 0 0;color:var(--text)}
@media(max-width:700px){.ttl h1{font-size:22px}.lead{font-size:16px;line-height:26px}.ttl .due{margin-left:0;text-align:left}}
"""


def head(visitor: Visitor, found: Detail) -> None:
    alert = found.alert
    with st.container(border=True, key="p_head"):
        living("alert_head", _title(visitor, alert), _HEAD, visitor, key="alert_head")
        with st.container(key="cmd", horizontal=True, vertical_alignment="center"):
            if visitor.handles:
                _buttons(visitor, found)
            elif consult.open_to(visitor, found):
                _do(visitor, "assess", act.open_dialog, ("assess", alert.episode_id, alert.handling_version), first=True)
            else:
                st.html(f'<span class="mut">{esc(visitor.say("pages.alert.read_only"))}</span>', width="content")
            if "explore" in (pages := st.session_state.get("pages", {})):
                label, query = visitor.say("explore.from_alert"), {"alert": alert.episode_id}
                st.page_link(pages["explore"], label=label, query_params=query, width="content")
            number = visitor.say("pages.alert.number", n=alert.number)
            st.html(f'<div style="text-align:right"><span class="chip">{esc(number)}</span></div>')


def _title(visitor: Visitor, alert: Alert) -> str:
    state = visitor.say(f"locale.handling.{alert.state}")
    owner = state if alert.waiting or not alert.owner_name else f"{alert.owner_name} {state}"
    due = ""
    if alert.put_off:
        by = visitor.say("pages.alert.put_off_by", who=alert.snoozed_by, at=alert.snoozed_until)
        state = f"{state} · {by}"
        owner = f"{owner} · {by}"
    if alert.due_at:
        line = visitor.say("pages.alert.claim_by" if alert.waiting else "pages.alert.handle_by", at=alert.due_at)
        due = f'<b><span data-until="{stamp(alert.due_at)}"></span></b><br>{esc(line)}'
    condition = visitor.say("pages.wall.drill" if alert.drill else f"locale.condition.{alert.condition}")
    first, then = sentence(visitor, alert), mainly(visitor, alert)
    lead = visitor.say("pages.lead.whole", first=first, then=then) if then else first
    return (
        f'<div class="ttl">{badge(visitor, alert.tier)}<h1>{esc(title(visitor, alert))}</h1>'
        f'<span class="sc">{esc(place(visitor, alert))} · {esc(condition)}</span>'
        f'<div class="due">{esc(owner)} {due}</div></div><p class="lead">{esc(lead)}</p>'
    )


def _buttons(visitor: Visitor, found: Detail) -> None:
    alert = found.alert
    id_, seen = alert.episode_id, alert.handling_version
    owned = alert.state in ("claimed", "in_progress")
    _do(visitor, "claim", act.send, ("claim", id_, seen), off=not alert.waiting, first=alert.waiting, hint="pages.hint.claimed")
    if alert.state == "claimed":
        _do(visitor, "start", act.send, ("start", id_, seen), first=True)
    closed = alert.state in CLOSED
    _do(visitor, "transfer", act.open_dialog, ("transfer", id_, seen), off=closed, hint="pages.hint.closed")
    _do(visitor, "note", act.open_dialog, ("note", id_, seen))
    _do(visitor, "regrade", act.open_dialog, ("regrade", id_, seen), off=alert.state == "reviewed", hint="pages.hint.closed")
    resolve = ("resolve", id_, seen)
    _do(
        visitor,
        "resolve",
        act.open_dialog,
        resolve,
        off=not owned,
        first=alert.state == "in_progress",
        hint="pages.hint.claim_first",
    )
    with st.popover(visitor.say("pages.command.more"), key=f"more_{act.turn()}"):
        for name in rare(alert, manages=visitor.person.role in MANAGER):
            click = act.send if name in ("verify", "wake", "end_drill") else act.open_dialog  # nothing to ask
            hint = consult.hint(visitor, found, name)
            _do(visitor, name, click, (name, id_, seen), width="stretch", off=bool(hint), hint=hint)


def rare(alert: Alert, *, manages: bool = False) -> tuple[str, ...]:
    """What stands behind 更多, by the state of the alert."""
    if alert.drill and manages and alert.state != "reviewed":
        return ("end_drill", *_rare(alert))
    return _rare(alert)


def _rare(alert: Alert) -> tuple[str, ...]:
    if alert.state in CLOSED:
        return ("reopen",) if alert.state == "reviewed" else ("judge", "consult", "assess", "conclude", "merge_into", "reopen")
    others = (
        "wake" if alert.put_off else "snooze",
        "escalate",
        "add_participant",
        "consult",
        "assess",
        "conclude",
        "judge",
        "merge_into",
    )
    if not alert.waiting:
        return (*others, "give_back")
    return (*others, "claim_for", "verify") if alert.state == "new" else (*others, "claim_for")


def _do(
    visitor: Visitor,
    name: str,
    click: Callable[..., None],
    args: tuple[Any, ...],
    *,
    off: bool = False,
    first: bool = False,
    hint: str = "",
    width: Any = "content",
) -> None:
    """A command that cannot run yet stays visible and says when it can."""
    st.button(
        visitor.say(f"pages.command.{name}"),
        key=f"do_{name}",
        type="primary" if first and not off else "secondary",
        disabled=off,
        help=visitor.say(hint) if off and hint else None,
        on_click=click,
        args=args,
        width=width,
    )


def dialogs(visitor: Visitor, found: Detail) -> None:
    wanted = act.dialog_for(found.alert.episode_id)
    if wanted is None:
        return
    name = wanted["name"]
    form = trouble.guarded(_form)
    show = st.dialog(visitor.say(f"pages.dialog.{name}"), width="small", on_dismiss=act.close_dialog)(form)
    show(visitor, found, name, wanted["seen"])


def _form(visitor: Visitor, found: Detail, name: str, seen: int) -> None:
    alert = found.alert
    if not act.busy():
        st.rerun()  # a button of the dialog reran only the dialog: now the page, which closes it
    st.html(f'<div class="dlg">{badge(visitor, alert.tier)}<b>{esc(title(visitor, alert))}</b></div>')
    second = visitor.say(f"pages.dialog.{name}_second")
    st.html(f'<p class="mut" style="font-size:13px;margin:0">{esc(second)}</p>')
    if name == "resolve" and (alert.live or found.depending):
        burns = "resolve_members" if found.depending else "resolve_burns"
        st.html(f'<p class="over" style="margin:0">{esc(visitor.say(f"pages.dialog.{burns}", n=found.depending))}</p>')
    if name in ("transfer", "add_participant", "claim_for"):
        _whom(visitor, alert)
    if name == "snooze":
        _times(visitor, alert)
    if name == "regrade":
        _pills(visitor, "tier", [3, 2, 1], "locale.tier")
    if name == "judge":
        _pills(visitor, "verdict", ["false", "expected", "real", "new_normal"], "locale.verdict")
    if name == "merge_into":
        _into(visitor, alert)
    if name in FORMS:
        FORMS[name](visitor, found)
    if name in CHIPS:
        _pills(visitor, "cause" if name == "judge" else "reason", list(CHIPS[name]), f"alerts.chip.{name}")
    label = _note(name, alert)
    st.text_input(visitor.say(label), placeholder=visitor.say("pages.form.note_hint"), key="f_note", max_chars=500)
    lacking = act.missing()
    if lacking:
        st.html(f'<p class="over" role="alert" style="margin:0">{esc(lacking)}</p>')
    with st.container(horizontal=True, horizontal_alignment="right", key="dlg_act"):
        st.button(visitor.say("pages.form.cancel"), key="dlg_no", on_click=act.close_dialog)
        st.button(
            visitor.say(f"pages.confirm.{name}"),
            key="dlg_ok",
            type="primary",
            on_click=confirm,
            args=(name, alert.episode_id, seen, alert.state),
        )


def _note(name: str, alert: Alert) -> str:
    """What the free line is for."""
    if name == "resolve" and alert.tier == SEVERE:
        return "pages.form.final"
    return f"pages.form.note_{name}" if name in LABELLED else "pages.form.note"


LABELLED = ("note", "judge", "assess", "promise", "action", "task_done", "reveal")


FORMS: Mapping[str, Callable[[Visitor, Detail], None]] = {
    "consult": consult.call,
    "assess": consult.opinion,
    "conclude": consult.decision,
    "promise": lambda visitor, found: tasks.ask(visitor, found, "promise"),
    "action": lambda visitor, found: tasks.ask(visitor, found, "action"),
    "contact": customers.ask_contact,
    "reveal": customers.ask_reveal,
}
"""What a dialog asks beside reason and note."""


def _whom(visitor: Visitor, alert: Alert) -> None:
    people = trouble.kept("colleagues", alert.slice_key, lambda: read.colleagues(house().reader, alert.slice_key))
    names = {person.person_id: _person(visitor, person) for person in people if person.person_id != alert.owner}
    if names:
        st.pills(visitor.say("pages.form.person"), list(names), format_func=lambda id_: names.get(id_, id_), key="f_person")
    else:
        st.html(f'<p class="none">{esc(visitor.say("pages.form.nobody"))}</p>')


def _into(visitor: Visitor, alert: Alert) -> None:
    """Other open alerts, those of the same figure or place first."""
    desk = trouble.kept("desk", visitor.scope, lambda: read.desk(house().reader, visitor.scope, visitor.zone, now()))
    others = sorted((one for one in desk.alerts if one.episode_id != alert.episode_id), key=lambda one: not _alike(one, alert))
    names = {one.episode_id: _other(visitor, one) for one in others[:MOST_OTHERS]}
    if names:
        label = visitor.say("pages.form.into")
        st.radio(label, list(names), index=None, format_func=lambda id_: names.get(id_, id_), key="f_into")
    else:
        st.html(f'<p class="none">{esc(visitor.say("pages.form.no_other"))}</p>')


def _times(visitor: Visitor, alert: Alert) -> None:
    """Spans that the tier bears; of a severe alert its claim deadline is the last."""
    at = now()
    most = alert.put_off_most(at)
    if most is None:
        st.html(f'<p class="over">{esc(visitor.say("alerts.refused.snooze_severe"))}</p>')
        return
    spans = [n for n in MINUTES if at + timedelta(minutes=n) <= most]
    choices: list[Any] = [*spans, *([most.isoformat()] if alert.tier == SEVERE else [])]
    st.pills(
        visitor.say("pages.form.until"),
        choices,
        format_func=lambda one: (
            visitor.say("pages.form.claim_due", at=most) if isinstance(one, str) else visitor.say("pages.span", s=one * 60)
        ),
        key="f_until",
    )


def _until() -> datetime | None:
    """As chosen; None: nothing was."""
    chosen = st.session_state.get("f_until")
    if chosen is None:
        return None
    return datetime.fromisoformat(chosen) if isinstance(chosen, str) else now() + timedelta(minutes=int(chosen))


def _alike(one: Alert, alert: Alert) -> bool:
    return one.metric == alert.metric or one.slice_key == alert.slice_key


def _other(visitor: Visitor, one: Alert) -> str:
    return plain(f"{tier_mark(one.tier)} {one.number} {title(visitor, one)} · {place(visitor, one)}")


def _pills(visitor: Visitor, field: str, values: list[Any], words: str) -> None:
    label = visitor.say(f"pages.form.{field}")
    st.pills(label, values, format_func=lambda value: visitor.say(f"{words}.{value}"), key=f"f_{field}")


def _person(visitor: Visitor, person: Any) -> str:
    role = person.title or visitor.say(f"locale.role.{person.role}")
    load = visitor.say("pages.form.load", n=person.load) if person.load else ""
    return plain(f"{person.name} · {role}{load}")


def confirm(name: str, episode_id: str, seen: int, state: str) -> None:
    """The dialog's answers become the command's fields; what is missing the command itself refuses in words."""
    answers = {field: st.session_state.get(f"f_{field}") for field in ("person", "reason", "tier", "verdict", "into", "note")}
    note = (answers["note"] or "").strip() or None
    if name == "regrade" and not answers["tier"]:
        act.lacks(name, "tier")
        return
    if name == "snooze":
        until = _until()
        if until is None:
            act.lacks(name, "until")
        else:
            act.send(name, episode_id, seen, until=until, reason=answers["reason"] or "", note=note)
        return
    if name == "judge":
        act.judge(answers["verdict"] or "", episode_id, seen, state, st.session_state.get("f_cause"), note)
        return
    if name in consult.ANSWERS:
        consult.send(name, episode_id, seen, note)
        return
    if name in ("promise", "action", "task_done"):
        tasks.send(name, episode_id, seen, note)
        return
    if name in ("contact", "reveal"):
        customers.send(name, episode_id, note)
        return
    needed = {
        "transfer": {"person": answers["person"] or None, "reason": answers["reason"] or ""},
        "add_participant": {"person": answers["person"] or None},
        "claim_for": {"person": answers["person"] or None},
        "regrade": {"tier": answers["tier"], "reason": answers["reason"] or ""},
        "merge_into": {"into": answers["into"] or "", "reason": answers["reason"] or ""},
        "note": {},
    }.get(name, {"reason": answers["reason"] or ""})
    act.send(name, episode_id, seen, **needed, note=note or ("" if name == "note" else None))
