"""揭示: the source's own id of a customer, to those whose role allows it, for a reason, and written to the audit first."""

from __future__ import annotations

from datetime import datetime

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, Engine, insert, select

from fengsui.alerts.commands.scope import within
from fengsui.board.scope import sees_org
from fengsui.board.wrong import Mistake, Wrong
from fengsui.ingest.keys import Vault
from fengsui.people import Person
from fengsui.people.plain import plain
from fengsui.settings import Settings, open_keys
from fengsui.store.tables import audit, customer, episode, feedback, feedback_text
from fengsui.text.masks import mask

ROLES = ("manager", "admin")
REASON_MIN, REASON_MAX = 4, 200


def reveal(store: Engine, settings: Settings, episode_id: str, hashed: str, by: Person, reason: str, now: datetime) -> str:
    """The id by which the channel's own system knows the customer. Raises ``Wrong``; nothing is shown then, nor audited."""
    said = _reason(by, reason)
    vault = Vault(open_keys(settings))
    with store.begin() as conn:
        place = conn.scalar(select(episode.c.slice_key).where(episode.c.episode_id == episode_id))
        row = conn.execute(select(customer).where(customer.c.customer == hashed)).one_or_none()
        seen = place is not None and within(by.scope, place) and _theirs(conn, hashed, by)
        if not seen or row is None or row.source_id is None:
            raise Wrong([Mistake(("reveal",), "board.wrong.no_customer")])
        try:
            found = vault.open(row.source_id, row.key_id, hashed).decode("utf-8", "surrogatepass")
        except (KeyError, InvalidTag):
            raise Wrong([Mistake(("reveal",), "board.wrong.no_key")]) from None
        params = {"episode_id": episode_id, "customer": hashed, "reason": said}
        conn.execute(insert(audit).values(at=now, by=by.person_id, action="customer.reveal", params=params))
    return found


def words(store: Engine, settings: Settings, record_key: str, by: Person, reason: str, now: datetime) -> str:
    """A record's text as it came, where its source keeps it. Raises ``Wrong``; nothing is shown then, nor audited."""
    said = _reason(by, reason)
    vault = Vault(open_keys(settings))
    with store.begin() as conn:
        joined = feedback.join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
        query = select(feedback.c.dims, feedback_text.c.raw, feedback_text.c.key_id).select_from(joined)
        row = conn.execute(query.where(feedback.c.record_key == record_key, feedback.c.deleted_at.is_(None))).one_or_none()
        if row is None or row.raw is None or not sees_org(by.scope, row.dims.get("org")):
            raise Wrong([Mistake(("reveal",), "board.wrong.no_raw")])
        try:
            found = vault.open(row.raw, row.key_id, record_key).decode("utf-8", "surrogatepass")
        except (KeyError, InvalidTag):
            raise Wrong([Mistake(("reveal",), "board.wrong.no_key")]) from None
        params = {"record_key": record_key, "reason": said}
        conn.execute(insert(audit).values(at=now, by=by.person_id, action="text.reveal", params=params))
    return found


def _reason(by: Person, reason: str) -> str:
    said = mask(plain(reason))
    if by.role not in ROLES:
        raise Wrong([Mistake(("reveal",), "board.wrong.role", {"allowed": list(ROLES)})])
    if not REASON_MIN <= len(said) <= REASON_MAX:
        raise Wrong([Mistake(("reason",), "board.wrong.reason", {"least": REASON_MIN, "most": REASON_MAX})])
    return said


def _theirs(conn: Connection, hashed: str, by: Person) -> bool:
    """The customer has spoken where this person may look."""
    rows = conn.scalars(select(feedback.c.dims).where(feedback.c.customer == hashed, feedback.c.deleted_at.is_(None)))
    return any(sees_org(by.scope, dims.get("org")) for dims in rows)
