"""A sudden topic is found, lives, becomes a slice and ends; a flood of one text or of one author is none."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from connectors.base import Batch, Feedback
from fengsui.board import panels, read, snapshot, watch
from fengsui.board.read import topics as read_topics
from fengsui.board.read.topics import living, of_views
from fengsui.engine.topics import load as load_topics
from fengsui.explore.names import is_name
from fengsui.explore.topics import find
from fengsui.ingest import retention, search_index, topics
from fengsui.ingest.check import check_store
from fengsui.ingest.take import Ingest
from fengsui.metrics.view_body import Phrases
from fengsui.people import NotAllowed, Person
from fengsui.settings.keys import Keys
from fengsui.settings.model import Settings
from fengsui.store.tables import audit, episode, feedback, topic
from fengsui.worker.housekeeping import _seen
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
PARTS = ("快递", "包裹", "客服", "退款", "订单", "发票", "会员", "账户", "优惠券", "物流", "师傅", "上门")
SAYS = ("还没到", "太慢了", "没人接", "不能用", "处理一下", "怎么查", "坏了", "找不到", "不对", "打不开", "被取消", "没有回复")
TITLE = {"zh_CN": "话题", "en": "Topic"}
MANAGER, WALL = Person("wang", "王", "manager"), Person("w", "大屏", "wall")


def settings(home: Path) -> Settings:
    dimension = [{"name": "channel", "title": TITLE}, {"name": "topic", "title": TITLE}]
    source = {"tickets": {"kind": "sql", "purpose": "test"}}
    return Settings.model_validate(
        {"home": home, "dimension": dimension, "cuboids": ["all", "channel", "topic"], "source": source}
    )


def say(n: int, at: datetime, text: str, customer: str | None = None) -> Feedback:
    return Feedback(
        source_id=str(n), kind="complaint", opened_at=at, updated_at=at, dims={"channel": "App"}, text=text, customer=customer
    )


def usual(rng: random.Random, n: int, start: datetime, span: timedelta) -> list[Feedback]:
    texts = [f"{rng.choice(PARTS)}{rng.choice(SAYS)}，{rng.choice(PARTS)}也{rng.choice(SAYS)}" for _ in range(n)]
    return [say(int(start.timestamp()) + i, start + span * (i / n), text, f"c{start}{i}") for i, text in enumerate(texts)]


def take(store: Engine, home: Path, records: list[Feedback], tick: int, no_fence: Any) -> Settings:
    made = settings(home)
    ingest = Ingest(store, made, Keys(b"c" * 32, b"d" * 32, "k1"))
    ingest.prepare(NOW, no_fence)
    ingest.take("tickets", Batch(tuple(records), (), {"n": tick}, False, NOW, True, len(records)), tick, NOW, no_fence)
    return made


def note(store: Engine, now: datetime, no_fence: Any) -> int:
    with store.connect() as conn:
        found = find(conn, now, ["channel"])
    return topics.note(store, [_seen(one) for one in found], now, no_fence)


def mark(store: Engine, made: Settings, no_fence: Any) -> int:
    return sum(topics.mark(store, made, lambda: (NOW, no_fence)))


@pytest.fixture
def calm(store: Engine, tmp_path: Path, no_fence: Any) -> Settings:
    rng = random.Random(2)
    before = usual(rng, 500, NOW - timedelta(days=7), timedelta(days=6, hours=22))
    return take(store, tmp_path, [*before, *usual(rng, 40, NOW - timedelta(minutes=55), timedelta(minutes=50))], 1, no_fence)


def test_a_calm_hour_has_no_topic(store: Engine, calm: Settings, no_fence: Any) -> None:
    assert note(store, NOW, no_fence) == 0


def test_a_topic_lives_as_a_slice_and_ends(store: Engine, calm: Settings, tmp_path: Path, no_fence: Any) -> None:
    said = [say(n, NOW - timedelta(minutes=n + 1), f"{PARTS[n]}积分清零了，{SAYS[n]}", f"v{n}") for n in range(12)]
    take(store, tmp_path, said, 2, no_fence)
    assert note(store, NOW, no_fence) >= 1
    with store.connect() as conn:
        row = conn.execute(select(topic).where(topic.c.ended_at.is_(None)).order_by(topic.c.score.desc())).first()
    assert row is not None and "积分清零" in row.phrase and row.customers == 12 and len(row.examples) == 5
    assert note(store, NOW + timedelta(seconds=1), no_fence) == 0  # the same topic
    assert mark(store, calm, no_fence) == 12
    assert mark(store, calm, no_fence) == 0
    assert check_store(store, calm, NOW).equal
    with store.connect() as conn:
        marked = conn.execute(select(feedback.c.record_key).where(feedback.c.dims["topic"].as_string() == row.shown)).all()
        assert len(marked) == 12 and rollups.stored(conn)
    take(store, tmp_path, [say(99, NOW, "App 积分清零了", "v99")], 3, no_fence)
    assert topic_of(store, "99") == row.shown, "what comes while it lives is marked as it is taken"
    assert mark(store, calm, no_fence) == 0 and check_store(store, calm, NOW).equal
    assert note(store, NOW + timedelta(hours=5), no_fence) == 0
    with store.connect() as conn:
        assert watch.living(conn) == []


def test_the_name_of_another_channel_is_no_topic(store: Engine, calm: Settings, tmp_path: Path, no_fence: Any) -> None:
    said = [say(n, NOW - timedelta(minutes=n + 1), f"App 里{PARTS[n]}{SAYS[-n]}", f"v{n}") for n in range(12)]
    online = [replace(record, dims={"channel": "在线"}) for record in said]
    take(store, tmp_path, online, 2, no_fence)
    note(store, NOW, no_fence)
    with store.connect() as conn:
        assert not {"app", "app里"} & {one["phrase"] for one in watch.living(conn)}


def test_the_name_of_a_person_is_no_topic_and_on_no_wall(store: Engine, calm: Settings, tmp_path: Path, no_fence: Any) -> None:
    """Who reads records finds it there; a topic is a title of alerts, and on the wall."""
    said = [
        say(n, NOW - timedelta(minutes=n + 1), f"{PARTS[n]}{SAYS[n]}，{'是找叫被给说让问请和跟个'[n]}王建国", f"v{n}")
        for n in range(12)
    ]
    also = [say(20 + n, NOW - timedelta(minutes=n + 1), f"{PARTS[n]}白屏，{SAYS[n]}", f"w{n}") for n in range(12)]
    take(store, tmp_path, [*said, *also], 2, no_fence)
    note(store, NOW, no_fence)
    with store.connect() as conn:
        found = {one["phrase"] for one in watch.living(conn)}
        shown = panels.MAKERS[Phrases](panels.Asked(conn, {}, calm.sources, "all", NOW), None)["phrases"]
    assert "白屏" in found and not any(is_name(one) for one in found)
    assert shown and not any(is_name(one["text"]) for one in shown)


def test_a_name_of_two_characters_is_told_by_who_stands_beside_it(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any
) -> None:
    """王芳 is somebody where many say of whom they speak; 高峰 beside a clerk stays what it is."""
    who = ["客服王芳", "又是王芳", "工号 1032 王芳", "和王芳说", "王芳经理", "找王芳"] * 2
    said = [say(n, NOW - timedelta(minutes=n + 1), f"{PARTS[n]}{SAYS[n]}，{who[n]}", f"v{n}") for n in range(12)]
    clerk = ["客服说高峰", "早高峰", "说是高峰", "一直高峰", "又高峰", "客服高峰"] * 2
    also = [say(20 + n, NOW - timedelta(minutes=n + 1), f"{clerk[n]}，{PARTS[n]}{SAYS[-n]}", f"w{n}") for n in range(12)]
    take(store, tmp_path, [*said, *also], 2, no_fence)
    note(store, NOW, no_fence)
    with store.connect() as conn:
        found = {one["phrase"] for one in watch.living(conn)}
        shown = panels.MAKERS[Phrases](panels.Asked(conn, {}, calm.sources, "all", NOW), None)["phrases"]
    assert "高峰" in found and "王芳" not in found
    assert any("高峰" in one["text"] for one in shown) and not any("王芳" in one["text"] for one in shown)


def test_a_topic_that_a_person_ended_stays_away_while_it_would_live(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any
) -> None:
    said = [say(n, NOW - timedelta(minutes=n + 1), f"{PARTS[n]}积分清零了，{SAYS[n]}", f"v{n}") for n in range(12)]
    take(store, tmp_path, said, 2, no_fence)
    assert note(store, NOW, no_fence) >= 1
    with store.connect() as conn:
        first = watch.living(conn)
    seen = [topics.Seen(one["phrase"], one["shown"], one["slice_key"], 12, 12, 0.1, 9.0, []) for one in first]
    ended, left = seen[0], seen[1:]
    assert watch.end(store, first[0]["topic_id"], MANAGER, NOW)

    def living_now(at: datetime) -> list[str]:
        elsewhere = replace(ended, slice_key="channel=电话")
        topics.note(store, [ended, elsewhere, *left], at, no_fence)
        with store.connect() as conn:
            return [one["topic_id"] for one in watch.living(conn) if one["phrase"] == ended.phrase]

    soon = living_now(NOW + timedelta(seconds=5))
    assert first[0]["topic_id"] not in soon and len(living_now(NOW + topics.LIVES)) == len(soon)
    assert len(living_now(NOW + topics.LIVES + timedelta(seconds=1))) == len(soon) + 1, "hours later it is news again"


def topic_of(store: Engine, source_id: str) -> str | None:
    with store.connect() as conn:
        dims = conn.execute(select(feedback.c.dims).where(feedback.c.record_key == f"tickets:{source_id}")).scalar_one()
    return str(dims["topic"]) if "topic" in dims else None


def test_a_newer_version_with_the_same_words_keeps_its_topic(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any
) -> None:
    first = say(7, NOW - timedelta(hours=1), "积分清零了，没人管")
    take(store, tmp_path, [first], 2, no_fence)
    assert watch.add(store, "积分清零", MANAGER, NOW)
    assert mark(store, calm, no_fence) == 1
    with store.begin() as conn:
        conn.execute(update(topic).values(ended_at=NOW))  # over: nothing would mark it again
    newer = replace(first, updated_at=NOW, state="solved")
    take(store, tmp_path, [newer], 3, no_fence)
    assert topic_of(store, "7") == "积分清零"
    take(store, tmp_path, [replace(newer, updated_at=NOW + timedelta(minutes=1), dims={"topic": "别的"})], 4, no_fence)
    assert topic_of(store, "7") == "别的"  # what the source gives holds
    other = replace(newer, updated_at=NOW + timedelta(minutes=2), text="打错了，请忽略这一条")
    take(store, tmp_path, [other], 5, no_fence)
    assert topic_of(store, "7") is None
    assert check_store(store, calm, NOW).equal


def test_more_records_than_one_part_are_all_marked_even_after_a_crash(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "AT_ONCE", 5)
    said = [say(n, NOW - timedelta(minutes=n + 1), f"{PARTS[n]}积分清零了", f"v{n}") for n in range(12)]
    take(store, tmp_path, said, 2, no_fence)  # 40 of tick 1 and twelve of tick 2, which is more than two parts
    assert watch.add(store, "积分清零", MANAGER, NOW)
    begun = topics.mark(store, calm, lambda: (NOW, no_fence))
    assert sum(next(begun) for _ in range(9)) == 5
    assert mark(store, calm, no_fence) == 7
    assert {topic_of(store, str(n)) for n in range(12)} == {"积分清零"}
    assert mark(store, calm, no_fence) == 0
    assert check_store(store, calm, NOW).equal


def index(store: Engine, no_fence: Any) -> None:
    with store.begin() as conn:
        search_index.prepare(conn)
    for _ in search_index.catch_up(store, lambda: (9, NOW, no_fence)):
        pass


def test_the_weeks_before_a_topic_are_marked_once_and_as_far_as_they_are_known(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [say(n, NOW - timedelta(days=n + 1), f"{PARTS[n]}的積分清零了吗", f"v{n}") for n in range(6)]
    take(store, tmp_path, [*old, say(50, NOW - timedelta(days=40), "积分清零", "v50")], 2, no_fence)
    assert watch.add(store, "积分清零", MANAGER, NOW)
    assert mark(store, calm, no_fence) == 0, "none in the last hours"

    def fill() -> int:
        waiting = topics.without_past(store)
        found = topics.past(store, waiting, NOW) if waiting is not None else None
        return sum(topics.fill(store, calm, found, lambda: (NOW, no_fence))) if found is not None else 0

    monkeypatch.setattr(search_index, "AT_ONCE", 5)
    with store.begin() as conn:
        search_index.prepare(conn)
    assert fill() == 0, "while the search is far behind nothing is called the past"
    index(store, no_fence)
    monkeypatch.setattr(topics, "MOST_PAST", 4)
    assert fill() == 4 and fill() == 0
    with store.connect() as conn:
        assert conn.execute(select(topic.c.marked_from)).scalar_one() == NOW - timedelta(days=4)
    with store.begin() as conn:
        conn.execute(update(topic).values(marked_from=None))
    monkeypatch.setattr(topics, "MOST_PAST", 100)
    assert fill() == 2
    with store.connect() as conn:
        assert conn.execute(select(topic.c.marked_from)).scalar_one() == NOW - topics.PAST
    assert topic_of(store, "50") is None and check_store(store, calm, NOW).equal


def test_a_living_topic_takes_the_place_of_one_that_is_over_and_of_nothing_else(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any
) -> None:
    given = replace(say(2, NOW - timedelta(hours=1), "积分清零了，退钱"), dims={"topic": "渠道自己的"})
    take(store, tmp_path, [say(1, NOW - timedelta(hours=1), "积分清零了，退钱"), given], 2, no_fence)
    assert watch.add(store, "积分清零", MANAGER, NOW) and mark(store, calm, no_fence) == 1
    assert watch.add(store, "退钱", MANAGER, NOW) and mark(store, calm, no_fence) == 0, "the first one lives"
    with store.begin() as conn:
        conn.execute(update(topic).where(topic.c.shown == "积分清零").values(ended_at=NOW))
    assert mark(store, calm, no_fence) == 1
    assert (topic_of(store, "1"), topic_of(store, "2")) == ("退钱", "渠道自己的")
    assert check_store(store, calm, NOW).equal


def test_a_topic_whose_records_carry_it_still_stands_out(store: Engine, calm: Settings, tmp_path: Path, no_fence: Any) -> None:
    said = [say(n, NOW - timedelta(minutes=n + 1), f"{PARTS[n]}积分清零了，{SAYS[n]}", f"v{n}") for n in range(12)]
    take(store, tmp_path, said, 2, no_fence)
    note(store, NOW, no_fence)
    assert mark(store, calm, no_fence) == 12
    later = NOW + timedelta(seconds=30)
    assert note(store, later, no_fence) == 0
    with store.connect() as conn:
        assert {one["last_at"] for one in watch.living(conn)} == {later}


def test_only_so_many_sudden_topics_live_at_once(
    store: Engine, calm: Settings, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "MOST", 3)
    seen = [topics.Seen(f"说法{n}", f"说法{n}", "all", 9, 9, 0.1, 20.0 - n, []) for n in range(5)]
    assert topics.note(store, seen, NOW, no_fence) == 3
    assert topics.note(store, seen[::-1], NOW, no_fence) == 0
    with store.connect() as conn:
        assert {one["phrase"] for one in watch.living(conn)} == {"说法0", "说法1", "说法2"}


def test_a_surer_topic_takes_the_place_of_the_weakest_that_does_not_burn_and_who_is_left_out_is_counted(
    store: Engine, calm: Settings, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "MOST", 3)
    monkeypatch.setattr(read_topics, "SUDDEN", 2)

    def seen(text: str, score: float) -> topics.Seen:
        return topics.Seen(text, text, "all", 9, 9, 0.1, score, [])

    assert topics.note(store, [seen(f"说法{n}", 20.0 + n) for n in range(3)], NOW, no_fence) == 3
    assert read_topics.left_out(store) == 1, "more live than are listed"
    times = dict.fromkeys(("opened_at", "started_at", "last_at"), NOW)
    said = {"mode": "on", "metric": "contacts", "condition": "firing", "direction": "up", "reason": "x"}
    numbers = dict.fromkeys(("grade", "peak_grade", "tier", "likelihood", "impact", "loss", "score", "peak_score"), 1)
    place = {"episode_id": "e", "rule_id": "contacts-topic", "rule_version": 1, "slice_key": "topic=说法0", "slice_id": 1}
    with store.begin() as conn:
        conn.execute(insert(episode).values(**place, **times, **said, **numbers, factors={}, reason_params={}, explained=[]))
    later = NOW + timedelta(minutes=5)
    surer = [seen("停机", 90.0), seen("扣两次", 25.0), seen("说法1", 21.0)]
    assert topics.note(store, surer, later, no_fence) == 1
    with store.connect() as conn:
        assert {one["phrase"] for one in watch.living(conn)} == {"停机", "说法0", "说法2"}, "说法0 burns"
    assert read_topics.left_out(store) == 1 + 2, "扣两次 is hardly surer than 说法2, and 说法1 went"
    assert topics.note(store, [], later, no_fence) == 0 and read_topics.left_out(store) == 1


def test_a_word_inside_another_is_no_topics_and_a_phrase_without_a_word_is_refused(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any
) -> None:
    """What is marked as it comes is marked by the rule by which the search finds the past."""
    early = [say(n, NOW - timedelta(days=2, minutes=n), text, f"e{n}") for n, text in enumerate(("SVIP用不了", "VIP用不了"))]
    take(store, tmp_path, early, 2, no_fence)
    assert watch.add(store, "vip", MANAGER, NOW)
    for nothing in ("!!", "？！", "……"):
        with pytest.raises(watch.NotAPhrase) as refused:
            watch.add(store, nothing, MANAGER, NOW)
        assert refused.value.code == "board.watch.no_word"
    with store.begin() as conn:  # one that is watched since before it was refused
        row = conn.execute(select(topic)).mappings().one()
        conn.execute(insert(topic).values(**{**row, "topic_id": "old", "phrase": "!!", "shown": "!!"}))
    assert mark(store, calm, no_fence) == 0
    index(store, no_fence)
    while (waiting := topics.without_past(store)) is not None:
        sum(topics.fill(store, calm, topics.past(store, waiting, NOW), lambda: (NOW, no_fence)))
    texts = ("SVIP进不去!!", "vip进不去!!", "我的ＶＩＰ２到期了", "进不去!!")
    take(store, tmp_path, [say(10 + n, NOW, text, f"n{n}") for n, text in enumerate(texts)], 3, no_fence)
    assert [topic_of(store, str(n)) for n in (0, 1, 10, 11, 12, 13)] == [None, "vip", None, "vip", "vip", None]
    assert check_store(store, calm, NOW).equal


def test_a_phrase_of_a_year_ago_is_known_as_far_as_it_is_marked(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any
) -> None:
    old = [say(n, NOW - timedelta(days=days), "积分清零", f"v{n}") for n, days in enumerate((300, 70, 40, 20))]
    take(store, tmp_path, old, 2, no_fence)
    assert watch.add(store, "积分清零", MANAGER, NOW - timedelta(days=365))
    with store.begin() as conn:  # as what was taken before topics had a past
        conn.execute(update(feedback).values(dims={"channel": "App"}))
    mark(store, calm, no_fence)
    index(store, no_fence)
    waiting = topics.without_past(store)
    assert waiting is not None
    sum(topics.fill(store, calm, topics.past(store, waiting, NOW), lambda: (NOW, no_fence)))
    with store.connect() as conn:
        assert conn.execute(select(topic.c.marked_from)).scalar_one() == NOW - topics.PAST
    assert [topic_of(store, str(n)) for n in range(4)] == [None, None, None, "积分清零"]


def test_a_past_waits_until_what_came_lately_is_marked(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A detector that learned the weeks before would else miss the hours in which the topic was found."""
    monkeypatch.setattr(topics, "AT_ONCE", 20)
    take(store, tmp_path, [say(n, NOW - timedelta(minutes=n + 1), "积分清零了", f"v{n}") for n in range(30)], 2, no_fence)
    index(store, no_fence)
    assert watch.add(store, "积分清零", MANAGER, NOW) and topics.without_past(store) is None
    begun = topics.mark(store, calm, lambda: (NOW, no_fence))
    next(begun)
    assert topics.without_past(store) is None
    assert sum(begun) > 0 and topics.without_past(store) is not None


