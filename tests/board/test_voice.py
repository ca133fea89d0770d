"""People's words about tags: who may, what is allowed, what is counted; and what it says of the machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from fengsui.board.correct import MOST, Correction, NotAValue, correct, latest, values
from fengsui.board.read import quality, to_label
from fengsui.metrics.quality import Pair, of
from fengsui.people import NotAllowed, Person
from fengsui.store.tables import audit, feedback, feedback_text, label, sample
from fengsui.text.drift import drifts
from fengsui.text.river_classifier import TextClassifier

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
LI, SOUTH, WALL = Person("li", "李", "duty"), Person("he", "何", "duty", ("华南",)), Person("w", "大屏", "wall")


def put(store: Engine, key: str, tags: dict[str, Any], org: str = "华北", text: str = "", at: datetime = NOW) -> None:
    base = {
        "source": "t",
        "kind": "complaint",
        "opened_at": at,
        "updated_at": at,
        "stored_at": at,
        "seq": 1,
        "first_stored_at": at,
    }
    row = {
        **base,
        "record_key": key,
        "content_hash": "x",
        "dims": {"org": org, "channel": "App"},
        "state": "open",
        "ratings": [],
    }
    said = {"record_key": key, "text": text or f"文字 {key}", "mask_version": 2, "text_hash": key}
    with store.begin() as conn:
        conn.execute(insert(feedback).values(**row, tags=tags, extra={}))
        conn.execute(insert(feedback_text).values(**said))


@pytest.fixture
def held(store: Engine) -> Engine:
    put(store, "t:1", {"by": "rule@2", "sentiment": "neutral", "sure": {"sentiment": 0.4}})
    put(
        store,
        "t:2",
        {"by": "rule@2", "sentiment": "negative", "src": {"sentiment": "model@3"}, "sure": {"sentiment": 0.9}},
        "华南/广东",
    )
    return store


def test_a_correction_and_a_confirmation_are_labels(held: Engine) -> None:
    said = [
        Correction("t:1", "sentiment", "negative"),
        Correction("t:2", "sentiment", "negative"),
        Correction("t:9", "issue", None),
    ]
    done = correct(held, said, "chosen", LI, NOW)
    assert (done.changed, done.confirmed, done.gone, done.same) == (1, 1, 1, 0)
    with held.connect() as conn:
        rows = {row.record_key: row for row in conn.execute(select(label))}
        assert (rows["t:1"].old, rows["t:1"].old_by, rows["t:1"].old_sure) == ("neutral", "rule@2", 0.4)
        assert rows["t:2"].old_by == "model@3"
        assert conn.execute(select(audit.c.action)).scalars().all() == ["label.correct"]
        assert latest(conn, ["t:1"])["t:1", "sentiment"]["new"] == "negative"
    twice = correct(held, said[:1], "chosen", LI, NOW + timedelta(seconds=1))
    assert twice.same == 1 and twice.changed == 0
    after = correct(held, [Correction("t:1", "sentiment", "positive")], "chosen", SOUTH, NOW + timedelta(seconds=2))
    assert after.gone == 1  # another organisation
    other = Person("zhao", "赵", "analyst")
    assert correct(held, [Correction("t:1", "sentiment", "positive")], "chosen", other, NOW + timedelta(seconds=3)).changed == 1
    with held.connect() as conn:
        assert latest(conn, ["t:1"])["t:1", "sentiment"]["old_by"] == "person"


def test_what_may_not_be_said_is_refused(held: Engine) -> None:
    with pytest.raises(NotAllowed):
        correct(held, [Correction("t:1", "sentiment", "negative")], "chosen", WALL, NOW)
    for tag, value in (("sentiment", "furious"), ("issue", "<script>"), ("cues", "media")):
        with pytest.raises(NotAValue):
            correct(held, [Correction("t:1", tag, value)], "chosen", LI, NOW)
    with pytest.raises(ValueError, match="at most"):
        correct(held, [Correction(f"t:{n}", "issue", None) for n in range(MOST + 1)], "chosen", LI, NOW)
    with held.connect() as conn:
        assert conn.execute(select(label)).all() == []
        assert "service/attitude" in values(conn, NOW)["issue"]


def test_only_the_random_sample_is_unbiased(held: Engine) -> None:
    for n in range(3, 13):
        put(held, f"t:{n}", {"by": "rule@2", "sentiment": "negative" if n % 2 else "positive", "sure": {"sentiment": 0.8}})
    said = [Correction(f"t:{n}", "sentiment", "negative") for n in range(3, 13)]
    correct(held, said[:8], "random", LI, NOW)
    correct(held, said[8:], "chosen", LI, NOW + timedelta(seconds=1))
    with held.connect() as conn:
        found = quality.measured(conn, "sentiment", NOW - timedelta(days=7), NOW + timedelta(days=7))
        blind = quality.measured(conn, "sentiment", NOW - timedelta(days=7), NOW + timedelta(days=7), ("华南",))
        empty = quality.untagged(conn, "issue", NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert (found.random.n, found.all.n, blind.random.n) == (8, 10, 0)
    negative = next(one for one in found.random.classes if one.label == "negative")
    assert negative.recall.value == 0.5 and negative.precision.value == 1.0 and negative.n == 8
    assert negative.recall.lower < 0.5 < negative.recall.upper
    assert set(found.by_channel) == {"App"} and set(found.by_source) == {"rule@2"} and len(found.by_week) == 2
    assert [(one.channel, one.share.value, one.share.n) for one in empty] == [("App", 1.0, 12)]


def test_quality_says_how_many_and_how_sure() -> None:
    pairs = [Pair("a", "a", 0.95)] * 9 + [Pair("b", "a", 0.55)] + [Pair("", "b")] * 2
    found = of(pairs)
    assert found.n == 12 and found.accuracy.value == 0.75 and found.unclassified.value == pytest.approx(1 / 6)
    assert found.confusion["a", "b"] == 1 and found.confusion["b", ""] == 2
    assert [(one.low, one.n, one.right.value) for one in found.bins] == [(0.5, 1, 0.0), (0.9, 9, 1.0)]
    assert found.error == pytest.approx((9 * 0.05 + 0.55) / 10)
    assert found.macro_f1 == pytest.approx((18 / 19 + 0) / 2)
    none = of([])
    assert none.accuracy.value is None and none.error is None and none.macro_f1 is None


def test_the_least_sure_and_unlike_come_first(held: Engine) -> None:
    put(held, "t:3", {"by": "rule@2", "sure": {"issue": 0.1}}, text="积分突然被清零了，谁来解释一下")
    put(held, "t:4", {"by": "rule@2", "sure": {"issue": 0.2}}, text="积分突然被清零了，谁来解释一下啊")
    put(held, "t:5", {"by": "rule@2", "untagged": "language"}, text="서비스가 너무 느려요")
    with held.connect() as conn:
        found = to_label.uncertain(conn, "issue", NOW, 10)
    assert "t:3" in found and "t:4" not in found and "t:5" not in found
    correct(held, [Correction("t:3", "issue", "money/refund")], "uncertain", LI, NOW)
    with held.connect() as conn:
        assert "t:3" not in to_label.uncertain(conn, "issue", NOW, 10)


def test_what_is_left_of_the_sample(held: Engine) -> None:
    with held.begin() as conn:
        drawn = {"week": "2026-W46", "drawn_at": NOW, "of_n": 2}
        conn.execute(insert(sample), [{**drawn, "record_key": f"t:{n}", "place": 2 - n} for n in (1, 2)])
    with held.connect() as conn:
        assert to_label.random(conn, "2026-W46", "sentiment") == ["t:2", "t:1"]
        assert to_label.random(conn, "2026-W46", "sentiment", scope=("华南",)) == ["t:2"]
    correct(held, [Correction("t:2", "sentiment", "negative")], "random", LI, NOW)
    with held.connect() as conn:
        assert to_label.random(conn, "2026-W46", "sentiment") == ["t:1"]
        assert quality.left_to_check(conn, "2026-W46", "sentiment") == (1, 2)


def test_corrections_that_become_frequent_are_noticed(held: Engine) -> None:
    rows = []
    for n in range(400):
        new = "negative" if n < 200 or n % 2 else "positive"
        times = {
            "at": NOW - timedelta(hours=400 - n),
            "label_id": f"{n:04d}",
            "record_key": f"x:{n}",
            "tag": "sentiment",
            "by": "li",
        }
        rows.append(
            {
                **times,
                "tag": "sentiment",
                "by": "li",
                "old": "negative",
                "old_by": "rule@2",
                "old_sure": 0.9,
                "new": new,
                "why": "random",
            }
        )
    with held.begin() as conn:
        conn.execute(insert(label), rows[:200])
        assert drifts(conn, NOW) == []
        conn.execute(insert(label), rows[200:])
        (found,) = drifts(conn, NOW)
    assert found.tag == "sentiment" and found.now > found.before


def test_the_online_layer_is_a_classifier_of_river() -> None:
    mine = TextClassifier()
    assert mine.predict_proba_one("好") == {}
    for _ in range(5):
        mine.learn_one("一直没人接", "negative")
        mine.learn_one("服务热情周到", "positive")
    assert mine.predict_one("电话没人接") == "negative" and mine.predict_one("热情") == "positive"
