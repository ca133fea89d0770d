"""Sessions that nobody uses end; who may end whose; what passwords are refused; the audit cannot be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from fengsui import people
from fengsui.people import NotSignedIn, PersonFault, SignInRefused, Tries, at_least, audit, create, require_role, sign_in
from fengsui.people.password import hashed, one_time
from fengsui.settings.model import SignIn
from fengsui.store import migrate
from fengsui.store import tables as t
from fengsui.store.database import open_store

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
GOOD, BETTER = "correct horse battery", "another staple entirely"
EVERYBODY = at_least("wall")
USUAL = SignIn()


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> Tries:
    """Of the store of the test."""
    named = next((name for name in ("store", "emptied_store") if name in request.fixturenames), "sqlite_store")
    return Tries(request.getfixturevalue(named), 3, timedelta(minutes=15))


def enter(store: Engine, tries: Tries, person_id: str, now: datetime = NOW) -> str:
    return sign_in(store, tries, person_id, GOOD, "10.0.0.1", now).token


def test_an_administrator_who_does_nothing_is_signed_out_and_a_duty_officer_is_not(emptied_store: Engine, tries: Tries):
    store = emptied_store
    create(store, "gao", "高岩", "admin", by="cli", now=NOW, password=GOOD)
    create(store, "li", "李强", "duty", by="cli", now=NOW, password=GOOD)
    admin, duty = enter(store, tries, "gao"), enter(store, tries, "li")
    for minutes in (20, 40, 60):
        people.touch(store, store, admin, USUAL, later(minutes))
        assert require_role(store, admin, EVERYBODY, later(minutes + 29))
    with pytest.raises(NotSignedIn):
        require_role(store, admin, EVERYBODY, later(91))
    people.touch(store, store, admin, USUAL, later(91))
    with pytest.raises(NotSignedIn):
        require_role(store, admin, EVERYBODY, later(91))  # what has ended is not woken
    assert require_role(store, duty, EVERYBODY, later(11 * 60))
    people.touch(store, store, duty, USUAL, later(5))
    (mine,) = people.living_sessions(store, later(6), of="li")
    assert (mine.seen_at, mine.idle_at) == (later(5), None)
    people.touch(store, store, None, USUAL, NOW)
    people.touch(store, store, "invented", USUAL, NOW)


def test_sessions_are_seen_and_ended_by_their_person_and_by_who_may(emptied_store: Engine, tries: Tries):
    store = emptied_store
    create(store, "gao", "高岩", "admin", by="cli", now=NOW, password=GOOD)
    create(store, "nan", "何佳", "duty", by="cli", now=NOW, password=GOOD, scope=["华南/广东"])
    mine, other, hers = enter(store, tries, "gao"), enter(store, tries, "gao", later(1)), enter(store, tries, "nan")
    assert len(people.living_sessions(store, later(2))) == 3
    assert [one.person_id for one in people.living_sessions(store, later(2), within=("华南",))] == ["nan"]
    newest, oldest = people.living_sessions(store, later(2), of="gao")
    (ref,) = (one.ref for one in people.living_sessions(store, later(2), of="nan"))
    for wrong in ({"ref": ref, "of": "gao"}, {"ref": newest.ref, "within": ("华南",)}, {"ref": ""}, {"ref": "%" * 16}):
        with pytest.raises(PersonFault):
            people.end_session(store, by="x", now=later(2), **wrong)
    people.end_session(store, newest.ref, by="gao", now=later(2), of="gao")
    assert require_role(store, mine, EVERYBODY, later(2))
    with pytest.raises(NotSignedIn):
        require_role(store, other, EVERYBODY, later(2))
    people.end_session(store, ref, by="gao", now=later(2))
    with pytest.raises(NotSignedIn):
        require_role(store, hers, EVERYBODY, later(2))
    assert [one.ref for one in people.living_sessions(store, later(2))] == [oldest.ref]


def test_a_password_of_ones_own_needs_the_old_one_and_ends_the_other_sessions(sqlite_store: Engine, tries: Tries):
    create(sqlite_store, "li", "李强", "duty", by="cli", now=NOW, password=GOOD)
    mine, other = enter(sqlite_store, tries, "li"), enter(sqlite_store, tries, "li")
    who = require_role(sqlite_store, mine, EVERYBODY, NOW)

    def change(old: str, new: str) -> None:
        people.change_own_password(sqlite_store, tries, who, mine, old, new, None, NOW, USUAL)

    for old, new, fault in (("wrong", BETTER, SignInRefused), (GOOD, GOOD, PersonFault), (GOOD, "short", PersonFault)):
        with pytest.raises(fault):
            change(old, new)
    change(GOOD, BETTER)
    assert require_role(sqlite_store, mine, EVERYBODY, NOW)
    with pytest.raises(NotSignedIn):
        require_role(sqlite_store, other, EVERYBODY, NOW)
    for _ in range(3):
        with pytest.raises(SignInRefused):
            change("wrong", GOOD)
    with pytest.raises(SignInRefused) as refused:
        change(BETTER, GOOD)
    assert refused.value.code == "people.fault.too_many", "a screen left open is no place to guess"


@pytest.mark.parametrize(
    "bad",
    [
        "password2026!",
        "Passw0rd1234",
        "wangmin2026!",
        "!!wangmin!!",
        "aaaaaaaaaa",
        "abcabcabcabc",
        "1234567890",
        "9876543210",
        "qwertyuiop",
        "1qaz2wsx3edc",
        "202611182026",
        "woaini5201314",
        "烽燧1234567890",
        "Admin@123456",
    ],
)
def test_the_first_passwords_to_be_guessed_are_refused(bad: str):
    with pytest.raises(PersonFault) as fault:
        hashed(bad, "wangmin")
    assert fault.value.code == "people.fault.password_common"


@pytest.mark.parametrize("good", [GOOD, "一个很长的口令-2026", "kefu-2026-长城-雪", "Tr0ub4dor&3x"])
def test_others_are_not(good: str):
    assert hashed(good, "wangmin").startswith("$argon2id$")


def test_a_one_time_password_is_good_enough_and_never_the_same():
    made = {one_time() for _ in range(50)}
    assert len(made) == 50 and all(hashed(one, "wangmin") for one in list(made)[:2])


def test_a_password_for_one_sign_in(sqlite_store: Engine, tries: Tries):
    create(sqlite_store, "li", "李强", "duty", by="cli", now=NOW, password=GOOD)
    told = people.reset_password(sqlite_store, "li", by="gao", now=NOW)
    assert people.must_change(sqlite_store) == {"li"}
    assert sign_in(sqlite_store, tries, "li", told, None, NOW).stage == "change"
    with sqlite_store.connect() as conn:
        assert told not in str(conn.execute(select(t.audit)).all())


def test_an_administrator_of_a_part_stays_in_it(sqlite_store: Engine):
    def make(id_: str, scope: list[str], within: tuple[str, ...] = ()) -> None:
        create(sqlite_store, id_, id_, "duty", by="nan", now=NOW, password=GOOD, scope=scope, within=within)

    make("all", [])
    make("north", ["华北"])
    make("south", ["华南/广东"], ("华南",))
    for scope in ([], ["华北"], ["华南", "华北"], ["华南区"]):
        with pytest.raises(PersonFault) as fault:
            make("new", scope, ("华南",))
        assert fault.value.code == "people.fault.within"
    for who, fields in (("all", {"active": False}), ("north", {"name": "x"}), ("south", {"scope": []})):
        with pytest.raises(PersonFault):
            people.change(sqlite_store, who, by="nan", now=NOW, within=("华南",), **fields)
    for who in ("all", "north"):
        with pytest.raises(PersonFault):
            people.reset_password(sqlite_store, who, by="nan", now=NOW, within=("华南",))
    assert people.change(sqlite_store, "south", by="nan", now=NOW, within=("华南",), role="manager").role == "manager"


@pytest.mark.parametrize("scope", [[""], ["华南//广东"], ["/华南"], [" 华南"], ["华" * 65]])
def test_a_scope_is_a_path(sqlite_store: Engine, scope: list[str]):
    with pytest.raises(PersonFault) as fault:
        create(sqlite_store, "li", "李强", "duty", by="cli", now=NOW, scope=scope)
    assert fault.value.code == "people.fault.scope"


# --- the audit -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["tables", "migrations"])
def kept(request: pytest.FixtureRequest, store_url: str) -> Engine:
    """The guards are there however the tables were made."""
    engine = open_store(store_url)
    if request.param == "tables":
        t.METADATA.create_all(engine)
    else:
        migrate.upgrade(engine)
    request.addfinalizer(engine.dispose)
    with engine.begin() as conn:
        for days in (0, 179, 181, 1200):
            audit.record(conn, "li", "export", {"days": days}, NOW - timedelta(days=days))
    return engine


def test_nobody_changes_or_removes_what_stands_in_the_audit(kept: Engine):
    young = t.audit.c.at > NOW - timedelta(days=180)
    attempts = [
        update(t.audit).values(by="somebody else"),
        update(t.audit).where(t.audit.c.at < NOW - timedelta(days=1000)).values(params={}),
        delete(t.audit),
        delete(t.audit).where(young),
    ]
    if kept.dialect.name == "postgresql":
        attempts.append(text("truncate audit"))
    else:
        row = "select audit_id, at, 'x', action, params from audit limit 1"
        attempts.append(text(f"insert or replace into audit (audit_id, at, by, action, params) {row}"))
    before = _all(kept)
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="audit"), kept.begin() as conn:
            conn.execute(attempt)
        assert _all(kept) == before


def test_what_is_old_may_go_and_new_rows_come(kept: Engine):
    with kept.begin() as conn:
        assert conn.execute(delete(t.audit).where(t.audit.c.at < NOW - timedelta(days=180))).rowcount == 2
        conn.execute(insert(t.audit).values(at=later(1), by="li", action="export", params={}))
    assert len(_all(kept)) == 3


def _all(store: Engine) -> list[tuple[object, ...]]:
    with store.connect() as conn:
        return [tuple(row) for row in conn.execute(select(t.audit).order_by(t.audit.c.audit_id))]
