"""换班, 请假, 代班: who may ask, who agrees, and that notices and 今日值班 follow at once; a file says what it would change."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine, func, select

from fengsui.alerts import seed
from fengsui.alerts.commands import Done, Refused
from fengsui.board import rota as board
from fengsui.board import rota_change as change
from fengsui.board.rota_change import Who
from fengsui.board.todo import todo
from fengsui.notify.recipients import everybody
from fengsui.people import Person, create, on_duty, rota, save_rota, shifts_of
from fengsui.settings.model import Settings
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)  # Wednesday 14:32 in Shanghai
ZONE = ZoneInfo("Asia/Shanghai")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZHANG = Person("zhang", "张三", "duty")
LI = Person("li", "李四", "duty")
WU = Person("wu", "吴五", "duty")
WANG = Person("wang", "王敏", "manager")
SOUTH = Person("nan", "南方", "manager", ("华南",))
ANA = Person("ana", "安娜", "analyst")
SCREEN = Person("screen", "大屏", "wall")


@pytest.fixture
def planned(store: Engine) -> Engine:
    """张三 by day, 李四 by night, for three days; 吴五 by day in 华南."""
    for one in (ZHANG, LI, WU, WANG, SOUTH, ANA, SCREEN):
        create(store, one.person_id, one.name, one.role, by="t", now=NOW, scope=one.scope)
    with store.begin() as conn:
        seed.seed(conn, Settings(home=Path()), NOW)
    rows = []
    for day in ("2026-11-18", "2026-11-19", "2026-11-20"):
        rows.append({"日期": day, "开始": "08:00", "结束": "20:00", "姓名": "张三", "分机": "8021"})
        rows.append({"日期": day, "开始": "20:00", "结束": "08:00", "姓名": "李四", "分机": "8022"})
        rows.append({"日期": day, "开始": "08:00", "结束": "20:00", "姓名": "吴五", "班组": "华南"})
    save_rota(store, shifts_of(rows, "Asia/Shanghai"), by="t", now=NOW)
    return store


def shift(store: Engine, name: str, day: int, team: str = "") -> Any:
    found = [one for one in rota(store, NOW - DAY, NOW + 4 * DAY) if one.name == name and one.team == team]
    return next(one for one in found if one.start_at.astimezone(ZONE).day == day)


def names(store: Engine, at: datetime, team: str = "") -> list[str]:
    return [one.name for one in on_duty(store, at) or () if one.team == team]


def told(store: Engine) -> list[tuple[str, str]]:
    with store.connect() as conn:
        rows = conn.execute(select(t.outbox.c.code, t.outbox.c.recipient).where(t.outbox.c.kind == "rota").distinct())
        return sorted((row.code.rpartition(".")[2], row.recipient) for row in rows)


def actions(store: Engine) -> list[tuple[str, str]]:
    with store.connect() as conn:
        query = select(t.audit.c.action, t.audit.c.by).where(t.audit.c.action.startswith("rota.")).order_by(t.audit.c.audit_id)
        return [tuple(row) for row in conn.execute(query)][1:]


def asked(store: Engine) -> str:
    with store.connect() as conn:
        return conn.scalars(select(t.rota_change.c.change_id).where(t.rota_change.c.state == "asked")).one()


def code(answer: Done | Refused) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def test_a_swap_is_asked_agreed_and_done_and_everybody_is_told(planned: Engine) -> None:
    mine, other = shift(planned, "张三", 19), shift(planned, "李四", 19)
    assert change.swap(planned, mine, other, ZHANG, NOW, reason="家里有事 13800000001") == Done(0)
    assert names(planned, mine.start_at) == ["张三"], "asked is not agreed"
    (item,) = [one for one in todo(planned, "li", (), NOW) if one.kind == "rota"]
    assert item.who == "张三" and item.due_at == mine.start_at
    assert code(change.swap(planned, mine, other, ZHANG, NOW, reason="")) == "board.rota.waits"
    for stranger in (ZHANG, WU, SOUTH, ANA):
        assert code(change.agree(planned, asked(planned), stranger, NOW)) == "board.rota.not_asked"
    assert change.agree(planned, asked(planned), LI, NOW + HOUR) == Done(1)
    assert names(planned, mine.start_at) == ["李四"] and names(planned, other.start_at) == ["张三"]
    swapped = shift(planned, "李四", 19)
    assert (swapped.instead_of, swapped.extension, swapped.person_id) == ("张三", "8022", "li")
    with planned.connect() as conn:
        people = everybody(conn, mine.start_at + HOUR)
        assert [one.person_id for one in people.behind("duty", None)] == ["li", "wu"]
        assert conn.scalar(select(t.rota_change.c.reason)) == "家里有事 [手机号]"
        assert "138" not in str(conn.execute(select(t.audit.c.params)).all())
    assert told(planned) == [("swap_asked", "person:li"), ("swap_done", "person:zhang")]
    assert actions(planned) == [("rota.ask", "zhang"), ("rota.swap", "li")]
    back = change.swap(planned, shift(planned, "李四", 19), other_of(planned, 19), WANG, NOW + HOUR, reason="")
    assert back == Done(1) and shift(planned, "张三", 19).instead_of is None, "swapped back is as planned"


def other_of(store: Engine, day: int) -> Any:
    found = [one for one in rota(store, NOW, NOW + 4 * DAY) if one.name == "张三" and not one.team]
    return next(one for one in found if one.start_at.astimezone(ZONE).day == day and one.start_at.astimezone(ZONE).hour == 20)


def test_who_may_not(planned: Engine) -> None:
    mine, other, south = shift(planned, "张三", 19), shift(planned, "李四", 19), shift(planned, "吴五", 19, "华南")
    assert code(change.swap(planned, mine, other, WU, NOW, reason="")) == "board.rota.not_yours"
    assert code(change.swap(planned, mine, other, SOUTH, NOW, reason="")) == "board.rota.not_yours"
    assert code(change.swap(planned, mine, south, WANG, NOW, reason="")) == "board.rota.unlike"
    assert code(change.swap(planned, mine, shift(planned, "张三", 20), WANG, NOW, reason="")) == "board.rota.same"
    assert code(change.swap(planned, shift(planned, "张三", 18), other, WANG, NOW, reason="")) == "board.rota.begun"
    for nobody in (ANA, SCREEN):
        assert code(change.swap(planned, mine, other, nobody, NOW, reason="")) == "alerts.refused.role"
        deputy = Who("李四", "li")
        assert code(change.leave(planned, Who("张三", "zhang"), NOW, NOW + DAY, deputy, nobody, NOW, reason="")) == (
            "alerts.refused.role"
        )
        assert code(change.take_over(planned, [mine], "", nobody, NOW)) == "alerts.refused.role"
    assert code(change.take_over(planned, [mine], "", LI, NOW)) == "alerts.refused.role"
    assert code(change.take_over(planned, [mine], "", SOUTH, NOW)) == "board.rota.team"
    assert names(planned, mine.start_at) == ["张三"] and not told(planned) and not actions(planned)


def test_a_leave_with_a_deputy_cuts_the_shifts_and_is_followed_at_once(planned: Engine) -> None:
    """At 14:32 张三 falls ill until 10:00 the day after tomorrow: a manager names 吴五's colleague at once."""
    until = datetime(2026, 11, 20, 2, tzinfo=UTC)
    answer = change.leave(planned, Who("张三", "zhang"), NOW - 3 * HOUR, until, Who("王敏", "wang"), WANG, NOW, reason="病假")
    assert answer == Done(1)
    assert names(planned, NOW - HOUR) == ["张三"], "who was there stays written"
    assert names(planned, NOW) == ["王敏"] and names(planned, NOW + DAY) == ["王敏"]
    assert names(planned, until - timedelta(minutes=1)) == ["王敏"] and names(planned, until) == ["张三"]
    with planned.connect() as conn:
        assert [one.person_id for one in everybody(conn, NOW).behind("duty", None)] == ["wang", "wu"]
    week = board.week(planned, LI, ZONE, NOW.astimezone(ZONE).date(), NOW)
    (away,) = week.away
    assert (away.name, away.other, away.kind) == ("张三", "王敏", "leave")
    assert told(planned) == [("leave_done", "person:zhang")]


