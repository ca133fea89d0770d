"""值班表: a week by team and day, its gaps, and at the right what is asked, 换班, 请假代班 and a file to import."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import streamlit as st

from fengsui.alerts.commands import Refused
from fengsui.alerts.commands.table import MANAGER
from fengsui.board import rota, rota_change
from fengsui.board.rota import Change, FilePreview, Slot, Team, Week
from fengsui.board.rota_change import Who
from fengsui.board.rota_file import SUFFIXES
from fengsui.board.uploaded_table import MOST_BYTES
from fengsui.people.rota import Shift
from fengsui.people.rota_file import RowMistake
from pages.duty import said
from pages.look import charts, trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import DESK, Visitor, require_role

SHOWN, GAPS, FURTHEST = 12, 4, 26
_FIRST, _FILE = "rota_first", "rota_seen"


def section(visitor: Visitor) -> None:
    first = _first(visitor)
    zone = house().settings.centre.tz
    key = (visitor.person, first, now().replace(second=0, microsecond=0))
    found = trouble.kept("rota", key, lambda: rota.week(house().reader, visitor.person, zone, first, now()))
    left, right = st.columns([960, 436], gap="small")
    with left, st.container(border=True, key="p_rota"):
        _week(visitor, found)
    with right:
        with st.container(border=True, key="p_rota_asked"):
            _asks(visitor, found.asked)
        if visitor.handles:
            with st.container(border=True, key="p_rota_do"):
                _forms(visitor)


# --- the week --------------------------------------------------------------------------------------------------------


def _today() -> date:
    return now().astimezone(house().settings.centre.tz).date()


def _first(visitor: Visitor) -> date:
    """Monday of the week that is looked at."""
    moved = int(st.session_state.get(_FIRST) or 0)
    today = _today()
    return today - timedelta(days=today.weekday()) + timedelta(weeks=moved)


def _move(weeks: int | None) -> None:
    moved = 0 if weeks is None else int(st.session_state.get(_FIRST) or 0) + weeks
    st.session_state[_FIRST] = max(-FURTHEST, min(FURTHEST, moved))


def _week(visitor: Visitor, found: Week) -> None:
    start = datetime.combine(found.days[0], datetime.min.time(), house().settings.centre.tz)
    st.html(heading(visitor.say("duty.rota.title", start=start), visitor.say("duty.rota.second")))
    with st.container(horizontal=True, key="rota_weeks"):
        for name, weeks in (("before", -1), ("this", None), ("after", 1)):
            st.button(visitor.say(f"duty.rota.{name}"), key=f"rota_{name}", on_click=_move, args=(weeks,))
    body = _gaps(visitor, found) + "".join(_away(visitor, one) for one in found.away)
    body += "".join(_team(visitor, one, found.days) for one in found.teams)
    st.html(body or f'<p class="none">{esc(visitor.say("duty.rota.none"))}</p>')


def _gaps(visitor: Visitor, found: Week) -> str:
    spans = [(one.team, *span) for one in found.gaps for span in one.spans]
    if not found.teams:
        return ""
    if not spans:
        return f'<p class="rok">{esc(visitor.say("duty.rota.no_gaps"))}</p>'
    hours = sum(((end - start) for _, start, end in spans), timedelta()) / timedelta(hours=1)
    lines = [
        visitor.say("duty.rota.gap_line", team=team or visitor.say("duty.rota.whole"), start=start, end=end)
        for team, start, end in spans[:GAPS]
    ]
    lines += [visitor.say("duty.rota.more", n=len(spans) - GAPS)] if len(spans) > GAPS else []
    rows = "".join(f"<span>{esc(line)}</span>" for line in lines)
    return (
        f'<div class="rgap" role="alert"><b>⚠ {esc(visitor.say("duty.rota.gaps", n=len(spans), hours=hours))}</b>{rows}</div>'
    )


def _away(visitor: Visitor, one: Change) -> str:
    words = visitor.say("duty.rota.away", who=one.name, start=one.start_at, end=one.end_at)
    return f'<p class="raw">{esc(words)} · {esc(_deputy(visitor, one))}</p>'


def _deputy(visitor: Visitor, one: Change) -> str:
    return visitor.say("duty.rota.deputy", who=one.other) if one.other else visitor.say("duty.rota.no_deputy")


def _team(visitor: Visitor, one: Team, days: Sequence[date]) -> str:
    cells = "".join(_day(visitor, day, slots) for day, slots in zip(days, one.days, strict=True))
    return f'<div class="rtm"><h4>{esc(one.team or visitor.say("duty.rota.whole"))}</h4><div class="rwk">{cells}</div></div>'


def _day(visitor: Visitor, day: date, slots: Sequence[Slot]) -> str:
    today = day == _today()
    name = f"{visitor.say(f'duty.day.{day.weekday()}')} {day:%m-%d}"
    mark = f"<em>{esc(visitor.say('duty.rota.today'))}</em>" if today else ""
    rows = "".join(_slot(visitor, one) for one in slots) or f'<p class="no">{esc(visitor.say("duty.rota.free"))}</p>'
    past = " past" if day < _today() else ""
    return f'<div class="rd{" now" if today else past}"><h5>{esc(name)}{mark}</h5>{rows}</div>'


def _slot(visitor: Visitor, one: Slot) -> str:
    times = _times(visitor, one.start_at, one.end_at)
    if one.shift is None:
        return f'<div class="sl gap"><span>{esc(times)}</span><b>⚠ {esc(visitor.say("duty.rota.gap"))}</b></div>'
    shift = one.shift
    boss = f"<i>{esc(visitor.say('duty.rota.boss'))}</i>" if shift.role == "manager" else ""
    extension = f"<u>{esc(shift.extension)}</u>" if shift.extension else ""
    instead = f"<small>{esc(visitor.say('duty.rota.for', who=shift.instead_of))}</small>" if shift.instead_of else ""
    now_ = " on" if one.start_at <= now() < one.end_at else ""
    return f'<div class="sl{" me" if one.mine else ""}{now_}"><span>{esc(times)}</span><b>{boss}<bdi>{esc(shift.name)}</bdi>{extension}</b>{instead}</div>'


def _times(visitor: Visitor, start: datetime, end: datetime) -> str:
    """``20:00–次日 08:00``; midnight is the 24:00 of its day."""
    a, b = charts.wall_time(start, visitor.zone), charts.wall_time(end, visitor.zone)
    days = (b.date() - a.date()).days
    if days == 1 and (b.hour, b.minute) == (0, 0):
        return f"{a:%H:%M}–24:00"
    if days == 1:
        return f"{a:%H:%M}–{visitor.say('duty.rota.next_day')} {b:%H:%M}"
    return f"{a:%H:%M}–{b:%H:%M}" if days == 0 else f"{a:%H:%M}–{b:%m-%d %H:%M}"


# --- what is asked ---------------------------------------------------------------------------------------------------


def _asks(visitor: Visitor, found: Sequence[Change]) -> None:
    st.html(heading(visitor.say("duty.rota.asks"), visitor.say("duty.rota.asks_second")))
    if not found:
        st.html(f'<p class="none">{esc(visitor.say("duty.rota.no_asks"))}</p>')
    for one in found[:SHOWN]:
        reason = f"：「{one.reason}」" if one.reason else ""
        by = visitor.say("duty.rota.by", who=one.by)
        st.html(f'<div class="ask"><b>{esc(_wish(visitor, one))}</b><small>{esc(by)}{esc(reason)}</small></div>')
        said.wrong(one.change_id)
        with st.container(horizontal=True):
            if one.decides:
                label = visitor.say("duty.rota.agree")
                st.button(label, key=f"ry_{one.change_id}", type="primary", on_click=_agree, args=(one.change_id,))
            if one.decides or one.own:
                label = visitor.say("duty.rota.withdraw" if one.own else "duty.rota.decline")
                st.button(label, key=f"rn_{one.change_id}", on_click=_decline, args=(one.change_id,))


def _wish(visitor: Visitor, one: Change) -> str:
    if one.kind == "swap":
        back = one.other_start_at or one.start_at
        return visitor.say("duty.rota.ask_swap", name=one.name, start=one.start_at, other=one.other or "", back=back)
    deputy = _deputy(visitor, one)
    return visitor.say("duty.rota.ask_leave", name=one.name, start=one.start_at, end=one.end_at, deputy=deputy)


def _agree(id_: str) -> None:
    said.send("duty.rota.agreed", id_, rota_change.agree, id_)


def _decline(id_: str) -> None:
    said.send("duty.rota.declined", id_, rota_change.decline, id_)


# --- to change it ----------------------------------------------------------------------------------------------------


def _forms(visitor: Visitor) -> None:
    kinds: dict[str, Callable[[Visitor], None]] = {"swap": _swap, "leave": _leave}
    if visitor.person.role in MANAGER:
        kinds["import"] = _import
    chosen = st.segmented_control(
        visitor.say("duty.rota.what"),
        list(kinds),
        default="swap",
        required=True,
        format_func=lambda name: visitor.say(f"duty.rota.{name}"),
        label_visibility="collapsed",
        key="rota_what",
    )
    kinds.get(chosen or "swap", _swap)(visitor)


def _swap(visitor: Visitor) -> None:
    own, ahead, _ = rota.choices(house().reader, visitor.person, now())
    if not own:
        st.html(f'<p class="none">{esc(visitor.say("duty.rota.nothing_mine"))}</p>')
        return
    manages = visitor.person.role in MANAGER
    mine = st.selectbox(
        visitor.say("duty.rota.mine"), own, format_func=lambda one: _named(visitor, one, who=manages), key="rota_mine"
    )
    others = [one for one in ahead if mine and (one.team, one.role) == (mine.team, mine.role) and one.name != mine.name]
    if not others:
        st.html(f'<p class="none">{esc(visitor.say("duty.rota.nothing_other"))}</p>')
        return
    st.selectbox(visitor.say("duty.rota.other"), others, format_func=lambda one: _named(visitor, one), key="rota_other")
    st.text_input(visitor.say("duty.rota.reason"), key="rota_reason", max_chars=200)
    said.wrong("rota_swap")
    label = visitor.say("duty.rota.do_swap" if manages else "duty.rota.ask")
    st.button(label, key="rota_do", type="primary", on_click=_swapped)


def _swapped() -> None:
    visitor = require_role(DESK)
    mine, other = st.session_state.get("rota_mine"), st.session_state.get("rota_other")
    if not (isinstance(mine, Shift) and isinstance(other, Shift)):
        said.refuse(visitor, "rota_swap", Refused("people.rota.moved"))
        return
    reason = str(st.session_state.get("rota_reason") or "")
    if said.send(_outcome(visitor), "rota_swap", rota_change.swap, mine, other, reason=reason):
        st.session_state["rota_reason"] = ""


def _outcome(visitor: Visitor) -> str:
    return "duty.rota.done" if visitor.person.role in MANAGER else "duty.rota.asked"


def _named(visitor: Visitor, one: Shift, *, who: bool = True) -> str:
    day = charts.wall_time(one.start_at, visitor.zone)
    parts = [f"{visitor.say(f'duty.day.{day.weekday()}')} {day:%m-%d}", _times(visitor, one.start_at, one.end_at)]
    parts += [one.name] if who else []
    parts += [visitor.say("duty.rota.boss")] if one.role == "manager" else []
    return " ".join([*parts, one.team] if one.team else parts)


def _leave(visitor: Visitor) -> None:
    _, _, people = rota.choices(house().reader, visitor.person, now())
    manages = visitor.person.role in MANAGER
    me = next((one for one in people if one.person_id == visitor.person.person_id), None)
    able = list(people) if manages else [one for one in (me,) if one]
    if not able:
        st.html(f'<p class="none">{esc(visitor.say("duty.rota.nothing_mine"))}</p>')
        return
    names: dict[str, list[Who]] = {}
    for one in people:
        names.setdefault(one.name, []).append(one)

    def named(one: Who | None) -> str:
        if one is None:
            return visitor.say("duty.rota.nobody")
        return f"{one.name} {one.person_id}" if len(names.get(one.name, ())) > 1 and one.person_id else one.name

    who = st.selectbox(visitor.say("duty.rota.who"), able, format_func=named, key="rota_who")
    st.session_state.setdefault("rota_start", f"{charts.wall_time(now(), visitor.zone):%Y-%m-%d %H:%M}")
    begin, until = st.columns(2, gap="small")
    begin.text_input(visitor.say("duty.rota.start"), key="rota_start", max_chars=20)
    until.text_input(visitor.say("duty.rota.end"), key="rota_end", max_chars=20)
    deputies = [None, *(other for other in people if other != who)]
    st.selectbox(visitor.say("duty.rota.stand_in"), deputies, format_func=named, key="rota_deputy")
    st.text_input(visitor.say("duty.rota.reason"), key="rota_why", max_chars=200)
    said.wrong("rota_leave")
    label = visitor.say("duty.rota.do_leave" if manages else "duty.rota.ask_leave_do")
    st.button(label, key="rota_go", type="primary", on_click=_left)


def _left() -> None:
    visitor = require_role(DESK)
    state = st.session_state
    who, deputy = state.get("rota_who"), state.get("rota_deputy")
    times = [_read(str(state.get(name) or "")) for name in ("rota_start", "rota_end")]
    if not isinstance(who, Who) or None in times:
        wrong = next(
            (str(state.get(name) or "") for name, at in zip(("rota_start", "rota_end"), times, strict=True) if at is None), ""
        )
        said.refuse(visitor, "rota_leave", Refused("duty.rota.bad_time", {"value": wrong[:20]}))
        return
    stand = deputy if isinstance(deputy, Who) else None
    reason = str(state.get("rota_why") or "")
    if said.send(_outcome(visitor), "rota_leave", rota_change.leave, who, times[0], times[1], stand, reason=reason):
        state["rota_why"] = state["rota_end"] = ""


def _read(text: str) -> datetime | None:
    """In the centre's zone."""
    zone = house().settings.centre.tz
    for form in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M"):
        try:
            return datetime.strptime(text.strip().replace("：", ":"), form).replace(tzinfo=zone)
        except ValueError:
            continue
    return None


