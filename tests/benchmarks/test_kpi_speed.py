"""The store that the benchmark of figures writes by itself is one that the product would have written."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks import kpi_speed
from fengsui.metrics import cells
from fengsui.store.database import open_store
from fengsui.store.slices import slice_id
from tests import rollups

RECORDS = 3_000


def test_cells_add_up_to_the_records_in_every_cuboid(tmp_path: Path) -> None:
    kpi_speed.million(tmp_path, RECORDS)
    store = open_store(f"sqlite:///{tmp_path / f'rollups-{RECORDS}.db'}", read_only=True)
    held = [cell for cell in rollups.stored(store) if (cell.grain, cell.measure) == (15, "feedback.n")]
    for cuboid in kpi_speed.CUBOIDS | kpi_speed.COUNT_CUBOIDS:
        ids = {slice_id(kpi_speed.key_of(cuboid, n)) for n in range((kpi_speed.CUBOIDS | kpi_speed.COUNT_CUBOIDS)[cuboid])}
        mine = [cell for cell in held if cell.slice_id in ids]
        assert sum(cell.value for cell in mine) == RECORDS


def test_a_window_read_back_is_the_window_counted(tmp_path: Path) -> None:
    kpi_speed.million(tmp_path, RECORDS)
    made = kpi_speed.Records(RECORDS)
    start = int(kpi_speed.END.timestamp()) // 60 - 7 * 1440
    store = open_store(f"sqlite:///{tmp_path / f'rollups-{RECORDS}.db'}", read_only=True)
    with store.connect() as conn:
        week = cells.summed(conn, ["complaint.n"], [slice_id("all")], kpi_speed.END - kpi_speed.WEEK, kpi_speed.END)
    ours = {name: (whose, minutes) for name, whose, minutes, _ in made.measured()}
    whose, minutes = ours["complaint.n"]
    assert sum(week[slice_id("all")]["complaint.n"].values()) == int(np.sum(whose & (minutes >= start))) > 0
