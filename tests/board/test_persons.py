"""Figures of one 坐席: only for the roles that the settings name, wherever a figure can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text

from fengsui.alerts.commands import pin
from fengsui.board import backtest, explore, kpi_sheet, persons, pins, rules
from fengsui.board.explore import Question
from fengsui.ingest import check
from fengsui.people import NotAllowed, Person
from fengsui.settings import Settings, SettingsFault, parse
from fengsui.store import migrate
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.members import NotALevel, in_slice
from fengsui.store.slices import slice_id

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
START = NOW - timedelta(minutes=32)
ROLES = ("wall", "duty", "manager", "admin", "analyst", "auditor")
NAMED = ("manager",)
HOUSE = """
[centre]
name = "示例"
[[dimension]]
name = "channel"
title = "渠道"
[[dimension]]
name = "team"
title = "班组"
[[dimension]]
name = "agent"
title = { zh_CN = "坐席", en = "Agent" }
persons = ["manager"]
[source.tickets]
kind = "sql"
purpose = "投诉"
cadence = "5s"
"""
ONE = "agent=工号07"
KEYS = (ONE, f"{ONE}|channel=电话")
NO_LEVELS = (
    "agent.1=工号07",
    "agent.3=工号07",
    "agen\\x74=工号07",
    "agen\\u0074=工号07",
    'agent"=x',
    '"agent"=x',
    "Agent=x",
    "=x",
    "",
)
"""None is a level, though a store may reach the same records by it: SQLite reads escapes in the path of a JSON value."""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse(HOUSE, Path("nowhere"), {})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Six weeks of the same hours; then forty complaints about one person."""
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('persons') / 'store.db'}")
    migrate.upgrade(engine)
    rows: list[dict[str, Any]] = []
    for week in range(7):
        for n in range(120):
            at = NOW - timedelta(weeks=week, minutes=n % (32 if week == 0 else 120))
            rows.append(_row(len(rows), at, f"工号{n % 12:02d}"))
    rows += [_row(len(rows) + n, START + timedelta(seconds=30 * n), "工号07") for n in range(40)]
    with engine.begin() as conn:
        conn.execute(insert(t.feedback), rows)
        conn.execute(insert(t.episode).values(**_episode()))
    yield engine
    engine.dispose()


def _row(n: int, at: datetime, agent: str) -> dict[str, Any]:
    times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), at)
    dims = {"channel": ("电话", "在线")[n % 2], "team": ("甲班", "乙班")[n % 3 == 0], "agent": agent}
    return {
        "record_key": f"tickets:{n}", "source": "tickets", "kind": "complaint", "seq": 1, "content_hash": str(n), "dims": dims,
        "state": "open", "customer": f"c{n}", "ratings": [], "tags": {}, "extra": {}, **times,
    }  # fmt: skip


def _episode() -> dict[str, Any]:
    numbers = dict.fromkeys(("score", "peak_score"), 0.0)
    levels = dict.fromkeys(("grade", "peak_grade", "likelihood", "impact", "loss", "tier"), 1)
    row = {"rule_id": "r", "rule_version": 1, "mode": "on", "metric": "complaints", "condition": "firing", "direction": "up"}
    times = dict.fromkeys(("opened_at", "started_at", "last_at"), NOW)
    lists: dict[str, Any] = {"factors": {}, "reason": "x", "reason_params": {}, "explained": []}
    return {"episode_id": "e1", "slice_key": "all", "slice_id": slice_id("all"), **row, **numbers, **levels, **times, **lists}


def question(key: str = "all", out: tuple[str, ...] = ()) -> Question:
    return Question("complaints", key, START, NOW, out)