def test_retention_keeps_one_topic_of_a_name_and_no_words_longer_than_texts(
    store: Engine, calm: Settings, no_fence: Any
) -> None:
    """Of one that is over the name stays known: its records are not watched as if a source had given it."""
    seen = topics.Seen("积分清零", "积分清零", "all", 9, 9, 0.1, 20.0, ["tickets:1"])
    for days in (800, 700, 40, 1):
        at = NOW - timedelta(days=days)
        topics.note(store, [seen], at, no_fence)
        topics.note(store, [], at + topics.LIVES * 2, no_fence)
    topics.note(store, [replace(seen, phrase="退钱", shown="退钱")], NOW - timedelta(days=800), no_fence)
    topics.note(store, [], NOW - timedelta(days=799), no_fence)
    assert retention.purge(store, calm, NOW, no_fence)["topic"] == 3 + 1
    assert "topic" not in retention.purge(store, calm, NOW, no_fence)
    with store.connect() as conn:
        left = conn.execute(select(topic.c.shown, topic.c.phrase, topic.c.examples).order_by(topic.c.found_at)).all()
        assert [tuple(one) for one in left] == [("退钱", "", []), ("积分清零", "积分清零", ["tickets:1"])]
        over = load_topics(conn)
    assert not over.watches("topic=退钱") and not over.watches("topic=积分清零") and over.watches("topic=渠道自己的")


