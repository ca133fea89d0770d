"""What stands under the sentence: figures, series, records, why, and what happened so far."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from fengsui.board.read import Detail, Picture
from fengsui.board.read.detail import Similar
from fengsui.board.read.timeline import Happened
from fengsui.locale import has, say, tier_mark
from pages.alerts import consult, plan
from pages.look import charts
from pages.look.alert_words import learning, place, title, whole_share
from pages.look.figures import figure, signed, together
from pages.look.living import living
from pages.look.pieces import badge, esc, heading, legend, stamp
from pages.look.tokens import mode
from pages.look.visitor import Visitor
from pages.records import words as tag_words

_FACTS = """
.facts{display:grid;grid-template-columns:1fr 1fr 1.5fr 1fr;border:1px solid var(--line);border-radius:8px;overflow:hidden}
.facts>div{padding:8px 14px;border-left:1px solid var(--line)}.facts>div:first-child{border-left:0}.facts label{display:block;font-size:12.5px;color:var(--mut)}
.facts b{font-size:22px;line-height:28px;font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}.facts small{font-size:12.5px;color:var(--mut);margin-left:5px}
@media(max-width:1500px){.facts b{font-size:20px}.facts>div{padding:8px 10px}}
@media(max-width:700px){.facts{grid-template-columns:1fr 1fr}}
"""
SHOWN_RECORDS, SHOWN_MOVES = 9, 8  # a low screen hides the last records (alerts.css)


def nothing(visitor: Visitor, picture: Picture | None) -> str:
    """No alert: calm, or still learning, or no picture at all; three different things."""
    if picture is None:
        title, second = visitor.say("pages.age.never"), visitor.say("pages.wall.no_picture")
    elif picture.body["learning"]["learning"]:
        title, second = f"◔ {learning(visitor, picture.body)}", visitor.say("pages.wall.learning_second")
    else:
        title, second = f"✓ {visitor.say('pages.wall.calm')}", visitor.say("pages.alerts.calm_second")
    return f'<div class="quiet"><b>{esc(title)}</b><span>{esc(second)}</span></div>'


def unknown(visitor: Visitor) -> str:
    return f'<div class="quiet"><b>{esc(visitor.say("pages.alert.unknown"))}</b><span>{esc(visitor.say("pages.alert.unknown_second"))}</span></div>'


def figures(visitor: Visitor, found: Detail, now: datetime) -> None:
    alert = found.alert
    shape, unit = alert.shape, alert.unit
    gap = None if alert.observed is None or alert.expected is None else alert.observed - alert.expected
    number, name = (signed(visitor, shape, unit, gap), figure(visitor, shape, unit, gap)[1]) if gap is not None else ("—", "")
    lasting = (
        f'<b data-since="{stamp(alert.started_at)}"></b>'
        if alert.live
        else f"<b>{esc(say(visitor.lang, 'pages.span', {'s': ((alert.cleared_at or now) - alert.started_at).total_seconds()}))}</b>"
    )
    customers = max(alert.customers, found.records.customers)
    boxes = [
        ("excess", f'<b class="c{alert.tier}">{esc(number)}</b><small>{esc(name)}</small>'),
        ("customers", f"<b>{customers}</b><small>{esc(visitor.say('pages.unit.customer'))}</small>"),
        ("lasting", lasting),
        ("records", f"<b>{found.records.total}</b><small>{esc(visitor.say('pages.unit.item'))}</small>"),
    ]
    cells = "".join(f"<div><label>{esc(visitor.say(f'pages.fact.{key}'))}</label>{value}</div>" for key, value in boxes)
    living("alert_facts", f'<div class="facts">{cells}</div>', _FACTS, visitor, key="alert_facts")


def chart(visitor: Visitor, found: Detail) -> None:
    shape = found.alert.shape
    metric = visitor.say(f"locale.metric.{found.alert.metric}")
    lines = ("actual", "expected", "band") if any(p.expected is not None for p in found.curve) else ("actual",)
    words = visitor.say("pages.alert.curve", metric=metric), visitor.say(f"pages.shape.{shape}")
    st.html(heading(*words, legend(visitor, lines)))
    points = (
        (
            p.at,
            _minutes(shape, p.value),
            _minutes(shape, p.expected),
            _minutes(shape, p.lower),
            _minutes(shape, p.upper),
            p.grade,
        )
        for p in found.curve
    )
    frame = charts.band_rows(points, visitor.zone)
    if not frame["y"].notna().any():
        st.html(f'<p class="none">{esc(visitor.say("pages.state.no_data"))}</p>')
        return
    spec = charts.band(visitor.lang, mode(), 164, percent=shape == "share")
    st.vega_lite_chart(frame, spec, key="curve", theme=None, width="stretch")


def corrected(visitor: Visitor, found: Detail) -> None:
    """Rows that came late have changed what the alert was raised on: both figures, so that nobody argues over one."""
    moved = found.corrected
    if moved is None:
        return
    then, now = (together(visitor, found.alert.shape, found.alert.unit, value) for value in (moved.then, moved.now))
    st.html(f'<p class="none">{esc(visitor.say("pages.alert.corrected", at=moved.at, then=then, now=now))}</p>')


def _minutes(shape: str, value: float | None) -> float | None:
    """Durations are drawn in minutes."""
    return value / 60 if value is not None and shape == "duration" else value


def records(visitor: Visitor, found: Detail) -> str:
    behind = found.records
    more = visitor.say("pages.records.at_least" if behind.cut else "pages.records.of", n=behind.total)
    rows = "".join(_record(visitor, record) for record in behind.records[:SHOWN_RECORDS])
    body = rows or f'<p class="none">{esc(visitor.say("pages.records.none"))}</p>'
    return heading(visitor.say("pages.records.title"), more if behind.total else "") + f'<div class="recs">{body}</div>'


def _record(visitor: Visitor, record: Any) -> str:
    text = esc(record.text) if record.text else f'<span class="faint">{esc(visitor.say("pages.records.no_text"))}</span>'
    for cue in sorted(set(record.cues), key=len, reverse=True):
        text = text.replace(esc(cue), f"<mark>{esc(cue)}</mark>") if f"<mark>{esc(cue)}" not in text else text
    who = visitor.say("pages.records.customer", tail=record.customer[-4:]) if record.customer else ""
    at = visitor.say("pages.time", at=record.opened_at)
    return (
        f'<div class="rec"><span class="num faint">{esc(at)}</span><span class="mut">{esc(record.channel or "")}</span>'
        f'<span class="x">{text}</span><span class="faint num">{esc(who)}</span></div>'
    )


def similar(visitor: Visitor, found: Detail) -> str:
    rows = "".join(_past(visitor, past) for past in found.similar)
    body = rows or f'<p class="none">{esc(visitor.say("pages.similar.none"))}</p>'
    return heading(visitor.say("pages.similar.title")) + f"<div>{body}</div>"


def _past(visitor: Visitor, past: Similar) -> str:
    """What it came from, what helped, how long it took."""
    alert = past.alert
    lasted = ((alert.cleared_at or alert.last_at) - alert.started_at).total_seconds()
    words = visitor.say("pages.similar.lasted", span=lasted)
    day = charts.wall_time(alert.started_at, visitor.zone).strftime("%Y-%m-%d")
    learned = [
        visitor.say("pages.similar.cause", cause=chip(visitor, "judge", past.cause)) if past.cause else "",
        visitor.say("pages.similar.cure", cure=chip(visitor, "resolve", past.cure)) if past.cure else "",
        past.lesson or past.note or "",
    ]
    said = f"<span>{esc(' · '.join(part for part in learned if part))}</span>" if any(learned) else ""
    return (
        f'<div class="sim"><span class="num">{day}</span><div>{esc(place(visitor, alert))} {esc(title(visitor, alert))} · {said} {esc(words)}</div>'
        f"{badge(visitor, alert.tier)}</div>"
    )


def chip(visitor: Visitor, command: str, reason: str) -> str:
    """A reason by its name; one of their own as people wrote it."""
    code = f"alerts.chip.{command}.{reason}"
    return visitor.say(code) if has(visitor.lang, code) else reason


def why(visitor: Visitor, found: Detail) -> str:
    alert = found.alert
    tier = visitor.say(f"locale.tier.{alert.machine_tier}")
    head = heading(visitor.say("pages.why.title", tier=tier), visitor.say("pages.why.second"))
    factors = "".join(
        _factor(visitor, name, getattr(alert, name), alert.factors.get(name, ())) for name in ("likelihood", "impact", "loss")
    )
    bounds = "".join(_bound(visitor, name, alert.factors.get(name, ())) for name in ("floor", "cap"))
    owner = "".join(_owner(visitor, fact["params"]) for fact in alert.factors.get("owner", ()))
    return f'{head}<div class="mx">{_matrix(visitor, found)}<div class="fx">{factors}{bounds}{owner}</div></div>'


def _owner(visitor: Visitor, proposed: Mapping[str, Any]) -> str:
    """Whose it is by what its customers say: one department where that is sure, else up to three; and how often that is right."""
    names = " / ".join(f"{tag_words.value(visitor, 'department', name)} {part:.0%}" for name, part in proposed["choices"])
    right = tag_words.dispatched(visitor, bool(proposed["sure"]))
    second = f"<br>{esc(right)}" if right else ""
    return f"<div><b>{esc(visitor.say('pages.why.owner'))}</b><span>{esc(names)}{second}</span></div>"


def _bound(visitor: Visitor, name: str, facts: Any) -> str:
    """What held the tier up or down against the matrix."""
    words = "<br>".join(esc(visitor.say(fact["code"], **fact.get("params", {}))) for fact in facts)
    return f"<div><b>{esc(visitor.say(f'pages.why.{name}'))}</b><span>{words}</span></div>" if words else ""


def _matrix(visitor: Visitor, found: Detail) -> str:
    """Likelihood down, impact across, the sheet of this loss; this alert's cell is outlined."""
    alert = found.alert
    rows = []
    for likelihood in (3, 2, 1):
        rows.append(f"<span>{esc(visitor.say(f'pages.level.{likelihood}'))}</span>")
        for impact in (1, 2, 3):
            tier = found.cells[likelihood - 1][impact - 1] if found.cells else 0
            on = "on" if (likelihood, impact) == (alert.likelihood, alert.impact) else ""
            votes = consult.votes_of(found, likelihood, impact)
            rows.append(f'<span class="c a{tier} {on}">{tier_mark(tier) if tier else ""}{votes}</span>')
    names = "".join(f"<span>{esc(visitor.say(f'pages.size.{n}'))}</span>" for n in (1, 2, 3))
    below = visitor.say("pages.why.sheet", loss=visitor.say(f"pages.level.{alert.loss}"))
    return f'<div><div class="grid">{"".join(rows)}<span></span>{names}</div><div class="under">{esc(below)}</div></div>'


