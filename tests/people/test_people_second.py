"""Two steps: RFC 6238's own vectors, no code twice, recovery codes once, and a half session opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from fengsui import people
from fengsui.people import NotSignedIn, PersonFault, SignInRefused, Tries, at_least, create, require_role, sign_in, totp
from fengsui.people.signin import SignedIn
from fengsui.settings.keys import Keys
from fengsui.settings.model import SignIn
from fengsui.store import tables as t
from fengsui.store.database import open_store

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
GOOD, BETTER = "correct horse battery", "another staple entirely"
KEYS = Keys(bytes(32), bytes(range(32)), "k1")
USUAL = SignIn()
MUST = SignIn(second_factor=("admin",))
EVERYBODY = at_least("wall")


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Engine:
    """SQLite, or what the test names: a database of its own on a server takes seconds to make."""
    if getattr(request, "param", "sqlite") == "sqlite":
        found: Engine = request.getfixturevalue("sqlite_store")
        return found
    engine = open_store(request.getfixturevalue("postgres_url"))
    request.addfinalizer(engine.dispose)
    t.METADATA.create_all(engine)
    return engine


both = pytest.mark.parametrize("store", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> Tries:
    """Of the store of the test."""
    named = next((name for name in ("store", "emptied_store") if name in request.fixturenames), "sqlite_store")
    return Tries(request.getfixturevalue(named), 3, timedelta(minutes=15))


def make(store: Engine, *, must_change: bool = False, role: str = "admin") -> None:
    create(store, "gao", "高岩", role, by="cli", now=NOW, password=GOOD, must_change=must_change)


def secret_of(store: Engine, now: datetime = NOW) -> bytes:
    """What the app holds after the scan."""
    import base64

    typed = people.offer(store, KEYS, "gao", "烽燧", now).typed.replace(" ", "")
    return base64.b32decode(typed)


def turned_on(store: Engine, tries: Tries) -> tuple[bytes, tuple[str, ...]]:
    who = people.find(store, "gao")
    assert who is not None
    secret = secret_of(store)
    codes = people.enrol_own(store, KEYS, tries, who, totp.code_at(secret, totp.step_of(NOW)), NOW)
    return secret, codes


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def enter(store: Engine, tries: Tries, now: datetime, policy: SignIn = USUAL, secret: str = GOOD) -> SignedIn:
    return sign_in(store, tries, "gao", secret, "10.0.0.1", now, policy)


def shut(store: Engine, token: str, now: datetime) -> bool:
    with pytest.raises(NotSignedIn):
        require_role(store, token, EVERYBODY, now)
    return True


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_vectors_of_rfc_6238(second: int, code: str):
    """Appendix B, SHA-1, the last six of its eight digits."""
    at = datetime.fromtimestamp(second, UTC)
    assert totp.code_at(b"12345678901234567890", totp.step_of(at)) == code
    assert totp.step_of_code(b"12345678901234567890", code, at) == second // 30


def test_a_clock_may_be_a_step_wrong_and_not_two():
    secret = totp.new_secret()
    code = totp.code_at(secret, totp.step_of(NOW))
    for seconds, right in ((-30, True), (30, True), (-61, False), (61, False)):
        assert (totp.step_of_code(secret, code, NOW + timedelta(seconds=seconds)) is not None) is right
    assert totp.step_of_code(secret, "１２３４５６", NOW) is None


def test_a_right_password_opens_nothing_until_the_code_came(store: Engine, tries: Tries):
    make(store)
    secret, _ = turned_on(store, tries)
    half = enter(store, tries, later(2))
    assert half.stage == "code" and shut(store, half.token, later(2))
    with pytest.raises(SignInRefused) as refused:
        people.prove(store, KEYS, tries, half.token, "000000", None, later(2), USUAL)
    assert refused.value.code == "people.fault.wrong_code"
    code = totp.code_at(secret, totp.step_of(later(2)))
    whole = people.prove(store, KEYS, tries, half.token, f" {code[:3]} {code[3:]} ", None, later(2), USUAL)
    assert whole.stage is None and require_role(store, whole.token, EVERYBODY, later(2)).person_id == "gao"
    assert whole.token != half.token and shut(store, half.token, later(2))


@both
def test_one_code_opens_once(store: Engine, tries: Tries):
    make(store)
    secret, _ = turned_on(store, tries)
    code = totp.code_at(secret, totp.step_of(NOW))
    half = enter(store, tries, NOW)
    with pytest.raises(SignInRefused):  # it was the one that turned the factor on
        people.prove(store, KEYS, tries, half.token, code, None, NOW, USUAL)
    code = totp.code_at(secret, totp.step_of(later(1)))
    assert people.prove(store, KEYS, tries, half.token, code, None, later(1), USUAL).stage is None
    again = enter(store, tries, later(1))
    with pytest.raises(SignInRefused):
        people.prove(store, KEYS, tries, again.token, code, None, later(1), USUAL)


@both
def test_a_recovery_code_opens_once_and_is_no_secret_of_the_store(store: Engine, tries: Tries):
    make(store)
    secret, codes = turned_on(store, tries)
    assert len(set(codes)) == 10
    with store.connect() as conn:
        kept = str(conn.execute(select(t.recovery_code)).all()) + str(conn.execute(select(t.second_factor)).all())
    assert codes[0] not in kept and codes[0].replace("-", "") not in kept and secret not in kept.encode("latin-1", "replace")
    half = enter(store, tries, NOW)
    assert people.prove(store, KEYS, tries, half.token, codes[3].lower(), None, NOW, USUAL).stage is None
    assert people.every_factor(store, ["gao"])["gao"].codes_left == 9
    half = enter(store, tries, NOW)
    with pytest.raises(SignInRefused):
        people.prove(store, KEYS, tries, half.token, codes[3], None, NOW, USUAL)


def test_codes_cannot_be_guessed_from_many_addresses(store: Engine, tries: Tries):
    make(store)
    secret, _ = turned_on(store, tries)
    half = enter(store, tries, NOW)
    for n in range(3):
        with pytest.raises(SignInRefused):
            people.prove(store, KEYS, tries, half.token, f"00000{n}", f"10.0.0.{n}", NOW, USUAL)
    code = totp.code_at(secret, totp.step_of(later(1)))
    with pytest.raises(SignInRefused) as refused:
        people.prove(store, KEYS, tries, half.token, code, "10.0.9.9", later(1), USUAL)
    assert refused.value.code == "people.fault.too_many"
    assert [one.person_id for one in tries.locked(later(1))] == ["gao"]
    with store.begin() as conn:
        tries.release(conn, "gao")
    assert tries.locked(later(1)) == ()
    assert people.prove(store, KEYS, tries, half.token, code, None, later(1), USUAL).stage is None


def test_one_person_locks_nobody_else_out_of_the_second_step(store: Engine, tries: Tries):
    make(store)
    secret, _ = turned_on(store, tries)
    for n in range(10 * tries.limit):
        with pytest.raises(SignInRefused):
            people.renew_own_codes(store, KEYS, tries, people.Person(f"other{n}", "", "duty"), "000000", later(1))
    half = enter(store, tries, later(1))
    code = totp.code_at(secret, totp.step_of(later(1)))
    assert people.prove(store, KEYS, tries, half.token, code, None, later(1), USUAL).stage is None


def test_an_offer_ends_after_an_hour(store: Engine, tries: Tries):
    make(store)
    who = people.find(store, "gao")
    assert who is not None
    secret = secret_of(store)
    with pytest.raises(PersonFault) as fault:
        people.enrol_own(store, KEYS, tries, who, totp.code_at(secret, totp.step_of(later(61))), later(61))
    assert fault.value.code == "people.fault.offer_over"
    fresh = secret_of(store, later(61))
    assert fresh != secret
    assert people.enrol_own(store, KEYS, tries, who, totp.code_at(fresh, totp.step_of(later(61))), later(61))


@both
def test_whoever_must_sets_it_up_before_the_first_page(store: Engine, tries: Tries):
    make(store, must_change=True)
    first = enter(store, tries, NOW, MUST)
    assert first.stage == "change" and shut(store, first.token, NOW)
    for bad, why in (
        ("short", "password"),
        ("gao2026", "password"),
        ("1234567890", "password_common"),
        (GOOD, "password_same"),
    ):
        with pytest.raises(PersonFault) as fault:
            people.choose(store, first.token, bad, None, NOW, MUST)
        assert fault.value.code == f"people.fault.{why}"
    second = people.choose(store, first.token, BETTER, None, NOW, MUST)
    assert second.stage == "enrol" and shut(store, second.token, NOW) and shut(store, first.token, NOW)
    with pytest.raises(NotSignedIn):  # pressed twice
        people.choose(store, first.token, BETTER, None, NOW, MUST)
    secret = secret_of(store)
    assert secret_of(store) == secret, "loaded again: what was scanned still counts"
    with pytest.raises(SignInRefused):
        people.enrol(store, KEYS, tries, second.token, "123", None, NOW, MUST)
    whole, codes = people.enrol(store, KEYS, tries, second.token, totp.code_at(secret, totp.step_of(NOW)), None, NOW, MUST)
    assert whole.stage is None and len(codes) == 10
    assert require_role(store, whole.token, {"admin"}, NOW)
    with pytest.raises(SignInRefused):
        enter(store, tries, NOW)  # the old password
    assert enter(store, tries, NOW, MUST, BETTER).stage == "code"


def test_a_stage_is_not_skipped(store: Engine, tries: Tries):
    """The token of one stage does nothing at another."""
    make(store, must_change=True)
    turned_on(store, tries)
    half = enter(store, tries, NOW)
    assert half.stage == "code", "nobody changes a password with the password alone"
    for act in (
        lambda: people.choose(store, half.token, BETTER, None, NOW, USUAL),
        lambda: people.enrol(store, KEYS, tries, half.token, "000000", None, NOW, USUAL),
        lambda: people.halfway(store, "invented", NOW),
        lambda: people.halfway(store, None, NOW),
        lambda: people.halfway(store, half.token, later(15)),
    ):
        with pytest.raises(NotSignedIn):
            act()


def test_an_administrator_takes_a_lost_phone_out_and_ends_the_sessions(store: Engine, tries: Tries):
    make(store)
    secret, _ = turned_on(store, tries)
    half = enter(store, tries, later(2))
    token = people.prove(
        store, KEYS, tries, half.token, totp.code_at(secret, totp.step_of(later(2))), None, later(2), USUAL
    ).token
    with pytest.raises(PersonFault):
        people.remove_factor(store, "gao", by="nan", now=NOW, within=("华南",))
    people.remove_factor(store, "gao", by="cli", now=later(3))
    assert shut(store, token, later(3))
    with pytest.raises(PersonFault):
        people.remove_factor(store, "gao", by="cli", now=later(3))
    assert enter(store, tries, later(3)).stage is None


def test_a_secret_moved_to_another_person_is_none(store: Engine, tries: Tries):
    make(store)
    secret, _ = turned_on(store, tries)
    create(store, "lin", "林静", "admin", by="cli", now=NOW, password=GOOD)
    with store.begin() as conn:
        conn.execute(update(t.second_factor).values(person_id="lin"))
    half = sign_in(store, tries, "lin", GOOD, None, later(2))
    with pytest.raises(SignInRefused):
        people.prove(store, KEYS, tries, half.token, totp.code_at(secret, totp.step_of(later(2))), None, later(2), USUAL)


def test_new_recovery_codes_void_the_old_ones(store: Engine, tries: Tries):
    make(store)
    secret, codes = turned_on(store, tries)
    who = people.find(store, "gao")
    assert who is not None
    with pytest.raises(SignInRefused):
        people.renew_own_codes(store, KEYS, tries, who, "000000", NOW)
    fresh = people.renew_own_codes(store, KEYS, tries, who, totp.code_at(secret, totp.step_of(later(2))), later(2))
    assert not set(fresh) & set(codes)
    half = enter(store, tries, later(2))
    with pytest.raises(SignInRefused):
        people.prove(store, KEYS, tries, half.token, codes[0], None, later(2), USUAL)


@pytest.mark.parametrize("act", [people.enrol_own])
def test_a_confirmed_factor_is_not_replaced(store: Engine, tries: Tries, act: Callable[..., object]):
    make(store)
    turned_on(store, tries)
    who = people.find(store, "gao")
    with pytest.raises(PersonFault):
        people.offer(store, KEYS, "gao", "烽燧", NOW)
    with pytest.raises(PersonFault):
        act(store, KEYS, tries, who, "000000", NOW)
