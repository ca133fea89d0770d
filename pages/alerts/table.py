"""The list of alerts as a table to take away: what people see of each, with its times."""

from __future__ import annotations

from collections.abc import Sequence

from fengsui.board.alert import Alert
from fengsui.board.export import Cell, Table
from pages.look.alert_words import title
from pages.look.visitor import Visitor

COLUMNS = (
    "number", "tier", "what", "scope", "opened", "started", "last", "cleared", "observed", "expected", "customers", "state",
    "owner", "claim_due", "claimed", "resolved", "verdict", "rule", "nature",
)  # fmt: skip
TIMES = ("opened", "started", "last", "cleared", "claim_due", "claimed", "resolved")


def table(visitor: Visitor, alerts: Sequence[Alert], shown: str) -> Table:
    heads = tuple(visitor.say(f"pages.export.column.{name}") for name in COLUMNS)
    timed = tuple(COLUMNS.index(name) for name in TIMES)
    rows = [_row(visitor, one) for one in alerts]
    return Table("alerts", visitor.say("pages.title.alerts"), visitor.say(f"pages.filter.{shown}"), heads, rows, timed)


def _row(visitor: Visitor, one: Alert) -> list[Cell]:
    verdict = visitor.say(f"locale.verdict.{one.verdict}") if one.verdict else ""
    names: list[Cell] = [one.number, visitor.say(f"locale.tier.{one.tier}"), title(visitor, one)]
    names.append(visitor.say("pages.kpi.slice", place=one.slice_key))
    times: list[Cell] = [one.opened_at, one.started_at, one.last_at, one.cleared_at]
    figures: list[Cell] = [one.observed, None if one.expected is None else round(one.expected, 2), one.customers]
    people: list[Cell] = [visitor.say(f"locale.handling.{one.state}"), one.owner_name, one.claim_due_at]
    nature = visitor.say(f"pages.export.nature.{one.mode}")
    return [*names, *times, *figures, *people, one.claimed_at, one.resolved_at, verdict, one.rule_id, nature]