Ask = Callable[[Engine, Settings, Question, tuple[str, ...]], object]
ASKED: dict[str, Ask] = {
    "slices": lambda store, house, asked, seen: explore.find(store, house, asked, (), NOW, persons=seen),
    "series": lambda store, house, asked, seen: explore.line(store, house, asked, "3h", NOW, (), persons=seen),
    "overlay": lambda store, house, asked, seen: explore.together(store, house, asked, ["contacts"], "3h", NOW, (), seen),
    "words and records": lambda store, house, asked, seen: explore.voices(store, house, asked, (), persons=seen),
    "why": lambda store, house, asked, seen: explore.why(store, house, asked, (), NOW, seen),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("what", ASKED)
def test_what_is_counted_from_records_asks_who_reads(store: Engine, settings: Settings, what: str, key: str, role: str) -> None:
    seen = persons.seen_by(settings, role)
    assert explore.open_to(settings, (), question(key), seen) == (role in NAMED)
    if role in NAMED:
        ASKED[what](store, settings, question(key), seen)
        return
    with pytest.raises(NotAllowed):
        ASKED[what](store, settings, question(key), seen)
    with pytest.raises(NotAllowed):
        ASKED[what](store, settings, question(key), ())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", NO_LEVELS)
@pytest.mark.parametrize("what", ASKED)
def test_what_is_no_level_is_refused_by_name_whoever_asks(
    store: Engine, settings: Settings, what: str, key: str, role: str
) -> None:
    seen, level = persons.seen_by(settings, role), key.partition("=")[0]
    assert not explore.open_to(settings, (), question(key), seen)
    assert not explore.open_to(settings, (), question(out=(key,)), seen)
    with pytest.raises(NotALevel) as refused:
        ASKED[what](store, settings, question(key), seen)
    assert refused.value.params == {"field": "slice_key", "value": level, "allowed": ["channel", "team", "agent", "topic"]}


@pytest.mark.parametrize("key", [key for key in NO_LEVELS if not key.startswith("agent.")])
def test_no_condition_of_sql_is_made_of_what_is_no_name(key: str) -> None:
    with pytest.raises(NotALevel):
        in_slice(key)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", ["slices", "words and records"])
def test_the_rest_without_one_person_tells_as_much_as_the_person(
    store: Engine, settings: Settings, what: str, role: str
) -> None:
    seen, asked = persons.seen_by(settings, role), question(out=(ONE,))
    assert explore.open_to(settings, (), asked, seen) == (role in NAMED)
    if role not in NAMED:
        with pytest.raises(NotAllowed):
            ASKED[what](store, settings, asked, seen)


@pytest.mark.parametrize("role", ROLES)
def test_the_scan_names_a_person_to_those_named_and_no_trace_of_one_to_others(
    store: Engine, settings: Settings, role: str
) -> None:
    found = explore.find(store, settings, question(), (), NOW, persons=persons.seen_by(settings, role))
    assert found.state == "ok"
    if role in NAMED:
        assert ONE in found.slices[0].slice_key
    else:
        assert "agent" not in repr(found) and "工号" not in repr(found)


@pytest.mark.parametrize("role", ROLES)
def test_a_pinned_figure_of_a_person_is_shown_to_those_named(store: Engine, settings: Settings, role: str) -> None:
    who = Person("wang", "王敏", "manager")
    asked = {"metric": "complaints", "at": "all", "from": START.isoformat(), "to": NOW.isoformat(), "out": []}
    for key, about in ((ONE, asked), ("channel=电话", asked), ("channel=在线", {**asked, "out": [ONE]})):
        pin(store, who, NOW, "e1", "slice", key, {"question": about, "figures": {"now": 40}})
    shown = [one.key for one in pins.pins(store, settings, "e1", (), persons.seen_by(settings, role))]
    assert ("channel=电话" in shown) and (ONE in shown) == (role in NAMED) == ("channel=在线" in shown)


def test_nothing_is_added_up_by_a_person_so_no_tile_wall_rule_or_bi_view_has_one(store: Engine, settings: Settings) -> None:
    assert not [one for one in settings.cuboids if "agent" in one]
    check.rebuild(store, settings, NOW, lambda conn: None)
    assert not [key for key in kpi_sheet.places(store, settings, ()) if "agent" in key]
    assert not [key for key in backtest.places(store, settings, "complaints", ()) if "agent" in key]
    with store.connect() as conn:
        for view in ("bi_feedback", "bi_figure", "bi_alert"):
            rows = conn.execute(text(f"select * from {view}")).mappings().all()
            assert rows and "agent" not in rows[0] and "工号" not in repr(rows)


@pytest.mark.parametrize("kind", ["detector", "threshold", "phrase", "record"])
def test_no_rule_stands_on_a_person(settings: Settings, kind: str) -> None:
    for body in ({"kind": kind, "cuboid": "agent"}, {"kind": kind, "cuboid": "all", "where": {"agent": "工号07"}}):
        assert [one.code for one in rules._unknown(settings, body, [])] == ["board.wrong.cuboid"]
    assert rules._unknown(settings, {"kind": kind, "cuboid": "team", "where": {"team": "甲班"}}, []) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ('cuboids = ["all", "agent"]\n', "persons_cuboid"),
        ('count_cuboids = ["agent|channel"]\n', "persons_cuboid"),
        ('[[dimension]]\nname = "org"\ntitle = "机构"\npersons = ["admin"]\n', "persons_own"),
        ('[[dimension]]\nname = "staff"\ntitle = "人员"\nlevels = ["班组", "坐席"]\npersons = []\n', "persons_own"),
        (
            '[source.calls]\nkind = "sql"\npurpose = "x"\ncadence = "5s"\n[[source.calls.map]]\nshape = "measurement"\n'
            'dims = { agent = "no" }\n',
            "persons_measured",
        ),
        ('[[dimension]]\nname = "seat"\ntitle = "席"\npersons = ["boss"]\n', "choice"),
    ],
)
def test_settings_that_would_let_one_out_are_refused(more: str, code: str) -> None:
    whole = more + HOUSE if more.startswith(("cuboids", "count_cuboids")) else HOUSE + more
    with pytest.raises(SettingsFault) as fault:
        parse(whole, Path("nowhere"), {})
    assert code in {one.code.rpartition(".")[2] for one in fault.value.mistakes}
