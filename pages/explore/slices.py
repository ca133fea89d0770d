"""Where it comes from: the way from expected to observed, and the slices with parent, child and earlier windows."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fengsui.board.explore import Finding, Mixed, Part, Sum
from fengsui.store.slices import ALL
from pages.explore.chart import waterfall
from pages.explore.sentence import place
from pages.look.living import living
from pages.look.pieces import esc, heading
from pages.look.tokens import mode
from pages.look.visitor import Visitor

HERE = Path(__file__).parent
COLUMNS = ("place", "now", "expected", "excess", "share", "usual", "earlier")
BARS, LEADS = 4, 4


def steps(visitor: Visitor, finding: Finding) -> list[dict[str, Any]]:
    """Rows of the waterfall; their sum is exact."""
    if finding.rated:
        return _rate_steps(visitor, finding)
    rows = [_end(visitor, "expected", finding.expected)]
    level = finding.expected
    for label, value, shade, key in _moves(visitor, finding):
        rows.append(_move(visitor, label, level, level + value, shade, key))
        level += value
    rows.append(_end(visitor, "observed", finding.observed))
    return rows


def _moves(visitor: Visitor, finding: Finding) -> list[tuple[str, float, str, str]]:
    whole = finding.question.slice_key
    moves = [
        (place(visitor, one.slice_key, whole), one.share * finding.deviation, "part", one.slice_key) for one in finding.slices
    ]
    if finding.everywhere:
        moves.insert(0, (visitor.say("explore.step.everywhere"), finding.everywhere, "little", ""))
    rest = finding.observed - finding.expected - sum(value for _, value, _, _ in moves)
    return [*moves, (visitor.say("explore.step.rest"), rest, "little", "")]


def _rate_steps(visitor: Visitor, finding: Finding) -> list[dict[str, Any]]:
    before, level = finding.expected * 100, finding.expected * 100
    rows = [_end(visitor, "expected", before)]
    for name, value in (("mix", finding.mix), ("rate", finding.rate)):
        after = level + value * 100
        shade = "part" if abs(value) == max(abs(finding.mix), abs(finding.rate)) else "little"
        rows.append(_move(visitor, visitor.say(f"explore.step.{name}"), level, after, shade, ""))
        level = after
    rows.append(_end(visitor, "observed", finding.observed * 100))
    return rows


def _end(visitor: Visitor, name: str, value: float) -> dict[str, Any]:
    words = visitor.say(f"explore.step.{name}")
    return {
        "label": words,
        "full": words,
        "lo": 0.0,
        "hi": value,
        "top": value,
        "shade": "end",
        "text": _short(value),
        "id": "",
    }


def _move(visitor: Visitor, label: str, low: float, high: float, shade: str, key: str) -> dict[str, Any]:
    change = high - low
    text = f"{'+' if change >= 0 else '−'}{_short(abs(change))}"
    return {
        "label": _broken(label), "full": label, "lo": low, "hi": high, "top": max(low, high), "shade": shade, "text": text, "id": key,
    }  # fmt: skip


def _short(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 10 and round(value, 1) != round(value) else f"{value:,.0f}"


def _broken(label: str, most: int = 7) -> str:
    """Lines of a few characters, cut at the dots."""
    lines: list[str] = []
    for word in label.split(" · "):
        word = word if len(word) <= most + 3 else f"{word[: most + 2]}…"
        if lines and len(lines[-1]) + len(word) + 1 <= most:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return "~".join(lines[:3])


def picture(visitor: Visitor, finding: Finding) -> None:
    code = "explore.from.rate" if finding.rated else "explore.from.less" if finding.deviation < 0 else "explore.from.more"
    title = visitor.say(code, n=abs(finding.deviation) * (100 if finding.rated else 1))
    st.html(heading(title, visitor.say("explore.from.points" if finding.rated else "explore.from.items")))
    frame = pd.DataFrame([{**row, "n": n} for n, row in enumerate(steps(visitor, finding))])
    st.vega_lite_chart(frame, waterfall(visitor.lang, mode(), 190), key="ex_fall", theme=None, width="stretch")


def table(visitor: Visitor, finding: Finding, *, pins: bool = False, made: int = 0) -> str | None:
    """The picked ``into:KEY``, ``out:KEY``, ``back:KEY`` or (where there is an alert to pin to) ``pin:KEY``, if any."""
    head = "".join(f"<span>{esc(visitor.say(f'explore.column.{name}'))}</span>" for name in COLUMNS)
    parts = [f'<div class="hd">{head}<span></span></div>', _whole(visitor, finding)]
    parts += [_left(visitor, finding, key) for key in finding.question.out]
    parts += [_row(visitor, finding, one, n, pins) for n, one in enumerate(finding.slices)]
    parts += [_mixed(visitor, finding, one) for one in finding.mixed[:BARS]] if finding.rated else []
    if not finding.slices and not finding.mixed:
        whole = finding.question.slice_key == ALL
        everywhere = "explore.said.everywhere_row" if whole else "explore.said.everywhere_here_row"
        words = everywhere if finding.everywhere else "explore.said.nothing_row"
        parts.append(f'<div class="no">{esc(visitor.say(words))}</div>')
    shown = finding.leads[:LEADS]
    if shown:
        parts.append(f'<div class="g">{esc(visitor.say("explore.leads"))}</div>')
        parts += [_lead(visitor, finding, one) for one in shown]
    css = (HERE / "slices.css").read_text(encoding="utf-8")
    key = f"ex_slices_{abs(hash((finding.question, finding.observed)))}_{made}"
    return living("ex_slices", "".join(parts), css, visitor, key=key, presses=True)


def _whole(visitor: Visitor, finding: Finding) -> str:
    if finding.rated:
        cells = [_pct(finding.observed), _pct(finding.expected), _points(finding.deviation)]
    else:
        cells = [_short(finding.observed), _short(finding.expected), _signed(finding.deviation)]
    shown = "".join(f"<span>{cell}</span>" for cell in cells)
    name = visitor.say("pages.alert.place", key=finding.question.slice_key)
    bars = _bars(finding.totals, finding.observed)
    return f'<div class="row all"><b>{esc(name)}</b>{shown}<span></span><span></span>{bars}<span></span></div>'


def _row(visitor: Visitor, finding: Finding, one: Part, n: int, pins: bool) -> str:
    whole = finding.question.slice_key
    mark = f'<i class="tag">{esc(visitor.say("explore.fresh"))}</i>' if one.fresh else ""
    name = f'<b data-id="into:{esc(one.slice_key)}" title="{esc(visitor.say("explore.narrow"))}">{esc(place(visitor, one.slice_key, whole))}{mark}</b>'
    out = f'<em data-id="out:{esc(one.slice_key)}">{esc(visitor.say("explore.again"))}</em>'
    kin = _kin(visitor, finding, "above", one.parents) + _kin(visitor, finding, "below", one.children)
    if pins:
        kin += f'<a class="pin" data-id="pin:{esc(one.slice_key)}">{esc(visitor.say("explore.pin.one"))}</a>'
    earlier = _bars(one.earlier, one.now if not finding.rated else None)
    return f'<div class="row on">{name}{_cells(one)}{_share(one, "hot" if n == 0 else "")}{earlier}{out}</div><div class="kin">{kin}</div>'


def _cells(one: Part) -> str:
    return f"<span>{_short(one.now)}</span><span>{_expected(one.expected)}</span><span>{_signed(one.excess)}</span>"


def _expected(value: float) -> str:
    return "&lt;0.1" if 0 < value < 0.05 else _short(value)


def _share(one: Part, hot: str) -> str:
    width = 100 * min(max(one.share, 0.0), 1.0)
    bar = f'<u class="bar {hot}"><i style="width:{width:.0f}%"></i></u><s>{_pct(min(one.share, 1.0))}</s>'
    return f'<span class="sh">{bar}</span><span>{_pct(one.usual_share)}</span>'


def _kin(visitor: Visitor, finding: Finding, side: str, sums: Sequence[Sum]) -> str:
    """Why not one up or one down."""
    if not sums:
        return ""
    said = "".join(
        f'<a data-id="into:{esc(one.slice_key)}">{esc(place(visitor, one.slice_key, finding.question.slice_key))} '
        f"<b>{_short(one.now)}</b>/{_expected(one.expected)}</a>"
        for one in sums
    )
    return f"<span>{esc(visitor.say(f'explore.kin.{side}'))}</span>{said}"


def _lead(visitor: Visitor, finding: Finding, one: Part) -> str:
    why = visitor.say("explore.lacks", score=max(one.score, 0.0), needed=finding.needed)
    name = f'<b data-id="into:{esc(one.slice_key)}">{esc(place(visitor, one.slice_key, finding.question.slice_key))}</b>'
    earlier = _bars(one.earlier, one.now if not finding.rated else None)
    return (
        f'<div class="row off">{name}{_cells(one)}<span class="why">{esc(why)}</span><span></span>{earlier}<span></span></div>'
    )


def _mixed(visitor: Visitor, finding: Finding, one: Mixed) -> str:
    words = visitor.say("explore.mixed", share=one.share, usual=one.usual_share, rate=one.rate, points=_points(one.adds))
    name = f'<b data-id="into:{esc(one.slice_key)}">{esc(place(visitor, one.slice_key, finding.question.slice_key))}</b>'
    return f'<div class="row mix">{name}<span class="long">{esc(words)}</span></div>'


def _left(visitor: Visitor, finding: Finding, key: str) -> str:
    name = f"{visitor.say('explore.left_out')} {place(visitor, key, finding.question.slice_key)}"
    back = visitor.say("explore.back")
    return f'<div class="row gone"><b>{esc(name)}</b><em data-id="back:{esc(key)}">{esc(back)}</em></div>'


def _bars(earlier: Sequence[float], now: float | None) -> str:
    """The same hours of earlier weeks, oldest first; the window itself last."""
    every = [*earlier, *([now] if now is not None else [])]
    most = max(every, default=0.0) or 1.0
    bars = "".join(
        f'<i class="{"n" if now is not None and n == len(every) - 1 else ""}" style="height:{max(6, 100 * value / most):.0f}%"></i>'
        for n, value in enumerate(every)
    )
    return f'<span class="wk">{bars}</span>'


def _pct(value: float) -> str:
    return f"{value * 100:.0f}%" if abs(value) >= 0.0995 else f"{value * 100:.1f}%"


def _points(value: float) -> str:
    number = f"{abs(value) * 100:.1f}"
    return f"±{number}" if float(number) == 0 else f"{'+' if value > 0 else '−'}{number}"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{_short(abs(value))}"
