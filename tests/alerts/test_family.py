"""Which part lies in which whole, and which parts explain an excess."""

import math
from datetime import timedelta

import pytest
from sqlalchemy import insert

from fengsui.alerts.family import contains
from fengsui.metrics import logbins
from fengsui.store.slices import bucket, slice_id, slice_levels
from fengsui.store.tables import slice_
from tests import rollups

NO_BIN = -32768


@pytest.mark.parametrize(
    ("whole", "part", "inside"),
    [
        ("all", "channel=App", True),
        ("all", "all", False),
        ("channel=App", "all", False),
        ("channel=App", "channel=App|org.1=华南", True),
        ("org.1=华南", "org.2=华南/广东", True),
        ("org.1=华南", "org.2=华南北/广东", False),
        ("org.2=华南/广东", "org.1=华南", False),
        ("channel=App", "org.1=华南", False),
        ("channel=App|org.1=华南", "channel=App|org.1=华东", False),
    ],
)
def test_contains(whole, part, inside):
    assert contains(whole, part) is inside


def _cells(centre, key, usual, now):
    """``usual`` complaints a day through the last week, ``now`` in the last ten minutes."""
    row = {"slice_id": slice_id(key), "cuboid": "|".join(slice_levels(key)) or "all", "slice_key": key,
           "dims": slice_levels(key), "first_at": centre.now}  # fmt: skip
    cells = []
    for day in range(1, 8):
        at = centre.now - timedelta(days=day) + timedelta(hours=3)
        cells.append({"grain": 15, "bucket": bucket(at, 15), "value": usual})
    cells.append({"grain": 1, "bucket": bucket(centre.now - timedelta(minutes=5), 1), "value": now})
    cells.append({"grain": 15, "bucket": bucket(centre.now - timedelta(minutes=5), 15), "value": now})
    with centre.store.begin() as conn:
        conn.execute(insert(slice_).values(**row))
        rollups.put(conn, [{**c, "slice_id": slice_id(key), "measure": "complaint.n", "bin": NO_BIN} for c in cells])


def test_the_parts_that_make_the_excess_are_named_with_their_usual_share(centre):
    _cells(centre, "all", 100, 60)
    _cells(centre, "channel=App", 50, 54)
    _cells(centre, "channel=电话", 50, 6)
    _cells(centre, "channel=App|org.1=华南", 10, 50)
    centre.record(n=54)
    centre.record(n=6, dims={"channel": "电话"})
    centre.sees(observed=60, expected=10, minutes=10)
    centre.advance()
    (part,) = centre.one()["explained"]
    assert part == {"slice_key": "channel=App", "observed": 54, "expected": 5.0, "share": 0.98, "usual_share": 0.5}


def test_copies_of_one_author_do_not_explain_what_many_people_say(lite):
    """By records the flood of one author in the web form is most of it; by people it is one of 31."""
    for key, usual, now in (("all", 100, 130), ("channel=App", 50, 30), ("channel=网页", 50, 100)):
        _cells(lite, key, usual, now)
    lite.record(n=30)
    lite.record(n=100, customer="bot", dims={"channel": "网页"})
    lite.sees(observed=130, expected=2, minutes=10)
    lite.advance()
    (part,) = lite.one()["explained"]
    assert (part["slice_key"], part["observed"], part["share"]) == ("channel=App", 30, 1.0)


def test_a_higher_tier_says_again_what_makes_it(lite):
    for key, usual, now in (("all", 100, 20), ("channel=App", 50, 10), ("channel=电话", 50, 10)):
        _cells(lite, key, usual, now)
    lite.now -= timedelta(minutes=1)  # 14:31: not one of the minutes on which it is looked at anyway
    lite.record(n=8)
    lite.sees(grade=2, observed=8, expected=1, minutes=20)
    lite.advance()
    assert [part["slice_key"] for part in lite.one()["explained"]] == ["channel=App"]
    lite.minute()
    lite.record(n=32, dims={"channel": "电话"})
    lite.sees(grade=3, observed=40, expected=2, minutes=20)
    lite.advance()
    found = lite.one()
    assert (found["tier"], [part["slice_key"] for part in found["explained"]]) == (3, ["channel=电话", "channel=App"])