# --- a file ----------------------------------------------------------------------------------------------------------


def _import(visitor: Visitor) -> None:
    st.html(f'<p class="mut">{esc(visitor.say("duty.rota.file_hint", mb=MOST_BYTES >> 20))}</p>')
    file = st.file_uploader(
        visitor.say("duty.rota.file"),
        type=[one[1:] for one in SUFFIXES],
        max_upload_size=MOST_BYTES >> 20,
        label_visibility="collapsed",
        key=f"rota_file_{st.session_state.get('rota_files', 0)}",
    )
    if file is None:
        st.session_state.pop(_FILE, None)
        return
    seen = rota.of_file(house().reader, house().settings, visitor.person, file.name, file.getvalue(), now())
    st.session_state[_FILE] = seen
    st.html(f"<div>{_preview(visitor, seen)}</div>")
    said.wrong("rota_file")
    able = seen.preview is not None and not seen.refused
    st.button(visitor.say("duty.rota.take"), key="rota_take", type="primary", disabled=not able, on_click=_taken)


def _taken() -> None:
    """What the preview showed, and nothing that came since."""
    seen = st.session_state.get(_FILE)
    if not isinstance(seen, FilePreview) or seen.preview is None or seen.refused:
        return
    if said.send("duty.rota.taken", "rota_file", rota_change.take_over, seen.shifts, seen.preview.seen):
        st.session_state.pop(_FILE, None)
        st.session_state["rota_files"] = int(st.session_state.get("rota_files") or 0) + 1


