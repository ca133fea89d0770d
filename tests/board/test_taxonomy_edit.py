"""The taxonomy is edited entry by entry, saved as a version, tried on the newest texts before, and marked on charts after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.board import chart_marks, revision, taxonomy_edit
from fengsui.board.revision import Draft, Saved
from fengsui.board.taxonomy_edit import ID, KIND
from fengsui.board.wrong import Wrong
from fengsui.ingest import models
from fengsui.locale import has
from fengsui.people import Person
from fengsui.settings import Settings, parse
from fengsui.store import tables as t
from fengsui.text import taxonomy

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
GAO = Person("gao", "高岩", "admin")
PARKING = {
    "id": "service/parking",
    "name": {"zh_CN": "停车", "en": "Parking"},
    "words": ["停车", "车位"],
    "department": "service",
}


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return parse('[centre]\nname = "中心"\n[source.tickets]\nkind = "files"\npurpose = "工单"\n', tmp_path, {})


@pytest.fixture
def centre(store: Engine) -> Engine:
    said = ["停车场找不到车位，等了半小时", "停车费多收了", "退款没到账", "<b>停车</b>", "客服态度差"]
    with store.begin() as conn:
        taxonomy.seed(conn, NOW - timedelta(days=60))
        for n, text in enumerate(said):
            at = NOW - timedelta(minutes=n)
            times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), at)
            tags = {"issue": "service/attitude", "src": {"issue": "person"}} if n == 1 else {}
            row = {"record_key": f"k:{n}", "source": "k", "kind": "complaint", "content_hash": "h", "dims": {}, "seq": 1}
            conn.execute(insert(t.feedback).values(**row, **times, state="open", ratings=[], extra={}, tags=tags))
            text_ = {"record_key": f"k:{n}", "text": text, "text_hash": str(n), "mask_version": 1}
            conn.execute(insert(t.feedback_text).values(**text_))
    return store


def body(store: Engine) -> dict[str, Any]:
    return dict(revision.newest(store, KIND)[ID].body)


def test_it_is_tried_by_the_rules_where_the_model_in_force_cannot_be_read(centre: Engine) -> None:
    fitted = models.Fitted("issue", b"of an older program", "nightly", NOW, 80, 1, {}, True)
    with centre.begin() as conn:
        models.save(conn, fitted, NOW)
    made = taxonomy_edit.with_entry(body(centre), "issues", PARKING)
    assert taxonomy_edit.preview(centre, made, NOW).changed["issue"] >= 2


def test_a_new_issue_is_tried_saved_as_a_version_and_marked(centre: Engine, settings: Settings) -> None:
    made = taxonomy_edit.with_entry(body(centre), "issues", PARKING)
    seen = taxonomy_edit.preview(centre, made, NOW)
    assert seen.n == 5 and seen.changed["issue"] >= 2 and seen.changed["demand"] == 0
    assert all(one.text != "停车费多收了" for one in seen.examples if one.tag == "issue"), "a person has spoken of it"
    assert any(one.after == "service/parking" for one in seen.examples)
    assert body(centre) == taxonomy.BODY, "trying stores nothing"
    saved = revision.save(centre, settings, [Draft(KIND, ID, made, 1, "停车多了")], GAO, NOW)
    assert saved == Saved(2)
    with centre.connect() as conn:
        version, known = taxonomy.load(conn, NOW)
    assert version == 2 and "service/parking" in known.values("issue")
    start, end = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    found = {
        place: [one.kind for one in chart_marks.marks(centre, "complaints", place, start, end)]
        for place in ("all", "issue=safety")
    }
    assert found == {"all": [], "issue=safety": ["taxonomy"]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda all_: taxonomy_edit.without_entry(all_, "departments", "tech"), "text.taxonomy.department"),
        (lambda all_: taxonomy_edit.with_entry(all_, "issues", {**PARKING, "id": "a b|c"}), "board.wrong."),
        (lambda all_: taxonomy_edit.with_entry(all_, "issues", {**PARKING, "name": {"zh_CN": "", "en": "x"}}), "board.wrong."),
        (
            lambda all_: taxonomy_edit.with_entry(all_, "issues", {**PARKING, "department": "nobody"}),
            "text.taxonomy.department",
        ),
    ],
)
def test_a_mistake_is_told_and_nothing_is_kept(centre: Engine, change: Any, code: str) -> None:
    with pytest.raises(Wrong) as wrong:
        change(body(centre))
    assert all(one.code.startswith(code) and has("zh_CN", one.code) for one in wrong.value.mistakes)


def test_a_new_entry_takes_no_place_that_is_taken() -> None:
    body = {"issues": [{"id": "technical/login", "words": ["登录"]}]}
    with pytest.raises(Wrong) as wrong:
        taxonomy_edit.with_entry(body, "issues", {"id": "technical/login", "words": ["新"]}, fresh=True)
    assert [(one.place, one.code) for one in wrong.value.mistakes] == [(("id",), "board.wrong.twice_id")]


def test_the_second_administrator_is_told_and_a_scoped_one_saves_nothing(centre: Engine, settings: Settings) -> None:
    made = taxonomy_edit.with_entry(body(centre), "issues", PARKING)
    assert revision.save(centre, settings, [Draft(KIND, ID, made, 1, "x")], GAO, NOW) == Saved(2)
    other = taxonomy_edit.without_entry(body(centre), "issues", "safety")
    assert isinstance(revision.save(centre, settings, [Draft(KIND, ID, other, 1, "y")], GAO, NOW), revision.Stale)
    with pytest.raises(Wrong):
        revision.save(centre, settings, [Draft(KIND, ID, other, 2, "y")], Person("x", "x", "admin", scope=("华南",)), NOW)


def test_words_are_read_however_they_are_typed() -> None:
    assert taxonomy_edit.words_of(" 停车、车位，parking lot\n\n停车；crash* ") == ["停车", "车位", "parking lot", "crash*"]
