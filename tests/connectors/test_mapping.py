"""The mapping language: rows into shapes, times, and mistakes told by name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import BadRecord, ConfigFault, Event, Feedback, Measurement, Record, Reference
from connectors.mapper import Mapper, mapper_of
from connectors.shape import shape_of
from connectors.times import NotATime, read_time
from connectors.values import plain, scalar
from tests.connectors.channel import common

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
HOME = Path()
MAPPING: dict[str, Any] = {"id": "id", "kind": {"value": "complaint"}, "opened_at": "at"}
ROW: dict[str, Any] = {"id": "1", "at": "2026-11-18 14:00:00"}


def mapper(*maps: dict[str, Any], **told: Any) -> Mapper:
    return mapper_of(maps[0] if len(maps) == 1 else list(maps), common(HOME, dimensions=(), **told))


def one(row: dict[str, Any], *maps: dict[str, Any]) -> Record | BadRecord:
    found = mapper(*maps)
    (outcome,) = found.apply(found.narrow(row), NOW)
    return outcome


def feedback(row: dict[str, Any], **mapping: Any) -> Feedback:
    outcome = one({**ROW, **row}, {**MAPPING, **mapping})
    assert isinstance(outcome, Feedback), outcome
    return outcome


def bad(row: dict[str, Any], **mapping: Any) -> BadRecord:
    outcome = one({**ROW, **row}, {**MAPPING, **mapping})
    assert isinstance(outcome, BadRecord), outcome
    return outcome


# --- times -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-18 14:32:06", "2026-11-18T14:32:06", "2026-11-18T06:32:06Z", "2026-11-18T06:32:06.000+00:00",
        "2026-11-18 15:32:06+0900", "2026-11-18 06:32:06 UTC", "20261118143206", "1794983526",
        "1794983526000", 1_794_983_526,
        1_794_983_526.0, 1_794_983_526_000, Decimal(1_794_983_526), "2026年11月18日 14:32:06", "2026年11月18日14时32分06秒",
        "2026/11/18 14:32:06", "2026.11.18 14:32:06", "2026/11/18 下午2:32:06", "2026-11-18 2:32:06 PM",
        "２０２６－１１－１８　１４：３２：０６",
        "  2026-11-18 14:32:06\n", NOW, NOW.replace(tzinfo=None) + timedelta(hours=8), "20261118T143206",
    ],
)  # fmt: skip
def test_one_instant_is_read_however_it_is_written(written: Any) -> None:
    assert read_time(written, "Asia/Shanghai") == NOW


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("2026-11-18", "2026-11-18T00:00"),
        ("2026年1月8日", "2026-01-08T00:00"),
        ("20261118", "2026-11-18T00:00"),
        ("202611181432", "2026-11-18T14:32"),
        (date(2026, 11, 18), "2026-11-18T00:00"),
        ("2026/1/8 9:05", "2026-01-08T09:05"),
        ("2026-11-18 上午12:05", "2026-11-18T00:05"),
        ("2026-11-18 12:05 AM", "2026-11-18T00:05"),
        ("2026-11-18 中午12:05", "2026-11-18T12:05"),
        ("2026-11-18 14:32:06,5", "2026-11-18T14:32:06.500000"),
    ],
)
def test_days_and_halves_of_days(written: Any, local: str) -> None:
    assert read_time(written, "Asia/Shanghai") == datetime.fromisoformat(local + "+08:00")


@pytest.mark.parametrize(
    ("written", "form", "meant"),
    [
        ("18.11.2026 14:32", "%d.%m.%Y %H:%M", "2026-11-18T14:32+08:00"),
        ("1794983526", "epoch", "2026-11-18T14:32:06+08:00"),
        (1_794_983_526_000, "epoch_ms", "2026-11-18T14:32:06+08:00"),
        ("2026-11-18T14:32:06", "iso", "2026-11-18T14:32:06+08:00"),
        (NOW, "iso", "2026-11-18T14:32:06+08:00"),
    ],
)
def test_a_declared_form_is_held_to(written: Any, form: str, meant: str) -> None:
    assert read_time(written, "Asia/Shanghai", form) == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    "written", ["2026-02-30", "18/11/2026", "yesterday", "2026-11-18 25:00", True, [], "9" * 40, "1e5", "-"]
)
def test_what_is_no_time_is_refused(written: Any) -> None:
    with pytest.raises(NotATime):
        read_time(written, "Asia/Shanghai")


def test_times_that_the_clocks_skipped_or_repeated() -> None:
    assert read_time("2026-03-29 02:30", "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 summer time
    assert read_time("2026-10-25 02:30", "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first of two


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with contextlib.suppress(NotATime):
        assert read_time(text, "Asia/Shanghai").tzinfo is UTC


@pytest.mark.parametrize("written", ["1989-12-31 12:00", "2026-11-20 14:33", "0", 253_402_300_799])
def test_a_time_out_of_range_is_a_bad_row_and_not_a_silent_one(written: Any) -> None:
    found = bad({"at": written})
    assert (found.code, found.params["field"]) == ("connectors.bad.time_range", "opened_at")


def test_a_deadline_may_lie_ahead() -> None:
    assert feedback({"due": "2026-12-24"}, due_at="due").due_at == datetime(2026, 12, 23, 16, tzinfo=UTC)
    assert bad({"due": "2046-12-24"}, due_at="due").code == "connectors.bad.time_range"


def test_a_column_may_have_a_zone_of_its_own() -> None:
    row = feedback({"done": "2026-11-18 06:10"}, updated_at={"field": "done", "zone": "UTC"})
    assert row.updated_at == datetime(2026, 11, 18, 6, 10, tzinfo=UTC)


def test_without_a_time_of_change_the_time_of_opening_stands_in() -> None:
    row = feedback({"changed": " "}, updated_at="changed")
    assert row.updated_at == row.opened_at


# --- fields ----------------------------------------------------------------------------------------------------------


def test_levels_end_at_the_first_blank_and_a_slash_is_no_level() -> None:
    dims = {"org": ["a", "b", "c"], "channel": {"field": "ch", "values": {"1": "电话"}}}
    found = feedback({"a": "华南", "b": "广东/深圳", "c": " ", "ch": 1}, dims=dims)
    assert found.dims == {"org": "华南/广东／深圳", "channel": "电话"}
    assert feedback({"a": None, "b": "x", "c": "y", "ch": "9"}, dims=dims).dims == {"channel": "9"}
    assert feedback({}, dims={"org": {"field": ["a", "b"], "default": "未知"}}).dims == {"org": "未知"}


def test_text_is_joined_and_blank_parts_left_out() -> None:
    assert feedback({"t": "标题", "x": "", "c": " 内容 "}, text=["t", "x", "c"]).text == "标题\n内容"
    assert feedback({"t": " 空 "}, text={"field": "t", "trim": False}).text == " 空 "
    assert feedback({"t": None, "c": ""}, text=["t", "c"]).text is None
    assert feedback({}, text={"field": ["t", "c"], "default": "无"}).text == "无"


@pytest.mark.parametrize(("word", "kind"), [("投诉", "complaint"), (" 咨询 ", "inquiry")])
def test_kinds_go_through_their_value_map(word: str, kind: str) -> None:
    assert feedback({"k": word}, kind={"field": "k", "values": {"投诉": "complaint", "咨询": "inquiry"}}).kind == kind


def test_an_unknown_kind_is_a_bad_row_unless_there_is_a_default() -> None:
    values = {"投诉": "complaint"}
    found = bad({"k": "张三"}, kind={"field": "k", "values": values})
    assert (found.code, found.params["got"]) == ("connectors.bad.value", "文文")
    assert feedback({"k": "张三"}, kind={"field": "k", "values": values, "default": "request"}).kind == "request"
    assert bad({"k": "whatever"}, kind="k").code == "connectors.bad.value"
    assert bad({"k": ""}, kind="k").code == "connectors.bad.blank"


def test_states_are_three_words_or_none() -> None:
    values = {"已办结": "solved"}
    assert feedback({"s": "已办结"}, state={"field": "s", "values": values}).state == "solved"
    assert feedback({"s": ""}, state={"field": "s", "values": values}).state is None
    assert bad({"s": "？"}, state={"field": "s", "values": values}).code == "connectors.bad.value"


def test_ratings_have_a_scale_and_blank_is_none() -> None:
    ratings = {"csat": {"field": "r", "low": 1, "high": 5}, "nps": {"field": "n", "low": 0, "high": 10, "aspect": "product"}}
    found = feedback({"r": "", "n": "０"}, ratings=ratings)
    assert [(one.name, one.value, one.aspect) for one in found.ratings] == [("nps", 0.0, "product")]
    assert bad({"r": 0, "n": 1}, ratings=ratings).params["allowed"] == "1–5"
    assert bad({"r": "很好", "n": 1}, ratings=ratings).code == "connectors.bad.number"
    assert bad({"r": "inf", "n": 1}, ratings=ratings).code == "connectors.bad.number"
    aspects = {name: {"field": name, "low": 1, "high": 5, "name": "csat", "aspect": name} for name in ("product", "service")}
    by_aspect = feedback({"product": 4, "service": 2}, ratings=aspects).ratings
    assert [(one.name, one.aspect, one.value) for one in by_aspect] == [("csat", "product", 4), ("csat", "service", 2)]
    mapped = {"csat": {"field": "r", "values": {"满意": "5"}, "low": 1, "high": 5}}
    assert feedback({"r": "满意"}, ratings=mapped).ratings[0].value == 5


def test_events_of_the_row_have_stable_keys() -> None:
    events = [{"kind": "human_reply", "at": "replied", "actor": "agent"}, {"kind": "solved", "at": "closed"}]
    found = feedback({"replied": "2026-11-18 14:05", "closed": "", "agent": 7}, events=events)
    (event,) = found.events
    assert (event.event_key, event.actor, event.source_id) == ("c:human_reply", "7", "1")
    assert bad({"replied": "x", "closed": "", "agent": ""}, events=events).params["field"] == "events.human_reply"


def test_the_link_is_encoded_and_absent_without_its_value() -> None:
    assert feedback({"id": "甲/1 &x"}, url="https://crm/t/{id}").url == "https://crm/t/%E7%94%B2%2F1%20%26x"
    assert feedback({"no": None}, url="https://crm/t/{no}").url is None


def test_marked_rows_are_deleted_and_other_rows_are_of_other_shapes() -> None:
    assert feedback({"d": True}, deleted={"field": "d", "in": [True, "Y"]}).deleted
    assert not feedback({"d": None}, deleted={"field": "d", "in": [1]}).deleted
    log = {"shape": "event", "feedback": "id", "kind": {"value": "told"}, "at": "at", "when": {"field": "type", "in": ["log"]}}
    both = mapper({**MAPPING, "when": {"field": "type", "in": ["ticket"]}}, log)
    shapes = [type(found) for kind in ("ticket", "log", "?") for found in both.apply(both.narrow({**ROW, "type": kind}), NOW)]
    assert shapes == [Feedback, Event]


def test_columns_that_are_not_named_are_never_read_out() -> None:
    class Watched(dict[str, Any]):
        touched: set[str] = set()  # noqa: RUF012

        def __getitem__(self, key: str) -> Any:
            self.touched.add(key)
            return super().__getitem__(key)

        def __iter__(self) -> Iterator[str]:
            raise AssertionError("all columns were walked through")

    row = Watched({**ROW, "secret": "x", "more": "y"})
    found = mapper({**MAPPING, "allow": ["more"]})
    assert set(found.narrow(row)) == {"id", "at", "more"}
    assert "secret" not in Watched.touched


def test_extra_is_json_whatever_the_driver_gave() -> None:
    row = {"n": Decimal("1.50"), "t": NOW, "b": b"\xff", "f": float("nan"), "i": 3, "x": None}
    assert feedback(row, extra=list(row)).extra == {
        "n": "1.50",
        "t": "2026-11-18T06:32:06+00:00",
        "b": "�",
        "f": None,
        "i": 3,
    }


@pytest.mark.parametrize("value", ["", "  ", None, float("nan")])
def test_a_blank_id_is_a_bad_row(value: Any) -> None:
    assert bad({"id": value}).params["field"] == "id"


def test_an_id_that_is_too_long_is_a_bad_row() -> None:
    assert bad({"id": "x" * 201}).code == "connectors.bad.long"


def test_equal_rows_without_id_differ_by_their_ordinal_only() -> None:
    found = mapper({key: value for key, value in MAPPING.items() if key != "id"})
    flat = found.narrow({**ROW, "other": 1})
    first, again, second = (next(found.apply(flat, NOW, n)) for n in (0, 0, 1))
    assert isinstance(first, Feedback) and isinstance(second, Feedback)
    assert first == again
    assert first.source_id.startswith("h:") and first.source_id[:-1] == second.source_id[:-1]
    assert not found.has_id


@given(st.text(max_size=30))
def test_stored_text_has_no_nul_and_no_half_surrogates(text: str) -> None:
    plain(text + "\x00\ud800").encode("utf-8")
    assert "\x00" not in plain(text + "\x00")


def test_numbers_of_spreadsheets_are_told_in_full() -> None:
    assert [plain(value) for value in (13800000000.0, 1.5, True, Decimal("2.0"), b"ab", date(2026, 1, 2))] == [
        "13800000000", "1.5", "true", "2.0", "ab", "2026-01-02",
    ]  # fmt: skip
    assert scalar(True) is True


@given(st.text())
def test_a_shape_tells_no_letter_and_no_digit_of_the_value(text: str) -> None:
    assert set(shape_of(text)) <= set("9a文·…") | {chr(n) for n in range(32, 127) if not chr(n).isalnum()}
    assert len(shape_of(text)) <= 25


# --- the other shapes ------------------------------------------------------------------------------------------------

COUNTED = {
    "shape": "measurement",
    "name": "name",
    "start": "start",
    "dims": {"queue": "q"},
    "numerator": "a",
    "denominator": "o",
}


def test_an_event_log_row() -> None:
    log = {"shape": "event", "id": "no", "feedback": "ticket", "kind": "k", "at": "at", "actor": "who", "data": ["note"]}
    found = one({**ROW, "no": 7, "ticket": "T1", "k": "assigned", "who": "李强", "note": "x"}, log)
    assert found == Event("T1", "assigned", NOW.replace(minute=0, second=0), "r:7", "李强", {"note": "x"})
    unkeyed = one({**ROW, "ticket": "T1", "k": "assigned"}, {"shape": "event", "feedback": "ticket", "kind": "k", "at": "at"})
    assert isinstance(unkeyed, Event) and unkeyed.event_key.startswith("r:h:")


def test_a_measurement_over_a_span_and_a_gauge() -> None:
    row = {
        "name": "calls",
        "start": "2026-11-18 14:00",
        "q": "A",
        "a": "1,234",
        "o": 1300.0,
        "end": "2026-11-18 14:15",
        "wait": 3,
    }
    found = one(row, {**COUNTED, "span_s": 900, "duration_sum": "wait"})
    assert isinstance(found, Measurement) and found.end is not None
    assert (found.numerator, found.denominator, found.duration_sum, found.end - found.start) == (
        1234,
        1300,
        3,
        timedelta(minutes=15),
    )
    assert one(row, {**COUNTED, "end": "end"}) == Measurement(
        "calls", found.start, found.end, {"queue": "A"}, numerator=1234, denominator=1300
    )
    gauge = one(row, {"shape": "measurement", "name": {"value": "waiting"}, "start": "start", "gauge": "wait"})
    assert isinstance(gauge, Measurement) and (gauge.end, gauge.gauge) == (None, 3.0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"a": -1}, "number"),
        ({"a": 1.5}, "number"),
        ({"end": "2026-11-18 14:00"}, "order"),
        ({"end": ""}, "blank"),
        ({"name": ""}, "blank"),
    ],
)  # fmt: skip
def test_a_measurement_that_cannot_be_is_a_bad_row(change: dict[str, Any], code: str) -> None:
    row = {"name": "calls", "start": "2026-11-18 14:00", "q": "A", "a": 1, "o": 2, "end": "2026-11-18 14:15", **change}
    found = one(row, {**COUNTED, "end": "end"})
    assert isinstance(found, BadRecord) and found.code == f"connectors.bad.{code}"


def test_master_data_is_valid_by_local_days() -> None:
    mapping = {
        "shape": "reference",
        "kind": "customer",
        "id": "id",
        "attrs": {"tier": "t", "type": "y"},
        "valid_from": "at",
        "valid_to": "to",
    }
    found = one({"id": "C1", "t": "金", "y": "", "at": "2026-11-18", "to": "2027-01-01"}, mapping)
    assert found == Reference("customer", "C1", {"tier": "金"}, date(2026, 11, 18), date(2027, 1, 1))


# --- mistakes of the configuration -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "field", "nearest"),
    [
        ({**MAPPING, "opend_at": "x"}, "opend_at", "opened_at"),
        ({**MAPPING, "opened_at": {"feild": "x"}}, "opened_at.feild", "field"),
        ({**MAPPING, "kind": {"value": "complain"}}, "kind", "complaint"),
        ({**MAPPING, "kind": {"field": "k", "values": {"咨询": "enquiry"}}}, "kind", "inquiry"),
        ({**MAPPING, "state": {"field": "s", "default": "solve"}}, "state", "solved"),
        ({**MAPPING, "events": [{"kind": "solve", "at": "x"}]}, "events.0.kind", "solved"),
        ({**MAPPING, "events": [{"kind": "solved", "at": {"fields": "x"}}]}, "events.0.at.fields", "field"),
        ({**MAPPING, "dims": {"chanel": "x"}}, "dims.chanel", "channel"),
        ({**MAPPING, "ratings": {"csat": {"field": "r", "low": 1, "hi": 5}}}, "ratings.csat.hi", "high"),
        (
            {**MAPPING, "ratings": {"csat": {"field": "r", "low": 1, "high": 5, "direction": "upp"}}},
            "ratings.csat.direction",
            "up",
        ),
        ({**MAPPING, "shape": "feedbak"}, "shape", "feedback"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place_and_the_nearest_word(mapping: dict[str, Any], field: str, nearest: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        mapper_of(mapping, common(HOME))
    assert caught.value.params["field"] == f"source.hotline.map.{field}"
    assert caught.value.params["nearest"] == nearest
    assert nearest in caught.value.params["allowed"]


@pytest.mark.parametrize(
    "mapping",
    [
        [],
        "feedback",
        [MAPPING, "x"],
        {"id": "id", "opened_at": "at"},
        {**MAPPING, "opened_at": {"field": "at", "zone": "Asia/Peking"}},
        {**MAPPING, "id": {"field": "id", "value": "x"}},
        {**MAPPING, "id": {}},
        {**MAPPING, "ratings": {"csat": {"field": "r", "low": 5, "high": 1}}},
        {**MAPPING, "events": [{"kind": "solved", "at": "x"}, {"kind": "solved", "at": "y"}]},
        {**MAPPING, "deleted": {"field": "x", "in": []}},
        {**COUNTED},
        {**COUNTED, "span_s": 900, "end": "e"},
    ],
)
def test_what_cannot_be_meant_is_refused(mapping: Any) -> None:
    with pytest.raises(ConfigFault) as caught:
        mapper_of(mapping, common(HOME, dimensions=()))
    assert caught.value.params["field"].startswith("source.hotline.map")


def test_a_mistake_in_the_second_map_tells_which() -> None:
    with pytest.raises(ConfigFault) as caught:
        mapper_of([MAPPING, {**MAPPING, "txt": "x"}], common(HOME))
    assert caught.value.params["field"] == "source.hotline.map.1.txt"
