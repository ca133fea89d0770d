"""Cues name their words; sentiment is careful."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.store.tables import definition
from fengsui.text import cues
from fengsui.text.cues import CUES, Cues

OURS = Cues(CUES)


def stars(value: float, direction: str = "up") -> dict[str, Any]:
    return {"name": "csat", "value": value, "low": 1, "high": 5, "direction": direction, "aspect": "overall"}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("再不处理就打12315，找记者曝光", {"media": ["曝光", "记者"], "regulator": ["12315"]}),
        ("等了三天还没人回", {"waiting": ["等了", "没人回"]}),
        ("手机充电时冒烟了", {"safety": ["冒烟"]}),
        ("问了好几遍，我要起诉", {"repeated": ["问了好几"], "legal": ["起诉"]}),
        ("The App IS DOWN, I was charged twice", {"outage": ["is down"], "money": ["charged twice"]}),
        ("I will sue you", {"legal": ["sue you"]}),
        ("please issue you a card", {}),
        ("单号 4123159", {}),
        ("拨打 123456 查询", {}),
        ("", {}),
    ],
)
def test_a_cue_names_the_words_it_saw(said: str, found: dict[str, list[str]]) -> None:
    assert OURS.found(said) == found


@pytest.mark.parametrize("cue", CUES)
def test_every_word_of_a_list_is_found_in_itself(cue: str) -> None:
    for word in (word.rstrip("*") for word in CUES[cue]):
        assert word in OURS.found(f"我说 {word}").get(cue, []), word


def test_a_latin_cue_is_a_whole_word_unless_it_is_a_stem() -> None:
    assert "safety" not in OURS.found("a problem with my bookmarks on firefox")
    assert OURS.found("the charger was on fire")["safety"] == ["on fire"]
    assert OURS.found("it crashed twice")["outage"] == ["crash"]


@pytest.mark.parametrize(
    ("said", "ratings", "tone"),
    [
        ("谢谢，很耐心", [], "positive"),
        ("不满意", [], "negative"),
        ("态度差", [], "negative"),
        ("请问营业时间", [], "neutral"),
        ("", [], "neutral"),
        ("谢谢", [stars(1)], "negative"),
        ("太差", [stars(5)], "positive"),
        ("太差", [stars(3)], "negative"),  # a middling rating leaves it to the words
        ("", [stars(5, "down")], "negative"),
        ("很好", [stars(9)], "positive"),  # out of its scale: no rating at all
        ("很好", [{**stars(1), "high": 1}], "positive"),
        ("not helpful", [], "negative"),
        ("又崩了，支付失败", [], "negative"),
    ],
)
def test_ratings_speak_before_words(said: str, ratings: list[dict[str, Any]], tone: str) -> None:
    assert OURS.tags(said, ratings)["sentiment"] == tone


def test_tags_say_who_tagged() -> None:
    assert OURS.tags("打12315")["by"] == "rule@1"


def test_lists_are_seeded_once_and_edited_as_versions(store: Engine, no_fence: Any) -> None:
    now = datetime.fromisoformat("2026-11-18T06:00:00+00:00")
    with store.begin() as conn:
        assert cues.load(conn, now).words == CUES
        cues.seed(conn, now)
        cues.seed(conn, now)
        assert cues.load(conn, now).words == CUES
        edited = {"kind": "cue", "id": "media", "version": 2, "valid_from": now, "by": "admin", "body": {"words": ["Weibo"]}}
        conn.execute(insert(definition).values(**edited))
        assert cues.load(conn, now).found("on weibo") == {"media": ["weibo"]}
        assert cues.load(conn, now - timedelta(days=1)).words == CUES
