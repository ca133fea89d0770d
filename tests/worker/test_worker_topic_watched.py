"""A sudden topic is a slice that detectors watch while it lives, in a centre whose file says nothing of topics."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from connectors.base import Feedback
from fengsui.ingest import topics
from fengsui.ingest.check import check_store
from fengsui.store import tables as t
from fengsui.worker.housekeeping import Housekeeping
from tests.worker.channel import MINUTE, START, Channel, Line, Plant, make_settings

PARTS = ("快递", "包裹", "客服", "退款", "订单", "发票", "会员", "账户", "优惠券", "物流", "师傅", "上门")
SAYS = ("还没到", "太慢了", "没人接", "不能用", "处理一下", "怎么查", "坏了", "找不到", "不对", "打不开", "被取消", "没有回复")
LATE = timedelta(seconds=3)


class Spoken(Channel):
    def say(self, at: datetime, text: str) -> None:
        key = f"t{len(self.rows):05d}"
        self.rows.append(Feedback(key, "inquiry", at, at, {"channel": "App"}, text, customer=f"c{key}"))


def usual(draw: random.Random) -> str:
    return f"{draw.choice(PARTS)}{draw.choice(SAYS)}，{draw.choice(PARTS)}也{draw.choice(SAYS)}"


@pytest.fixture
def spoken(sqlite_store: Engine, tmp_path: Path) -> tuple[Plant, Spoken]:
    """Ten days of a record every nine minutes, of which one a day speaks of points, and half an hour of many that do."""
    channel, draw = Spoken(), random.Random(4)
    for n in range(10 * 160):
        at = START - timedelta(days=10) + n * 9 * MINUTE
        channel.say(at, f"{draw.choice(PARTS)}的积分清零了吗，{draw.choice(SAYS)}" if n % 160 == 80 else usual(draw))
    for n in range(24):
        channel.say(START - timedelta(minutes=24) + n * MINUTE, f"{draw.choice(PARTS)}积分清零了，{draw.choice(SAYS)}")
    plant = Plant(sqlite_store, make_settings(tmp_path), {"tickets": channel})
    plant.seed(START - timedelta(days=11))
    return plant, channel


def looks(plant: Plant, line: Line, now: datetime) -> None:
    """What the worker does every few minutes: the search catches up, topics are found, marked, and given their past."""
    keeping = Housekeeping(plant.store, plant.settings, line.house.ingest, lambda name: plant.channels[name])
    made = {"search": keeping.search, "topics": lambda: keeping.topics(now), "past": lambda: keeping.topic_past(now)}
    for name, make in made.items():
        chore = make()
        if chore is not None:
            line.road.chores.add(name, chore)
        with plant.store.connect() as conn:
            tick = conn.execute(select(t.tick.c.tick).order_by(t.tick.c.tick.desc()).limit(1)).scalar_one()
        while line.road.chores.step(int(tick) + 1, now, plant.fence):
            time.sleep(0.01)  # topics are found in a thread of their own


def of_topics(plant: Plant) -> list[Any]:
    with plant.store.connect() as conn:
        return list(conn.execute(select(t.series).where(t.series.c.rule_id == "contacts-topic", t.series.c.active)))


def test_a_topic_is_watched_from_its_past_while_it_lives(spoken: tuple[Plant, Spoken]) -> None:
    plant, channel = spoken
    line, now = plant.start(), START + LATE
    line.minute(now)
    assert of_topics(plant) == []
    looks(plant, line, now)
    with plant.store.connect() as conn:
        (found,) = conn.execute(select(t.topic)).all()
        keys = conn.execute(select(t.feedback.c.record_key).where(t.feedback.c.dims["topic"].as_string() == found.shown)).all()
    assert "积分清零" in found.shown and len(keys) == 24 + 10, "its weeks before are counted, too"
    assert found.marked_from == START - timedelta(days=10), "the centre knows no older record"
    for n in range(1, 12):
        now = START + n * MINUTE + LATE
        line.minute(now)
    (series,) = of_topics(plant)
    assert series.slice_key == f"topic={found.shown}" and series.ready
    for n in range(12, 24):
        for second in range(5, 60, 5):
            channel.say(START + (n - 1) * MINUTE + timedelta(seconds=second), f"第{second}次了，积分清零了")
        now = START + n * MINUTE + LATE
        line.minute(now)
    with plant.store.connect() as conn:
        mine = (t.verdict.c.series == series.series, t.verdict.c.tick > 0)
        grades = conn.execute(select(t.verdict.c.grade).where(*mine)).scalars().all()
        tiers = conn.execute(select(t.episode.c.tier).where(t.episode.c.rule_id == "contacts-topic")).scalars().all()
    assert max(grades) >= 1 and tiers, "what comes is counted in the minute in which it comes"
    assert check_store(plant.store, plant.settings, now).equal


def test_a_topic_that_is_over_is_watched_no_more(spoken: tuple[Plant, Spoken]) -> None:
    plant, _ = spoken
    line = plant.start()
    line.minute(START + LATE)
    looks(plant, line, START + LATE)
    line.minute(START + 11 * MINUTE + LATE)
    assert len(of_topics(plant)) == 1
    over = START + topics.LIVES + timedelta(hours=2)
    line.minute(over)
    looks(plant, line, over)
    with plant.store.connect() as conn:
        assert conn.execute(select(t.topic.c.ended_at)).scalars().all() == [over]
    line.minute(over + 11 * MINUTE)
    assert of_topics(plant) == []
