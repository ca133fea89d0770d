"""Small pieces of markup. Everything that comes from outside passes ``esc``."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from fengsui.locale import tier_mark
from pages.look.visitor import Visitor

_MARKS = re.compile(r"([\\`*_{}\[\]()#+.!|<>~$:-])")


def esc(text: object) -> str:
    return html.escape(str(text))


def plain(text: object) -> str:
    """Words for a place where Streamlit reads Markdown (labels, toasts): names and steps are shown as they are written."""
    return _MARKS.sub(r"\\\1", str(text))


def badge(visitor: Visitor, tier: int) -> str:
    return f'<span class="badge t{tier}">{tier_mark(tier)} {esc(visitor.say(f"locale.tier.{tier}"))}</span>'


def heading(title: str, second: str = "", right: str = "") -> str:
    """``title`` and ``second`` are plain text, ``right`` is markup."""
    return f'<h3 class="h">{esc(title)}<em>{esc(second)}</em><u>{right}</u></h3>'


def legend(visitor: Visitor, shown: Sequence[str] = ("actual", "expected", "band")) -> str:
    names = [visitor.say(f"pages.legend.{name}") for name in shown]
    return (
        '<span class="lg">' + "".join(f'<span><i class="l{n}"></i>{esc(x)}</span>' for n, x in enumerate(names, 1)) + "</span>"
    )


def stamp(at: datetime | str) -> float:
    """Epoch seconds, for ages that the browser counts."""
    return (datetime.fromisoformat(at) if isinstance(at, str) else at).timestamp()


def spark(
    values: Sequence[float | None], color: str, target: float | None, dash: str, width: int = 120, height: int = 28
) -> str:
    """``line`` as a data URI: st.html drops <svg>, and what stands alone knows no variables of the page."""
    svg = line(values, color, target, dash, width, height)
    return f'<img alt="" class="spark" src="data:image/svg+xml,{quote(svg)}">' if svg else ""


def line(
    values: Sequence[float | None], color: str, target: float | None, dash: str, width: int = 120, height: int = 28
) -> str:
    """A little line; gaps stay gaps; nothing known, nothing drawn."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    every = known if target is None else [*known, target]
    low, high = min(every), max(every)
    reach = (high - low) or 1.0

    def y(value: float) -> float:
        return height - 3 - (value - low) / reach * (height - 6)

    runs: list[list[str]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{2 + n * (width - 6) / (len(values) - 1):.1f},{y(value):.1f}")
    lines = "".join(
        f'<polyline points="{" ".join(run)}" fill="none" style="stroke:{color}" stroke-width="1.6" stroke-linejoin="round"/>'
        for run in runs
        if len(run) > 1
    )
    aim = (
        ""
        if target is None
        else (
            f'<line x1="0" x2="{width}" y1="{y(target):.1f}" y2="{y(target):.1f}" style="stroke:{dash}" stroke-dasharray="3 3"/>'
        )
    )
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" class="spark" preserveAspectRatio="none" {size}>{aim}{lines}</svg>'
