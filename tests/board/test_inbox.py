"""The inbox: what a sieve lets through, page by page, in whose scope; words of people on top, and taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select

from fengsui.board import correct, reveal
from fengsui.board.correct import Correction, NotAValue
from fengsui.board.read import to_label, voice
from fengsui.board.read.cleaning import FLOOD, cleaned
from fengsui.board.read.tag_names import tag_names
from fengsui.board.read.voice import WITHOUT, Sieve
from fengsui.board.wrong import Wrong
from fengsui.ingest.keys import Vault
from fengsui.people import NotAllowed, Person
from fengsui.settings import Settings, open_keys
from fengsui.store import tables as t
from fengsui.text.search_words import indexed

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
MANAGER = Person("wang", "王敏", "manager", (), "zh_CN", None)
OTHER = Person("li", "李强", "duty", (), "zh_CN", None)
SCOPED = Person("nan", "何佳", "duty", ("华南",), "zh_CN", None)
WALL = Person("screen", "大厅屏", "wall", (), "zh_CN", None)
WEEK = Sieve(NOW - timedelta(days=7), NOW)
UNSURE = {"by": "rule@2", "sentiment": "negative", "issue": "money/refund", "sure": {"issue": 0.42, "sentiment": 0.9}}
UNSURE |= {"choices": {"issue": [["money/refund", 0.42], ["money/charge", 0.3]]}}
SURE = {"by": "rule@2", "sentiment": "neutral", "issue": "logistics/delay", "sure": {"issue": 0.95, "sentiment": 0.9}}
ROWS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "1": ({"channel": "电话", "org": "华南/广东", "category": "支付/退款"}, UNSURE, "退款一直没有到账"),
    "2": ({"channel": "App", "org": "华南西/江"}, SURE, "快递還沒有送到，等待三天"),
    "3": ({"channel": "App", "org": "华东/上海"}, {"by": "rule@2"}, "随便说说"),
    "4": ({"channel": "App"}, {**SURE, "cues": {"waiting": ["等待"]}}, "等待太久"),
    "5": ({"channel": "电话", "org": "华南"}, {"by": "rule@2", "untagged": "empty"}, ""),
}


@pytest.fixture
def inbox(afternoon: Engine) -> Engine:
    """Five records of a source of their own, two minutes apart, the first the newest."""
    with afternoon.begin() as conn:
        for n, (key, (dims, tags, text)) in enumerate(ROWS.items()):
            at = NOW - timedelta(days=1, minutes=2 * n)
            conn.execute(insert(t.feedback).values(**_row(f"tickets:{key}", at, dims, tags)))
            if text:
                said = {"record_key": f"tickets:{key}", "text": text, "mask_version": 1, "text_hash": key}
                conn.execute(insert(t.feedback_text).values(**said))
                conn.execute(insert(t.search_text).values(record_key=f"tickets:{key}", words=indexed(text)))
    return afternoon


def _row(key: str, at: datetime, dims: dict[str, Any], tags: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {"record_key": key, "source": "tickets", "kind": "complaint", "opened_at": at, "updated_at": at, "stored_at": at}
    row |= {"seq": 1, "first_stored_at": at, "content_hash": key, "dims": dims, "state": "open", "ratings": []}
    return {**row, "tags": tags, "extra": {}, **more}


def keys(store: Engine, scope: tuple[str, ...] = (), **asked: Any) -> str:
    wanted = Sieve(WEEK.start, WEEK.end, **{"source": "tickets", **asked})
    return "".join(one.record_key[-1] for one in voice.page(store, wanted, scope).rows)


ASKED: list[tuple[dict[str, Any], str]] = [
    ({}, "1234"),
    ({"silent": True}, "12345"),
    ({"channel": "App"}, "234"),
    ({"org": "华南"}, "1"),
    ({"category": "支付"}, "1"),
    ({"words": "等待"}, "24"),
    ({"words": "还没"}, "2"),
    ({"tags": {"issue": "money"}}, "1"),
    ({"tags": {"issue": WITHOUT}}, "3"),
    ({"tags": {"sentiment": "neutral"}, "cue": "waiting"}, "4"),
    ({"below": 0.5}, "1"),
    ({"source": "' or 1=1 --"}, ""),
    ({"org": "华_"}, ""),
    ({"cue": '"]; drop'}, ""),
]


def test_a_sieve_lets_through_what_it_names(inbox: Engine) -> None:
    """In one test: each would copy a store of its own."""
    assert [(asked, keys(inbox, **asked)) for asked, _ in ASKED] == ASKED


def test_a_scoped_person_sees_own_records_by_list_by_key_and_by_search(inbox: Engine) -> None:
    assert keys(inbox, ("华南",)) == "1"
    assert keys(inbox, ("华南",), words="等待") == ""
    assert voice.one(inbox, "tickets:3", ("华南",)) is None
    assert voice.one(inbox, "tickets:1", ("华南",)) is not None


def test_pages_show_each_record_once_and_a_long_look_says_where_it_stopped(
    inbox: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, before = [], None
    while True:
        found = voice.page(inbox, WEEK, (), before, size=7)
        seen += [one.record_key for one in found.rows]
        before = found.next
        if before is None:
            break
    assert len(seen) == len(set(seen)) == 64
    monkeypatch.setattr(voice, "SCANNED", 62)
    rare = Sieve(WEEK.start, WEEK.end, tags={"issue": WITHOUT}, source="tickets")
    first = voice.page(inbox, rare)
    assert first.stopped and not first.rows
    assert [one.record_key for one in voice.page(inbox, rare, (), first.next).rows] == ["tickets:3"]


def test_a_word_of_a_person_lies_over_the_tags_and_leaves_a_trace(inbox: Engine) -> None:
    told = correct.correct(inbox, [Correction("tickets:1", "issue", "service/waiting")], "chosen", MANAGER, NOW)
    assert (told.changed, told.confirmed) == (1, 0)
    row = voice.one(inbox, "tickets:1")
    assert row is not None and row.tag("issue").source == "person" and row.tag("issue").value == "service/waiting"
    assert row.said["issue"].by == "wang" and row.choices("issue") == (("service/waiting", 1.0),)
    assert keys(inbox, checked=True) == "1" and keys(inbox, checked=False) == "234"
    again = correct.correct(inbox, [Correction("tickets:1", "issue", "service/waiting")], "chosen", MANAGER, NOW)
    assert again.same == 1


def test_what_was_said_is_taken_back_by_its_author_alone_and_the_audit_keeps_it(inbox: Engine) -> None:
    at = NOW + timedelta(seconds=1)
    words = [Correction("tickets:1", "issue", None), Correction("tickets:2", "issue", "safety")]
    correct.correct(inbox, words, "chosen", MANAGER, at)
    assert correct.undo(inbox, at, OTHER, NOW) == 0
    assert correct.undo(inbox, at, MANAGER, NOW) == 2 and correct.undo(inbox, at, MANAGER, NOW) == 0
    with inbox.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(t.label)) == 0
        kept = conn.execute(select(t.audit.c.params).where(t.audit.c.action == "label.undo")).scalar_one()
        asked = conn.execute(select(t.request.c.params).where(t.request.c.kind == "unsay")).scalar_one()
    assert ["tickets:2", "issue", "logistics/delay", "safety"] in kept["words"]
    assert sorted(asked["words"]) == [["tickets:1", "issue"], ["tickets:2", "issue"]]
    with pytest.raises(NotAllowed):
        correct.undo(inbox, at, WALL, NOW)


def test_nobody_says_what_is_no_value_or_speaks_of_what_is_not_theirs(inbox: Engine) -> None:
    with pytest.raises(NotAValue):
        correct.correct(inbox, [Correction("tickets:1", "issue", "<script>")], "chosen", MANAGER, NOW)
    found = correct.correct(inbox, [Correction("tickets:3", "issue", "safety")], "chosen", SCOPED, NOW)
    assert (found.changed, found.gone) == (0, 1)


def test_the_sample_says_how_far_it_is_and_what_is_left(inbox: Engine) -> None:
    assert to_label.week(inbox, "issue") is None
    with inbox.begin() as conn:
        rows = [{"week": "2026-W46", "record_key": f"tickets:{n}", "place": n, "drawn_at": NOW, "of_n": 900} for n in (3, 1, 2)]
        conn.execute(insert(t.sample), rows)
    correct.correct(inbox, [Correction("tickets:1", "issue", "money/refund")], "random", MANAGER, NOW)
    found = to_label.week(inbox, "issue")
    assert found is not None and found.keys == ("tickets:2", "tickets:3")
    assert (found.checked, found.drawn, found.of_n) == (1, 3, 900)
    mine = to_label.week(inbox, "issue", ("华南",))
    assert mine is not None and (mine.checked, mine.drawn) == (1, 1)
    offered = to_label.offered(inbox, "issue", NOW, ("华南",))
    assert offered and not {"tickets:1", "tickets:2", "tickets:3"} & set(offered)


def test_the_words_as_they_came_are_shown_for_a_reason_to_whom_they_are_for(inbox: Engine, settings: Settings) -> None:
    vault = Vault(open_keys(settings))
    sealed = vault.seal("我叫张三，13812345678".encode(), "tickets:1")
    with inbox.begin() as conn:
        mine = t.feedback_text.c.record_key == "tickets:1"
        conn.execute(t.feedback_text.update().where(mine).values(raw=sealed, key_id=vault.key_id))
    assert reveal.words(inbox, settings, "tickets:1", MANAGER, "客户要求核对原话", NOW).startswith("我叫张三")
    with inbox.connect() as conn:
        kept = conn.execute(select(t.audit.c.params).where(t.audit.c.action == "text.reveal")).scalars().all()
    assert kept == [{"record_key": "tickets:1", "reason": "客户要求核对原话"}]
    refused = ((OTHER, "tickets:1", "客户要求核对"), (MANAGER, "tickets:1", " "), (MANAGER, "tickets:2", "客户要求核对"))
    for who, key, reason in refused:
        with pytest.raises(Wrong):
            reveal.words(inbox, settings, key, who, reason, NOW)
    with inbox.connect() as conn:
        assert conn.scalar(select(func.count()).where(t.audit.c.action == "text.reveal")) == 1


def test_cleaning_is_measured_with_what_it_is_a_share_of(inbox: Engine) -> None:
    with inbox.begin() as conn:
        for n in range(FLOOD):
            row = _row(f"tickets:f{n}", NOW - timedelta(hours=2), {}, {}, repeat_of="tickets:1", repeat_how="equal")
            conn.execute(insert(t.feedback).values(**row))
            said = {
                "record_key": f"tickets:f{n}",
                "text": "退款一直不到账，催了好几次都没人管，再不处理我就去投诉",
                "mask_version": 1,
                "text_hash": "x",
            }
            conn.execute(insert(t.feedback_text).values(**said))
            row = _row(f"tickets:s{n}", NOW - timedelta(hours=2), {}, {}, repeat_of="tickets:3", repeat_how="equal")
            conn.execute(insert(t.feedback).values(**row))
            said = {"record_key": f"tickets:s{n}", "text": "处理得很快，谢谢", "mask_version": 1, "text_hash": "y"}
            conn.execute(insert(t.feedback_text).values(**said))
        conn.execute(insert(t.feedback).values(**_row("tickets:n", NOW, {}, {}, repeat_of="tickets:2", repeat_how="near")))
    (found,) = [one for one in cleaned(inbox, NOW - timedelta(days=2), NOW + timedelta(1)) if one.source == "tickets"]
    assert (found.records, found.texts, found.floods, found.flooded) == (26, 24, 1, FLOOD)
    assert found.equal.value == pytest.approx(2 * FLOOD / 24) and found.near.n == 24
    assert found.held.value is not None and found.held.n == 26 + sum(found.codes.values())


def test_values_of_tags_have_names_in_both_languages(inbox: Engine) -> None:
    names = tag_names(inbox, NOW)
    assert names.name("zh_CN", "sentiment", "negative") == "负面" and names.name("en", "issue", "gone/now") == "gone/now"
    assert set(names.values) >= {"issue", "department", "demand"} and "waiting" in names.cues