@pytest.mark.parametrize("author", ["one", "many"])
def test_a_flood_is_no_topic(store: Engine, calm: Settings, tmp_path: Path, no_fence: Any, author: str) -> None:
    text = "加群领红包，积分清零大甩卖，先到先得" if author == "many" else "积分清零了{}"
    said = [say(n, NOW - timedelta(minutes=n), text.format(n), "x" if author == "one" else f"v{n}") for n in range(30)]
    take(store, tmp_path, said, 2, no_fence)
    assert note(store, NOW, no_fence) == 0


def test_a_watched_phrase_marks_its_records(store: Engine, calm: Settings, no_fence: Any) -> None:
    assert watch.add(store, " 优惠券 ", MANAGER, NOW)
    assert not watch.add(store, "优惠券", MANAGER, NOW)
    assert mark(store, calm, no_fence) > 0
    with store.connect() as conn:
        held = watch.living(conn)
    assert [one["shown"] for one in held] == ["优惠券"]
    assert watch.end(store, held[0]["topic_id"], MANAGER, NOW) and not watch.end(store, held[0]["topic_id"], MANAGER, NOW)
    assert watch.add(store, "请打 13812345678", MANAGER, NOW)
    with store.connect() as conn:
        audited = [row.params for row in conn.execute(select(audit)) if row.action == "topic.watch"]
    assert audited[-1] == {"phrase": "请打 [手机号]"}
    for bad in ("一", "长" * 41):
        with pytest.raises(watch.NotAPhrase):
            watch.add(store, bad, MANAGER, NOW)
    with pytest.raises(NotAllowed):
        watch.add(store, "曝光", WALL, NOW)


