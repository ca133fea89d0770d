"""The list of sources as a table to take away: how each stands now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fengsui.board.export import Cell, Table
from fengsui.board.read import Picture
from pages.look import charts, standing
from pages.look.house import house
from pages.look.visitor import Visitor
from pages.sources import listing

COLUMNS = (
    "source", "source_id", "source_kind", "standing", "cadence_s", "fetched", "behind_s", "today", "usual_day", "held",
    "problem",
)  # fmt: skip


def table(visitor: Visitor, picture: Picture) -> Table:
    heads = tuple(visitor.say(f"pages.export.column.{name}") for name in COLUMNS)
    rows = [_row(visitor, source) for source in picture.body["sources"]]
    about = f"{charts.wall_time(picture.computed_at, visitor.zone):%Y-%m-%d %H:%M:%S}"
    return Table("sources", visitor.say("pages.title.sources"), about, heads, rows, (COLUMNS.index("fetched"),))


def _row(visitor: Visitor, source: Mapping[str, Any]) -> list[Cell]:
    name = str(source["source"])
    at = source["last_success_at"]
    unknown = source["today"] is None or (source["today"] == 0 and not source["backfilled"])  # as the page shows it
    state = standing.words(visitor, source)
    counts = [None if unknown else source["today"], source["usual"], source["held"]]
    ages = [source["cadence_s"], None if at is None else datetime.fromisoformat(at), source["behind_s"]]
    words = [house().settings.title(name, visitor.lang), name, str(source["kind"]), state]
    return [*words, *ages, *counts, listing.problem(visitor, source)]
