"""One customer's data: found by their own id, handed out, erased; nobody's id is written anywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from fengsui.board import customer, requests
from fengsui.board.wrong import Wrong
from fengsui.ingest.keys import Vault
from fengsui.people import NotAllowed, Person
from fengsui.settings import Settings, open_keys
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
ADMIN = Person("root", "管理员", "admin", (), "zh_CN", None)
MANAGER = Person("wang", "王敏", "manager", (), "zh_CN", None)
SOUTH = Person("he", "何佳", "admin", ("华南",), "zh_CN", None)
OWN = "CUST-8841"
REASON = "客户书面申请"


@pytest.fixture
def hers(afternoon: Engine, settings: Settings) -> str:
    """The pseudonym of a customer with two records, one with its raw words, and a held row."""
    vault = Vault(open_keys(settings))
    hashed = vault.customer(OWN)
    with afternoon.begin() as conn:
        conn.execute(update(t.feedback).where(t.feedback.c.record_key.in_(["app:1", "app:2"])).values(customer=hashed))
        raw = {"raw": vault.seal("打 13812345678 找我".encode(), "app:1"), "key_id": vault.key_id}
        conn.execute(update(t.feedback_text).where(t.feedback_text.c.record_key == "app:1").values(**raw))
        row = {"customer": hashed, "source_id": vault.seal(OWN.encode(), hashed), "key_id": vault.key_id, "first_seen_at": NOW}
        conn.execute(insert(t.customer).values(**row))
        held: dict[str, Any] = {"quarantine_id": "q-her", "source": "app", "code": "connectors.bad.rating", "params": {}}
        held |= {"customer": hashed, "first_at": NOW, "last_at": NOW, "seen_n": 1, "state": "held", "key_id": vault.key_id}
        conn.execute(insert(t.quarantine).values(**held, raw=vault.seal(b'{"score": 9}', "q-her")))
    return hashed


def written(store: Engine) -> str:
    with store.connect() as conn:
        rows = [*conn.execute(select(t.audit.c.params)).scalars(), *conn.execute(select(t.request.c.params)).scalars()]
    return json.dumps(rows, ensure_ascii=False, default=str)


def test_a_customer_is_found_by_their_own_id_and_by_the_pseudonym(afternoon: Engine, settings: Settings, hers: str) -> None:
    for given in (OWN, f"  {OWN} ", hers):
        found = customer.find(afternoon, settings, given, ADMIN)
        assert (found.customer, found.records, found.held, found.known) == (hers, 2, 1, True)
    assert customer.find(afternoon, settings, "nobody", ADMIN).nothing
    for given in ("", "x" * 201):
        with pytest.raises(Wrong):
            customer.find(afternoon, settings, given, ADMIN)


def test_an_id_that_other_master_data_has_too_is_still_the_customers(afternoon: Engine, settings: Settings, hers: str) -> None:
    with afternoon.begin() as conn:
        row = {"kind": "agent", "ref_id": OWN, "valid_from": NOW.date(), "attrs": {}}
        conn.execute(insert(t.reference).values(**row))
    assert customer.find(afternoon, settings, OWN, ADMIN).customer == hers


def test_everything_is_handed_out_with_an_audit_row_that_names_nobody(afternoon: Engine, settings: Settings, hers: str) -> None:
    file = customer.hand_out(afternoon, settings, hers, REASON, ADMIN, NOW)
    body = json.loads(file.content)
    assert body["own_id"] == OWN and [one["record_key"] for one in body["records"]] == ["app:2", "app:1"]
    assert body["records"][1]["words_as_they_came"] == "打 13812345678 找我" and body["records"][1]["text"]
    assert body["quarantine"][0]["content"] == '{"score": 9}'
    assert OWN not in written(afternoon) and hers in written(afternoon)


def test_an_erasure_is_asked_once_and_its_receipt_says_what_went(afternoon: Engine, settings: Settings, hers: str) -> None:
    asked = customer.erase(afternoon, hers, REASON, ADMIN, NOW)
    assert customer.erase(afternoon, hers, REASON, ADMIN, NOW) == asked
    with afternoon.begin() as conn:
        rows = {"feedback": 2, "feedback_text": 2, "search_text": 2, "label": 1}
        done = {"state": "done", "result": {"records": 2, "rows": rows, "raw": 1}, "finished_at": NOW}
        conn.execute(update(t.request).where(t.request.c.request_id == asked).values(**done))
    (row,) = customer.erasures(afternoon, ADMIN)
    receipt = json.loads(customer.receipt(row, settings).content)
    assert (receipt["records_erased"], receipt["customer"], receipt["reason"], receipt["asked_by"]) == (2, hers, REASON, "root")
    assert receipt["rows_erased"] == rows and receipt["original_words_erased"] == 1
    assert OWN not in written(afternoon)


def test_only_an_administrator_with_a_reason(afternoon: Engine, settings: Settings, hers: str) -> None:
    for refused in (
        lambda who: customer.find(afternoon, settings, OWN, who),
        lambda who: customer.hand_out(afternoon, settings, hers, REASON, who, NOW),
        lambda who: customer.erase(afternoon, hers, REASON, who, NOW),
        lambda who: customer.erasures(afternoon, who),
    ):
        for who in (MANAGER, SOUTH):
            with pytest.raises(NotAllowed):
                refused(who)
    for wrong in ((hers, "  "), ("0" * 32, REASON)):
        with pytest.raises(Wrong):
            customer.hand_out(afternoon, settings, *wrong, ADMIN, NOW)
        with pytest.raises(Wrong):
            customer.erase(afternoon, *wrong, ADMIN, NOW)
    assert requests.recent(afternoon, "erase") == []
