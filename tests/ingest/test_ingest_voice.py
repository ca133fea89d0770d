"""What people say of tags changes the record, its roll-ups and its slices, teaches the models; and search and samples."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, insert, select, update

from connectors.base import Rating
from fengsui.board.read.search import search
from fengsui.ingest import corrections, learning, lessons, models, retag, sampling, search_index, tagging
from fengsui.ingest.check import check_store
from fengsui.ingest.erase import erase
from fengsui.ingest.take import Ingest
from fengsui.store.tables import definition, feedback, feedback_text, label, model, sample, search_text, source_state, watermark
from fengsui.text import taxonomy
from fengsui.text.features import BITS
from fengsui.text.fitting import Examples, fit

ISSUE = {"name": "issue", "title": {"zh_CN": "问题", "en": "Issue"}}
SPOKEN = {"issue": "service/attitude", "sentiment": "positive"}


def said(key: str, tag: str, new: str | None, at: datetime, why: str = "chosen") -> dict[str, Any]:
    common = {"old": None, "old_by": "rule@2", "old_sure": 0.5, "by": "li"}
    return {
        "label_id": f"{key}{tag}{at.isoformat()}",
        "record_key": key,
        "tag": tag,
        "new": new,
        "at": at,
        "why": why,
        **common,
    }


@pytest.fixture
def taken(store: Engine, centre: SimpleNamespace, no_fence: Any) -> Ingest:
    settings = centre.settings.model_copy(update={"dimensions": (*centre.settings.dimensions, _dimension())})
    centre.settings = settings.model_copy(update={"full_cuboids": (*settings.full_cuboids, "issue")})
    ingest = Ingest(store, centre.settings, centre.keys)
    ingest.prepare(centre.now, no_fence)
    records = [centre.feedback("1", text="物流太慢了，一直没发货"), centre.feedback("2", text="退貨還沒處理，等待三天")]
    ingest.take("tickets", centre.batch(*records), 1, centre.now, no_fence)
    return ingest


def _dimension() -> Any:
    from fengsui.settings.dimension import Dimension

    return Dimension.model_validate(ISSUE)


def row_of(store: Engine, key: str) -> Any:
    with store.connect() as conn:
        return conn.execute(select(feedback).where(feedback.c.record_key == key)).one()


def test_a_word_of_a_person_moves_the_record_and_its_slices(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    assert row_of(store, "tickets:1").dims["issue"] == row_of(store, "tickets:1").tags["issue"] == "logistics/delay"
    with store.begin() as conn:
        conn.execute(insert(label), [said("tickets:1", tag, new, centre.now) for tag, new in SPOKEN.items()])
    assert corrections.waiting(store)
    assert corrections.apply(store, centre.settings, centre.now, no_fence) == 1
    row = row_of(store, "tickets:1")
    assert row.tags["issue"] == row.dims["issue"] == "service/attitude" and row.tags["src"]["issue"] == "person"
    assert row.tags["sentiment"] == "positive" and row.tags["negative"] == 0.0
    assert not corrections.waiting(store)
    assert corrections.apply(store, centre.settings, centre.now, no_fence) == 0  # read again, nothing differs
    assert check_store(store, centre.settings, centre.now).equal


def test_a_newer_version_keeps_what_a_person_said(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    with store.begin() as conn:
        conn.execute(insert(label).values(**said("tickets:1", "issue", "safety", centre.now)))
    corrections.apply(store, centre.settings, centre.now, no_fence)
    newer = centre.feedback("1", text="物流还是太慢", updated_at=centre.now)
    taken.take("tickets", centre.batch(newer), 2, centre.now, no_fence)
    assert row_of(store, "tickets:1").tags["issue"] == row_of(store, "tickets:1").dims["issue"] == "safety"
    assert check_store(store, centre.settings, centre.now).equal


def test_a_new_taxonomy_retags_what_is_stored(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    body = {**taxonomy.BODY, "issues": [{"id": "slow", "name": {"zh_CN": "慢", "en": "Slow"}, "words": ["太慢"]}]}
    with store.begin() as conn:
        version = {"kind": "taxonomy", "id": "default", "version": 2, "valid_from": centre.now, "by": "admin"}
        conn.execute(insert(definition).values(**version, body=body))
    parts = list(
        retag.retag(store, centre.settings, taken.tagger, centre.now - timedelta(days=7), lambda: (centre.now, no_fence))
    )
    assert sum(part.changed for part in parts) == 2
    assert row_of(store, "tickets:1").dims["issue"] == "slow" and "issue" not in row_of(store, "tickets:2").dims
    assert check_store(store, centre.settings, centre.now).equal
    again = list(
        retag.retag(store, centre.settings, taken.tagger, centre.now - timedelta(days=7), lambda: (centre.now, no_fence))
    )
    assert sum(part.changed for part in again) == 0


def test_a_record_whose_text_retention_removed_keeps_its_tags(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    rated = (Rating("csat", 1, 1, 5, "up"),)
    taken.take("tickets", centre.batch(centre.feedback("3", text="物流太慢了", ratings=rated)), 2, centre.now, no_fence)
    with store.begin() as conn:
        spoken = [said(f"tickets:{n}", "sentiment", "positive", centre.now) for n in (1, 3)]
        conn.execute(insert(label), [*spoken, said("tickets:1", "issue", "safety", centre.now)])
    corrections.apply(store, centre.settings, centre.now, no_fence)
    with store.begin() as conn:
        conn.execute(feedback_text.delete())
        conn.execute(label.delete().where(label.c.tag == "sentiment"))
    before = {key: row_of(store, key) for key in ("tickets:1", "tickets:2")}
    parts = retag.retag(store, centre.settings, taken.tagger, centre.now - timedelta(days=7), lambda: (centre.now, no_fence))
    assert sum(part.changed for part in parts) == 0
    assert {key: row_of(store, key) for key in before} == before
    words = [("tickets:1", "sentiment"), ("tickets:2", "sentiment"), ("tickets:3", "sentiment")]
    for changed in (2, 0):
        assert corrections.take_back(store, centre.settings, taken.tagger, words, centre.now, no_fence) == changed
    tags, was = row_of(store, "tickets:1").tags, before["tickets:1"].tags
    assert not {"sentiment", "negative", "band"} & tags.keys() and "sentiment" not in tags["src"]
    assert tags["issue"] == "safety" and tags["cues"] == was["cues"] and tags["department"] == was["department"]
    assert row_of(store, "tickets:2").tags == before["tickets:2"].tags
    rating = row_of(store, "tickets:3").tags
    assert rating["sentiment"] == "negative" and rating["src"] == {"sentiment": "rating"} and "issue" in rating
    assert check_store(store, centre.settings, centre.now).equal


def test_the_next_take_has_learned_the_correction(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    texts = [f"顾问把我晾在{place}" for place in ("那里", "大厅", "电话里", "门口")]
    records = [centre.feedback(str(10 + n), text=text) for n, text in enumerate(texts)]
    taken.take("tickets", centre.batch(*records[:3]), 2, centre.now, no_fence)
    assert row_of(store, "tickets:10").tags["sentiment"] == "neutral"
    times = [(key, centre.now + timedelta(seconds=n)) for n in range(2) for key in ("tickets:10", "tickets:11", "tickets:12")]
    with store.begin() as conn:
        conn.execute(insert(label), [said(key, "sentiment", "negative", at) for key, at in times])
    taken.take("tickets", centre.batch(records[3]), 3, centre.now, no_fence)
    tags = row_of(store, "tickets:13").tags
    assert tags["sentiment"] == "negative" and tags["src"]["sentiment"] == "model@0"


@pytest.mark.parametrize("how", ["undone", "erased", "said_anew"])
def test_a_word_that_is_gone_is_unlearned_without_a_restart(
    store: Engine, centre: Any, taken: Ingest, no_fence: Any, how: str
) -> None:
    texts = [f"顾问把我晾在{place}" for place in ("那里", "大厅", "电话里", "门口")]
    records = [centre.feedback(str(10 + n), text=text) for n, text in enumerate(texts)]
    taken.take("tickets", centre.batch(*records), 2, centre.now, no_fence)
    keys, rated = [f"tickets:{n}" for n in (10, 11, 12)], [[]]
    later = centre.now + timedelta(minutes=5)
    with store.begin() as conn:
        conn.execute(insert(label), [said(key, "sentiment", "negative", centre.now) for key in keys])
        conn.execute(insert(label).values(**said("tickets:1", "sentiment", "neutral", later)))
    with store.connect() as conn:
        assert taken.tagger(conn, centre.now).tags(texts[3:], rated)[0]["sentiment"] == "negative"
    if how == "erased":
        for key in keys:
            erase(store, centre.settings, centre.keys, "li", "asked", centre.now, no_fence, record_key=key)
    else:
        with store.begin() as conn:
            conn.execute(label.delete().where(label.c.record_key.in_(keys)))
            if how == "said_anew":  # as many labels as before
                conn.execute(insert(label), [said(key, "sentiment", "positive", later + timedelta(seconds=1)) for key in keys])
    fresh = Ingest(store, centre.settings, centre.keys)
    with store.connect() as conn:
        now, restarted = (one.tagger(conn, centre.now).tags(texts, rated * 4) for one in (taken, fresh))
    assert now == restarted and now[3]["sentiment"] != "negative"


def test_neither_a_late_word_nor_one_after_a_fast_clock_is_lost(
    store: Engine, centre: Any, taken: Ingest, no_fence: Any
) -> None:
    def lay(key: str, value: str, at: datetime, now: datetime) -> None:
        with store.begin() as conn:
            conn.execute(insert(label).values(**said(key, "issue", value, at)))
        assert corrections.waiting(store)
        assert corrections.apply(store, centre.settings, now, no_fence) == 1
        assert row_of(store, key).tags["issue"] == value
        assert not corrections.waiting(store)

    assert not corrections.waiting(store)
    lay("tickets:1", "safety", centre.now, centre.now)
    lay("tickets:2", "safety", centre.now - timedelta(seconds=20), centre.now)  # committed after it
    lay("tickets:1", "app/login", centre.now + timedelta(hours=2), centre.now)  # of a clock two hours ahead
    later = centre.now + timedelta(minutes=10)
    lay("tickets:2", "app/login", later, later)
    with store.begin() as conn:
        conn.execute(label.delete().where(label.c.at >= later))
    corrections.apply(store, centre.settings, later, no_fence)
    assert not corrections.waiting(store)  # nothing is asked for ever


def test_a_mark_of_an_older_program_lays_what_it_passed_over(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    ahead = centre.now + timedelta(hours=2)
    with store.begin() as conn:
        conn.execute(insert(watermark).values(name=corrections.NAME, at=ahead, seq=0))
        conn.execute(insert(label).values(**said("tickets:1", "issue", "safety", centre.now)))
    assert corrections.waiting(store)
    assert corrections.apply(store, centre.settings, centre.now, no_fence) == 1
    assert not corrections.waiting(store)


def made(n: int, seed: int = 3) -> list[tuple[str, str]]:
    """Texts that a model can learn and the rules cannot."""
    rng, ends = random.Random(seed), ("快", "慢", "高", "低", "红", "蓝")
    words = {"negative": "乌鸦", "positive": "喜鹊"}
    tail = "".join
    return [
        (f"今天{words[mood]}叫了{tail(rng.choices('东南西北中发白一二三四五六七八九', k=12))}{rng.choice(ends)}", mood)
        for mood in words
        for _ in range(n)
    ]


def lesson(rows: list[tuple[str, str]], current: bytes | None = None) -> lessons.Lesson:
    return lessons.Lesson("sentiment", rows, (), {}, taxonomy.BODY, current, 1 if current else 0)


def test_a_better_model_is_promoted_and_a_worse_one_is_not() -> None:
    good = lessons.learn(lesson(made(100)))
    assert good.promote and good.body is not None and good.metrics["right"] > good.metrics["right_now"]
    noise = [(text, "negative" if n % 2 else "positive") for n, (text, _) in enumerate(made(100, seed=4))]
    held = lessons.learn(lesson(noise))  # nothing to learn: no better than the rules by luck only
    assert held.metrics["held"] >= lessons.LEAST_HELD
    wrong = [(text, {"negative": "positive", "positive": "negative"}[mood]) for text, mood in made(100)]
    truth = lessons.Lesson("sentiment", [*wrong[:150], *made(40)], (), {}, taxonomy.BODY, good.body, 1)
    bad = lessons.learn(truth)
    assert bad.promote is (bad.metrics["right"] >= bad.metrics["right_now"])


def test_too_little_is_no_model() -> None:
    few = lessons.learn(lesson(made(3)))
    assert few.body is None and few.why == "text.fit.too_few"
    some = lessons.learn(lesson(made(20)))
    assert not some.promote and some.why == "ingest.learn.few_held"


def test_a_child_that_cannot_fit_says_so() -> None:
    with pytest.raises(lessons.LessonFailed):
        lessons.learn_apart(SimpleNamespace())  # type: ignore[arg-type]


ENDLESS = """
import os
from fengsui.ingest import lessons

