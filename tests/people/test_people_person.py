"""Persons are made once, changed with an audit row, and the last administrator stays."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from fengsui import people
from fengsui.people import PersonFault, change, create, every_person, find, set_password
from fengsui.people.session import start
from fengsui.store.tables import audit, person, session
from tests.conftest import HASHER

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
GOOD = "correct horse battery"


def admin(store: Engine, name: str = "root") -> None:
    create(store, name, "管理员", "admin", by="cli", now=NOW)


def code(fault: pytest.ExceptionInfo[PersonFault]) -> str:
    return fault.value.code.removeprefix("people.fault.")


def test_guessing_a_password_costs_what_is_recommended():
    assert (HASHER.memory_cost, HASHER.time_cost) >= (19 * 1024, 2), "OWASP's least for argon2id: 19 MiB, two passes"


def test_a_person_is_stored_with_an_argon2id_hash_and_never_with_the_password(store: Engine):
    create(
        store, "wangmin", "王敏", "manager", by="cli", now=NOW, password=GOOD, scope=["华南"], title="值班主管", lang="zh_CN"
    )
    found = find(store, "wangmin")
    assert found is not None
    assert (found.name, found.role, found.scope, found.title) == ("王敏", "manager", ("华南",), "值班主管")
    with store.connect() as conn:
        assert conn.execute(select(person.c.password)).scalar_one().startswith("$argon2id$")
        row = conn.execute(select(audit)).mappings().one()
    assert (row["by"], row["action"]) == ("cli", "person.create")
    assert GOOD not in str(row["params"])


@pytest.mark.parametrize("name", ["", "A", "王敏", "a b", "x" * 65, "machine", "seed", "cli", ".a"])
def test_a_sign_in_name_is_plain_and_not_reserved(sqlite_store: Engine, name: str):
    with pytest.raises(PersonFault) as fault:
        create(sqlite_store, name, "名", "duty", by="cli", now=NOW)
    assert code(fault) == "person_id"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"role": "boss"}, "role"),
        ({"name": " "}, "name"),
        ({"lang": "fr"}, "lang"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"password": "LONGENOUGHNAME"}, "password_common"),
    ],
)
def test_bad_values_are_refused_and_nothing_is_stored(sqlite_store: Engine, fields: dict[str, Any], why: str):
    values = {"name": "名", "role": "duty", **fields}
    with pytest.raises(PersonFault) as fault:
        create(sqlite_store, "longenoughname", by="cli", now=NOW, **values)
    assert code(fault) == why
    assert every_person(sqlite_store) == ()


def test_a_taken_name_is_refused(store: Engine):
    admin(store)
    with pytest.raises(PersonFault) as fault:
        admin(store)
    assert code(fault) == "taken"


def test_a_change_is_audited_and_ends_the_sessions_of_a_lesser_role(store: Engine):
    create(store, "li", "李强", "manager", by="cli", now=NOW)
    with store.begin() as conn:
        start(conn, "li", None, NOW, timedelta(hours=1))
    changed = change(store, "li", by="root", now=NOW, role="duty", scope=["华东/上海"])
    assert (changed.role, changed.scope) == ("duty", ("华东/上海",))
    with store.connect() as conn:
        assert conn.execute(select(session.c.revoked_at)).scalar_one() == NOW
        assert conn.execute(select(audit.c.by).where(audit.c.action == "person.change")).scalar_one() == "root"


def test_a_new_name_ends_no_session(store: Engine):
    create(store, "li", "李强", "manager", by="cli", now=NOW)
    with store.begin() as conn:
        start(conn, "li", None, NOW, timedelta(hours=1))
    change(store, "li", by="root", now=NOW, name="李 强")
    with store.connect() as conn:
        assert conn.execute(select(session.c.revoked_at)).scalar_one() is None


def test_an_unknown_person_or_field_is_refused(sqlite_store: Engine):
    with pytest.raises(PersonFault) as fault:
        change(sqlite_store, "nobody", by="cli", now=NOW, name="x")
    assert code(fault) == "unknown"
    with pytest.raises(PersonFault):
        set_password(sqlite_store, "nobody", GOOD, by="cli", now=NOW)
    with pytest.raises(TypeError, match="password"):
        change(sqlite_store, "nobody", by="cli", now=NOW, password="plain text")
    assert find(sqlite_store, "nobody") is None


@pytest.mark.parametrize("fields", [{"active": False}, {"role": "manager"}])
def test_the_last_administrator_stays(store: Engine, fields: dict[str, Any]):
    admin(store)
    with pytest.raises(PersonFault) as fault:
        change(store, "root", by="root", now=NOW, **fields)
    assert code(fault) == "last_admin"
    admin(store, "second")
    change(store, "root", by="second", now=NOW, **fields)
    with pytest.raises(PersonFault):
        change(store, "second", by="second", now=NOW, active=False)


def test_two_administrators_cannot_depose_each_other_at_once(store: Engine):
    admin(store, "a")
    admin(store, "b")
    gate = threading.Barrier(2)
    refused: list[str] = []

    def depose(target: str) -> None:
        gate.wait()
        try:
            change(store, target, by="x", now=NOW, active=False)
        except PersonFault as fault:
            refused.append(fault.code)

    threads = [threading.Thread(target=depose, args=(target,)) for target in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["people.fault.last_admin"]
    assert sum(who.active for who in every_person(store)) == 1


def test_a_new_password_ends_every_session(store: Engine):
    create(store, "li", "李强", "duty", by="cli", now=NOW, password=GOOD)
    with store.begin() as conn:
        start(conn, "li", None, NOW, timedelta(hours=1))
    set_password(store, "li", "another long one", by="cli", now=NOW)
    with store.connect() as conn:
        assert conn.execute(select(session.c.revoked_at)).scalar_one() == NOW


def test_where_a_person_is_reached_is_checked_audited_and_kept_apart(store):
    create(store, "li", "李强", "duty", by="root", now=NOW)
    people.set_reach(store, "li", by="root", now=NOW, email="li@example.com", mobile="13800000002")
    found = people.set_reach(store, "li", by="root", now=NOW, mobile="", quiet="22:00-07:00")
    assert people.every_reach(store) == {"li": found}
    assert (found.email, found.mobile, found.quiet) == ("li@example.com", None, "22:00-07:00")
    with store.connect() as conn:
        written = [row.params for row in conn.execute(select(audit).where(audit.c.action == "person.reach"))]
    assert written[0] == {"person": "li", "changed": ["email", "mobile"]}, "the audit holds no number"


def test_an_administrator_of_an_organisation_sets_it_for_persons_there_alone(store):
    for id_, scope in (("li", []), ("nan", ["华南/广东"]), ("bei", ["华北"])):
        create(store, id_, id_, "duty", by="root", now=NOW, scope=scope)
    people.set_reach(store, "nan", by="he", now=NOW, within=("华南",), mobile="13800000002")
    for id_ in ("li", "bei"):
        with pytest.raises(PersonFault):
            people.set_reach(store, id_, by="he", now=NOW, within=("华南",), mobile="13800000002")
    assert set(people.every_reach(store)) == {"nan"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "li"),
        ("email", "li@example.com\nBcc: all@example.com"),
        ("email", "a b@example.com"),
        ("mobile", "138-0000"),
        ("mobile", "１３８００００００００"),
        ("quiet", "late"),
        ("feishu", 'ou"><at'),
        ("wecom", "@all;x"),
        ("wecom", "x" * 65),
    ],
)
def test_what_reaches_nobody_is_refused(store, name, value):
    create(store, "li", "李强", "duty", by="root", now=NOW)
    with pytest.raises(PersonFault) as fault:
        people.set_reach(store, "li", by="root", now=NOW, **{name: value})
    assert fault.value.params == {"value": value[:64]}
    assert people.every_reach(store) == {}


def test_nobody_unknown_is_reached(store):
    with pytest.raises(PersonFault):
        people.set_reach(store, "ghost", by="root", now=NOW, email="a@b.cn")