def _factor(visitor: Visitor, name: str, level: int, facts: Any) -> str:
    words = [visitor.say(fact["code"], **fact.get("params", {})) for fact in facts]
    scale = "size" if name == "impact" else "level"
    return (
        f"<div><b>{esc(visitor.say(f'pages.factor.{name}'))} {esc(visitor.say(f'pages.{scale}.{level}'))}</b>"
        f"<span>{'<br>'.join(esc(word) for word in words)}</span></div>"
    )


def explained(visitor: Visitor, found: Detail) -> str:
    """Which scopes inside this one make the deviation; where none was computed, the alerts that it took along."""
    shape, unit = found.alert.shape, found.alert.unit
    children = [
        {"slice_key": one.slice_key, "observed": one.observed, "expected": one.expected}
        for one in found.children
        if one.metric == found.alert.metric
    ]
    rows = "".join(_part(visitor, part, shape, unit) for part in (found.alert.explained or children)[:4])
    return heading(visitor.say("pages.part.title"), visitor.say("pages.part.second")) + f'<div class="parts">{rows}</div>'


def _part(visitor: Visitor, part: Mapping[str, Any], shape: str, unit: str) -> str:
    name = visitor.say("pages.alert.place", key=part["slice_key"])
    if "share" in part:
        most = visitor.say("pages.part.share", share=whole_share(part["share"]))
        often = visitor.say("pages.part.usual", share=whole_share(part["usual_share"]))
        return (
            f'<div class="part"><span>{esc(name)}</span><b class="num">{esc(most)}</b><em class="num">{esc(often)}</em></div>'
        )
    value = together(visitor, shape, unit, part["observed"])
    usual = together(visitor, shape, unit, part["expected"])
    return f'<div class="part"><span>{esc(name)}</span><b class="num">{esc(value)}</b><em class="num">{esc(visitor.say("pages.partner.expected", value=usual))}</em></div>'


