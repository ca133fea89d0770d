"""Persons: made and changed by an administrator, on the command line or on a page; every change is audited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from fengsui.people import audit
from fengsui.people.editor import editor
from fengsui.people.fault import PersonFault
from fengsui.people.password import LEAST, hashed, one_time
from fengsui.people.plain import plain
from fengsui.people.session import inside, revoke_all
from fengsui.settings.role import Role
from fengsui.store.database import reading
from fengsui.store.tables import person

ROLES: tuple[str, ...] = get_args(Role)
LANGUAGES = ("zh_CN", "en")
RESERVED = ("machine", "seed", "cli", "nobody")  # they sign rows that no person wrote
_CHECKED = ("name", "role", "lang", "scope", "title", "extension")
_TEXTS = ("name", "title", "extension")
LONGEST = 64
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ENDS_SESSIONS = ("role", "active", "scope")  # whoever loses a right loses the sessions that still carry it


@dataclass(frozen=True, slots=True)
class Person:
    """``scope``: organisation paths (``("华南", "华东/上海")``); empty sees everything."""

    person_id: str
    name: str
    role: str
    scope: tuple[str, ...] = ()
    title: str | None = None
    extension: str | None = None
    lang: str | None = None
    active: bool = True


def create(
    store: Engine,
    person_id: str,
    name: str,
    role: str,
    *,
    by: str,
    now: datetime,
    password: str | None = None,
    scope: Sequence[str] = (),
    title: str | None = None,
    extension: str | None = None,
    lang: str | None = None,
    must_change: bool = False,
    least: int = LEAST,
    within: Sequence[str] = (),
) -> Person:
    """A new person; without ``password`` one who cannot sign in yet. ``PersonFault`` for a taken name or a bad value.

    ``must_change``: the password only opens the form for a new one. ``within``: the organisations of who makes the person,
    whose scope must lie there; without any it is not bound."""
    if not _ID.fullmatch(person_id) or person_id in RESERVED:
        raise PersonFault("people.fault.person_id", value=person_id[:64], reserved=list(RESERVED))
    new = Person(person_id, plain(name), role, tuple(scope), _shown(title), _shown(extension), lang)
    secret = None if password is None else hashed(password, person_id, least)
    try:
        with store.begin() as conn:
            check_within(editor(conn, by, within), new.scope)
            insert_person(conn, new, secret, now, must_change=must_change)
            audit.record(conn, by, "person.create", {"person": person_id, "role": role, "scope": list(scope)}, now)
    except IntegrityError:
        raise PersonFault("people.fault.taken", value=person_id) from None
    return new


def insert_person(conn: Connection, new: Person, secret: str | None, now: datetime, *, must_change: bool = False) -> None:
    """The row alone: who makes a person writes the audit. ``PersonFault`` for a bad value."""
    _check({name: getattr(new, name) for name in _CHECKED})
    conn.execute(insert(person).values(**_columns(new), password=secret, created_at=now, must_change=must_change))


def change(store: Engine, person_id: str, *, by: str, now: datetime, within: Sequence[str] = (), **fields: Any) -> Person:
    """Set ``name, role, scope, title, extension, lang`` or ``active``. The last active administrator stays one.

    ``within``: the organisations of who changes it; the person lies there before and after."""
    unknown = sorted(fields.keys() - {"name", "role", "scope", "title", "extension", "lang", "active"})
    if unknown:
        raise TypeError(f"a person has no {unknown}")
    fields |= {name: _shown(fields[name]) for name in _TEXTS if name in fields}
    _check(fields)
    if "scope" in fields:
        fields["scope"] = list(fields["scope"])
    with store.begin() as conn:
        old = _locked(conn, person_id)
        check_within(editor(conn, by, within), old.scope, fields.get("scope", old.scope))
        _keep_an_admin(conn, old, fields)
        conn.execute(update(person).where(person.c.person_id == person_id).values(**fields))
        if any(name in fields for name in _ENDS_SESSIONS):
            revoke_all(conn, person_id, now)
        was = {name: list(old.scope) if name == "scope" else getattr(old, name) for name in fields}
        audit.record(conn, by, "person.change", {"person": person_id, **fields, "was": was}, now)
        return _locked(conn, person_id)


def set_password(
    store: Engine,
    person_id: str,
    password: str,
    *,
    by: str,
    now: datetime,
    must_change: bool = False,
    least: int = LEAST,
    within: Sequence[str] = (),
) -> None:
    """A new password; every session of the person ends."""
    secret = hashed(password, person_id, least)
    with store.begin() as conn:
        check_within(editor(conn, by, within), _locked(conn, person_id).scope)
        new = {"password": secret, "must_change": must_change}
        conn.execute(update(person).where(person.c.person_id == person_id).values(**new))
        revoke_all(conn, person_id, now)
        audit.record(conn, by, "person.password", {"person": person_id}, now)


def reset_password(store: Engine, person_id: str, *, by: str, now: datetime, within: Sequence[str] = ()) -> str:
    """A password of ours for one sign-in, told here and never again: it only opens the form for a new one."""
    secret = one_time()
    set_password(store, person_id, secret, by=by, now=now, must_change=True, within=within)
    return secret


def must_change(store: Engine) -> frozenset[str]:
    """Who has a password that somebody else chose."""
    with reading(store).connect() as conn:
        return frozenset(conn.scalars(select(person.c.person_id).where(person.c.must_change)))


def without_password(store: Engine) -> frozenset[str]:
    """Who cannot sign in: screens of links, and persons that are only on the rota."""
    with reading(store).connect() as conn:
        return frozenset(conn.scalars(select(person.c.person_id).where(person.c.password.is_(None))))


def find(store: Engine, person_id: str) -> Person | None:
    with reading(store).connect() as conn:
        row = conn.execute(select(person).where(person.c.person_id == person_id)).mappings().first()
        return person_of(row) if row else None


def every_person(store: Engine) -> tuple[Person, ...]:
    """All, the inactive ones too, by name."""
    with reading(store).connect() as conn:
        rows = conn.execute(select(person).order_by(person.c.person_id)).mappings()
        return tuple(person_of(row) for row in rows)


def person_of(row: Mapping[Any, Any]) -> Person:
    return Person(
        row["person_id"],
        row["name"],
        row["role"],
        tuple(row["scope"]),
        row["title"],
        row["extension"],
        row["lang"],
        row["active"],
    )


def _columns(new: Person) -> dict[str, Any]:
    return {
        "person_id": new.person_id,
        "name": new.name,
        "role": new.role,
        "scope": list(new.scope),
        "title": new.title,
        "extension": new.extension,
        "lang": new.lang,
        "active": new.active,
    }


def _shown(text: str | None) -> str | None:
    return None if text is None else plain(text)


def check_within(within: Sequence[str], *scopes: Sequence[str]) -> None:
    if not all(inside(within, scope) for scope in scopes):
        raise PersonFault("people.fault.within", allowed="、".join(within))


def _check(fields: Mapping[str, Any]) -> None:
    if "name" in fields and not fields["name"].strip():
        raise PersonFault("people.fault.name")
    if "role" in fields and fields["role"] not in ROLES:
        raise PersonFault("people.fault.role", value=fields["role"], allowed=list(ROLES))
    if fields.get("lang") not in (None, *LANGUAGES):
        raise PersonFault("people.fault.lang", value=fields["lang"], allowed=list(LANGUAGES))
    for name in _TEXTS:
        if len(fields.get(name) or "") > LONGEST:
            raise PersonFault("people.fault.long", most=LONGEST)
    for place in fields.get("scope") or ():
        if not place or len(place) > LONGEST or any(not part or part != plain(part) for part in place.split("/")):
            raise PersonFault("people.fault.scope", value=plain(place)[:LONGEST])


def _locked(conn: Connection, person_id: str) -> Person:
    """The person, and every administrator's row locked with it: two of them must not depose each other at once."""
    row = conn.execute(
        select(person)
        .where((person.c.person_id == person_id) | (person.c.role == "admin"))
        .order_by(person.c.person_id)
        .with_for_update()
    ).mappings()
    found = next((person_of(each) for each in row if each["person_id"] == person_id), None)
    if found is None:
        raise PersonFault("people.fault.unknown", value=person_id[:64])
    return found


def _keep_an_admin(conn: Connection, old: Person, fields: Mapping[str, Any]) -> None:
    stays = fields.get("role", old.role) == "admin" and fields.get("active", old.active)
    if old.role != "admin" or not old.active or stays:
        return
    others = (person.c.role == "admin") & person.c.active & (person.c.person_id != old.person_id)
    if not conn.execute(select(func.count()).select_from(person).where(others)).scalar_one():
        raise PersonFault("people.fault.last_admin", value=old.person_id)
