"""Everybody who may sign in, with what an administrator must know of each at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from fengsui import people
from fengsui.board import sign_ins
from fengsui.people import Factor, Person, Reach, inside
from pages.gate import signin
from pages.look import charts
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

RECENT = timedelta(hours=24)
REACHED = tuple(field.name for field in fields(Reach) if field.name != "quiet")


@dataclass(frozen=True, slots=True)
class Known:
    """``locked_until``: too many wrong passwords at this dashboard; ``refused``: wrong ones since yesterday, everywhere."""

    person: Person
    must_change: bool
    without: bool
    factor: Factor | None
    reach: Reach
    seen_at: datetime | None
    refused: int
    locked_until: datetime | None


def everybody(visitor: Visitor) -> tuple[Known, ...]:
    """Persons inside the visitor's scope, the active ones first; the screens of links are no persons."""
    store, at = house().reader, now()
    screens = {one.person.person_id for one in people.every_link(store)}
    everyone = [one for one in people.every_person(store) if one.person_id not in screens]
    mine = [one for one in everyone if inside(visitor.scope, one.scope)]
    ids = [one.person_id for one in mine]
    change, without, factors = people.must_change(store), people.without_password(store), people.every_factor(store, ids)
    reached, last, refused = people.every_reach(store), sign_ins.last(store), sign_ins.refused(store, at - RECENT)
    locked = {one.person_id: one.until for one in signin.tries().locked(at)}
    found = (
        Known(
            one,
            one.person_id in change,
            one.person_id in without,
            factors.get(one.person_id),
            reached.get(one.person_id, Reach()),
            last.get(one.person_id),
            refused.get(one.person_id, 0),
            locked.get(one.person_id),
        )
        for one in mine
    )
    return tuple(sorted(found, key=lambda one: (not one.person.active, one.person.person_id)))


def summary(visitor: Visitor, known: Sequence[Known]) -> str:
    off = sum(not one.person.active for one in known)
    locked = sum(one.locked_until is not None for one in known)
    words = [visitor.say("pages.staff.sum", n=len(known) - off)]
    words += [visitor.say("pages.staff.sum_off", n=off)] if off else []
    words += [visitor.say("pages.staff.sum_locked", n=locked)] if locked else []
    return " · ".join(words)


def table(visitor: Visitor, known: Sequence[Known]) -> str:
    names = ("person", "role", "scope", "state", "second", "reach", "seen")
    head = "".join(f"<th>{esc(visitor.say(f'pages.staff.column.{name}'))}</th>" for name in names)
    rows = "".join(_row(visitor, one) for one in known)
    title = heading(visitor.say("pages.staff.list"), visitor.say("pages.staff.second"))
    return f'{title}<div class="sc"><table class="tb ppl"><tr>{head}</tr>{rows}</table></div>'


def _row(visitor: Visitor, one: Known) -> str:
    who = one.person
    name = f"<b>{esc(who.name)}</b><em>{esc(who.person_id)}</em>"
    second = f"<i>{esc(who.title)}</i>" if who.title else ""
    scope = "、".join(who.scope) if who.scope else visitor.say("locale.slice.all")
    factor = visitor.say("pages.staff.factor", n=one.factor.codes_left) if one.factor else "—"
    reach = "、".join(visitor.say(f"pages.staff.reach.{name}") for name in REACHED if getattr(one.reach, name)) or "—"
    seen = f"{charts.wall_time(one.seen_at, visitor.zone):%m-%d %H:%M}" if one.seen_at else "—"
    seen += f' <span class="c2">{esc(visitor.say("pages.staff.refused", n=one.refused))}</span>' if one.refused else ""
    cells = (name + second, esc(visitor.say(f"locale.role.{who.role}")), esc(scope), state(visitor, one), esc(factor))
    row = "".join(f"<td>{cell}</td>" for cell in (*cells, esc(reach), seen))
    return f'<tr class="{"" if who.active else "off"}">{row}</tr>'


def state(visitor: Visitor, one: Known) -> str:
    if not one.person.active:
        return f'<span class="faint">{esc(visitor.say("pages.staff.state.off"))}</span>'
    if one.locked_until is not None:
        return f'<span class="c3">✖ {esc(visitor.say("pages.staff.state.locked", at=one.locked_until))}</span>'
    if one.without:
        return f'<span class="mut">{esc(visitor.say("pages.staff.state.without"))}</span>'
    if one.must_change:
        return f'<span class="c2">▲ {esc(visitor.say("pages.staff.state.change"))}</span>'
    return f'<span class="c0">✓ {esc(visitor.say("pages.staff.state.on"))}</span>'
