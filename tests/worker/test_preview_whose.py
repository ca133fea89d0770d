"""A row that cannot be read is shown with what is wrong, and without whose it is."""

from __future__ import annotations

from connectors.base import BadRecord, Preview
from fengsui.worker.preview import HIDDEN, as_json


def test_a_bad_row_hides_its_customer_like_a_good_one() -> None:
    bad = BadRecord("connectors.bad.time", {}, field="opened_at", source_id="7", customer="C9")
    (row,) = as_json(Preview(({"id": "7", "who": "C9"},), (bad,), ("id", "who")))["rows"]
    assert row["raw"] == {"id": "7", "who": HIDDEN}
    assert row["fault"]["params"] == {"field": "opened_at"}
