"""Cues name their words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.store.tables import definition
from fengsui.text import cues
from fengsui.text.cues import CUES, Cues

OURS = Cues(CUES)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("再不处理就打12315，找记者曝光", {"media": ["记者", "曝光"], "regulator": ["12315"]}),
        ("等了三天还没人回", {"waiting": ["等了", "没人回"]}),
        ("手机充电时冒烟了", {"safety": ["冒烟"]}),
        ("问了好几遍，我要起诉", {"repeated": ["问了好几"], "legal": ["起诉"]}),
        ("The App IS DOWN, I was charged twice", {"outage": ["is down"], "money": ["charged twice"]}),
        ("I will sue you", {"legal": ["sue you"]}),
        ("please issue you a card", {}),
        ("单号 4123159", {}),
        ("拨打 123456 查询", {}),
        ("", {}),
        ("再不處理就找記者曝光", {"media": ["记者", "曝光"]}),
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