def timeline(visitor: Visitor, found: Detail) -> str:
    moves = found.timeline
    steps = plan.words(visitor, found)
    rows = "".join(_move(visitor, move, steps) for move in moves[:SHOWN_MOVES])
    right = esc(visitor.say("pages.timeline.of", n=len(moves))) if len(moves) > SHOWN_MOVES else ""
    return heading(visitor.say("pages.timeline.title"), "", right) + f'<div class="tl">{rows}</div>'


def _move(visitor: Visitor, move: Happened, steps: Mapping[str, str]) -> str:
    note = f"<small>「{esc(move.note)}」</small>" if move.note else ""
    hot = "hot" if move.code in ("opened", "raised", "reopened") else "hand" if move.axis == "person" else ""
    at = visitor.say("pages.time", at=move.at)
    return f'<div class="{hot}"><em>{esc(at)}</em><i></i><div>{esc(did(visitor, move, steps))}{note}</div></div>'


def did(visitor: Visitor, move: Happened, steps: Mapping[str, str]) -> str:
    """One transition in words; reasons, tiers and steps of the plan (id -> text) by their names."""
    params: dict[str, Any] = {
        "who": move.by,
        "for_person": move.for_person,
        "before": move.before,
        "after": move.after,
        **move.params,
    }
    command = "merge_into" if move.code == "merged_here" else move.code
    if isinstance(params.get("reason"), str):
        params["reason"] = chip(visitor, command, params["reason"])
    if params.get("cause"):
        params["cause"] = chip(visitor, "judge", params["cause"])
    if move.code == "consult":
        params["people"] = "、".join(one.get("name") or one["person"] for one in params.get("assessors") or ())
        params.setdefault("decider_name", params.get("decider") or "")
    if params.get("verdict"):
        params["verdict"] = visitor.say(f"locale.verdict.{params['verdict']}")
    params |= {"number": move.other, "whom": _whom(visitor, params.get("to"))}
    if move.code in ("plan_step", "plan_undo"):
        params["step"] = steps.get(str(params.get("step")), params.get("step"))
    if move.after and move.after.isdigit():
        params.setdefault("tier", int(move.after))
    learned = ".learned" if params.get("cause") else ""
    for code in (f"pages.did.{move.axis}.{move.code}{learned}", f"alerts.transition.{move.code}"):
        if has(visitor.lang, code):
            return visitor.say(code, **params)
    return visitor.say("pages.did.other", who=move.by, what=move.code)


def _whom(visitor: Visitor, recipients: Any) -> str:
    """Roles by their names; a person's id says nothing to a reader and is left out; nobody is empty."""
    codes = [f"locale.role.{one}" for one in recipients or ()]
    names = [visitor.say(code) for code in codes if has(visitor.lang, code)]
    return ("、" if visitor.lang == "zh_CN" else ", ").join(names)