def learn(lesson):
    os.write(2, b"%d\\n" % os.getpid())
    while True:
        pass

lessons.learn.__code__ = learn.__code__
"""
PARENT = f"""
from fengsui.ingest import lessons

class Endless:
    def __reduce__(self):
        return exec, ({ENDLESS!r},)

lessons.learn_apart(Endless())
"""


def test_a_child_that_fits_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stderr=subprocess.PIPE) as parent:
        assert parent.stderr is not None
        child = int(parent.stderr.readline())
        parent.kill()
        try:
            parent.communicate(timeout=10)  # comes back when nobody holds its standard error open any more
        except subprocess.TimeoutExpired:
            os.kill(child, signal.SIGKILL)
            raise


def test_a_refit_is_stored_and_rolled_back_once(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    rows = made(80)
    records = [centre.feedback(f"m{n}", minute=n / 60, text=text) for n, (text, _) in enumerate(rows)]
    taken.take("tickets", centre.batch(*records), 2, centre.now, no_fence)
    assert learning.due(store) == []
    with store.begin() as conn:
        labels = [
            said(f"tickets:m{n}", "sentiment", mood, centre.now + timedelta(seconds=n)) for n, (_, mood) in enumerate(rows)
        ]
        conn.execute(insert(label), labels)
    assert learning.due(store) == ["sentiment"]
    with store.connect() as conn:
        task, until, version = learning.lesson(conn, "sentiment", centre.now)
    found = lessons.learn_apart(task)
    assert found.promote, found.metrics
    assert learning.store_learned(store, "sentiment", found, until, version, "nightly", centre.now, no_fence) == 1
    assert learning.due(store) == []
    taken.take("tickets", centre.batch(centre.feedback("n1", text="早上乌鸦叫了")), 3, centre.now, no_fence)
    assert row_of(store, "tickets:n1").tags["src"]["sentiment"] == "model@1"
    assert row_of(store, "tickets:n1").tags["sentiment"] == "negative"
    with store.begin() as conn:
        assert models.roll_back(conn, "sentiment", 7, "li", centre.now) is None
        assert models.roll_back(conn, "sentiment", 1, "li", centre.now) == 0
        assert models.roll_back(conn, "sentiment", 1, "li", centre.now) is None
        assert models.in_force(conn) == []
        assert conn.execute(select(model.c.state)).scalar_one() == models.WITHDRAWN


def fitted(name: str, promote: bool, now: datetime) -> models.Fitted:
    base = fit(Examples([text for text, _ in made(12)], [mood for _, mood in made(12)]))
    return models.Fitted(name, base.to_bytes(), "nightly", now, 24, 1, {}, promote)


def test_roll_back_gives_the_word_to_the_version_before(store: Engine, centre: Any) -> None:
    with store.begin() as conn:
        for promote in (True, True, False):
            models.save(conn, fitted("sentiment", promote, centre.now), centre.now)
        assert [one.version for one in models.in_force(conn)] == [2]
        assert models.roll_back(conn, "sentiment", 2, "li", centre.now) == 1
        assert [one.version for one in models.in_force(conn)] == [1]
        for _ in range(models.MOST_KEPT + 1):
            models.save(conn, fitted("sentiment", False, centre.now), centre.now)
        empty = conn.execute(select(model.c.version).where(model.c.body == b"")).scalars().all()
        assert 1 not in empty and 2 in empty  # what is in force keeps its bytes


def test_a_damaged_model_leaves_the_rules_to_speak(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    with store.begin() as conn:
        models.save(conn, fitted("sentiment", True, centre.now), centre.now)
        conn.execute(update(model).values(body=b"rubbish"))
    taken.take("tickets", centre.batch(centre.feedback("d1", text="态度太差")), 2, centre.now, no_fence)
    assert row_of(store, "tickets:d1").tags["sentiment"] == "negative"


def of_an_older_program(now: datetime, labels_until: datetime) -> models.Fitted:
    """As format 1 was stored."""
    file, head = io.BytesIO(), {"format": 1, "bits": BITS, "classes": ["negative", "positive"], "sharpness": 1.0}
    np.savez_compressed(
        file, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), weights=np.zeros((1, 3), dtype=np.float16)
    )
    return models.Fitted("sentiment", file.getvalue(), "nightly", labels_until, 80, 1, {}, True)


def test_what_an_unreadable_model_had_learned_is_learned_anew(
    store: Engine, centre: Any, taken: Ingest, no_fence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade: by the layer at once, and by the next night's fit without a new correction."""
    monkeypatch.setattr(tagging, "SLICE_S", 60.0)  # a machine that is busy learns them in more slices than one
    rows = made(80)
    records = [centre.feedback(f"m{n}", minute=n / 60, text=text) for n, (text, _) in enumerate(rows)]
    taken.take("tickets", centre.batch(*records), 2, centre.now, no_fence)
    before = centre.now - timedelta(hours=1)
    with store.begin() as conn:
        conn.execute(insert(label), [said(f"tickets:m{n}", "sentiment", mood, before) for n, (_, mood) in enumerate(rows)])
        models.save(conn, of_an_older_program(centre.now, before), centre.now)
    taken.take("tickets", centre.batch(centre.feedback("n1", text="早上乌鸦叫了")), 3, centre.now, no_fence)
    assert row_of(store, "tickets:n1").tags["sentiment"] == "negative"
    assert row_of(store, "tickets:n1").tags["src"]["sentiment"] == "model@0"
    assert learning.due(store) == ["sentiment"]
    with store.connect() as conn:
        task, until, version = learning.lesson(conn, "sentiment", centre.now)
    found = lessons.learn(task)
    learning.store_learned(store, "sentiment", found, until, version, "nightly", centre.now, no_fence)
    assert found.promote and learning.due(store) == [], "once, whether it was put in force or refused"


