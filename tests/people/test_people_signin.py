"""Sign-in tells nobody who exists, sessions end when they should, and roles are asked of the table each time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, func, select, update

from fengsui.people import (
    NotAllowed,
    NotSignedIn,
    Person,
    SignInRefused,
    Tries,
    at_least,
    change,
    change_own_password,
    create,
    end_session,
    in_scope,
    living_sessions,
    release,
    require_role,
    reset_password,
    sign_in,
    sign_out,
    touch,
    visit,
)
from fengsui.people import password as passwords
from fengsui.settings import parse
from fengsui.settings.model import SignIn
from fengsui.store.database import open_store
from fengsui.store.tables import audit, person, session, sign_in_slate

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
GOOD = "correct horse battery"
EVERYBODY = at_least("wall")


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> Tries:
    """Of the store of the test."""
    named = next((name for name in ("store", "emptied_store") if name in request.fixturenames), "sqlite_store")
    return Tries(request.getfixturevalue(named), 3, timedelta(minutes=15))


def make(store: Engine, role: str = "duty") -> None:
    create(store, "li", "李强", role, by="cli", now=NOW, password=GOOD)


def test_a_right_password_opens_a_session_that_the_table_knows_only_by_hash(store: Engine, tries: Tries):
    make(store)
    signed = sign_in(store, tries, " LI ", GOOD, "10.0.0.1", NOW)
    assert require_role(store, signed.token, EVERYBODY, NOW).name == "李强"
    with store.connect() as conn:
        row = conn.execute(select(session)).mappings().one()
    assert signed.token not in str(dict(row))
    assert signed.token not in repr(signed)
    assert len(signed.token) >= 43


@pytest.mark.parametrize(("name", "secret"), [("li", "wrong password"), ("nobody", GOOD), ("blank", GOOD), ("off", GOOD)])
def test_every_refusal_is_the_same_and_costs_the_same_work(
    sqlite_store: Engine, tries: Tries, monkeypatch: pytest.MonkeyPatch, name: str, secret: str
):
    make(sqlite_store)
    create(sqlite_store, "blank", "无密码", "duty", by="cli", now=NOW)
    create(sqlite_store, "off", "离职", "duty", by="cli", now=NOW, password=GOOD)
    change(sqlite_store, "off", by="cli", now=NOW, active=False)
    worked: list[str] = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda self, stored, word: worked.append(stored) or verify(self, stored, word)
    )
    with pytest.raises(SignInRefused) as refused:
        sign_in(sqlite_store, tries, name, secret, "10.0.0.1", NOW)
    assert (refused.value.code, refused.value.params) == ("people.fault.wrong", {})
    assert len(worked) == 1


def test_even_the_password_of_the_decoy_opens_nothing(sqlite_store: Engine, tries: Tries):
    with pytest.raises(SignInRefused):
        sign_in(sqlite_store, tries, "nobody", "nobody has this password", None, NOW)


def test_an_invented_name_costs_the_same_commit_and_is_not_written_down(sqlite_store: Engine, tries: Tries):
    make(sqlite_store)
    for name in ("li", "invented"):
        with pytest.raises(SignInRefused):
            sign_in(sqlite_store, tries, name, "wrong", "10.0.0.1", NOW)
    with sqlite_store.connect() as conn:
        assert conn.execute(select(audit.c.by).where(audit.c.action == "session.refused")).scalars().all() == ["li", "nobody"]
        assert "invented" not in str(conn.execute(select(audit)).all())


def test_the_fourth_try_waits_even_with_the_right_password(sqlite_store: Engine, tries: Tries):
    make(sqlite_store)
    for second in range(3):
        with pytest.raises(SignInRefused):
            sign_in(sqlite_store, tries, "li", "wrong", "10.0.0.1", NOW + timedelta(seconds=second))
    with pytest.raises(SignInRefused) as refused:
        sign_in(sqlite_store, tries, "li", GOOD, "10.0.0.1", NOW + timedelta(seconds=3))
    assert (refused.value.code, refused.value.params) == ("people.fault.too_many", {"wait_s": 897.0})
    assert sign_in(sqlite_store, tries, "li", GOOD, "10.0.0.2", NOW)
    assert sign_in(sqlite_store, tries, "li", GOOD, "10.0.0.1", NOW + timedelta(minutes=15))


def test_whoever_walks_through_names_is_stopped_and_others_are_not(tries: Tries):
    for n in range(10 * tries.limit):
        assert tries.take(f"name{n}", "10.0.0.9", NOW) == 0
    assert tries.take("li", "10.0.0.9", NOW) == 900
    assert tries.take("li", "10.0.0.8", NOW) == 0
    assert tries.take("li", "10.0.0.9", NOW + timedelta(minutes=15)) == 0


def forget(store: Engine, tries: Tries, name: str, ip: str | None) -> None:
    with store.begin() as conn:
        tries.forget(conn, name, ip, NOW)


def slates(store: Engine) -> list[str]:
    with store.connect() as conn:
        return list(conn.scalars(select(sign_in_slate.c.slate)))


def test_an_office_that_signs_in_rightly_is_never_stopped(sqlite_store: Engine, tries: Tries):
    for n in range(12 * tries.limit):
        assert tries.take(f"name{n}", "10.0.0.9", NOW) == 0
        forget(sqlite_store, tries, f"name{n}", "10.0.0.9")


def test_a_right_password_wipes_the_slate(sqlite_store: Engine, tries: Tries):
    for _ in range(3):
        assert tries.take("li", None, NOW) == 0
    forget(sqlite_store, tries, "LI", None)
    assert tries.take("li", None, NOW) == 0


def test_tries_do_not_grow_without_end_and_those_of_persons_stay(store: Engine, tries: Tries, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fengsui.people.tries.MOST_SLATES", 20)
    make(store)
    for _ in range(3):
        tries.take("li", "10.0.0.1", NOW)
    for n in range(40):
        tries.take(f"u{n}", f"10.1.0.{n}", NOW + timedelta(seconds=n))
    assert len(slates(store)) <= 20 and tries.take("li", "10.0.0.1", NOW + timedelta(seconds=40)) > 0


def test_a_flood_of_invented_names_wipes_no_slate_of_others(sqlite_store: Engine, tries: Tries):
    for _ in range(3):
        tries.take("li", "10.0.0.1", NOW)
    for n in range(200):
        tries.take(f"invented{n}", "10.0.0.66", NOW)
    assert tries.take("li", "10.0.0.1", NOW) == 900
    assert len(slates(sqlite_store)) < 50, "a refused try leaves nothing"
    assert tries.take("invented0", "10.0.0.66", NOW + timedelta(minutes=15)) == 0


def test_slates_are_let_go_when_nothing_is_on_them_and_when_they_are_over(sqlite_store: Engine, tries: Tries):
    tries.take("li", "10.0.0.1", NOW)
    forget(sqlite_store, tries, "li", "10.0.0.1")
    assert not slates(sqlite_store)
    tries.take("li", "10.0.0.1", NOW)
    tries.take("wang", "10.0.0.2", NOW + timedelta(minutes=15))
    assert not [one for one in slates(sqlite_store) if "10.0.0.1" in one]


def test_a_mistyped_name_is_not_kept(sqlite_store: Engine, tries: Tries):
    tries.take("correct horse battery", "10.0.0.1", NOW)
    with sqlite_store.connect() as conn:
        assert "horse" not in str(conn.execute(select(sign_in_slate)).all())


def test_two_dashboards_count_together_and_what_one_releases_the_other_takes(store: Engine, tries: Tries):
    """Each its own engine, as two processes have."""
    make(store)
    other = open_store(store.url.render_as_string(hide_password=False), create=False)
    second = Tries(other, 3, timedelta(minutes=15))
    for one, engine in ((tries, store), (second, other), (tries, store)):
        with pytest.raises(SignInRefused) as refused:
            sign_in(engine, one, "li", "wrong password", "10.0.0.1", NOW)
        assert refused.value.code == "people.fault.wrong"
    for one, engine in ((tries, store), (second, other)):
        with pytest.raises(SignInRefused) as refused:
            sign_in(engine, one, "li", GOOD, "10.0.0.1", NOW)
        assert refused.value.code == "people.fault.too_many"
        assert [(held.person_id, held.ip) for held in one.locked(NOW)] == [("li", "10.0.0.1")]
    release(other, second, "li", by="admin", now=NOW)
    assert sign_in(store, tries, "li", GOOD, "10.0.0.1", NOW).stage is None and not second.locked(NOW)
    for _ in range(3):
        assert second.take_code("li", NOW) == 0
    assert tries.take_code("li", NOW) == 900
    other.dispose()


def test_a_refused_try_does_not_wait_for_the_writer_nor_keep_it(sqlite_store: Engine, tries: Tries):
    for _ in range(3):
        assert tries.take("li", "10.0.0.1", NOW) == 0 and tries.take_code("li", NOW) == 0
    before = slates(sqlite_store)
    with sqlite_store.begin():  # somebody writes: whoever wanted the lock now would wait ten seconds and fail
        assert tries.take("li", "10.0.0.1", NOW) == 900
        assert tries.take_code("li", NOW) == 900
    assert slates(sqlite_store) == before


def test_tries_side_by_side_in_two_dashboards_never_exceed_the_limit(store: Engine, tries: Tries):
    make(store)
    other = open_store(store.url.render_as_string(hide_password=False), create=False)
    both = (tries, Tries(other, 3, timedelta(minutes=15)))
    with ThreadPoolExecutor(6) as pool:
        waits = list(pool.map(lambda n: both[n % 2].take("li", "10.0.0.1", NOW), range(12)))
    assert waits.count(0) == 3
    other.dispose()


def test_a_session_revoked_or_unused_in_one_dashboard_is_over_in_the_other(store: Engine, tries: Tries):
    make(store)
    other = open_store(store.url.render_as_string(hide_password=False), create=False)
    idle = SignIn(idle={"duty": timedelta(minutes=10)})
    one = sign_in(store, tries, "li", GOOD, "10.0.0.1", NOW, idle)
    two = sign_in(other, tries, "li", GOOD, "10.0.0.2", NOW, idle)
    assert {held.ip for held in living_sessions(other, NOW)} == {"10.0.0.1", "10.0.0.2"}
    ref = next(held.ref for held in living_sessions(other, NOW) if held.ip == "10.0.0.1")
    end_session(other, ref, by="admin", now=NOW)
    with pytest.raises(NotSignedIn):
        require_role(store, one.token, EVERYBODY, NOW)
    touch(other, other, two.token, idle, NOW + timedelta(minutes=8))
    assert require_role(store, two.token, EVERYBODY, NOW + timedelta(minutes=12)).person_id == "li"
    with pytest.raises(NotSignedIn):
        require_role(store, two.token, EVERYBODY, NOW + timedelta(minutes=19))
    other.dispose()


@pytest.mark.parametrize("outdated", [False, True])
def test_a_reset_while_the_password_is_checked_stands(
    sqlite_store: Engine, tries: Tries, monkeypatch: pytest.MonkeyPatch, outdated: bool
):
    make(sqlite_store)
    if outdated:
        with sqlite_store.begin() as conn:
            conn.execute(update(person).values(password=PasswordHasher(time_cost=1, memory_cost=1024).hash(GOOD)))
    matches, told = passwords.matches, []

    def slowly(stored: str | None, secret: str) -> bool:
        right = matches(stored, secret)
        if not told:
            told.append(reset_password(sqlite_store, "li", by="cli", now=NOW))
        return right

    monkeypatch.setattr(passwords, "matches", slowly)
    with pytest.raises(SignInRefused) as refused:
        sign_in(sqlite_store, tries, "li", GOOD, None, NOW)
    assert refused.value.code == "people.fault.wrong"
    with sqlite_store.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(session)) == 0
    assert sign_in(sqlite_store, tries, "li", told[0], None, NOW).stage == "change"


def test_a_reset_while_ones_own_password_is_changed_stands(sqlite_store: Engine, tries: Tries, monkeypatch: pytest.MonkeyPatch):
    make(sqlite_store)
    opened = sign_in(sqlite_store, tries, "li", GOOD, None, NOW)
    who = require_role(sqlite_store, opened.token, at_least("wall"), NOW)
    matches, told = passwords.matches, []

    def slowly(stored: str | None, secret: str) -> bool:
        right = matches(stored, secret)
        if not told:
            told.append(reset_password(sqlite_store, "li", by="cli", now=NOW))
        return right

    monkeypatch.setattr(passwords, "matches", slowly)
    with pytest.raises(SignInRefused) as refused:
        change_own_password(sqlite_store, tries, who, opened.token, GOOD, GOOD + " anew", None, NOW, SignIn())
    assert refused.value.code == "people.fault.wrong_old"
    assert sign_in(sqlite_store, tries, "li", told[0], None, NOW).stage == "change"


def test_whoever_is_switched_off_while_the_password_is_checked_stays_out(
    sqlite_store: Engine, tries: Tries, monkeypatch: pytest.MonkeyPatch
):
    make(sqlite_store)
    matches = passwords.matches

    def slowly(stored: str | None, secret: str) -> bool:
        change(sqlite_store, "li", by="cli", now=NOW, active=False)
        return matches(stored, secret)

    monkeypatch.setattr(passwords, "matches", slowly)
    with pytest.raises(SignInRefused):
        sign_in(sqlite_store, tries, "li", GOOD, None, NOW)


def test_a_hash_with_weaker_parameters_is_renewed(sqlite_store: Engine, tries: Tries):
    make(sqlite_store)
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(GOOD)
    with sqlite_store.begin() as conn:
        conn.execute(update(person).values(password=weak))
    assert sign_in(sqlite_store, tries, "li", GOOD, None, NOW)
    with sqlite_store.connect() as conn:
        stored = conn.execute(select(person.c.password)).scalar_one()
    assert stored != weak
    assert passwords.matches(stored, GOOD)
    assert not passwords.outdated(stored)


def test_what_is_no_hash_matches_nothing():
    assert not passwords.matches("plain text", "plain text")


# --- sessions and roles ----------------------------------------------------------------------------------------------


def test_a_session_ends_by_time_by_sign_out_and_by_switching_the_person_off(store: Engine, tries: Tries):
    make(store)
    one, two = (sign_in(store, tries, "li", GOOD, None, NOW).token for _ in range(2))
    with pytest.raises(NotSignedIn):
        require_role(store, one, EVERYBODY, NOW + timedelta(hours=12))
    sign_out(store, one, NOW)
    with pytest.raises(NotSignedIn):
        require_role(store, one, EVERYBODY, NOW)
    assert require_role(store, two, EVERYBODY, NOW)
    with store.begin() as conn:  # not through change(): the row alone must be enough
        conn.execute(update(person).values(active=False))
    with pytest.raises(NotSignedIn):
        require_role(store, two, EVERYBODY, NOW)


@pytest.mark.parametrize("token", [None, "", "x", "' or 1=1 --"])
def test_no_token_is_nobody(store: Engine, token: str | None):
    make(store)
    with pytest.raises(NotSignedIn):
        require_role(store, token, EVERYBODY, NOW)


def test_a_wall_stays_signed_in_for_weeks(sqlite_store: Engine, tries: Tries):
    make(sqlite_store, "wall")
    assert sign_in(sqlite_store, tries, "li", GOOD, None, NOW).expires_at == NOW + timedelta(days=30)


def test_a_lower_role_is_told_who_may(store: Engine, tries: Tries):
    make(store, "analyst")
    token = sign_in(store, tries, "li", GOOD, None, NOW).token
    with pytest.raises(NotAllowed) as fault:
        require_role(store, token, at_least("duty"), NOW)
    assert fault.value.params == {"role": "analyst", "allowed": ["duty", "manager", "admin"]}
    assert require_role(store, token, at_least("duty") | {"analyst"}, NOW)


def test_the_ladder_of_roles():
    assert at_least("wall") == {"wall", "duty", "manager", "admin", "analyst", "auditor"}
    assert at_least("manager") == {"manager", "admin"}
    assert at_least("admin") == {"admin"}


@pytest.mark.parametrize(
    ("scope", "key", "seen"),
    [
        ((), "all", True),
        (("华南",), "all", False),
        (("华南",), "org.1=华南", True),
        (("华南",), "channel=电话|org.2=华南/广东", True),
        (("华南/广东",), "org.1=华南", False),
        (("华南",), "org.1=华南区", False),
        (("华南",), "channel=华南", False),
        (("华东/上海", "华南"), "org.1=华南", True),
    ],
)
def test_scope(scope: tuple[str, ...], key: str, seen: bool):
    assert in_scope(Person("li", "李强", "duty", scope), key) is seen


# --- the demo centre -------------------------------------------------------------------------------------------------


def test_the_visitor_of_a_demo_centre_is_demo_once(store: Engine, tmp_path: Path):
    settings = parse("[centre]\ndemo = true\n", tmp_path, {})
    tokens = [visit(store, settings, "127.0.0.1", NOW).token for _ in range(2)]
    assert [require_role(store, token, at_least("manager"), NOW).person_id for token in tokens] == ["demo", "demo"]
    with store.connect() as conn:
        assert conn.execute(select(func.count()).select_from(person)).scalar_one() == 1


def test_a_real_centre_has_no_visitor(sqlite_store: Engine, tmp_path: Path):
    with pytest.raises(NotAllowed):
        visit(sqlite_store, parse("", tmp_path, {}), None, NOW)


def test_demo_cannot_sign_in_with_a_password(sqlite_store: Engine, tries: Tries, tmp_path: Path):
    visit(sqlite_store, parse("[centre]\ndemo = true\n", tmp_path, {}), None, NOW)
    with pytest.raises(SignInRefused):
        sign_in(sqlite_store, tries, "demo", "", None, NOW)
