"""Open tickets as a table to take away: those that the page shows, all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fengsui.board.due import Ticket
from fengsui.board.export import Cell, Table
from pages.look.visitor import Visitor

COLUMNS = (
    "ticket", "due", "minutes", "department", "org", "channel", "category", "priority", "opened", "regulator", "risk",
    "calendar",
)  # fmt: skip


def table(visitor: Visitor, tickets: Sequence[Ticket], only: str, at: datetime) -> Table:
    heads = tuple(visitor.say(f"pages.export.column.{name}") for name in COLUMNS)
    rows = [_row(visitor, one, at) for one in tickets]
    timed = (COLUMNS.index("due"), COLUMNS.index("opened"))
    return Table("due", visitor.say("pages.title.due"), visitor.say(f"pages.due.only.{only}"), heads, rows, timed)


def _row(visitor: Visitor, one: Ticket, at: datetime) -> list[Cell]:
    left = round((one.due_at - at).total_seconds() / 60)
    risk = None if one.risk.p is None else round(100 * one.risk.p, 1)
    regulator = visitor.say(f"pages.admin.value.{'yes' if one.regulator else 'no'}")
    calendar = "" if one.confirmed else visitor.say("pages.due.unconfirmed")
    words = (one.department, one.org, one.channel, one.category, one.priority)
    return [one.record_key, one.due_at, left, *words, one.opened_at, regulator, risk, calendar]
