"""Open tickets by the time that is left to solve them."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pages.look.figures import short
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

STEPS = ("late", "half_hour", "two_hours", "eight_hours", "more")
"""As ``board.panels`` counts them."""
COLOURS = ("c3", "c2", "", "", "")
MOST = 5


def panel(visitor: Visitor, data: Mapping[str, Any]) -> str:
    head = heading(visitor.say("pages.wall.deadlines"), visitor.say("pages.wall.deadlines_second"))
    if not data or not data["rows"]:
        words = visitor.say("pages.wall.no_open" if data else "pages.wall.soon")
        return f'<div class="panel side">{head}<p class="empty">{esc(words)}</p></div>'
    names = "".join(f"<th>{esc(visitor.say(f'pages.wall.left.{step}'))}</th>" for step in STEPS)
    every = f"<tr><th>{esc(visitor.say('pages.wall.left.all'))}</th>{_cells(visitor, data['all'])}</tr>"
    rows = "".join(
        f"<tr><th>{esc(name or '—')}</th>{_cells(visitor, counts)}</tr>" for name, counts in data["rows"][: MOST - 1]
    )
    return f'<div class="panel side">{head}<table><thead><tr><th></th>{names}</tr></thead><tbody>{every}{rows}</tbody></table></div>'


def _cells(visitor: Visitor, counts: Sequence[int]) -> str:
    return "".join(
        f'<td><b class="{colour if n else "faint"}">{short(visitor, n)}</b></td>'
        for n, colour in zip(counts, COLOURS, strict=True)
    )
