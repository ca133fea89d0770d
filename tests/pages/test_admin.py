"""The page 管理: for administrators only; a change is told in words, saved with a reason, refused with every mistake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select
from streamlit.testing.v1 import AppTest

from fengsui.board import calendar_edit, definition_file, revision
from fengsui.board.revision import Draft
from fengsui.board.wrong import Wrong
from fengsui.ingest import policy
from fengsui.metrics import calendars
from fengsui.people import Person
from fengsui.people.session import token_hash
from fengsui.settings import load
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.text import taxonomy

FILE = b'{"format": "fengsui.definitions", "version": 1, "definitions": [%s]}'
Looks = Callable[[str | None], None]
NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
SECTIONS = ("calendar", "policy", "tiers", "targets", "events", "taxonomy", "history", "file")


def _admin() -> None:
    from pages.admin.page import page

    page()


@pytest.fixture
def office(home: Path) -> Engine:
    """The seeded house with two administrators and what the worker seeds."""
    settings = load(home / "fengsui.toml", {})
    store = open_store(settings.store.url)
    before = NOW - timedelta(days=9)
    with store.begin() as conn:
        calendars.seed(conn, "CN", "Asia/Shanghai", before)
        policy.seed(conn, settings.sla, before)
        taxonomy.seed(conn, before)
        for id_, name in (("gao", "高岩"), ("lin", "林静")):
            row = {"person_id": id_, "name": name, "role": "admin", "scope": [], "active": True, "created_at": before}
            conn.execute(insert(t.person).values(**row))
            session = {"token_hash": token_hash(f"token-{id_}"), "person_id": id_, "created_at": before}
            conn.execute(insert(t.session).values(**session, expires_at=NOW + timedelta(days=9)))
    return store


def show(section: str, lang: str = "zh_CN") -> AppTest:
    app = AppTest.from_function(_admin, default_timeout=30)
    app.query_params["lang"] = lang
    app.query_params["section"] = section
    return app.run()


def texts(app: Any) -> str:
    shown = [str(element.value) for element in app.html] + [button.label for button in app.button]
    return "\n".join([*shown, *(toast.value for toast in app.toast), *(field.label for field in app.text_input)])


def field(app: AppTest, end: str) -> Any:
    """A widget by the end of its key: forms get new keys after saving."""
    kinds = [*app.text_input, *app.text_area, *app.selectbox, *app.checkbox, *app.button, *app.get("button_group")]
    return next(one for one in kinds if one.key and one.key.endswith(f"_{end}"))


def versions(store: Engine, kind: str, id_: str = "default") -> int:
    with store.connect() as conn:
        mine = (t.definition.c.kind == kind) & (t.definition.c.id == id_)
        return int(conn.scalar(select(func.max(t.definition.c.version)).where(mine)) or 0)


WORDS = {
    ("calendar", "zh_CN"): ("节假日 33 天，调休上班 6 天", "节假日表 43 天后到期", "营业时间", "2 月"),
    ("calendar", "en"): ("33 holidays, 6 make-up workdays", "ends in 43 days", "Opening hours"),
    ("file", "zh_CN"): ("每个定义的最新版", "看看会改什么", "只增加新版本"),
    ("file", "en"): ("The newest version of each", "See what it would change"),
    ("policy", "zh_CN"): ("优先级 = high", "4 小时", "24 小时", "其余全部"),
    ("policy", "en"): ("Priority = high", "4 h", "All others"),
    ("targets", "zh_CN"): ("SLA 达成率", "95.0%", "系统自带"),
    ("targets", "en"): ("SLA attainment", "95.0%", "Built in"),
    ("events", "zh_CN"): ("先登记，就不会被当成异常", "从文件导入"),
    ("events", "en"): ("Announce sales", "From a file"),
    ("taxonomy", "zh_CN"): ("问题类型", "service/attitude", "重新打标签", "看看会改多少"),
    ("taxonomy", "en"): ("Issue types", "service/attitude", "Tag anew", "See what would change"),
    ("history", "zh_CN"): ("日历  第 1 版", "投诉突增", "第一版"),
    ("history", "en"): ("Calendar  version 1", "First version"),
}


@pytest.mark.parametrize(("section", "lang"), list(WORDS))
def test_a_section_says_what_it_must_in_both_languages(office: Engine, looks: Looks, section: str, lang: str) -> None:
    looks("gao")
    app = show(section, lang)
    assert not app.exception
    missing = [word for word in WORDS[section, lang] if word not in texts(app)]
    assert not missing
    assert "«" not in texts(app), texts(app)[max(0, texts(app).find("«") - 60) :][:120]


@pytest.mark.parametrize("person", [None, "wang", "li", "ana", "screen"])
@pytest.mark.parametrize("section", SECTIONS)
def test_whoever_is_no_administrator_sees_nothing_of_it(office: Engine, looks: Looks, section: str, person: str | None) -> None:
    looks(person)
    app = show(section)
    assert not app.exception and not app.button and not app.text_input
    assert not [word for word in ("营业时间", "政策行", "历次目标", "从文件导入", "第 1 版") if word in texts(app)]


def test_a_day_is_changed_told_in_words_and_saved_with_its_reason(office: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("calendar")
    assert app.button(key="adm_save").disabled
    field(app, "days").input("2027-03-02 ~ 2027-03-08").run()
    app.button(key="adm_put_days").click().run()
    assert "2027-03-02：新增 节假日" in texts(app) and "7 处改动" in texts(app)
    app.button(key="adm_save").click().run()
    assert "原因：不能为空" in texts(app) and versions(office, "calendar") == 1
    field(app, "reason").input("2027 年放假通知").run()
    app.button(key="adm_save").click().run()
    assert not app.exception
    assert "已保存为第 2 版" in texts(app) and "还没有改动" in texts(app)
    one = revision.of(office, "calendar", "default")[-1]
    assert (one.revision.by, one.revision.reason, len(one.changes)) == ("gao", "2027 年放假通知", 7)


def test_the_second_administrator_is_told_who_changed_what_and_loses_nothing(office: Engine, looks: Looks) -> None:
    looks("lin")
    app = show("calendar")
    field(app, "days").input("2027-02-20").run()
    app.button(key="adm_put_days").click().run()
    field(app, "reason").input("补充").run()
    body = calendar_edit.with_days(revision.newest(office, "calendar")["default"].body, "2027-03-02", "holiday")
    gao = Person("gao", "高岩", "admin")
    settings = load(Path(str(office.url.database)).parent / "fengsui.toml", {})
    revision.save(office, settings, [Draft("calendar", "default", body, 1, "通知")], gao, NOW)
    app.button(key="adm_save").click().run()
    assert not app.exception and versions(office, "calendar") == 2
    assert "高岩 在 11 月 18 日 14:32 已先保存第 2 版" in texts(app) and "2027-03-02：新增 节假日" in texts(app)
    assert "2027-02-20" in texts(app), "still there"
    app.button(key="adm_drop").click().run()
    assert "还没有改动" in texts(app) and "已先保存" not in texts(app)


@pytest.mark.parametrize(("days", "says"), [("春节", "「春节」不是日期"), ("2027-02-30", "「2027-02-30」不是日期")])
def test_a_day_that_cannot_be_read_says_what_is_allowed(office: Engine, looks: Looks, days: str, says: str) -> None:
    looks("gao")
    app = show("calendar")
    field(app, "days").input(days).run()
    app.button(key="adm_put_days").click().run()
    assert says in texts(app) and app.button(key="adm_save").disabled


def test_hours_of_a_queue_are_its_own_until_it_inherits_again(office: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("calendar")
    field(app, "new_queue").input("信用卡").run()
    app.button(key="adm_add_queue").click().run()
    field(app, "信用卡_mon").input("09:00-12:00, 11:00-18:00")
    field(app, "信用卡_sun").input("-")
    next(one for one in app.button if one.label == "放入改动" and one.key != "adm_put_days").click().run()
    assert "信用卡 · 周一：一天内的时间段要按先后写，不能重叠" in texts(app)
    field(app, "信用卡_mon").input("09:00-12:00, 13:00-18:00")
    next(one for one in app.button if one.label == "放入改动" and one.key != "adm_put_days").click().run()
    field(app, "reason").input("信用卡周日不营业").run()
    app.button(key="adm_save").click().run()
    assert not app.exception and versions(office, "calendar") == 2
    hours = revision.newest(office, "calendar")["default"].body["hours"]["信用卡"]
    assert (hours["mon"], hours["sun"]) == (["09:00-12:00", "13:00-18:00"], [])


def test_a_line_of_the_policy_is_changed_from_a_date_on(office: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("policy")
    field(app, "high_resolution").input("2")
    field(app, "high_regulator").check()
    next(one for one in app.button if one.label == "放入改动").click().run()
    assert "high · 解决时限：4 小时 → 2 小时" in texts(app) and "high · 监管转办：否 → 是" in texts(app)
    field(app, "reason").input("监管要求")
    field(app, "starts").input("2026-11-01").run()
    app.button(key="adm_save").click().run()
    assert "过去不能改" in texts(app) and versions(office, "sla_policy") == 1
    field(app, "starts").input("2026-12-01").run()
    app.button(key="adm_save").click().run()
    assert not app.exception and versions(office, "sla_policy") == 2
    assert revision.newest(office, "sla_policy")["default"].valid_from == datetime(2026, 11, 30, 16, tzinfo=UTC)


def test_a_new_line_with_rubbish_says_each_field(office: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("policy")
    field(app, "line").set_value("+").run()
    field(app, "+_id").input("12345")
    field(app, "+_when").input("星座 = 狮子")
    field(app, "+_resolution").input("五天")
    next(one for one in app.button if one.label == "放入改动").click().run()
    assert "解决时限：「五天」不是数字" in texts(app) and "没有「星座」这一项" in texts(app)
    assert app.button(key="adm_save").disabled


def test_a_target_is_typed_in_its_unit_and_the_page_shows_who_set_it(office: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("targets")
    app.selectbox(key="adm_aim").set_value("sla_attainment").run()
    assert field(app, "value").value == "95"
    field(app, "value").input("很高").run()
    app.button(key="adm_save").click().run()
    assert "目标：「很高」不是数字" in texts(app)
    field(app, "value").input("97.5")
    field(app, "reason").input("年度目标").run()
    app.button(key="adm_save").click().run()
    assert not app.exception and versions(office, "target", "sla_attainment") == 2
    assert "97.5%" in texts(app) and "高岩" in texts(app) and "年度目标" in texts(app)
    app.button(key="adm_save").click().run()
    assert "和现在的目标一样" in texts(app)


def test_an_event_is_announced_and_withdrawn(office: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("events")
    next(one for one in app.button if one.label == "登记").click().run()
    assert "名称：不能为空" in texts(app) and "开始：不能为空" in texts(app)
    for name, value in (("name", "<b>双11</b>"), ("start_at", "2026-11-20 20:00"), ("end_at", "2026-11-22"), ("lift", "3")):
        field(app, name).input(value)
    field(app, "reason").input("大促")
    next(one for one in app.button if one.label == "登记").click().run()
    assert not app.exception
    assert "已登记" in texts(app) and "未开始" in texts(app) and "3 倍" in texts(app)
    assert "&lt;b&gt;双11" in texts(app) and "<b>双11" not in texts(app)
    field(app, "end_reason").input("不办了").run()
    app.button(key="adm_event_end").click().run()
    assert "已取消" in texts(app) and not app.exception


def test_an_outage_of_the_store_says_so_and_keeps_the_draft(
    office: Engine, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("insert", {}, Exception("database is locked"))

    looks("gao")
    app = show("calendar")
    field(app, "days").input("2027-02-20").run()
    app.button(key="adm_put_days").click().run()
    field(app, "reason").input("补充").run()
    monkeypatch.setattr(revision, "save", away)
    app.button(key="adm_save").click().run()
    assert not app.exception and "没有存上" in texts(app) and "2027-02-20" in texts(app)


def test_a_file_is_told_before_it_is_saved_and_a_bad_one_changes_nothing(office: Engine, looks: Looks) -> None:
    """AppTest has no file uploader: the callbacks are asked as it would."""
    from pages.admin import moved

    looks("gao")
    with office.connect() as conn:
        rows = definition_file.newest(conn, ("calendar", "sla_policy"))
    changed = [{**row, "body": {**row["body"], "until": "2027-12-31"}} if row["kind"] == "calendar" else row for row in rows]
    known = {(row["kind"], row["id"]): one for row in rows for one in [revision.newest(office, row["kind"])[row["id"]]]}
    made = definition_file.read(definition_file.written(changed).encode(), moved.KINDS, known, "搬家")
    assert [(one.kind, one.seen) for one in made] == [("calendar", 1)]
    app = show("file")
    app.session_state["adm_file_drafts"] = made
    app.run()
    assert "2027-12-31" in texts(app)
    next(one for one in app.button if one.key == "adm_file_save").click().run()
    assert "不能为空" in texts(app) and versions(office, "calendar") == 1  # a reason is asked
    field(app, "reason").set_value("从总部导入").run()
    next(one for one in app.button if one.key == "adm_file_save").click().run()
    assert versions(office, "calendar") == 2 and "已导入 1 个定义" in texts(app)


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"{", "board.wrong.file_json", ("file",)),
        (b"[" * 100_000, "board.wrong.file_json", ("file",)),
        (b"\xff\xfe", "board.wrong.file_json", ("file",)),
        (b"[]", "board.wrong.file_format", ("file",)),
        (b'{"format": "fengsui.definitions", "version": 2, "definitions": []}', "board.wrong.file_format", ("file",)),
        (FILE % b'{"kind": "target"}', "board.wrong.missing", (1, "id")),
        (FILE % b'{"kind": "rule", "id": "x", "body": {}}', "board.wrong.choice", (1, "kind")),
        (FILE % b'{"kind": "target", "id": "planet", "body": {"target": 1}}', "metrics.body.metric", (1, "id")),
        (FILE % b'{"kind": "target", "id": "csat", "body": {"target": "<b>"}}', "board.wrong.number", (1, "target")),
    ],
)
def test_a_file_that_will_not_do_says_where(content: bytes, code: str, place: tuple[str | int, ...]) -> None:
    from pages.admin.moved import KINDS

    with pytest.raises(Wrong) as fault:
        definition_file.read(content, KINDS, {}, "")
    first = fault.value.mistakes[0]
    assert first.code == code and first.place[: len(place)] == place


def test_an_issue_is_added_tried_saved_and_the_past_asked_for(office: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("taxonomy")
    field(app, "which_issues").set_value("").run()
    for end, typed in (("id_issues_", "service/parking"), ("zh_CN_issues_", "停车<b>"), ("en_issues_", "Parking")):
        field(app, end).set_value(typed)
    field(app, "words_issues_").set_value("停车、车位")
    app.button(key="adm_tax_put").click().run()
    assert not app.exception and "停车&lt;b&gt;" in texts(app) and "停车<b>" not in texts(app)
    app.button(key="adm_tax_try").click().run()
    assert "里会变" in texts(app)
    field(app, "reason").set_value("停车多了")
    app.button(key="adm_save").click().run()
    assert not app.exception and versions(office, "taxonomy") == 2
    app.button(key="adm_retag_do").click().run()
    assert app.button(key="adm_retag_do").disabled, "one at a time"
    with office.connect() as conn:
        asked = conn.execute(select(t.request.c.kind, t.request.c.params)).all()
    assert [(row.kind, row.params["weeks"]) for row in asked] == [("retag", 8)]
