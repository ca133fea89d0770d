"""Transactions that have to follow each other, because what they may do rests on what the one before did."""

from __future__ import annotations

from sqlalchemy import Connection, func, select


def in_turn(conn: Connection, what: str) -> None:
    """On PostgreSQL those who name the same ``what`` queue here until the end of their transaction, and then read what the
    one before wrote; SQLite has one writer anyhow."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"fengsui.{what}"))))
