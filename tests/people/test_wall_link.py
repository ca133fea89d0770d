"""A link opens one wall, for as long and from where it says, and leaves a trace of who made, used and ended it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from fengsui.people import (
    LinkRefused,
    NotSignedIn,
    PersonFault,
    admitted,
    at_least,
    change,
    enter,
    every_link,
    make_link,
    require_role,
    revoke_link,
)
from fengsui.people.link import LONGEST
from fengsui.store.tables import audit, session, wall_link

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
WALL = at_least("wall")


def trail(store: Engine) -> list[tuple[str, str]]:
    with store.connect() as conn:
        return [(row.by, row.action) for row in conn.execute(select(audit.c.by, audit.c.action).order_by(audit.c.audit_id))]


def test_a_link_opens_a_wall_of_its_scope_until_it_is_revoked(store: Engine):
    link, token = make_link(store, "大厅东墙", by="root", now=NOW, scope=["华南"])
    me = link.person.person_id
    signed = enter(store, token, "10.0.0.7", NOW)
    assert signed is not None and signed.expires_at == NOW + LONGEST
    seen = require_role(store, signed.token, WALL, NOW)
    assert (seen.role, seen.scope, seen.name) == ("wall", ("华南",), "大厅东墙")
    assert enter(store, token, "10.0.0.7", NOW, held=signed.token) is None, "the screen has a session of this link already"
    assert enter(store, token, None, NOW, held="of somebody else") is not None
    with store.connect() as conn:
        assert token not in str(conn.execute(select(wall_link)).all())
        assert conn.execute(select(func.count()).select_from(session)).scalar_one() == 2

    revoke_link(store, me, by="root", now=NOW)
    with pytest.raises(NotSignedIn):
        require_role(store, signed.token, WALL, NOW)
    with pytest.raises(LinkRefused):
        enter(store, token, "10.0.0.7", NOW)
    change(store, me, by="root", now=NOW, active=True)
    with pytest.raises(LinkRefused):  # whoever enables the person by mistake does not open the link again
        enter(store, token, "10.0.0.7", NOW)
    with pytest.raises(PersonFault):
        revoke_link(store, me, by="root", now=NOW)
    expected = [
        ("root", "link.make"),
        (me, "link.first_use"),
        (me, "session.start"),
        (me, "session.start"),
        ("root", "link.revoke"),
    ]
    assert trail(store)[:5] == expected


def test_a_link_ends_when_it_says_and_no_session_outlives_it(store: Engine):
    until = NOW + timedelta(days=3)
    _, token = make_link(store, "展会", by="root", now=NOW, expires_at=until)
    signed = enter(store, token, None, NOW + timedelta(days=2))
    assert signed is not None and signed.expires_at == until
    require_role(store, signed.token, WALL, until - timedelta(seconds=1))
    with pytest.raises(NotSignedIn):
        require_role(store, signed.token, WALL, until)
    with pytest.raises(LinkRefused):
        enter(store, token, None, until)
    assert not every_link(store)[0].opens(until)


@pytest.mark.parametrize(
    ("ip", "comes_in"),
    [
        ("10.1.9.9", True),
        ("::ffff:10.1.9.9", True),
        ("fd00::5", True),
        ("10.2.0.1", False),
        ("", False),
        (None, False),
        ("x", False),
    ],
)
def test_a_link_with_addresses_opens_from_there_only_and_its_session_stays_there(store: Engine, ip: str | None, comes_in: bool):
    link, token = make_link(store, "机房", by="root", now=NOW, addresses=["10.1.2.3/16", "fd00::/8"])
    assert link.addresses == ("10.1.0.0/16", "fd00::/8")
    inside = enter(store, token, "10.1.0.1", NOW)
    assert inside is not None
    assert admitted(store, inside.token, ip) is comes_in
    if comes_in:
        assert enter(store, token, ip, NOW)
        return
    with pytest.raises(LinkRefused) as fault:
        enter(store, token, ip, NOW)
    assert fault.value.code == "people.fault.link_address"


def test_who_has_no_link_is_not_asked_where(store: Engine):
    assert admitted(store, None, None)
    assert admitted(store, "no session", "10.2.0.1"), "whether it is one is asked elsewhere"
    with pytest.raises(PersonFault):
        make_link(store, " ", by="root", now=NOW)
    assert every_link(store) == () and trail(store) == []
