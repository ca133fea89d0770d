"""The databases of the demo centre's own systems: tickets and phone calls (read by SQL) and chats (behind the HTTP API).

``tickets.db`` is a channel store that Fengsui reads. ``centre.db`` is private to the demo: the chats, the incidents, and how
far the plan has been carried out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fengsui.demo.contacts import Call, Chat, Live, Ticket
from fengsui.demo.days import stamp, wall
from fengsui.demo.incidents import Incident
from fengsui.demo.messages import Message
from fengsui.demo.services import product

TICKETS = """
create table if not exists tickets (
  ticket_id text primary key, channel text not null, type text not null, category_l1 text not null, category_l2 text not null,
  product text not null, region text not null, province text not null, branch text not null, customer_id text not null,
  customer_type text not null, customer_tier text not null, opened_at text not null, first_reply_at text, due_at text not null,
  solved_at text, status text not null, title text not null, body text not null, updated_at text not null
);
create index if not exists ix_tickets_updated_at on tickets (updated_at, ticket_id);
create index if not exists ix_tickets_opened_at on tickets (opened_at);
create table if not exists calls (
  call_id text primary key, queue text not null, category_l1 text not null, category_l2 text not null, product text not null,
  region text not null, province text not null, branch text not null, customer_id text not null, customer_type text not null,
  customer_tier text not null, offered_at text not null, answered_at text, abandoned_at text, ended_at text, agent text,
  status text not null, updated_at text not null
);
create index if not exists ix_calls_updated_at on calls (updated_at, call_id);
create index if not exists ix_calls_offered_at on calls (offered_at);
create table if not exists messages (
  message_id text primary key, ticket_id text not null, sender text not null, sent_at text not null, updated_at text not null
);
create index if not exists ix_messages_updated_at on messages (updated_at, message_id);
"""
CENTRE = """
create table if not exists chats (
  chat_id text primary key, channel text not null, type text not null, category_l1 text not null, category_l2 text not null,
  product text not null, region text not null, province text not null, branch text not null, queue text not null,
  customer_id text not null, customer_type text not null, customer_tier text not null, opened_at text not null,
  auto_reply_at text, first_reply_at text, solved_at text, due_at text not null, status text not null, text text not null,
  updated_at text not null
);
create index if not exists ix_chats_updated_at on chats (updated_at, chat_id);
create table if not exists incident (name text not null, started integer not null, primary key (name, started));
create table if not exists progress (
  id integer primary key check (id = 1), seed integer not null, written_until integer not null
);
"""
TICKET_TYPES = {"complaint": "投诉", "request": "业务办理", "suggestion": "建议"}


def ticket_row(t: Ticket, updated: int) -> tuple[Any, ...]:
    head = (t.ticket_id, t.channel, TICKET_TYPES[t.type], t.category_l1, t.category_l2, product(t.category_l1))
    times = (wall(t.opened), wall(t.replied), wall(t.due), wall(t.solved))
    return (*head, *t[5:11], *times, t.status, t.title, t.body, wall(updated))


def call_row(c: Call, updated: int) -> tuple[Any, ...]:
    head = (c.call_id, c.queue, c.category_l1, c.category_l2, product(c.category_l1))
    times = (wall(c.offered), wall(c.answered), wall(c.abandoned), wall(c.ended))
    return (*head, *c[4:10], *times, c.agent, c.status, wall(updated))


def chat_row(c: Chat, updated: int) -> tuple[Any, ...]:
    head = (c.chat_id, c.channel, c.type, c.category_l1, c.category_l2, product(c.category_l1))
    times = (stamp(c.opened), stamp(c.auto_replied), stamp(c.replied), stamp(c.solved), stamp(c.due))
    return (*head, *c[5:12], *times, c.status, c.text, stamp(updated))


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """WAL, so that readers never wait; one thread at a time uses the connection."""
    path.parent.mkdir(parents=True, exist_ok=True)
    conn = sqlite3.connect(path, timeout=30.0, check_same_thread=False, isolation_level=None)
    conn.execute("pragma journal_mode = wal")
    conn.execute("pragma synchronous = normal")
    conn.executescript(schema)
    return conn


class Books:
    """Both databases, written by the one process that serves the demo centre."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tickets = open_database(folder / "tickets.db", TICKETS)
        self.centre = open_database(folder / "centre.db", CENTRE)

    def close(self) -> None:
        self.tickets.close()
        self.centre.close()

    def progress(self) -> tuple[int, int] | None:
        """(seed, written_until), None for a new centre."""
        found: tuple[int, int] | None = self.centre.execute("select seed, written_until from progress").fetchone()
        return found

    def incidents(self, since: int) -> list[Incident]:
        rows = self.centre.execute("select name, started from incident where started >= ? order by started, name", (since,))
        return [Incident(*row) for row in rows]

    def add_incident(self, incident: Incident) -> None:
        self.centre.execute("insert or ignore into incident values (?, ?)", incident)

    def write(self, contacts: Iterable[tuple[Live, int]], seed: int, until: int) -> None:
        """Insert or update ``contacts``, each as it is to be seen and with its updated second; then note the progress. The
        note is last and rows are replaced by key, so that a crash between the two only writes the same rows again."""
        rows: dict[type, list[tuple[Any, ...]]] = {Ticket: [], Call: [], Chat: []}
        for contact, updated in contacts:
            rows[type(contact)].append(_row(contact, updated))
        with self.tickets:
            self.tickets.execute("begin immediate")
            _replace(self.tickets, "tickets", rows[Ticket])
            _replace(self.tickets, "calls", rows[Call])
        with self.centre:
            self.centre.execute("begin immediate")
            _replace(self.centre, "chats", rows[Chat])
            self.centre.execute("insert or replace into progress values (1, ?, ?)", (seed, until))

    def log(self, messages: Iterable[tuple[Message, int]]) -> None:
        """Messages on tickets, each with the second at which it was written down; again is once."""
        rows = [(*one[:3], wall(one.sent), wall(updated)) for one, updated in messages]
        if rows:
            with self.tickets:
                self.tickets.execute("begin immediate")
                _replace(self.tickets, "messages", rows)


def _row(contact: Live, updated: int) -> tuple[Any, ...]:
    if isinstance(contact, Ticket):
        return ticket_row(contact, updated)
    return call_row(contact, updated) if isinstance(contact, Call) else chat_row(contact, updated)


def _replace(conn: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        conn.executemany(f"insert or replace into {table} values ({places})", rows)
