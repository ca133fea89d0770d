"""What a person says of a stretch: who may, what is asked for, what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from fengsui.alerts.commands import Done, Refused, mark_stretch
from fengsui.metrics.event_body import KnownEventBody
from fengsui.people import Person
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
ANA = Person("ana", "陈晨", "analyst")
STRETCH: dict[str, Any] = {
    "metric": "complaints",
    "slice_key": "org.1=华南",
    "levels": ("channel", "org.1"),
    "start": NOW - timedelta(hours=1),
    "end": NOW,
    "verdict": "expected",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


def kept(store: Engine, kind: str) -> list[Any]:
    with store.connect() as conn:
        return list(conn.execute(select(t.definition).where(t.definition.c.kind == kind).order_by(t.definition.c.version)))


def test_an_expected_stretch_with_a_name_is_a_known_event_with_the_lift_that_was_seen(store: Engine) -> None:
    assert mark_stretch(store, ANA, NOW, **STRETCH, name="双十二预售尾款", lift=3.456) == Done(1)
    event = KnownEventBody.model_validate(kept(store, "known_event")[0].body)
    assert (event.name, event.lift, event.metric, event.where) == ("双十二预售尾款", 3.46, "complaints", {"org.1": "华南"})
    assert kept(store, "stretch")[0].body["verdict"] == "expected"


def test_what_comes_back_is_announced_for_the_same_days_of_next_year(store: Engine) -> None:
    assert mark_stretch(store, ANA, NOW, **STRETCH, name="双十二预售尾款", lift=3.456, again=True) == Done(1)
    first, second = (KnownEventBody.model_validate(row.body) for row in kept(store, "known_event"))
    assert (second.start_at.year, second.start_at.month, second.lift) == (first.start_at.year + 1, first.start_at.month, 3.46)
    assert second.margin > 0 == first.margin
    leap = {**STRETCH, "start": datetime(2028, 2, 29, tzinfo=UTC), "end": datetime(2028, 2, 29, 6, tzinfo=UTC)}
    assert mark_stretch(store, ANA, NOW, **leap, name="闰日", lift=2.0, again=True) == Done(1)
    assert any(row.body["start_at"].startswith("2029-02-28") for row in kept(store, "known_event"))


def test_another_verdict_on_the_same_stretch_is_its_next_version_and_each_is_audited(store: Engine) -> None:
    assert mark_stretch(store, ANA, NOW, **STRETCH) == Done(1)
    assert mark_stretch(store, ANA, NOW, **{**STRETCH, "verdict": "missed"}, note="没人收到") == Done(2)
    assert [row.body["verdict"] for row in kept(store, "stretch")] == ["expected", "missed"]
    assert kept(store, "known_event") == []
    with store.connect() as conn:
        assert [row.by for row in conn.execute(select(t.audit))] == ["ana", "ana"]


@pytest.mark.parametrize(
    ("person", "change", "code", "field"),
    [
        (Person("li", "李强", "duty"), {}, "alerts.refused.role", None),
        (Person("w", "屏", "wall"), {}, "alerts.refused.role", None),
        (Person("e", "东", "manager", ("华东",)), {}, "alerts.refused.scope", None),
        (ANA, {"slice_key": "agent=张三"}, "alerts.refused.persons", None),
        (ANA, {"slice_key": "agent=张三|org.1=华南", "name": "张三", "lift": 3.0}, "alerts.refused.persons", None),
        (ANA, {"slice_key": "agen\\x74=张三"}, "alerts.refused.persons", None),
        (ANA, {"verdict": None}, "alerts.refused.needs", "verdict"),
        (ANA, {"verdict": "perhaps"}, "alerts.refused.value", "verdict"),
        (ANA, {"metric": "nothing"}, "alerts.refused.value", "metric"),
        (ANA, {"start": NOW}, "alerts.refused.value", "end"),
        (ANA, {"start": NOW - timedelta(days=60)}, "alerts.refused.value", "end"),
        (ANA, {"name": "长" * 81}, "alerts.refused.value", "name"),
        (ANA, {"note": "长" * 501}, "alerts.refused.value", "note"),
    ],
)
def test_what_may_not_be_is_refused_by_name_and_nothing_is_written(
    store: Engine, person: Person, change: dict[str, Any], code: str, field: str | None
) -> None:
    answer = mark_stretch(store, person, NOW, **{**STRETCH, **change})
    assert isinstance(answer, Refused) and answer.code == code and answer.params.get("field") == field
    assert kept(store, "stretch") == [] == kept(store, "known_event")