def test_a_leave_without_a_deputy_needs_a_manager_and_leaves_a_gap_that_is_shown(planned: Engine) -> None:
    start = datetime(2026, 11, 19, 0, tzinfo=UTC)
    assert change.leave(planned, Who("张三", "zhang"), start, start + 12 * HOUR, None, ZHANG, NOW, reason="") == Done(0)
    assert told(planned) == [("leave_asked_alone", "person:wang")], "of whoever may agree"
    assert code(change.agree(planned, asked(planned), ZHANG, NOW)) == "board.rota.not_asked"
    assert code(change.agree(planned, asked(planned), SOUTH, NOW)) == "board.rota.not_asked"
    before = board.week(planned, WANG, ZONE, NOW.astimezone(ZONE).date(), NOW)
    assert [one.change_id for one in before.asked if one.decides] == [asked(planned)]
    assert change.agree(planned, asked(planned), WANG, NOW) == Done(1)
    gap = next(one for one in board.week(planned, WANG, ZONE, NOW.astimezone(ZONE).date(), NOW).gaps if one.team == "华南")
    assert gap.spans and names(planned, start + HOUR) == []
    day = next(one for one in board.week(planned, WANG, ZONE, NOW.astimezone(ZONE).date(), NOW).teams if one.team == "").days[1]
    assert [one.shift.name if one.shift else None for one in day] == ["李四"] or None in [one.shift for one in day]


