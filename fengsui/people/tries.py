"""How often somebody may try to sign in. Counted in the store: every dashboard for all, and a restart forgives nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select, update

from fengsui.store.database import reading
from fengsui.store.tables import person, sign_in_slate
from fengsui.store.upsert import upsert

MOST_SLATES = 10_000
AT_ONCE = 500
NAMES = 10
"""An address may try so many times as often as one name: whoever walks through names is stopped, an office is not."""


@dataclass(frozen=True, slots=True)
class Locked:
    """``ip``: from where the name may not try until ``until``; empty: from nowhere (codes of a second factor)."""

    person_id: str
    ip: str
    until: datetime


@dataclass(frozen=True, slots=True)
class _Slate:
    key: str
    person_id: str | None
    ip: str | None


class Tries:
    """At most ``limit`` tries per name and address in ``window``, and ``NAMES`` times as many per address; of codes ``limit``
    per person, from wherever they come.

    A try counts when it begins, so that tries sent side by side count, too. A refused one leaves nothing: at most
    ``MOST_SLATES`` are remembered, those of nobody and the longest unused are forgotten first, and a flood of names must not
    push others out. Codes have slates of their own, which only persons there are can fill."""

    def __init__(self, store: Engine, limit: int, window: timedelta) -> None:
        self.limit = limit
        self.window = window
        self._store = store

    def take(self, person_id: str, ip: str | None, now: datetime) -> float:
        """0: go on, the try is counted. Else: seconds until the next one may begin."""
        with reading(self._store).connect() as conn:
            name = _name(conn, person_id, ip)
        return self._count({_address(ip): NAMES * self.limit, name: self.limit}, now)

    def take_code(self, person_id: str, now: datetime) -> float:
        """As ``take``, for a code of the second factor of somebody who exists: six digits are few."""
        return self._count({_codes(person_id): self.limit}, now)

    def forget(self, conn: Connection, person_id: str, ip: str | None, now: datetime) -> None:
        """A right password wipes the slate of the name, and its own try of the address's."""
        address = _address(ip)
        tries = self._open(conn, address, now)
        _keep(conn, address, tries[:-1])
        conn.execute(delete(sign_in_slate).where(sign_in_slate.c.slate == _name(conn, person_id, ip).key))

    def forget_code(self, conn: Connection, person_id: str) -> None:
        """A right code wipes the slate."""
        conn.execute(delete(sign_in_slate).where(sign_in_slate.c.slate == _codes(person_id).key))

    def locked(self, now: datetime) -> tuple[Locked, ...]:
        """Who has to wait now."""
        mine = sign_in_slate.c.person_id.is_not(None) & (sign_in_slate.c.last_at > now - self.window)
        with reading(self._store).connect() as conn:
            rows = conn.execute(select(sign_in_slate).where(mine).order_by(sign_in_slate.c.slate)).all()
        found = []
        for row in rows:
            wait_s = self._wait(self._young(row.tries, now), self.limit, now)
            if wait_s:
                found.append(Locked(row.person_id, row.ip or "", now + timedelta(seconds=wait_s)))
        return tuple(found)

    def release(self, conn: Connection, person_id: str) -> None:
        """Nothing was tried under this name."""
        conn.execute(delete(sign_in_slate).where(sign_in_slate.c.person_id == person_id.casefold()))

    def _count(self, limits: Mapping[_Slate, int], now: datetime) -> float:
        """Who is locked out is told so from a read: a flood of refused tries never takes the writer's lock from everybody else.
        Whoever passes is asked again under the lock."""
        with reading(self._store).connect() as conn:
            wait_s = self._longest({one: self._seen(conn, one, now) for one in limits}, limits, now)
        if wait_s:
            return wait_s
        with self._store.begin() as conn:
            times = {one: self._open(conn, one, now) for one in limits}  # in one order: two tries never wait in a ring
            wait_s = self._longest(times, limits, now)
            for one, tries in times.items():
                _keep(conn, one, tries, None if wait_s else now)
            if not wait_s:
                self._let_go(conn, now)
        return wait_s

    def _longest(self, times: Mapping[_Slate, list[float]], limits: Mapping[_Slate, int], now: datetime) -> float:
        return max(self._wait(times[one], limit, now) for one, limit in limits.items())

    def _seen(self, conn: Connection, one: _Slate, now: datetime) -> list[float]:
        """The young tries of a slate as it stands."""
        return self._young(conn.scalar(select(sign_in_slate.c.tries).where(sign_in_slate.c.slate == one.key)) or [], now)

    def _open(self, conn: Connection, one: _Slate, now: datetime) -> list[float]:
        """The young tries of a slate, held until the transaction ends: tries sent side by side wait for each other here."""
        row: dict[str, Any] = {"slate": one.key, "person_id": one.person_id, "ip": one.ip, "tries": [], "last_at": now}
        upsert(conn, sign_in_slate, [row], update=())
        mine = select(sign_in_slate.c.tries).where(sign_in_slate.c.slate == one.key).with_for_update()
        return self._young(conn.scalar(mine) or [], now)

    def _young(self, tries: list[float], now: datetime) -> list[float]:
        return [at for at in tries if at > (now - self.window).timestamp()]

    def _wait(self, tries: list[float], limit: int, now: datetime) -> float:
        """Seconds until another try fits."""
        return round(tries[0] + self.window.total_seconds() - now.timestamp(), 3) if len(tries) >= limit else 0.0

    def _let_go(self, conn: Connection, now: datetime) -> None:
        """What is over, and what is too much; never what another try holds at this moment."""
        slates = select(sign_in_slate.c.slate).with_for_update(skip_locked=True)
        gone = list(conn.scalars(slates.where(sign_in_slate.c.last_at <= now - self.window).limit(AT_ONCE)))
        over = (conn.scalar(select(func.count()).select_from(sign_in_slate)) or 0) - len(gone) - MOST_SLATES
        if over > 0:
            first = (sign_in_slate.c.person_id.is_not(None), sign_in_slate.c.last_at, sign_in_slate.c.slate)
            gone += conn.scalars(slates.order_by(*first).limit(min(over, AT_ONCE)))
        if gone:
            conn.execute(delete(sign_in_slate).where(sign_in_slate.c.slate.in_(gone)))


def _keep(conn: Connection, one: _Slate, tries: list[float], now: datetime | None = None) -> None:
    """``now``: of one try more. What nothing stands on is let go."""
    mine = sign_in_slate.c.slate == one.key
    if now is not None:
        more = [*tries, now.timestamp()]
        conn.execute(update(sign_in_slate).where(mine).values(tries=more, last_at=now))
    elif tries:
        conn.execute(update(sign_in_slate).where(mine).values(tries=tries))
    else:
        conn.execute(delete(sign_in_slate).where(mine))


def _address(ip: str | None) -> _Slate:
    return _Slate(f"a|{ip or ''}", None, ip)


def _codes(person_id: str) -> _Slate:
    return _Slate(f"c|{person_id.casefold()}", person_id.casefold(), None)


def _name(conn: Connection, person_id: str, ip: str | None) -> _Slate:
    """Of a name that nobody has 32 bits are kept, from which no mistyped password is found again."""
    name = person_id.casefold()
    known = conn.scalar(select(person.c.person_id).where(person.c.person_id == name))
    if known is None:
        return _Slate(f"x|{blake2b(name.encode(), digest_size=4).hexdigest()}|{ip or ''}", None, ip)
    return _Slate(f"n|{name}|{ip or ''}", name, ip)
