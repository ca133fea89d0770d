"""Records as a table to take away: those of the sieve, masked, with their tags."""

from __future__ import annotations

from collections.abc import Sequence

from fengsui.board.export import Cell, Table
from fengsui.board.read.voice import Voice
from pages.look.visitor import Visitor
from pages.records import listing, words

TAGS = ("issue", "department", "sentiment", "demand")
COLUMNS = ("record", "opened", "channel", "org", "category", "text", *TAGS, "sure", "by")


def table(visitor: Visitor, found: Sequence[Voice], about: str) -> Table:
    heads = tuple(
        visitor.say(f"pages.tag.{name}") if name in TAGS else visitor.say(f"pages.inbox.column.{name}") for name in COLUMNS
    )
    rows = [_row(visitor, one) for one in found]
    return Table("records", visitor.say("pages.title.records"), about, heads, rows, (COLUMNS.index("opened"),))


def _row(visitor: Visitor, one: Voice) -> list[Cell]:
    places = [str(one.dims.get(name) or "") for name in ("channel", "org", "category")]
    tags: list[Cell] = [words.value(visitor, tag, one.tags.get(tag)) for tag in TAGS]
    tags[TAGS.index("sentiment")] = listing.mood(visitor, one)
    issue = one.tag("issue")
    by = words.source(visitor, issue.source)
    return [one.record_key, one.opened_at, *places, one.text, *tags, issue.sure, by]