def test_a_leave_is_told_to_the_managers_who_may_grant_it_and_they_see_it(planned: Engine) -> None:
    """Whoever is on shift as manager elsewhere could not decide; 南方 can, by the shifts, though 吴五 is of no organisation."""
    create(planned, "dong", "东方", "manager", by="t", now=NOW, scope=("华东",))
    rows = [{"日期": "2026-11-18", "开始": "08:00", "结束": "20:00", "姓名": "东方", "班组": "华东", "角色": "主管"}]
    save_rota(planned, shifts_of(rows, "Asia/Shanghai"), by="t", now=NOW)
    south = shift(planned, "吴五", 19, "华南")
    assert change.leave(planned, Who("吴五", "wu"), south.start_at, south.end_at, None, WU, NOW, reason="") == Done(0)
    assert told(planned) == [("leave_asked_alone", "person:nan"), ("leave_asked_alone", "person:wang")]
    east, today = Person("dong", "东方", "manager", ("华东",)), NOW.astimezone(ZONE).date()
    for one, may in ((SOUTH, True), (WANG, True), (east, False), (LI, False)):
        assert [row.decides for row in board.week(planned, one, ZONE, today, NOW).asked] == [True] * may, one.name
    assert code(change.agree(planned, asked(planned), east, NOW)) == "board.rota.not_asked"
    assert change.agree(planned, asked(planned), SOUTH, NOW) == Done(1)
    assert ("leave_done_alone", "person:wu") in told(planned)


def test_a_leave_that_changes_nothing_is_not_done(planned: Engine) -> None:
    start = datetime(2026, 11, 19, 0, tzinfo=UTC)
    away, span, deputy = Who("张三", "zhang"), (start, start + 12 * HOUR), Who("李四", "li")
    assert change.leave(planned, away, *span, deputy, ZHANG, NOW, reason="") == Done(0)
    assert change.leave(planned, away, *span, None, WANG, NOW, reason="") == Done(1)
    told_before = told(planned)
    second = NOW + timedelta(seconds=1)
    for one in (None, deputy):
        assert code(change.leave(planned, away, *span, one, WANG, second, reason="")) == "board.rota.granted", "a double click"
    assert code(change.agree(planned, asked(planned), LI, second)) == "board.rota.granted"
    later = (start + 9 * DAY, start + 10 * DAY)
    assert code(change.leave(planned, away, *later, deputy, WANG, NOW, reason="")) == "people.rota.moved", (
        "no shift to stand in for"
    )
    assert change.leave(planned, away, *later, None, WANG, NOW, reason="") == Done(1), "known before the month is planned"
    assert code(change.leave(planned, away, *later, None, WANG, second, reason="")) == "board.rota.granted"
    assert told(planned) == told_before, "and nobody is told twice"
    rows = [{"日期": "2026-11-19", "开始": "08:00", "结束": "20:00", "姓名": "张三"}]
    save_rota(planned, shifts_of(rows, "Asia/Shanghai"), by="t", now=NOW)
    assert change.leave(planned, away, *span, deputy, WANG, second, reason="") == Done(1), "planned again all the same"
    assert names(planned, start + HOUR) == ["李四"]


