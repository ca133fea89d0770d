"""The duty roster: a file with one mistake changes nothing, and an hour without a named person is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook
from sqlalchemy import Engine, select

from fengsui.cli import main
from fengsui.demo.rota import rota_rows
from fengsui.people import RotaMistakes, Shift, on_duty, rota, save_rota, shifts_of, unmanned
from fengsui.people.rota import preview
from fengsui.store import tables as t
from fengsui.store.database import open_store

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)  # 14:32 in Shanghai
ROW = {"日期": "2026-11-18", "开始": "08:00", "结束": "20:00", "角色": "值班员", "姓名": "张三", "分机": "8021"}


def save(store: Engine, *rows: dict[str, Any]) -> None:
    save_rota(store, shifts_of([{**ROW, **row} for row in rows], ZONE), by="t", now=NOW)


def test_shifts_are_read_in_the_centres_zone_and_one_over_midnight_ends_tomorrow() -> None:
    late = {**ROW, "开始": "20:00", "结束": "8:00", "姓名": "李四", "日期": "2026/11/18"}
    boss = {**ROW, "开始": "00:00", "结束": "24:00", "姓名": "王敏", "角色": "主管", "日期": "2026年11月18日"}
    day, night, whole = shifts_of([ROW, late, boss], ZONE)
    assert (day.start_at, day.end_at) == (NOW.replace(hour=0, minute=0), NOW.replace(hour=12, minute=0))
    assert night.end_at - night.start_at == timedelta(hours=12) and night.start_at == day.end_at
    assert whole.end_at - whole.start_at == timedelta(days=1) and whole.role == "manager"
    english = {"date": "2026-11-18 00:00:00", "Start": "08:00:00", "end": "20:00", "name": "Zhang", "extension": "1"}
    assert shifts_of([english], ZONE)[0].role == "duty"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"姓名": " "}, "people.rota.missing"),
        ({"日期": "18.11."}, "people.rota.day"),
        ({"日期": "2026-02-30"}, "people.rota.day"),
        ({"开始": "8点"}, "people.rota.time"),
        ({"结束": "24:30"}, "people.rota.time"),
        ({"角色": "经理"}, "people.rota.role"),
        ({"姓名": "长" * 41}, "people.rota.long"),
        ({"结束": "09:00"}, None),
        ({"开始": "10:00", "结束": "22:00"}, "people.rota.twice"),
    ],
)
def test_a_mistake_names_row_and_value_and_nothing_is_taken(wrong: dict[str, str], code: str | None) -> None:
    rows = [ROW, {**ROW, "姓名": "李四", **wrong} if code != "people.rota.twice" else {**ROW, **wrong}]
    if code is None:
        assert len(shifts_of(rows, ZONE)) == 2
        return
    with pytest.raises(RotaMistakes) as caught:
        shifts_of(rows, ZONE)
    (found,) = caught.value.mistakes
    assert (found.code, found.row) == (code, 2)


def test_a_file_without_shifts_a_strange_team_and_a_flood_are_told() -> None:
    for rows, teams, code in (([], (), "empty"), ([{**ROW, "班组": "火星"}], ("华南",), "team"), ([ROW] * 20_001, (), "rows")):
        with pytest.raises(RotaMistakes) as caught:
            shifts_of(rows, ZONE, teams)
        assert caught.value.mistakes[0].code == f"people.rota.{code}"


def test_who_is_on_duty_and_when_nobody_is(sqlite_store: Engine) -> None:
    assert on_duty(sqlite_store, NOW) is None, "no roster: nobody can be missing"
    save(sqlite_store, {}, {"姓名": "王敏", "角色": "值班主管"}, {"开始": "22:00", "结束": "08:00", "姓名": "李四"})
    assert [one.name for one in on_duty(sqlite_store, NOW) or ()] == ["张三", "王敏"]
    assert on_duty(sqlite_store, NOW.replace(hour=13)) == (), "21:00: planned, and nobody"
    start = NOW.replace(hour=0, minute=0)
    assert unmanned(sqlite_store, start, start + timedelta(days=1)) == (
        (NOW.replace(hour=12, minute=0), NOW.replace(hour=14, minute=0)),
    )
    assert unmanned(sqlite_store, start + timedelta(hours=23), start + timedelta(hours=26))[0][0] == start + timedelta(days=1)
    assert unmanned(sqlite_store, NOW, NOW + timedelta(minutes=5), role="manager") == ()


def test_a_team_is_manned_by_its_own_or_by_the_whole_centres(sqlite_store: Engine) -> None:
    save(sqlite_store, {"班组": "华南"})
    span = (NOW, NOW + timedelta(hours=1))
    assert unmanned(sqlite_store, *span, team="华南") == () and unmanned(sqlite_store, *span, team="华东") == (span,)
    save(sqlite_store, {"姓名": "李四"})
    assert unmanned(sqlite_store, *span, team="华东") == ()


def test_a_new_file_takes_the_place_of_its_time_and_leaves_the_rest(sqlite_store: Engine) -> None:
    save(sqlite_store, {}, {"日期": "2026-11-19"}, {"日期": "2026-11-18", "班组": "华南", "姓名": "甲"})
    save(sqlite_store, {"姓名": "李四"}, {"姓名": "李四", "开始": "20:00", "结束": "08:00"})
    names = [(one.name, one.team) for one in rota(sqlite_store, NOW, NOW + timedelta(days=3))]
    assert names == [("李四", ""), ("甲", "华南"), ("李四", ""), ("张三", "")]
    with sqlite_store.connect() as conn:
        params = [row.params for row in conn.execute(select(t.audit).where(t.audit.c.action == "rota.save"))]
    assert [(one["n"], one["replaced"]) for one in params] == [(3, 0), (2, 1)]


def test_the_demo_centre_is_manned_around_the_clock(sqlite_store: Engine) -> None:
    shifts = shifts_of(rota_rows(NOW.date(), 60), ZONE)
    save_rota(sqlite_store, shifts, by="demo", now=NOW)
    for role in ("duty", "manager"):
        assert unmanned(sqlite_store, NOW, NOW + timedelta(days=59), role) == ()
    assert isinstance(shifts[0], Shift)


def test_a_file_from_the_command_line(tmp_path: Path) -> None:
    home = tmp_path / "house"
    home.mkdir()
    (home / "fengsui.toml").write_text('[centre]\nname = "小中心"\n', encoding="utf-8")

    def run(*words: str) -> Any:
        return CliRunner().invoke(main, ["--home", str(home), *words])

    book = Workbook()
    book.active.append(list(ROW))
    book.active.append([datetime(2026, 11, 18), *list(ROW.values())[1:]])  # noqa: DTZ001  as Excel has it
    book.save(tmp_path / "月.xlsx")
    assert run("migrate").exit_code == 0
    done = run("rota", "import", str(tmp_path / "月.xlsx"))
    assert done.exit_code == 0 and "已导入 1 个班次" in done.output
    text = "日期,开始,结束,角色,姓名\n2026-11-18,8:00,20:00,值班员,李四\n2026-11-18,xx,20:00,值班员,李四\n"
    (tmp_path / "月.csv").write_bytes(text.encode("gb18030"))
    refused = run("rota", "import", str(tmp_path / "月.csv"))
    assert refused.exit_code == 1 and "第 2 行：开始：「xx」不是时间" in refused.output and "什么都没有导入" in refused.output
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    assert [one.name for one in rota(store, NOW, NOW + timedelta(days=1))] == ["张三"]
    store.dispose()
    assert run("rota", "gaps", "--days", "1").exit_code == 1
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    assert "不是 CSV 或 Excel" in run("rota", "import", str(tmp_path / "x.pdf")).output
    (tmp_path / "y.xlsx").write_bytes(b"PK nonsense")
    assert run("rota", "import", str(tmp_path / "y.xlsx")).exit_code == 1
    assert run("rota", "list").exit_code == 0


def test_a_whole_month_of_many_teams_is_compared_in_one_pass(store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared each with each, 4,000 shifts held the writer for eight seconds: counted is how often a place is asked for."""

    def month(minutes: int, name: str) -> list[Shift]:
        starts = [(NOW + timedelta(hours=n // 20, minutes=minutes), f"组{n % 20}") for n in range(400)]
        return [Shift("duty", name, at, at + timedelta(hours=1), team) for at, team in starts]

    asked: list[Shift] = []
    place = Shift.place.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(Shift, "place", property(lambda one: asked.append(one) or place(one)))
    save_rota(store, month(0, "张三"), by="t", now=NOW)
    with store.connect() as conn:
        moved, handed = preview(conn, month(7, "张三")), preview(conn, month(0, "李四"))
    assert (len(moved.added), len(moved.changed), len(handed.added), len(handed.changed)) == (400, 0, 0, 400)
    assert (len(moved.removed), len(handed.removed)) == (380, 0), "the last hour begins before the file does"
    assert all(before.place == after.place for before, after in handed.changed) and len(asked) < 10 * 400
    asked.clear()
    save_rota(store, month(7, "张三"), by="t", now=NOW, seen=moved.seen)
    assert not asked, "within the writer's transaction only whether it is still so"
