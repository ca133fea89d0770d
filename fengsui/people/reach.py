"""Where a person is reached outside of the dashboard: mail, mobile, ids in chat programs, and the hours to leave in peace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, Engine, select

from fengsui.people import audit
from fengsui.people.editor import editor
from fengsui.people.fault import PersonFault
from fengsui.people.session import inside
from fengsui.settings.channel import quiet_span
from fengsui.store.database import reading
from fengsui.store.tables import person, reach
from fengsui.store.upsert import upsert

_FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "email": re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+"),
        "mobile": re.compile(r"\+?[0-9]{5,20}", re.ASCII),
        "wecom": re.compile(r"[A-Za-z0-9_.@-]{1,64}", re.ASCII),
        "dingtalk": re.compile(r"[A-Za-z0-9_.@$:+/=-]{1,64}", re.ASCII),
        "feishu": re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII),
    }
)


@dataclass(frozen=True, slots=True)
class Reach:
    """``wecom``: userid; ``dingtalk``: userId; ``feishu``: open_id; ``quiet``: ``22:00-07:00`` in the centre's zone."""

    email: str | None = None
    mobile: str | None = None
    wecom: str | None = None
    dingtalk: str | None = None
    feishu: str | None = None
    quiet: str | None = None


NAMES = tuple(field.name for field in fields(Reach))
NOWHERE = Reach()


def set_reach(
    store: Engine, person_id: str, *, by: str, now: datetime, within: Sequence[str] = (), **given: str | None
) -> Reach:
    """Change some of ``NAMES``; None or empty text takes one away. ``PersonFault`` for a person or a value that is none.

    ``within``: the organisations of who sets it; a person outside of them is none. Without any it is not bound."""
    unknown = sorted(given.keys() - set(NAMES))
    if unknown:
        raise TypeError(f"nobody is reached by {unknown}")
    wanted = {name: (value or "").strip() or None for name, value in given.items()}
    for name, value in wanted.items():
        if value is not None:
            _check(name, value)
    with store.begin() as conn:
        scope = conn.scalar(select(person.c.scope).where(person.c.person_id == person_id))
        if scope is None or not inside(within if by == person_id else editor(conn, by, within), scope):
            raise PersonFault("people.fault.unknown", value=person_id[:64])
        new = asdict(reach_of(conn, [person_id]).get(person_id, NOWHERE)) | wanted
        upsert(conn, reach, [{"person_id": person_id, **new}])
        audit.record(conn, by, "person.reach", {"person": person_id, "changed": sorted(wanted)}, now)  # never the numbers
    return Reach(**new)


def reach_of(conn: Connection, person_ids: Iterable[str]) -> dict[str, Reach]:
    rows = conn.execute(select(reach).where(reach.c.person_id.in_(list(person_ids)))).mappings()
    return {row["person_id"]: Reach(**{name: row[name] for name in NAMES}) for row in rows}


def every_reach(store: Engine) -> dict[str, Reach]:
    with reading(store).connect() as conn:
        return reach_of(conn, conn.scalars(select(reach.c.person_id)).all())


def _check(name: str, value: str) -> None:
    if name == "quiet":
        try:
            quiet_span(value)
        except ValueError:
            raise PersonFault("people.fault.quiet", value=value[:64]) from None
    elif not _FORMS[name].fullmatch(value):
        raise PersonFault(f"people.fault.reach_{name}", value=value[:64])