def test_a_deputy_stands_nowhere_twice_and_not_outside_their_organisations(planned: Engine) -> None:
    start = datetime(2026, 11, 19, 0, tzinfo=UTC)
    away, span = Who("张三", "zhang"), (start, start + 14 * HOUR)
    assert code(change.leave(planned, Who("李四", "li"), start, start + DAY, Who("南方", "nan"), WANG, NOW, reason="")) == (
        "board.rota.elsewhere"
    )
    assert code(change.leave(planned, away, *span, away, WANG, NOW, reason="")) == "board.rota.same"
    assert code(change.leave(planned, away, *span, Who("路人"), WANG, NOW, reason="")) == "board.rota.nobody"
    assert code(change.leave(planned, away, start, start - HOUR, None, WANG, NOW, reason="")) == "board.rota.span"
    assert code(change.leave(planned, away, start, start + 100 * DAY, None, WANG, NOW, reason="")) == "board.rota.span"
    extra = [{"日期": "2026-11-19", "开始": "10:00", "结束": "14:00", "姓名": "赵六"}]
    save_rota(planned, shifts_of(extra, "Asia/Shanghai"), by="t", now=NOW)
    assert code(change.leave(planned, away, *span, Who("赵六"), WANG, NOW, reason="")) == "people.rota.twice"
    assert names(planned, start) == ["张三"], "refused as a whole"
    assert change.leave(planned, away, *span, Who("王敏", "wang"), WANG, NOW, reason="") == Done(1)


def test_what_moved_meanwhile_is_not_overwritten(planned: Engine) -> None:
    mine, other = shift(planned, "张三", 19), shift(planned, "李四", 19)
    change.swap(planned, mine, other, ZHANG, NOW, reason="")
    wish = asked(planned)
    change.leave(planned, Who("李四", "li"), other.start_at, other.end_at, Who("王敏", "wang"), WANG, NOW, reason="")
    assert code(change.agree(planned, wish, LI, NOW)) == "people.rota.moved"
    assert names(planned, mine.start_at) == ["张三"] and asked(planned) == wish, "nothing of it was kept"
    assert change.decline(planned, wish, ZHANG, NOW) == Done(1), "who asked may take it back"
    assert code(change.agree(planned, wish, LI, NOW)) == "board.rota.over"


def test_a_refusal_is_told_to_who_asked(planned: Engine) -> None:
    change.swap(planned, shift(planned, "张三", 19), shift(planned, "李四", 19), ZHANG, NOW, reason="")
    assert code(change.decline(planned, asked(planned), WU, NOW)) == "board.rota.not_asked"
    assert change.decline(planned, asked(planned), LI, NOW) == Done(1)
    assert ("swap_refused", "person:zhang") in told(planned) and actions(planned)[-1] == ("rota.refuse", "li")


def test_agreed_twice_at_once_is_done_once(planned: Engine) -> None:
    change.swap(planned, shift(planned, "张三", 19), shift(planned, "李四", 19), ZHANG, NOW, reason="")
    wish = asked(planned)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: change.agree(planned, wish, one, NOW), (LI, WANG)))
    assert sorted(type(one).__name__ for one in answers) == ["Done", "Refused"]
    with planned.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(t.rota_shift)) == 9