def test_what_is_shown_of_a_topic_counts_people_in_the_readers_organisation_and_quotes_masked_words(
    store: Engine, calm: Settings, tmp_path: Path, no_fence: Any
) -> None:
    told = [f"{PARTS[n]}积分清零了，{SAYS[n]}{'，电话13812345678' if n == 0 else ''}" for n in range(12)]
    said = [say(n, NOW - timedelta(minutes=n + 1), text, f"v{n}") for n, text in enumerate(told)]
    advert = "转发这条消息，优惠券人人可领，快来参加吧"
    flood = [say(100 + n, NOW - timedelta(minutes=5), advert + "！" * n, "spam") for n in range(30)]
    take(store, tmp_path, [*said, *flood], 2, no_fence)
    with store.begin() as conn:
        search_index.prepare(conn)
    for _ in search_index.catch_up(store, lambda: (3, NOW, no_fence)):
        pass
    note(store, NOW, no_fence)
    assert watch.add(store, "人人可领", MANAGER, NOW) and watch.add(store, "%_<b>无人说", MANAGER, NOW)
    found = {one.shown: one for one in living(store, (), NOW)}
    burst = next(one for one in found.values() if one.kind == "burst")
    assert "积分清零" in burst.shown and (burst.now_n, sum(burst.line)) == (12, 12) and len(burst.line) == 24
    assert "13812345678" not in burst.examples[0].text and "积分清零" in burst.examples[0].text
    assert (found["人人可领"].kind, found["人人可领"].now_n) == ("watch", 1), "a flood of one author is one"
    assert sum(found["%_<b>无人说"].line) == 0
    assert [one.kind for one in living(store, ("天外",), NOW)] == ["watch", "watch"], "nobody there speaks of it"
    with store.connect() as conn:
        asked = panels.Asked(conn, {}, calm.sources, "all", NOW, panels.heard(conn, ["all"], None, NOW)["views"]["all"])
        shown = panels.made(asked, Phrases(kind="phrases"))["topics"]
        whole, elsewhere = (of_views(conn, ["all", "org.1=天外"], NOW)[view] for view in ("all", "org.1=天外"))
    assert whole == list(found.values()), "one pass over the texts counts what the index counts"
    assert [one.kind for one in elsewhere] == ["watch", "watch"]
    assert [one["text"] for one in shown if one["kind"] == "burst"] == [
        one.shown for one in found.values() if one.kind == "burst"
    ]
    assert all(set(one) == {"text", "kind", "now", "usual", "line"} for one in shown) and "人人可领" not in str(shown)


