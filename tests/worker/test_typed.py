"""Figures of a month that a manager types in: through the inbox like any delivery, once each, corrected by their difference."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as Store
from sqlalchemy import insert, select

from fengsui.board import typed
from fengsui.board.inbox import Slot
from fengsui.board.typed import Answers
from fengsui.board.wrong import Wrong
from fengsui.ingest.check import check_store
from fengsui.metrics import read
from fengsui.people import NotAllowed, Person
from fengsui.settings import parse
from fengsui.store import tables as t
from fengsui.store.slices import slice_id, slice_levels
from tests import rollups
from tests.worker.channel import START, Plant
from tests.worker.test_mailbox import SECOND, planted

TOML = 'cuboids = ["all", "channel"]\n[source.monthly]\nkind = "typed"\npurpose = "test"\n'
WANG, LI = Person("wang", "王敏", "manager"), Person("li", "李强", "duty")
LAST = (START.astimezone().date().replace(day=1) - timedelta(days=1)).replace(day=1)
MONTH = f"{LAST:%Y-%m}"


@pytest.fixture
def plant(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    return planted(store, parse(TOML, tmp_path, {}), monkeypatch)


def send(plant: Plant, n: int, numerator: str, denominator: str = "", who: Person = WANG, **more: str) -> None:
    given = {"metric": "training_pass", "month": MONTH, "reason": "", **more}
    answers = Answers(numerator=numerator, denominator=denominator, **given)
    typed.send(Slot(plant.store, plant.settings), plant.store, plant.settings, who, answers, START + n * SECOND)


def shown(plant: Plant) -> list[Any]:
    return typed.typed(plant.store, plant.settings, START + 99 * SECOND)


def test_a_month_goes_through_the_inbox_into_the_figures(plant: Plant) -> None:
    send(plant, 1, "92", "100")
    (before,) = shown(plant)
    assert before.pending and (before.value, before.month, before.times) == (0.92, LAST, 1)
    plant.start().minute(START + 3 * SECOND)
    (after,) = shown(plant)
    assert not after.pending and after.by_name == "wang" and after.at == START + SECOND
    start, end = typed.bounds(plant.settings, LAST)
    with plant.store.connect() as conn:
        kpi = read.kpi(conn, "training_pass", "all", start, end, START + 9 * SECOND, plant.settings.sources)
    assert (kpi.value, kpi.n) == (0.92, 100)


def test_a_correction_needs_a_reason_counts_once_and_keeps_both_words(plant: Plant) -> None:
    send(plant, 1, "92", "100")
    worker = plant.start()
    worker.minute(START + 3 * SECOND)
    with pytest.raises(Wrong) as fault:
        send(plant, 4, "95", "100")
    assert [(one.place, one.code) for one in fault.value.mistakes] == [(("reason",), "board.wrong.why_corrected")]
    send(plant, 5, "95", "100", reason="13812345678 漏了补考")
    send(plant, 6, "92", "100", reason="又改回来")  # the same figure as at first is a third word, not a repetition
    worker.minute(START + 9 * SECOND)
    (one,) = shown(plant)
    with plant.store.connect() as conn:
        reasons = [params.get("reason") for params in conn.scalars(select(t.audit.c.params)) if "metric" in params]
    assert "[手机号] 漏了补考" in reasons, "what stays for good names nobody"
    assert (one.value, one.times, one.reason, one.pending) == (0.92, 3, "又改回来", False)
    assert plant.rows(t.measurement, "name", "numerator", "denominator") == [("training_pass", 92, 100)]
    cells = {cell.measure: cell.value for cell in rollups.stored(plant.store)}
    assert (cells["m.training_pass.num"], cells["m.training_pass.den"]) == (92, 100)
    assert check_store(plant.store, plant.settings, START + 9 * SECOND).equal


def test_a_count_is_the_figure_at_the_end_of_the_month(plant: Plant) -> None:
    send(plant, 1, "12,345", metric="active_customers")
    plant.start().minute(START + 3 * SECOND)
    (one,) = shown(plant)
    assert (one.value, one.denominator, one.pending) == (12345.0, None, False)
    ((_, at),) = plant.rows(t.gauge, "name", "at")
    assert at == typed.bounds(plant.settings, LAST)[1] - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("more", "place", "code"),
    [
        ({"month": "上个月"}, "month", "board.wrong.month"),
        ({"month": "2026-13"}, "month", "board.wrong.month"),
        ({"month": f"{START:%Y-%m}"}, "month", "board.wrong.month_open"),
        ({"month": "2019-01"}, "month", "board.wrong.month_old"),
        ({"metric": "mood"}, "metric", "board.wrong.choice"),
        ({"numerator": ""}, "numerator", "board.wrong.missing"),
        ({"numerator": "-1"}, "numerator", "board.wrong.whole"),
        ({"numerator": "９２"}, "numerator", "board.wrong.whole"),
        ({"numerator": "9.5"}, "numerator", "board.wrong.whole"),
        ({"numerator": "101"}, "numerator", "board.wrong.at_most"),
        ({"denominator": "0", "numerator": "0"}, "denominator", "board.wrong.above"),
    ],
)
def test_a_wrong_value_is_told_by_its_field_and_nothing_is_kept(
    plant: Plant, more: dict[str, str], place: str, code: str
) -> None:
    values = {"numerator": "92", "denominator": "100", **more}
    with pytest.raises(Wrong) as fault:
        send(plant, 1, **values)  # type: ignore[arg-type]
    assert [(one.place, one.code) for one in fault.value.mistakes] == [((place,), code)]
    assert plant.rows(t.inbox, "inbox_id", "state") == [] and shown(plant) == []


def offer(plant: Plant, *keys: str) -> None:
    """Slices that records have made."""
    with plant.store.begin() as conn:
        for key in keys:
            level, value = next(iter(slice_levels(key).items()))
            row = {"slice_id": slice_id(key), "slice_key": key, "cuboid": level, "dims": {level: value}, "first_at": START}
            conn.execute(insert(t.slice_).values(**row))


def test_parts_are_typed_one_by_one_and_the_whole_is_their_sum(plant: Plant) -> None:
    offer(plant, "channel=App", "channel=电话", "channel=未填")
    assert typed.offered(plant.store, WANG) == ["all", "channel=App", "channel=电话"]
    send(plant, 1, "90", "100", place="channel=App")
    send(plant, 2, "30", "60", place="channel=电话")
    with pytest.raises(Wrong) as fault:
        send(plant, 3, "120", "160")
    assert [(one.place, one.code) for one in fault.value.mistakes] == [(("place",), "board.wrong.typed_by_channel")]
    plant.start().minute(START + 5 * SECOND)
    assert [(one.place, one.value, one.pending) for one in shown(plant)] == [
        ("channel=App", 0.9, False),
        ("channel=电话", 0.5, False),
    ]
    start, end = typed.bounds(plant.settings, LAST)
    with plant.store.connect() as conn:
        whole, app = (
            read.kpi(conn, "training_pass", key, start, end, START + 9 * SECOND, plant.settings.sources)
            for key in ("all", "channel=App")
        )
    assert (whole.value, whole.n) == (0.75, 160) and (app.value, app.n) == (0.9, 100)


def test_counts_of_parts_add_up_too(plant: Plant) -> None:
    offer(plant, "channel=App", "channel=电话")
    for n, key in enumerate(("channel=App", "channel=电话")):
        send(plant, n, "1000", metric="active_customers", place=key)
    plant.start().minute(START + 5 * SECOND)
    end = typed.bounds(plant.settings, LAST)[1]
    with plant.store.connect() as conn:
        assert read.kpi(conn, "active_customers", "all", end - SECOND, end, end).value == 2000


def test_a_scoped_manager_types_for_their_own_organisations_only(plant: Plant) -> None:
    offer(plant, "org.1=华南", "org.1=华东", "channel=App")
    nan = Person("nan", "南", "manager", ("华南",))
    assert typed.offered(plant.store, nan) == ["org=华南"]
    for place in ("all", "org=华东", "channel=App", "org=<b>"):
        with pytest.raises(Wrong) as fault:
            send(plant, 1, "9", "10", who=nan, place=place)
        assert fault.value.mistakes[0].place == ("place",)
    send(plant, 2, "9", "10", who=nan, place="org=华南")


def test_who_may_not_types_nothing(plant: Plant) -> None:
    with pytest.raises(NotAllowed):
        send(plant, 1, "92", "100", who=LI)
    assert plant.rows(t.inbox, "inbox_id", "state") == []


def test_the_month_is_the_centres() -> None:
    settings = parse(TOML, Path("nowhere"), {})
    start, end = typed.bounds(settings, date(2026, 2, 1))
    assert (start.isoformat(), end.isoformat()) == ("2026-01-31T16:00:00+00:00", "2026-02-28T16:00:00+00:00")
