"""One press makes a slice watched: in shadow, judged as its figure is elsewhere, and only where roll-ups know it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fengsui.alerts import definitions
from fengsui.alerts.commands import Done, Refused, watch_slice
from fengsui.alerts.seed import seed
from fengsui.people import Person
from fengsui.settings import parse
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
ANA = Person("ana", "陈晨", "analyst")
CUBOIDS = ("all", "channel", "org.1", "channel|org.1")
TOML = 'cuboids = ["channel", "org.1", "channel|org.1"]\n'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    METADATA.create_all(engine)
    with engine.begin() as conn:
        seed(conn, parse(TOML, tmp_path, {}), NOW)
    yield engine
    engine.dispose()


def ask(store: Engine, by: Person = ANA, metric: str = "complaints", key: str = "channel=App|org.1=华南") -> Done | Refused:
    return watch_slice(store, by, NOW, metric=metric, slice_key=key, name="投诉量 · 华南 App", cuboids=CUBOIDS)


def test_a_slice_becomes_a_rule_in_shadow_once(store: Engine) -> None:
    assert ask(store) == Done(1) and ask(store) == Done(1)
    with store.connect() as conn:
        rules = {id_: held.body for id_, held in definitions.in_force(conn, "rule", NOW).items() if id_.startswith("watch-")}
    (rule,) = rules.values()
    assert (rule.mode, rule.detector, rule.cuboid) == ("shadow", "count_surprise", "channel|org.1")
    assert rule.where == {"channel": "App", "org.1": "华南"} and rule.max_series == 1


def test_who_may_not_and_what_cannot_be_watched_is_refused(store: Engine) -> None:
    codes = {
        "alerts.refused.role": ask(store, by=Person("li", "李强", "duty")),
        "alerts.refused.scope": ask(store, by=Person("e", "东", "manager", ("华东",))),
        "alerts.refused.not_kept": ask(store, key="product=钱包"),
        "alerts.refused.no_detector": ask(store, metric="reopened"),
    }
    assert {code: answer.code for code, answer in codes.items() if isinstance(answer, Refused)} == {
        code: code for code in codes
    }
