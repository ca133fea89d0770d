"""Rows of a duty roster as people write them: 日期, 开始, 结束, 角色, 姓名, 分机, 班组, 账号, or the same in English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fengsui.people.plain import plain
from fengsui.people.rota import Shift

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "day": ("日期", "date"),
    "start": ("开始", "start"),
    "end": ("结束", "end"),
    "role": ("角色", "role"),
    "name": ("姓名", "name"),
    "extension": ("分机", "电话", "extension", "phone"),
    "team": ("班组", "机构", "team"),
    "person_id": ("账号", "account"),
}
NEEDED = ("day", "start", "end", "name")
ROLES = {"": "duty", "值班员": "duty", "duty": "duty", "值班主管": "manager", "主管": "manager", "manager": "manager"}
MOST_ROWS = 20_000
LONGEST = 40
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?")
_TIME = re.compile(r"(\d{1,2})[:：](\d{2})(?:[:：]\d{2})?")


@dataclass(frozen=True, slots=True)
class RowMistake:
    """``row``: counted from 1, the heading not counted; 0: of the whole file. ``code`` and ``params`` name field and value."""

    row: int
    code: str
    params: Mapping[str, Any]


class RotaMistakes(Exception):
    """Nothing is taken of a file with mistakes."""

    def __init__(self, mistakes: list[RowMistake]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes


def shifts_of(rows: Iterable[Mapping[str, Any]], zone: str, teams: Iterable[str] = ()) -> list[Shift]:
    """Shifts in the centre's zone; one that ends no later than it starts ends on the next day. Raises ``RotaMistakes``.

    ``teams``: names that may stand under 班组; empty allows all."""
    read = read_rows(rows, zone, teams)
    if read.mistakes:
        raise RotaMistakes(list(read.mistakes))
    return [one for _, one in read.shifts]


@dataclass(frozen=True, slots=True)
class ReadRows:
    """``shifts``: with the number of their row."""

    shifts: tuple[tuple[int, Shift], ...]
    mistakes: tuple[RowMistake, ...]


def read_rows(rows: Iterable[Mapping[str, Any]], zone: str, teams: Iterable[str] = ()) -> ReadRows:
    """As ``shifts_of``; what can be read, beside what cannot."""
    allowed, found, wrong = frozenset(teams), [], []
    for n, row in enumerate(rows, 1):
        if n > MOST_ROWS:
            wrong.append(RowMistake(0, "people.rota.rows", {"limit": MOST_ROWS}))
            break
        try:
            found.append((n, _shift(_named(row), ZoneInfo(zone), allowed)))
        except _Bad as bad:
            wrong.append(RowMistake(n, bad.code, bad.params))
    if not found and not wrong:
        wrong.append(RowMistake(0, "people.rota.empty", {"columns": [COLUMNS[name][0] for name in NEEDED]}))
    wrong += _over(found)
    return ReadRows(tuple(found), tuple(sorted(wrong, key=lambda one: one.row)))


class _Bad(Exception):
    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def _named(row: Mapping[str, Any]) -> dict[str, str]:
    given = {str(head).strip().lower(): "" if value is None else plain(str(value)) for head, value in row.items()}
    values = {name: next((given[head] for head in heads if given.get(head)), "") for name, heads in COLUMNS.items()}
    for name in NEEDED:
        if not values[name]:
            raise _Bad("people.rota.missing", field=COLUMNS[name][0])
    return values


def _shift(values: Mapping[str, str], zone: ZoneInfo, allowed: frozenset[str]) -> Shift:
    day = _day(values["day"])
    start, end = _time(values["start"], "start"), _time(values["end"], "end")
    role = ROLES.get(values["role"].lower())
    if role is None:
        raise _Bad("people.rota.role", value=values["role"][:40], allowed=["值班员", "值班主管"])
    if allowed and values["team"] and values["team"] not in allowed:
        raise _Bad("people.rota.team", value=values["team"][:40])
    for name in ("name", "extension", "team", "person_id"):
        if len(values[name]) > LONGEST:
            raise _Bad("people.rota.long", field=COLUMNS[name][0], limit=LONGEST)
    begin = datetime.combine(day, start, zone)
    until = datetime.combine(day if end > start else day + timedelta(days=1), end, zone)
    return Shift(role, values["name"], begin, until, values["team"], values["extension"] or None, values["person_id"] or None)


def _day(text: str) -> date:
    match = _DAY.fullmatch(text)
    try:
        if match:
            return date(*(int(part) for part in match.groups()))
    except ValueError:
        pass
    raise _Bad("people.rota.day", value=text[:40])


def _time(text: str, field: str) -> time:
    match = _TIME.fullmatch(text)
    hour, minute = (int(part) for part in match.groups()) if match else (99, 0)
    if hour == 24 and minute == 0:
        return time()
    if hour > 23 or minute > 59:
        raise _Bad("people.rota.time", field=COLUMNS[field][0], value=text[:40])
    return time(hour, minute)


def _over(found: list[tuple[int, Shift]]) -> list[RowMistake]:
    """One person twice at the same time; two of one name are told apart by their accounts, but not within one shift."""
    wrong: list[RowMistake] = []
    until: dict[tuple[str, str, str], Shift] = {}
    there: dict[tuple[str, str, datetime, str], Shift] = {}
    for n, one in sorted(found, key=lambda pair: pair[1].start_at):
        key, same = (one.person_id or one.name, one.role, one.team), (one.team, one.role, one.start_at, one.name)
        over = key in until and one.start_at < until[key].end_at and one != until[key]
        if over or there.get(same, one) != one:
            wrong.append(RowMistake(n, "people.rota.twice", {"name": one.name, "at": one.start_at}))
        until[key] = one if not over or one.end_at > until[key].end_at else until[key]
        there.setdefault(same, one)
    return wrong
