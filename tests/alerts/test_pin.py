"""结论: what is pinned to an alert: whoever reads may, inside their scope, once; figures stay, erased records go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from fengsui.alerts.commands import Done, Refused, pin, unpin
from fengsui.board.pins import pins
from fengsui.people import Person
from fengsui.settings import parse
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.slices import slice_id
from fengsui.store.tables import METADATA

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
HOUSE = parse("", Path("nowhere"), {})
ANA, LI = Person("ana", "安娜", "analyst"), Person("li", "李娜", "duty", ("华南",))
KEY = "org.1=华南"
ABOUT = {"question": {"metric": "complaints", "at": KEY, "from": NOW.isoformat(), "to": NOW.isoformat(), "out": []}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    METADATA.create_all(engine)
    numbers = dict.fromkeys(("score", "peak_score"), 0.0)
    levels = dict.fromkeys(("grade", "peak_grade", "likelihood", "impact", "loss", "tier"), 1)
    row = {"rule_id": "r", "rule_version": 1, "mode": "on", "metric": "complaints", "condition": "firing", "direction": "up"}
    times = dict.fromkeys(("opened_at", "started_at", "last_at"), NOW)
    lists: dict[str, Any] = {"factors": {}, "reason": "x", "reason_params": {}, "explained": []}
    with engine.begin() as conn:
        for id_, key in (("e1", KEY), ("e2", "org.1=华东")):
            place = {"slice_key": key, "slice_id": slice_id(key)}
            conn.execute(insert(t.episode).values(episode_id=id_, **place, **row, **numbers, **levels, **times, **lists))
        conn.execute(
            insert(t.person).values(person_id="ana", name="安娜", role="analyst", scope=[], active=True, created_at=NOW)
        )
    yield engine
    engine.dispose()


def test_a_slice_keeps_its_figures_and_a_second_press_changes_nothing(store: Engine) -> None:
    about = {**ABOUT, "figures": {"now": 48, "expected": 5.2, "share": 0.9, "windows": 6, "g": 1.0, "tau": 0.2}}
    assert pin(store, ANA, NOW, "e1", "slice", "channel=App", about) == Done(1)
    assert pin(store, ANA, NOW, "e1", "slice", "channel=App", about) == Done(1)
    (one,) = pins(store, HOUSE, "e1", ())
    assert (one.kind, one.key, one.by, one.about["figures"]["tau"]) == ("slice", "channel=App", "安娜", 0.2)
    with store.connect() as conn:
        assert [row.by for row in conn.execute(select(t.audit))] == ["ana"]
    assert unpin(store, ANA, NOW, "e1", one.id) == Done(2)
    assert unpin(store, ANA, NOW, "e1", one.id) == Done(2)
    assert pins(store, HOUSE, "e1", ()) == []


def test_a_record_is_kept_by_its_key_and_its_words_are_those_of_today(store: Engine) -> None:
    times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), NOW)
    row = {"record_key": "a:1", "source": "a", "kind": "complaint", "seq": 1, "content_hash": "x", "state": "open", **times}
    with store.begin() as conn:
        conn.execute(
            insert(t.feedback).values(**row, dims={"channel": "App", "org": "华南/广东"}, ratings=[], tags={}, extra={})
        )
        conn.execute(insert(t.feedback_text).values(record_key="a:1", text="付款失败", mask_version=1, text_hash="h"))
    assert pin(store, LI, NOW, "e1", "record", "a:1", ABOUT) == Done(1)
    assert pins(store, HOUSE, "e1", ("华南",))[0].text == "付款失败"
    assert pins(store, HOUSE, "e1", ("华东",)) == [], "another's alert"
    with store.begin() as conn:
        stored = conn.execute(select(t.definition.c.body)).scalar_one()
        conn.execute(t.feedback.delete())
        conn.execute(t.feedback_text.delete())
    assert "付款失败" not in str(stored)
    assert pins(store, HOUSE, "e1", ())[0].text is None


def test_what_is_refused(store: Engine) -> None:
    scope = pin(store, LI, NOW, "e2", "record", "a:1", ABOUT)
    assert isinstance(scope, Refused) and scope.code == "alerts.refused.scope"
    assert pin(store, LI, NOW, "nowhere", "record", "a:1", ABOUT) == scope, "a foreign alert looks like none"
    for answer, code in (
        (pin(store, Person("w", "屏", "wall"), NOW, "e1", "slice", KEY, ABOUT), "alerts.refused.role"),
        (pin(store, ANA, NOW, "e1", "poem", KEY, ABOUT), "alerts.refused.value"),
        (pin(store, ANA, NOW, "e1", "chart", KEY, {"figures": "x" * 30_000}), "alerts.refused.value"),
    ):
        assert isinstance(answer, Refused) and answer.code == code
    for n in range(24):
        assert isinstance(pin(store, ANA, NOW, "e1", "slice", f"channel={n}", ABOUT), Done)
    full = pin(store, ANA, NOW, "e1", "slice", "channel=24", ABOUT)
    assert isinstance(full, Refused) and full.code == "alerts.refused.pins"
