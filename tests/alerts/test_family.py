"""Which part lies in which whole, and which parts explain an excess."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from fengsui.alerts.family import contains
from fengsui.store.slices import bucket, slice_id, slice_levels
from fengsui.store.tables import rollup, slice_

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
        conn.execute(insert(rollup), [{**c, "slice_id": slice_id(key), "measure": "complaint.n", "bin": NO_BIN} for c in cells])


def test_the_parts_that_make_the_excess_are_named_with_their_usual_share(centre):
    _cells(centre, "all", 100, 60)
    _cells(centre, "channel=App", 50, 54)
    _cells(centre, "channel=电话", 50, 6)
    _cells(centre, "channel=App|org.1=华南", 10, 50)
    centre.record(n=60)
    centre.sees(observed=60, expected=10, minutes=10)
    centre.advance()
    (part,) = centre.one()["explained"]
    assert part == {"slice_key": "channel=App", "observed": 54, "expected": 5.0, "share": 0.98, "usual_share": 0.5}
