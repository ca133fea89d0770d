"""Definitions as an administrator edits them: versions, who was first, what changed, and every mistake by its field."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine, insert, select

from fengsui.board import calendar_edit, conditions, known_events, policy_edit, revision, targets
from fengsui.board.changes import changes
from fengsui.board.revision import Draft, Saved, Stale
from fengsui.board.wrong import Wrong
from fengsui.engine.readings import announced
from fengsui.ingest import policy
from fengsui.locale import has
from fengsui.metrics import calendars, catalogue, target_body
from fengsui.people import Person
from fengsui.settings import Settings, parse
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
GAO, LIN = Person("gao", "高岩", "admin"), Person("lin", "林静", "admin")
TOML = '[centre]\nname = "中心"\n[source.tickets]\nkind = "files"\npurpose = "工单"\ntitle = "工单库"\n'


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return parse(TOML, tmp_path, {})


@pytest.fixture
def centre(store: Engine, settings: Settings) -> Engine:
    """As a new centre begins, with two administrators."""
    with store.begin() as conn:
        catalogue.seed(conn, NOW - timedelta(days=60))
        calendars.seed(conn, "CN", "Asia/Shanghai", NOW - timedelta(days=60))
        policy.seed(conn, settings.sla, NOW - timedelta(days=60))
        people = [
            {"person_id": one.person_id, "name": one.name, "role": "admin", "scope": [], "active": True} for one in (GAO, LIN)
        ]
        conn.execute(insert(t.person), [row | {"created_at": NOW} for row in people])
    return store


def target(value: float | None, seen: int, **more: Any) -> Draft:
    return Draft("target", "sla_attainment", {"target": value}, seen, more.pop("reason", "年度目标"), **more)


def limit(n: float, unit: str) -> Draft:
    return Draft("sla_policy", "default", {"lines": [{"id": "a", "resolution": {"n": n, "unit": unit}}]}, 1, "x")


def calendar(**body: Any) -> Draft:
    return Draft("calendar", "default", {"code": "CN", **body}, 1, "x")


def test_a_version_has_author_reason_date_and_an_audit_row(centre: Engine, settings: Settings) -> None:
    assert revision.save(centre, settings, [target(0.97, 1)], GAO, NOW) == Saved(2)
    step = revision.history(centre)[0]
    one = step.revision
    assert (one.version, one.by_name, one.reason, one.at, one.valid_from) == (2, "高岩", "年度目标", NOW, NOW)
    assert [(c.path, c.before, c.after) for c in step.changes] == [(("target",), 0.95, 0.97)]
    with centre.connect() as conn:
        params = conn.scalars(select(t.audit.c.params).where(t.audit.c.action == "definition.save")).all()
    assert {"kind": "target", "id": "sla_attainment", "version": 2, "reason": "年度目标"} in params


def test_who_is_bound_to_an_organisation_changes_nothing_of_the_whole_centre(centre: Engine, settings: Settings) -> None:
    with pytest.raises(Wrong) as fault:
        revision.save(centre, settings, [target(0.5, 1)], Person("he", "何佳", "admin", ("华南",)), NOW)
    assert [one.code for one in fault.value.mistakes] == ["board.wrong.centre_wide"]
    assert revision.newest(centre, "target")["sla_attainment"].version == 1


def test_of_two_administrators_the_second_is_told_who_changed_what(centre: Engine, settings: Settings) -> None:
    revision.save(centre, settings, [target(0.97, 1)], GAO, NOW)
    answer = revision.save(centre, settings, [target(0.9, 1)], LIN, NOW + timedelta(minutes=1))
    assert isinstance(answer, Stale)
    assert [(one.revision.by_name, one.changes[0].after) for one in answer.steps] == [("高岩", 0.97)]
    assert revision.newest(centre, "target")["sla_attainment"].body == {"target": 0.97}
    assert revision.save(centre, settings, [target(0.9, 2)], LIN, NOW + timedelta(minutes=2)) == Saved(3)


def test_a_target_counts_from_its_date_and_the_past_stays(centre: Engine, settings: Settings) -> None:
    starts = date(2026, 12, 1)
    revision.save(centre, settings, [target(0.99, 1, starts=starts)], GAO, NOW)
    begins = datetime(2026, 11, 30, 16, tzinfo=UTC)  # midnight of the centre
    with centre.connect() as conn:
        in_force = [catalogue.load(conn, at)["sla_attainment"].target for at in (NOW, begins - timedelta(seconds=1), begins)]
        known = target_body.load(conn, "sla_attainment")
    assert in_force == [0.95, 0.95, 0.99]
    assert [known.at(at) for at in (NOW - timedelta(days=90), NOW, begins)] == [0.95, 0.95, 0.99]
    days = targets.by_day(centre, settings, catalogue.METRICS["sla_attainment"], date(2026, 11, 29), 4)
    assert days == [0.95, 0.95, 0.99, 0.99]
    aim = next(one for one in targets.aims(centre, NOW) if one.metric.id == "sla_attainment")
    assert aim.ahead and aim.metric.target == 0.95


def test_a_later_version_takes_the_place_of_one_that_had_not_begun(centre: Engine, settings: Settings) -> None:
    body = policy_edit.plain(revision.newest(centre, "sla_policy")["default"].body)
    ahead = policy_edit.with_line(body, 1, {**body["lines"][1], "resolution": {"n": 48, "unit": "hour"}})
    now_ = policy_edit.with_line(body, 1, {**body["lines"][1], "resolution": {"n": 12, "unit": "hour"}})
    save = [
        Draft("sla_policy", "default", ahead, 1, "放宽", date(2026, 12, 1)),
        Draft("sla_policy", "default", now_, 2, "收紧"),
    ]
    assert [revision.save(centre, settings, [draft], GAO, NOW + timedelta(minutes=n)) for n, draft in enumerate(save)] == [
        Saved(2),
        Saved(3),
    ]
    with centre.connect() as conn:
        known = policy.load(conn)
    limits = [known.at(at) for at in (NOW - timedelta(days=1), NOW + timedelta(hours=1), NOW + timedelta(days=30))]
    assert [one.body.lines[1].resolution.n for one in limits if one and one.body.lines[1].resolution] == [1440.0, 12, 12]


@pytest.mark.parametrize(
    ("draft", "place", "code"),
    [
        (target(0.97, 1, reason=" "), ("reason",), "board.wrong.missing"),
        (target(0.97, 1, starts=date(2026, 11, 18)), ("starts",), "board.wrong.past"),
        (Draft("target", "nps_of_mars", {"target": 1}, 0, "x"), ("id",), "metrics.body.metric"),
        (Draft("target", "csat", {"target": "much"}, 1, "x"), ("target",), "board.wrong.number"),
        (Draft("target", "csat", {"target": float("inf")}, 1, "x"), ("target",), "board.wrong.number"),
        (Draft("cue", "x", {}, 0, "x"), ("kind",), "board.wrong.choice"),
        (Draft("calendar", "other", {}, 0, "x"), ("id",), "board.wrong.choice"),
        (Draft("calendar", "default", {"code": "CN"}, 1, "x", date(2027, 1, 1)), ("starts",), "board.wrong.calendar_starts"),
        (limit(0, "hour"), ("lines", 0, "resolution", "n"), "board.wrong.above"),
        (limit(1, "week"), ("lines", 0, "resolution", "unit"), "board.wrong.choice"),
        (limit(1.5, "workday"), ("lines", 0, "resolution"), "metrics.body.whole_days"),
        (calendar(hours={"default": {"mon": ["9-12"]}}), ("hours", "default", "mon"), "metrics.body.span"),
        (calendar(days={"2027-02-05": "party"}), ("days", "2027-02-05"), "board.wrong.choice"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_by_its_field_and_nothing_is_stored(
    centre: Engine, settings: Settings, draft: Draft, place: tuple[Any, ...], code: str
) -> None:
    with pytest.raises(Wrong) as fault:
        revision.save(centre, settings, [draft], GAO, NOW)
    assert [(one.place, one.code) for one in fault.value.mistakes] == [(place, code)]
    assert all(has(lang, one.code) for one in fault.value.mistakes for lang in ("zh_CN", "en"))
    assert revision.history(centre)[0].revision.by == "seed"


def test_changes_are_told_by_path_and_things_whole() -> None:
    old = {
        "lines": [{"id": "a", "when": {"channel": ["电话"]}, "resolution": {"n": 4, "unit": "hour"}}, {"id": "b", "when": {}}]
    }
    new = {"lines": [{"id": "b", "when": {}}, {"id": "a", "when": {}, "resolution": {"n": 2, "unit": "hour"}}]}
    found = {one.path: (one.before, one.after) for one in changes(old, new)}
    assert found == {
        ("lines", "a", "resolution"): ({"n": 4, "unit": "hour"}, {"n": 2, "unit": "hour"}),
        ("lines", "a", "when", "channel"): (["电话"], None),
        ("lines", "order"): (["a", "b"], ["b", "a"]),
    }
    assert changes({"days": {"2026-10-10": "makeup"}}, {"days": {"2026-10-10": "makeup"}}) == []


# --- the calendar ------------------------------------------------------------------------------------------------------


def test_days_are_entered_as_published_and_the_year_shows_them(centre: Engine, settings: Settings) -> None:
    body = revision.newest(centre, "calendar")["default"].body
    guessed = {one.day: one for one in calendar_edit.year(settings, body, 2027)}
    assert not guessed[date(2027, 2, 5)].confirmed
    body = calendar_edit.with_days(body, "2027-02-05 ~ 2027-02-11", "holiday")
    body = calendar_edit.with_days(body, "2027-2-20", "makeup")
    body = calendar_edit.with_until(body, "2027-12-31")
    shown = {one.day: one for one in calendar_edit.year(settings, body, 2027)}
    assert [shown[date(2027, 2, n)].kind for n in (5, 11, 20)] == ["holiday", "holiday", "makeup"]
    assert len(shown) == 365 and all(one.confirmed for one in shown.values())
    assert calendar_edit.warning(centre, settings, NOW) is not None
    revision.save(centre, settings, [Draft("calendar", "default", body, 1, "放假通知")], GAO, NOW)
    assert calendar_edit.warning(centre, settings, NOW) is None
    plain = calendar_edit.with_days(body, "2027-02-20", None)
    assert {one.day: one.kind for one in calendar_edit.year(settings, plain, 2027)}[date(2027, 2, 20)] == "weekend"


@pytest.mark.parametrize("text", ["", "春节", "2027-02-30", "2027-02-11 ~ 2027-02-05", "2027-01-01 ~ 2027-12-31"])
def test_days_that_cannot_be_read_change_nothing(text: str) -> None:
    with pytest.raises(Wrong):
        calendar_edit.with_days({"code": "CN"}, text, "holiday")


def test_hours_are_typed_as_they_are_spoken_and_read_back_the_same() -> None:
    typed = {"mon": "09:00-12:00， 13:30-18:00", "sun": "-", "makeup": "=", "holiday": "10：00-16：00"}
    body = calendar_edit.with_hours(
        {"code": "CN", "hours": {}}, "default", typed, "2026-11-10 20:00 ~ 2026-11-11 02:00 双11", ""
    )
    hours = body["hours"]["default"]
    assert (hours["mon"], hours["sun"], hours["makeup"]) == (["09:00-12:00", "13:30-18:00"], [], None)
    assert hours["holiday"] == ["10:00-16:00"] and hours["add"][0]["note"] == "双11"
    assert [calendar_edit.typed(hours[day]) for day in ("mon", "sun", "makeup")] == ["09:00-12:00, 13:30-18:00", "-", "="]
    assert calendar_edit.typed_extras(hours["add"]) == "2026-11-10 20:00 ~ 2026-11-11 02:00 双11"
    with pytest.raises(Wrong) as fault:
        calendar_edit.with_hours({"code": "CN"}, "default", {}, "明天加班", "")
    assert [one.place for one in fault.value.mistakes] == [("add", 1)]


# --- the policy --------------------------------------------------------------------------------------------------------


def test_lines_are_added_before_the_last_moved_and_removed() -> None:
    body = {"kinds": ["complaint"], "lines": [{"id": "normal", "when": {}, "resolution": {"n": 24, "unit": "hour"}}]}
    body = policy_edit.with_line(body, None, {"id": "12345", "when": {"channel": ["政务热线"]}})
    assert [line["id"] for line in body["lines"]] == ["12345", "normal"]
    turned = policy_edit.moved(body, 1, -1)
    assert policy_edit.never_asked(turned["lines"]) == ["12345"] and policy_edit.never_asked(body["lines"]) == []
    with pytest.raises(Wrong):
        policy_edit.with_line(body, None, {"id": "normal", "when": {}})
    with pytest.raises(Wrong):
        policy_edit.without(policy_edit.without(body, 0), 0)


def test_conditions_are_read_by_title_in_both_languages_and_written_back(settings: Settings) -> None:
    found = conditions.parse(settings, "渠道 = 电话、App\nPriority = high", conditions.BESIDE)
    assert found == {"channel": ["电话", "App"], "priority": ["high"]}
    assert conditions.written(settings, "zh_CN", found) == ["渠道 = 电话、App", "优先级 = high"]
    with pytest.raises(Wrong) as fault:
        conditions.parse(settings, "星座 = 狮子\n渠道", conditions.BESIDE)
    assert [one.code for one in fault.value.mistakes] == ["board.wrong.dimension", "board.wrong.condition"]


# --- known events ------------------------------------------------------------------------------------------------------

GOOD = """名称,开始,结束,指标,范围,预计倍数,允许误差,说明
双11,2026-11-20 20:00,2026-11-22 00:00,投诉量,渠道 = App,3,20%,大促
发版,2026/11/19 02:00,2026-11-19 04:00,,,,,
"""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_events_of_a_file_reach_the_detectors(centre: Engine, settings: Settings, encoding: str) -> None:
    made = known_events.read_file(settings, "事件.csv", GOOD.encode(encoding), {}, "大促日程")
    assert isinstance(revision.save(centre, settings, made, GAO, NOW), Saved)
    found = known_events.events(centre, NOW)
    assert [(one.body.title("zh_CN"), one.state) for one in found] == [("发版", "ahead"), ("双11", "ahead")]
    with centre.connect() as conn:
        sale = next(one for one in announced(conn, NOW) if one.metric == "complaints")
    assert (sale.event.lift, sale.event.margin, sale.where) == (3.0, 0.2, {"channel": "App"})
    assert sale.start_at == datetime(2026, 11, 20, 12, tzinfo=UTC), "20:00 of the centre"
    known = {one.revision.id: one.revision.version for one in found}
    again = known_events.read_file(settings, "事件.csv", GOOD.replace(",3,", ",4,").encode(encoding), known, "改倍数")
    revision.save(centre, settings, again, GAO, NOW + timedelta(minutes=1))
    assert sorted(one.revision.version for one in known_events.events(centre, NOW)) == [1, 2], "only what changed"


def test_an_excel_file_is_read_like_a_csv(settings: Settings) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["name", "start_at", "end_at", "lift"])
    sheet.append(["发版", datetime(2026, 11, 19, 2), datetime(2026, 11, 19, 4), 1.5])  # noqa: DTZ001  as Excel has it
    out = io.BytesIO()
    book.save(out)
    draft = known_events.read_file(settings, "x.xlsx", out.getvalue(), {}, "x")[0]
    assert draft.body["start_at"] == "2026-11-19T02:00:00+08:00" and draft.body["lift"] == 1.5


def test_a_file_with_mistakes_is_refused_whole_and_each_is_told_with_its_line(settings: Settings) -> None:
    bad = GOOD + "停机,明天,2026-11-19 04:00,心情,,很多,,\n,2026-11-19,2026-11-18,,星座=狮子,,,\n"
    with pytest.raises(Wrong) as fault:
        known_events.read_file(settings, "x.csv", bad.encode(), {}, "x")
    assert [one.place for one in fault.value.mistakes] == [(4, "start_at"), (4, "lift"), (5, "name"), (5, "where", 1)]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.csv", b"", "board.wrong.file_empty"),
        ("x.csv", "名称,开始\n".encode(), "board.wrong.columns_missing"),
        ("x.csv", "名称,开始,结束,颜色\n".encode(), "board.wrong.columns_strange"),
        ("x.csv", b"\xff\x81\x00", "board.wrong.file_encoding"),
        ("x.csv", b"\xff\xfe\x00\x81\x00", "board.wrong.file_encoding"),
        ("x.csv", ('"' + "长" * 20_000 + '"').encode(), "board.wrong.file_csv"),
        ("x.csv", b"a" * (6 << 20), "board.wrong.file_size"),
        ("x.xlsx", b"PK not really", "board.wrong.file_excel"),
        ("x.csv", GOOD.splitlines()[0].encode(), "board.wrong.file_empty"),
    ],
)
def test_what_is_no_table_of_events_says_so(settings: Settings, name: str, content: bytes, code: str) -> None:
    limit = csv.field_size_limit(10_000)  # of the whole process: whoever was imported last has set it
    try:
        with pytest.raises(Wrong) as fault:
            known_events.read_file(settings, name, content, {}, "x")
    finally:
        csv.field_size_limit(limit)
    assert [one.code for one in fault.value.mistakes] == [code]


@pytest.mark.parametrize("form", ["utf-16", "gb18030", "tab", "semicolon"])
def test_a_table_is_read_as_office_programs_save_it(settings: Settings, form: str) -> None:
    rows = GOOD.replace(",", {"tab": "\t", "semicolon": ";"}.get(form, ","))
    content = rows.encode(form if form in ("utf-16", "gb18030") else "utf-8")
    read = known_events.read_file(settings, "x.csv", content, {}, "x")
    assert [one.body for one in read] == [one.body for one in known_events.read_file(settings, "x.csv", GOOD.encode(), {}, "x")]


def test_the_template_reads_itself(settings: Settings) -> None:
    for lang in ("zh_CN", "en"):
        assert known_events.read_file(settings, "t.csv", known_events.template(lang), {}, "x")[0].id == "1111"


def test_a_running_event_ends_now_and_one_to_come_is_withdrawn(centre: Engine, settings: Settings) -> None:
    rows = GOOD.replace("2026-11-20 20:00", "2026-11-18 08:00")
    made = known_events.read_file(settings, "x.csv", rows.encode(), {}, "x")
    revision.save(centre, settings, made, GAO, NOW)
    by_state = {one.state: one for one in known_events.events(centre, NOW)}
    drafts = [known_events.ended(one, NOW, "提前") for one in by_state.values()]
    revision.save(centre, settings, drafts, GAO, NOW)
    assert {one.state for one in known_events.events(centre, NOW)} == {"over", "withdrawn"}
    with centre.connect() as conn:
        assert [one.end_at for one in announced(conn, NOW)] == [NOW]