def test_no_way_leads_back_to_a_version_that_cannot_be_read(store: Engine, centre: Any) -> None:
    with store.begin() as conn:
        models.save(conn, fitted("sentiment", True, centre.now), centre.now)
        models.save(conn, of_an_older_program(centre.now, centre.now), centre.now)
        models.save(conn, fitted("sentiment", True, centre.now), centre.now)
        assert models.unreadable(conn, "sentiment") == {2}
        assert models.roll_back(conn, "sentiment", 3, "li", centre.now) == 1
        assert [one.version for one in models.in_force(conn)] == [1]


def index(store: Engine, centre: Any, no_fence: Any) -> int:
    return sum(search_index.catch_up(store, lambda: (9, centre.now, no_fence)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("等待", ["tickets:2"]),
        ("退货", ["tickets:2"]),  # simplified finds traditional
        ("退貨", ["tickets:2"]),
        ("還沒處理", ["tickets:2"]),
        ("没发货", ["tickets:1"]),
        ("发", ["tickets:1"]),
        ("货", ["tickets:1", "tickets:2"]),
        ("理", ["tickets:2"]),
        ("没处理 物流", []),
        ("慢 发货", ["tickets:1"]),
        ("货发", []),
        ('" OR 1 *', []),
        ("！", []),
        ("", []),
    ],
)
def test_words_are_found(store: Engine, centre: Any, taken: Ingest, no_fence: Any, query: str, found: list[str]) -> None:
    assert search_index.behind(store)
    assert list(search_index.catch_up(store, lambda: (1, centre.now, no_fence))) == []  # the tick is not over
    assert index(store, centre, no_fence) == 2
    assert not search_index.behind(store)
    with store.connect() as conn:
        assert sorted(search(conn, query)) == found