def _shares(centre, key, before, now, measures=("due.met", "due.n")):
    """(met, due) in the week before and in the last quarter of an hour."""
    row = {"slice_id": slice_id(key), "cuboid": "|".join(slice_levels(key)) or "all", "slice_key": key,
           "dims": slice_levels(key), "first_at": centre.now}  # fmt: skip
    newest = bucket(centre.now, 15) - 15
    cells = [
        {"grain": 15, "slice_id": slice_id(key), "measure": measure, "bin": NO_BIN, "bucket": at, "value": value}
        for at, values in ((newest - 15 * 96 * 3, before), (newest, now))
        for measure, value in zip(measures, values, strict=True)
    ]
    with centre.store.begin() as conn:
        conn.execute(insert(slice_).values(**row))
        rollups.put(conn, cells)


def test_a_falling_share_is_explained_by_rate_and_by_mix(centre):
    """Phone got worse (90 % to 50 %); the web form is as bad as ever and became more of it; both make the whole's fall."""
    _shares(centre, "all", (900, 1000), (66, 100))
    _shares(centre, "channel=App", (570, 600), (19, 20))
    _shares(centre, "channel=电话", (270, 300), (20, 40))
    _shares(centre, "channel=网页", (60, 100), (27, 40))
    end = _quarter(centre)
    window = {"observed": 66.0, "expected": 90.0, "minutes": 15, "end": end, "step_s": 900}
    params = {"observed": 0.66, "expected": 0.9, "n": 100}
    centre.sees(rule="sla-all", metric="sla_attainment", direction="down", reason_params=params, **window)
    centre.advance()
    parts = {part["slice_key"]: part for part in centre.one()["explained"]}
    assert parts["channel=电话"]["rate"] == pytest.approx(0.4 * -0.4 / -0.24, abs=1e-3)
    assert parts["channel=电话"]["mix"] == pytest.approx(0.0, abs=1e-3)
    assert parts["channel=网页"]["mix"] == pytest.approx(0.3 * -0.3 / -0.24, abs=1e-3)
    assert parts["channel=网页"]["rate"] == pytest.approx(0.4 * 0.075 / -0.24, abs=1e-3)
    assert (parts["channel=电话"]["observed"], parts["channel=电话"]["expected"]) == (0.5, 0.9)
    assert [part["slice_key"] for part in centre.one()["explained"]] == ["channel=电话", "channel=网页"]


def _quarter(centre):
    centre.now = centre.now.replace(minute=30, second=0, microsecond=0)
    return centre.now


def test_a_longer_wait_is_explained_by_the_part_that_waits(lite):
    fast, slow = logbins.bin_of(60), logbins.bin_of(7200)
    _quarter(lite)
    at = bucket(lite.now, 15) - 15
    for key, before, now in (
        ("all", {fast: 900}, {fast: 50, slow: 50}),
        ("channel=App", {fast: 450}, {fast: 48, slow: 2}),
        ("channel=电话", {fast: 450}, {fast: 2, slow: 48}),
    ):
        row = {"slice_id": slice_id(key), "cuboid": "|".join(slice_levels(key)) or "all", "slice_key": key,
               "dims": slice_levels(key), "first_at": lite.now}  # fmt: skip
        cells = [
            {"grain": 15, "slice_id": slice_id(key), "measure": "response.d", "bin": bin_, "bucket": when, "value": n}
            for when, bins in ((at - 15 * 96, before), (at, now))
            for bin_, n in bins.items()
        ]
        with lite.store.begin() as conn:
            conn.execute(insert(slice_).values(**row))
            rollups.put(conn, cells)
    window = {"observed": math.log(657), "expected": math.log(60), "minutes": 15, "step_s": 900}
    lite.sees(rule="response-time-all", metric="response_time", direction="up", **window)
    lite.advance()
    (part,) = lite.one()["explained"]
    assert (part["slice_key"], part["share"], part["mix"]) == ("channel=电话", 0.96, 0.0)
    assert part["observed"] == pytest.approx(7200**0.96 * 60**0.04, rel=0.05)
