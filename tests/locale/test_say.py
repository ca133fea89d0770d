"""Words: a missing one is visible, never an exception; numbers and times read as people of the centre write them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from fengsui.locale import handling_name, has, language, role_name, say, tier_mark, tier_name
from fengsui.locale.catalogue import catalogue
from fengsui.locale.formats import FORMATS, Place
from fengsui.locale.say import holes

ZONE = "Asia/Shanghai"


def written(kind: str, value: object, lang: str = "zh_CN") -> str:
    return FORMATS[kind](value, Place(lang, ZONE, catalogue(lang)))


def test_an_unknown_code_shows_itself() -> None:
    assert say("zh_CN", "alerts.nothing.here") == "«alerts.nothing.here»"
    assert not has("zh_CN", "alerts.nothing.here")


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> None:
    words = dict(catalogue("zh_CN")) | {"t.a.b": "{who} 于 {at:time} 收到 {n:int} 件 {{原样}} {bad:nothing}"}
    module = sys.modules["fengsui.locale.say"]  # the package re-exports the function under the module's name
    monkeypatch.setattr(module, "catalogue", lambda lang: words)


@pytest.mark.usefixtures("template")
def test_holes_are_filled_and_missing_ones_stay_visible() -> None:
    at = datetime(2026, 11, 18, 6, 32, tzinfo=UTC).isoformat()
    assert say("zh_CN", "t.a.b", {"who": "王敏", "at": at, "n": 1234}) == "王敏 于 14:32 收到 1,234 件 {原样} «bad»"
    assert say("zh_CN", "t.a.b", {"at": at, "n": 1}).startswith("«who» 于 14:32")


@pytest.mark.usefixtures("template")
def test_a_list_is_joined_and_none_is_a_dash_and_a_wrong_kind_is_shown_as_it_is() -> None:
    said = say("zh_CN", "t.a.b", {"who": ["李强", "周倩"], "at": "not a time", "n": None, "bad": 1})
    assert said.startswith("李强、周倩 于 not a time 收到 — 件")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 秒"),
        (59.9, "59 秒"),
        (125, "2 分 5 秒"),
        (725, "12 分"),
        (3600, "1 小时"),
        (7384, "2 小时 3 分"),
        (90000, "1 天 1 小时"),
    ],
)
def test_spans_have_at_most_two_units_and_no_seconds_from_ten_minutes_on(seconds: float, text: str) -> None:
    assert written("span", seconds) == text


def test_a_day_and_a_minute_are_not_neighbours_so_the_minute_is_dropped() -> None:
    assert written("span", 86400 + 120) == "1 天"


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("num", -3.456, "−3.46"),
        ("num", 41.26, "41.3"),
        ("num", 1234.5, "1,234"),
        ("int", 1234.6, "1,235"),
        ("about", 0.882, "0.9"),
        ("about", 0.02, "0.1"),
        ("about", 0, "0"),
        ("about", 12.4, "12"),
        ("brief", 9_999, "9,999"),
        ("brief", 9_999.6, "1 万"),
        ("brief", 12_345, "1.23 万"),
        ("brief", -1_234_567, "−123.46 万"),
        ("brief", 456_700_000, "4.57 亿"),
        ("brief", 3.44, "3.4"),
        ("cue", "outage", "用不了"),
        ("cue", "客户自己的词", "客户自己的词"),
        ("floor", "mass-complaints", "大规模投诉"),
        ("floor", "our-own", "our-own"),
        ("room", "ingest", "接入"),
        ("room", "board", "看板"),
        ("pct", 0.7142, "71.4%"),
        ("tier", 3, "◆ 严重"),
        ("tier", 9, "9"),
        ("slice", "all", "全中心"),
        ("slice", "category.1=支付|channel=App|org.1=华南", "华南 · App · 支付"),
        ("slice", "channel=a%7Cb", "a|b"),
        ("time", datetime(2026, 11, 18, 16, 5, tzinfo=UTC), "00:05"),
        ("time", 0, "08:00"),
        ("time", "2026-11-18T06:32:06", "14:32"),
        ("day", "2026-11-18T17:00:00+00:00", "11 月 19 日"),
        ("text", 5, "5"),
        ("metric", "no_such_metric", "no_such_metric"),
    ],
)
def test_formats(kind: str, value: object, text: str) -> None:
    assert written(kind, value) == text


def test_english_reads_as_english() -> None:
    assert written("span", 725, "en") == "12 min"
    assert written("brief", 12_345, "en") == "12,345"
    assert written("day", "2026-11-18T17:00:00+00:00", "en") == "Nov 19"
    assert Place("en", ZONE, {}).joiner == ", "


def test_a_format_without_its_word_says_which_word_is_missing() -> None:
    assert FORMATS["slice"]("all", Place("zh_CN", ZONE, {})) == "«locale.slice.all»"


def test_closed_sets_have_names() -> None:
    assert (tier_name("zh_CN", 2), tier_mark(2), role_name("zh_CN", "manager")) == ("重要", "▲", "值班主管")
    assert handling_name("en", "in_progress") == "in progress"


@pytest.mark.parametrize(
    ("wishes", "lang"),
    [(("en",), "en"), ((None, "zh-TW", "en"), "zh_CN"), (("fr", "en-GB"), "en"), (("de",), "zh_CN"), ((), "zh_CN")],
)
def test_the_first_language_that_we_speak_wins(wishes: tuple[str | None, ...], lang: str) -> None:
    assert language(*wishes) == lang


def test_holes_of_a_template() -> None:
    assert holes("{n:int} 件 {{x}} {who}") == {("n", "int"), ("who", "text")}


def test_a_field_of_a_mapping_has_its_name_and_its_key():
    place = Place("zh_CN", "Asia/Shanghai", catalogue("zh_CN"))
    shown = [FORMATS["field"](key, place) for key in ("opened_at", "ratings.csat", "ratings.own", "anything")]
    assert shown == ["发生时间 opened_at", "满意度评分 ratings.csat", "评分 ratings.own", "anything"]
    assert FORMATS["field"]("ratings.csat", Place("en", "UTC", catalogue("en"))) == "ratings.csat"