def test_who_is_bound_to_an_organisation_changes_no_topic_of_all(store: Engine, calm: Settings) -> None:
    bound = replace(MANAGER, scope=("华南",))
    for press in (lambda: watch.add(store, "积分", bound, NOW), lambda: watch.end(store, "x", bound, NOW)):
        with pytest.raises(watch.NotAPhrase, match="centre_wide"):
            press()


@pytest.mark.parametrize("most", ["MOST", "MOST_ALL"])
def test_hours_of_which_not_all_was_read_are_unknown(
    store: Engine, tmp_path: Path, no_fence: Any, monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    """Three an hour for a day, of two organisations in turn; a hostile limit after ten records."""
    said = [
        replace(say(n, NOW - timedelta(minutes=20 * n + 5), f"积分清零了，第{n}天", f"v{n}"), dims={"org": f"区{n % 2}"})
        for n in range(72)
    ]
    take(store, tmp_path, said, 1, no_fence)
    with store.begin() as conn:
        search_index.prepare(conn)
    for _ in search_index.catch_up(store, lambda: (3, NOW, no_fence)):
        pass
    assert watch.add(store, "积分清零", MANAGER, NOW)

    def seen(scope: tuple[str, ...]) -> Any:
        if most == "MOST":
            return living(store, scope, NOW)[0]
        with store.connect() as conn:
            view = f"org.1={scope[0]}" if scope else "all"
            return of_views(conn, [view], NOW)[view][0]

    assert set(seen(()).line) == {3} and seen(()).usual == 3
    monkeypatch.setattr(read_topics, most, 10)
    assert seen(()).line == (*[None] * 21, 3, 3, 3) and seen(()).usual == 3
    mine = seen(("区0",))
    if most == "MOST":
        assert sum(n is not None for n in mine.line) == 6 and mine.usual is not None and mine.usual < 2
    monkeypatch.setattr(read_topics, most, 2)
    assert seen(()).line == (*[None] * 23, 2) and seen(()).usual is None


def test_topics_of_a_wall_are_counted_before_the_writers_lock(
    store: Engine, calm: Settings, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for all views in ten minutes, and by nobody who holds the transaction of the picture."""
    calls: list[int] = []
    fenced: list[bool] = []
    counted, texts, read_n = read_topics.of_views, panels._texts, list[int]()
    monkeypatch.setattr(read_topics, "of_views", lambda *args: (calls.append(len(fenced)), counted(*args))[1])
    monkeypatch.setattr(panels, "_texts", lambda *args: (read_n.append(len(fenced)), texts(*args))[1])
    assert watch.add(store, "优惠券", MANAGER, NOW)
    for n, seconds in enumerate((0, 60, 599, 601)):
        later = NOW + timedelta(seconds=seconds)
        snapshot.build(store, calm, n + 1, later, lambda conn: fenced.append(True))
    assert calls == [0, 3]
    assert read_n == [0, 0, 3, 3], "phrases are read before it, too: now and the week before, every ten minutes"
    body = read.picture(store, 4).body
    shown = {key: data for key, data in body["panels"]["all"].items() if "topics" in data}
    assert shown and all(data["topics"] == body["topics"]["views"]["all"] for data in shown.values())