def _preview(visitor: Visitor, seen: FilePreview) -> str:
    parts = []
    if seen.refused:
        parts.append(_rows(visitor, "duty.rota.refused", seen.refused, "c3"))
    if seen.preview is not None:
        one = seen.preview
        counts = {"added": len(one.added), "changed": len(one.changed), "removed": len(one.removed), "same": one.same}
        parts.append(f'<p class="rsum">{esc(visitor.say("duty.rota.would", **counts))}</p>')
        parts.append(_shifts(visitor, "added", [_named(visitor, shift) for shift in one.added]))
        parts.append(_shifts(visitor, "changed", [_other(visitor, old, new) for old, new in one.changed]))
        parts.append(_shifts(visitor, "removed", [_named(visitor, shift) for shift in one.removed]))
    if seen.warned:
        parts.append(_rows(visitor, "duty.rota.warned", seen.warned, "c2"))
    return "".join(parts)


def _other(visitor: Visitor, old: Shift, new: Shift) -> str:
    """What differs, before and after."""
    names = [f"{one.name}{f' {one.extension}' if one.extension else ''}" for one in (old, new)]
    return f"{_named(visitor, new, who=False)}：{names[0]} → {names[1]}"


def _rows(visitor: Visitor, code: str, rows: Sequence[RowMistake], color: str) -> str:
    lines = []
    for one in rows[:SHOWN]:
        text = visitor.say(one.code, **one.params)
        lines.append(visitor.say("duty.rota.row", n=one.row, text=text) if one.row else text)
    more = [visitor.say("duty.rota.more", n=len(rows) - SHOWN)] if len(rows) > SHOWN else []
    items = "".join(f"<li>{esc(line)}</li>" for line in (*lines, *more))
    return f'<div class="rls"><b class="{color}">{esc(visitor.say(code, n=len(rows)))}</b><ul>{items}</ul></div>'


def _shifts(visitor: Visitor, kind: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    more = [visitor.say("duty.rota.more", n=len(lines) - SHOWN)] if len(lines) > SHOWN else []
    items = "".join(f"<li>{esc(line)}</li>" for line in (*lines[:SHOWN], *more))
    return f'<div class="rls"><b>{esc(visitor.say(f"duty.rota.{kind}"))}</b><ul>{items}</ul></div>'
