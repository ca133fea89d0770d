"""What cleaning did, measured, by source."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Sequence

from fengsui.board.read.cleaning import FLOOD, Cleaned
from fengsui.board.read.quality import Share
from fengsui.locale import has
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

COLUMNS = ("source", "records", "held", "equal", "near", "floods", "reasons")


def panel(visitor: Visitor, found: Sequence[Cleaned]) -> str:
    head = "".join(f"<th>{esc(visitor.say(f'pages.quality.clean.{name}'))}</th>" for name in COLUMNS)
    rows = "".join(_row(visitor, one) for one in found)
    title = heading(visitor.say("pages.quality.clean"), visitor.say("pages.quality.clean_second", flood=FLOOD))
    table = f'<div class="scroll"><table class="cmp"><tr>{head}</tr>{rows}</table></div>'
    return title + (table if rows else f'<p class="none">{esc(visitor.say("pages.quality.clean.none"))}</p>')


def _row(visitor: Visitor, one: Cleaned) -> str:
    reasons = " · ".join(
        f"{visitor.say(f'pages.quality.code.{code}') if has(visitor.lang, f'pages.quality.code.{code}') else code} {n}"
        for code, n in sorted(one.codes.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    )
    floods = visitor.say("pages.quality.clean.flood", n=one.floods, records=one.flooded) if one.floods else "0"
    return (
        f"<tr><td>{esc(house().settings.title(one.source, visitor.lang))}</td><td>{one.records:,}</td>{_rate(one.held)}{_rate(one.equal)}{_rate(one.near)}"
        f"<td>{esc(floods)}</td><td>{esc(reasons or '—')}</td></tr>"
    )


def _rate(found: Share) -> str:
    if found.value is None:
        return '<td class="mut">—</td>'
    return f"<td>{found.value:.1%} <small>{round(found.value * found.n):,}</small></td>"