def test_a_changed_text_is_found_by_its_new_words_and_an_erased_one_by_none(
    store: Engine, centre: Any, taken: Ingest, no_fence: Any
) -> None:
    index(store, centre, no_fence)
    newer = centre.feedback("1", text="App 登录不了 LOGIN", updated_at=centre.now)
    taken.take("tickets", centre.batch(newer), 2, centre.now, no_fence)
    assert index(store, centre, no_fence) == 1
    with store.connect() as conn:
        assert search(conn, "物流") == [] and search(conn, "login") == search(conn, "登录") == ["tickets:1"]
    erase(store, centre.settings, centre.keys, "li", "asked", centre.now, no_fence, record_key="tickets:1")
    with store.connect() as conn:
        assert search(conn, "登录") == []
        assert conn.execute(select(search_text.c.record_key)).scalars().all() == ["tickets:2"]


def test_a_sample_is_drawn_once(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    old = [centre.feedback(f"s{n}", minute=-7 * 1440 + n, text=f"反馈 {n}") for n in range(30)]
    taken.take("tickets", centre.batch(*old), 2, centre.now, no_fence)
    assert sampling.draw(store, centre.now, "Asia/Shanghai", no_fence, size=10) == 10
    assert sampling.draw(store, centre.now + timedelta(hours=1), "Asia/Shanghai", no_fence, size=10) == 0
    with store.connect() as conn:
        rows = conn.execute(select(sample)).all()
    assert {row.week for row in rows} == {"2026-W46"} and {row.of_n for row in rows} == {30}


def test_a_sample_waits_for_the_history_and_for_what_comes_late(
    store: Engine, centre: Any, taken: Ingest, no_fence: Any
) -> None:
    zone = "Asia/Shanghai"
    old = [centre.feedback(f"s{n}", minute=-7 * 1440 + n, text=f"反馈 {n}") for n in range(30)]
    taken.take("tickets", centre.batch(*old), 2, centre.now, no_fence)
    with store.begin() as conn:
        conn.execute(update(source_state).values(backfilled=False))
    assert not sampling.due(store, centre.now, zone), "what is not read yet would never be drawn"
    assert sampling.due(store, centre.now + timedelta(days=2), zone), "but not for a source that was given up"
    with store.begin() as conn:
        conn.execute(update(source_state).values(backfilled=True))
    monday = sampling.last_week(centre.now, zone)[1]
    assert sampling.due(store, centre.now, zone) and not sampling.due(store, monday + timedelta(hours=3), zone)
    sampling.draw(store, centre.now, zone, no_fence, size=10)
    assert not sampling.due(store, centre.now, zone)


def test_an_erased_record_takes_its_labels_along(store: Engine, centre: Any, taken: Ingest, no_fence: Any) -> None:
    with store.begin() as conn:
        conn.execute(insert(label).values(**said("tickets:1", "issue", "safety", centre.now)))
    erase(store, centre.settings, centre.keys, "li", "asked", centre.now, no_fence, record_key="tickets:1")
    with store.connect() as conn:
        assert conn.execute(select(label)).all() == []
    assert corrections.apply(store, centre.settings, centre.now, no_fence) == 0


def test_a_word_taken_back_lets_the_machine_speak_again_or_the_person_before(
    store: Engine, centre: Any, taken: Ingest, no_fence: Any
) -> None:
    machine = row_of(store, "tickets:1").tags
    words = [said("tickets:1", tag, new, centre.now) for tag, new in SPOKEN.items()]
    with store.begin() as conn:
        conn.execute(insert(label), words)
    corrections.apply(store, centre.settings, centre.now, no_fence)
    with store.begin() as conn:
        conn.execute(label.delete().where(label.c.tag == "issue"))
    back = [("tickets:1", "issue"), ("tickets:gone", "issue")]
    for changed in (1, 0):  # done again after a crash, nothing differs
        assert corrections.take_back(store, centre.settings, taken.tagger, back, centre.now, no_fence) == changed
    row = row_of(store, "tickets:1")
    assert row.tags["issue"] == row.dims["issue"] == machine["issue"] and row.tags["src"] == {"sentiment": "person"}
    assert row.tags["sentiment"] == "positive"
    before = said("tickets:1", "issue", "safety", centre.now)
    with store.begin() as conn:
        conn.execute(insert(label).values(**before))
    corrections.take_back(store, centre.settings, taken.tagger, back, centre.now, no_fence)
    assert row_of(store, "tickets:1").tags["issue"] == "safety"
    assert check_store(store, centre.settings, centre.now).equal


def test_thousands_of_corrections_are_learned_anew_beside_the_takes(
    store: Engine, take: Any, centre: SimpleNamespace, no_fence: Any, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word is taken back: the layer must be learned again, a slice at a time, and the old one speaks meanwhile."""
    monkeypatch.setattr(tagging, "SLICE_S", 0.02)
    texts = {f"{n}": f"第{n}回 {'师傅上门很准时' if n % 2 else '等了半天没人接'} 单号{n * 7919}" for n in range(400)}
    take(*(centre.feedback(key, int(key) / 10, text=text) for key, text in texts.items()))
    words = [
        said(f"tickets:{n}", "sentiment", "positive" if n % 2 else "negative", centre.now - timedelta(hours=1, seconds=-n))
        for n in range(400)
    ]
    with store.begin() as conn:
        conn.execute(insert(label), words)
    restarted = Ingest(store, centre.settings, centre.keys)
    restarted.prepare(centre.now, no_fence)
    with store.connect() as conn:
        before = restarted.tagger(conn, centre.now)
        assert before is not None, "what was said before the start is learned before the first tick"
    with store.begin() as conn:
        conn.execute(label.delete().where(label.c.record_key == "tickets:7"))

    def asked() -> Any:
        with store.connect() as conn:
            return restarted.tagger(conn, centre.now)

    waits, slowest = 0, 0.0
    while (after := asked()) is None and waits < 500:
        began, batch = time.process_time(), centre.batch(centre.feedback(f"x{waits}", text="等了半天"))
        restarted.take("tickets", batch, 2 + waits, centre.now, no_fence)
        slowest, waits = max(slowest, time.process_time() - began), waits + 1
    assert waits > 0 and slowest < 0.2 and after is not before and after is not None
    fresh = Ingest(store, centre.settings, centre.keys)
    with store.connect() as conn:
        again = fresh.tagger(conn, centre.now)
    assert again is not None
    some = (list(texts.values())[:50], [()] * 50)
    assert after.tags(*some) == again.tags(*some)
