"""Which fields a source fills: counted from its own newest records, never from those of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from fengsui.board.read.completeness import completeness
from fengsui.settings import Settings
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)


def record(n: int, source: str = "crm", age: timedelta = timedelta(hours=1), **more: Any) -> dict[str, Any]:
    times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), NOW - age)
    plain = {"kind": "complaint", "seq": 1, "content_hash": "h", "state": "open", "ratings": [], "tags": {}, "extra": {}}
    return {
        "record_key": f"{source}:{n}",
        "source": source,
        "customer": None,
        "deleted_at": None,
        "dims": {},
        **plain,
        **times,
        **more,
    }


def test_shares_of_the_newest_records_of_this_source(store: Engine, settings: Settings) -> None:
    full = {"channel": "电话", "category": "支付", "org": "华南"}
    rows = [
        record(1, dims=full, customer="a"),
        record(2, dims={**full, "category": ""}, customer="b"),
        record(3, dims={"channel": "电话"}),
        record(4, dims={"channel": "App", "category": "物流"}),
        record(5, dims={**full, "product": "卡"}, age=timedelta(days=8)),  # too old
        record(6, dims={**full, "product": "卡"}, deleted_at=NOW),
        record(7, "app", dims={**full, "product": "卡"}),
    ]
    with store.begin() as conn:
        conn.execute(insert(t.feedback), rows)
        conn.execute(insert(t.feedback_text).values(record_key="crm:1", text="慢", mask_version=1, text_hash="x"))
    found = completeness(store, settings, "crm", NOW)
    assert found.n == 4
    shares = dict(found.shares)
    assert (shares["channel"], shares["category"], shares["org"], shares["customer"], shares["text"]) == (
        1,
        0.5,
        0.5,
        0.5,
        0.25,
    )
    assert "product" in found.never and [share for _, share in found.shares] == sorted(share for _, share in found.shares)


def test_a_source_without_records_says_nothing(store: Engine, settings: Settings) -> None:
    assert completeness(store, settings, "crm", NOW).n == 0 and completeness(store, settings, "crm", NOW).never == ()
