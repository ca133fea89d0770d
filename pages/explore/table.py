"""What was found, and the records behind it, as tables to take away, with all that brings the same figures again."""

from __future__ import annotations

from fengsui.board import explore
from fengsui.board.explore import Finding, Part, Question
from fengsui.board.export import Cell, Table
from pages.explore import kept
from pages.look.house import house
from pages.look.visitor import Visitor

FOUND = ("kind", "slice", "now", "expected", "share", "usual", "score", "needed", "earlier")
RECORDS = ("at", "channel", "text", "customer", "typical")
MOST = 1500


def found(visitor: Visitor, question: Question, window: str) -> Table:
    """Slices, leads and mix of one question, with window, weeks, background and usual error in the first line."""
    finding = kept.finding(question, visitor)
    rows = [_part(visitor, finding, one, "slice_kind") for one in finding.slices]
    rows += [_part(visitor, finding, one, "lead_kind") for one in finding.leads]
    for mixed in finding.mixed:
        name = visitor.say("pages.alert.place", key=mixed.slice_key)
        kind = visitor.say("explore.export.mix_kind")
        rows.append([kind, name, None, None, mixed.adds, mixed.usual_share, None, None, ""])
    heads = tuple(visitor.say(f"explore.export.{name}") for name in FOUND)
    return Table("explore", visitor.say("pages.title.explore"), _about(visitor, finding, window), heads, rows)


def records(visitor: Visitor, question: Question, window: str) -> Table:
    """The records behind it, masked, the most typical first."""
    heard = explore.voices(house().reader, house().settings, question, visitor.scope, MOST, kept.seen(visitor))
    rows: list[list[Cell]] = [[one.at, one.channel, one.text, one.customer, one.typical] for one in heard.said]
    heads = tuple(visitor.say(f"explore.export.{name}") for name in RECORDS)
    finding = kept.finding(question, visitor)
    return Table("records", visitor.say("explore.export.records"), _about(visitor, finding, window), heads, rows, (0,))


def _about(visitor: Visitor, finding: Finding, window: str) -> str:
    question = finding.question
    return visitor.say(
        "explore.export.about",
        where=visitor.say("pages.alert.place", key=question.slice_key),
        metric=question.metric,
        window=window,
        n=len(finding.windows),
        g=finding.g,
        tau=finding.tau,
    )


def _part(visitor: Visitor, finding: Finding, one: Part, kind: str) -> list[Cell]:
    earlier = " ".join(f"{value:.3g}" for value in one.earlier)
    numbers: list[Cell] = [one.now, round(one.expected, 3), round(one.share, 4), round(one.usual_share, 4), round(one.score, 2)]
    name = visitor.say("pages.alert.place", key=one.slice_key)
    return [visitor.say(f"explore.export.{kind}"), name, *numbers, round(finding.needed, 2), earlier]
