"""After a rotation nothing needs the older key; what cannot be opened is left and counted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select, update

from connectors.base import BadRecord
from fengsui.ingest.keys import Vault
from fengsui.ingest.rotation import SEALED, rotate
from fengsui.ingest.take import Ingest
from fengsui.settings.keys import Keys
from fengsui.store.tables import audit, customer, feedback_text, quarantine


def test_everything_is_sealed_again(store: Engine, centre: Any, no_fence: Any) -> None:
    ingest = Ingest(store, centre.settings, centre.keys)
    records = [centre.feedback(str(n), text=f"第 {n} 次没有收到货", customer=f"c{n}") for n in range(5)]
    bad = (BadRecord("x", {"a": 1}),)
    ingest.take("calls", centre.batch(*records, bad=bad), 1, centre.now, no_fence)
    with store.begin() as conn:
        conn.execute(update(feedback_text).where(feedback_text.c.record_key == "calls:4").values(key_id="lost"))
    new = Vault(Keys(b"c" * 32, b"n" * 32, "k2", {"k1": b"d" * 32}))
    parts = list(rotate(store, new, "li", lambda: (centre.now, no_fence)))
    assert sum(part.sealed for part in parts) == 4 + 5 + 1 and sum(part.unopened for part in parts) == 1
    alone = Vault(Keys(b"c" * 32, b"n" * 32, "k2"))
    with store.connect() as conn:
        raw = conn.execute(select(feedback_text.c.raw).where(feedback_text.c.record_key == "calls:1")).scalar_one()
        assert alone.open(raw, "k2", "calls:1").decode() == "第 1 次没有收到货"
        ids = {alone.open(row.source_id, row.key_id, row.customer) for row in conn.execute(select(customer))}
        assert ids == {f"c{n}".encode() for n in range(5)}
        assert {row.key_id for row in conn.execute(select(quarantine))} == {"k2"}
        told = conn.execute(select(audit).where(audit.c.action == "keys.rotate")).one()
    assert told.params == {"key_id": "k2", "sealed": 10, "unopened": 1} and told.by == "li"
    again = list(rotate(store, new, "li", lambda: (centre.now, no_fence)))
    assert sum(part.sealed for part in again) == 0 and len(SEALED) == len(again)