@pytest.mark.parametrize("apart", [timedelta(), timedelta(milliseconds=3)], ids=["one instant", "moments apart"])
def test_of_two_who_grant_one_leave_at_once_one_does_and_the_other_is_told(planned: Engine, apart: timedelta) -> None:
    away, stand = Who("张三", "zhang", "8021"), Who("李四", "li", "8022")
    gate, answers = threading.Barrier(2), {}

    def grant(by: Person, now: datetime, deputy: Who | None) -> None:
        gate.wait()
        span = (NOW + DAY, NOW + 2 * DAY)
        answers[by.person_id] = change.leave(planned, away, *span, deputy, by, now, reason="")

    root = Person("root", "根", "admin")
    create(planned, root.person_id, root.name, root.role, by="t", now=NOW)
    deputies = {"wang": stand, "root": stand if not apart else None}
    both = [
        threading.Thread(target=grant, args=(by, NOW + n * apart, deputies[by.person_id])) for n, by in enumerate((WANG, root))
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    done = [one for one in answers.values() if isinstance(one, Done)]
    refused = [one for one in answers.values() if isinstance(one, Refused)]
    assert len(done) == 1 and [one.code for one in refused] == ["board.rota.granted"], answers
    with planned.connect() as conn:
        assert conn.scalars(select(t.rota_change.c.state)).all() == ["done"]
    assert [action for action, _ in actions(planned)] == ["rota.leave"]


HEAD = "日期,开始,结束,角色,姓名,分机,班组,账号\n"


def of_file(store: Engine, who: Person, *lines: str, name: str = "月.csv") -> board.FilePreview:
    return board.of_file(store, Settings(home=Path()), who, name, (HEAD + "\n".join(lines)).encode(), NOW)


def test_a_file_says_what_it_adds_changes_removes_and_refuses_before_it_counts(planned: Engine) -> None:
    change.leave(planned, Who("张三", "zhang"), NOW + DAY, NOW + 2 * DAY, Who("王敏", "wang"), WANG, NOW, reason="")
    lines = (
        "2026-11-19,08:00,20:00,值班员,张三,8021,,",
        "2026-11-19,20:00,08:00,,赵六,,,",
        "2026-11-20,22:00,23:00,,新人,,,x1",
    )
    seen = of_file(planned, WANG, *lines)
    assert seen.preview is not None and not seen.refused
    added, changed, removed = seen.preview.added, seen.preview.changed, seen.preview.removed
    assert [(old.name, new.name) for old, new in changed] == [("李四", "赵六")]
    assert {one.name for one in added} == {"新人", "张三"} and {one.name for one in removed} == {"王敏", "李四", "张三"}
    assert {(one.row, one.code.rpartition(".")[2]) for one in seen.warned} >= {(1, "away"), (3, "account"), (0, "undone")}
    assert names(planned, NOW + DAY) == ["王敏"], "a preview changes nothing"
    assert change.take_over(planned, seen.shifts, seen.preview.seen, WANG, NOW) == Done(3)
    assert names(planned, NOW + DAY) == ["张三"] and actions(planned)[-1] == ("rota.save", "wang")
    assert code(change.take_over(planned, seen.shifts, seen.preview.seen, WANG, NOW)) == "people.rota.moved"
    bad = of_file(planned, WANG, "2026-11-19,xx,20:00,,张三,,,", "2026-11-19,08:00,20:00,经理,李四,,,")
    assert [(one.row, one.code) for one in bad.refused] == [(1, "people.rota.time"), (2, "people.rota.role")]
    south = of_file(planned, SOUTH, "2026-11-19,08:00,20:00,,吴五,,华南,", "2026-11-19,08:00,20:00,,张三,,,")
    assert [(one.row, one.code) for one in south.refused] == [(2, "board.rota.team_row")]


def test_files_that_are_none_are_told(planned: Engine) -> None:
    def wrong(name: str, content: bytes) -> str:
        (one,) = board.of_file(planned, Settings(home=Path()), WANG, name, content, NOW).refused
        return one.code

    book = Workbook()
    for line in (["日期", "开始", "结束", "姓名"], [datetime(2026, 11, 21), "08:00", "20:00", "=1+1"]):  # noqa: DTZ001
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    assert wrong("x.pdf", b"%PDF") == "board.rota.kind"
    assert wrong("x.xlsx", b"PK nonsense") == wrong("x.xlsx", b"") == "board.rota.unread"
    assert wrong("x.csv", b"\xff" * 40) == "board.rota.unread"
    assert wrong("x.csv", b"a" * (6 << 20)) == "board.rota.size"
    assert wrong("x.csv", b"") == "people.rota.empty"
    assert wrong("x.xlsx", out.getvalue()) == "people.rota.missing", "a formula without a saved value is no name"
    gb = board.of_file(
        planned, Settings(home=Path()), WANG, "x.csv", (HEAD + "2026-11-21,8:00,9:00,,张三,,,").encode("gb18030"), NOW
    )
    assert [one.name for one in gb.shifts] == ["张三"]


def test_a_week_shows_gaps_of_the_teams_that_one_sees(planned: Engine) -> None:
    week = board.week(planned, SOUTH, ZONE, NOW.astimezone(ZONE).date(), NOW)
    assert {one.team for one in week.teams} == {"", "华南"}
    assert all(one.team in ("", "华南") for one in week.gaps) and week.gaps
    first = next(one for one in week.teams if one.team == "").days[0]
    assert [one.shift.name for one in first if one.shift] == ["张三", "李四"]
    mine = board.week(planned, LI, ZONE, NOW.astimezone(ZONE).date(), NOW)
    assert [slot.shift.name for one in mine.teams for day in one.days for slot in day if slot.mine] == ["李四"] * 3
    own, others, people = board.choices(planned, ZHANG, NOW)
    assert {one.name for one in own} == {"张三"} and {one.name for one in others} == {"张三", "李四", "吴五"}
    assert {one.name for one in people} == {"张三", "李四", "吴五", "王敏", "南方"}
