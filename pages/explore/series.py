"""The figure over time: expected, band, an earlier week or year, tiers, the window asked about, what was announced; and up to
three other figures over it, each on a scale that is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from fengsui.board import chart_marks, explore
from fengsui.board.explore import Line, Overlay, Shift, Together
from pages.explore import kept
from pages.explore.address import Asked, lay
from pages.explore.chart import OVER, series
from pages.look import charts, export
from pages.look.charts import band_rows, wall_time
from pages.look.figures import figure, together
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.tokens import TOKENS, mode
from pages.look.visitor import Visitor

HEIGHT, LINE_HEIGHT = 248, 22
WIDTH = 2.0
"""Scatters to either side of what is usual that the band shows."""
MINUTES = ("duration", "mean", "work_off")


def panel(visitor: Visitor, asked: Asked, found: Together | None, changes: list[Shift], shape: str) -> None:
    line = None if found is None else found.first
    metric = visitor.say(f"locale.metric.{asked.question.metric}")
    with st.container(key="ex_series_head", horizontal=True, vertical_alignment="center"):
        legend = _legend(visitor, asked, found)
        st.html(heading(visitor.say("explore.series.title", metric=metric), _second(visitor, asked, line), legend))
        picker(visitor, asked)
    if found is None or line is None or not any(point.value is not None for point in line.points):
        st.html(f'<p class="none">{esc(visitor.say("pages.state.no_data"))}</p>')
        return
    form = "%H:%M" if asked.zoom in ("1h", "3h", "24h") else "%m-%d"
    said = [_moved(visitor, asked, line, one) for one in found.others]
    said += [visitor.say("explore.over.unknown", metric=visitor.say(f"locale.metric.{name}")) for name in found.unknown]
    height = HEIGHT - LINE_HEIGHT * len(said)
    percent = shape == "share" and not asked.odds
    spec = series(visitor.lang, mode(), height, form, percent, len(found.others), line.back == explore.YEAR)
    st.vega_lite_chart(_rows(visitor, asked, found, changes, shape), spec, key="ex_series", theme=None, width="stretch")
    if said:
        st.html(f'<div class="ov">{"".join(f"<p>{words}</p>" for words in said)}</div>')


def described(visitor: Visitor, asked: Asked, found: Together | None) -> export.Chart:
    """For a picture that leaves the page: the figure, its steps, and what the lines over it are."""
    title = visitor.say("explore.series.title", metric=visitor.say(f"locale.metric.{asked.question.metric}"))
    others = found.others if found else ()
    keys = [(TOKENS[mode()]["text"], visitor.say("pages.legend.actual"))]
    keys += [(OVER[mode()][n], _scaled(visitor, asked, one)) for n, one in enumerate(others)]
    return export.Chart(title, _second(visitor, asked, found.first if found else None), keys)


def picker(visitor: Visitor, asked: Asked) -> None:
    """Which other figures, those that moved most first; and how they are drawn."""
    offered = explore.offered(house().settings, asked.question)
    moved = [one.metric.id for one in kept.beside(asked.question) if one.metric.id in offered]
    options = list(dict.fromkeys((*asked.beside, *moved, *offered)))
    with st.popover(visitor.say("explore.over.open"), key="ex_over"):
        state = "_".join((*asked.beside, str(asked.odds)))
        picked = st.pills(
            visitor.say("explore.over.which", n=explore.MOST_BESIDE),
            options,
            selection_mode="multi",
            default=list(asked.beside),
            format_func=lambda name: visitor.say(f"locale.metric.{name}"),
            key=f"ex_with_{state}",
        )
        scale = st.segmented_control(
            visitor.say("explore.over.scale"),
            ["own", "odds"],
            default="odds" if asked.odds else "own",
            required=True,
            format_func=lambda name: visitor.say(f"explore.over.scale.{name}"),
            key=f"ex_scale_{state}",
        )
        st.html(f'<p class="none">{esc(visitor.say("explore.over.hint"))}</p>')
    known = [name for name in asked.beside if name in picked]
    wanted = [*known, *(name for name in picked if name not in known)][-explore.MOST_BESIDE :]
    if wanted != list(asked.beside) or (bool(wanted) and (scale == "odds") != asked.odds):
        lay(wanted, scale == "odds")


def _second(visitor: Visitor, asked: Asked, line: Line | None) -> str:
    """Where, by which steps, how drawn, and what of it is a guess."""
    if line is None:
        return ""
    where = visitor.say("pages.alert.place", key=asked.question.slice_key)
    said = [visitor.say("explore.series.step", where=where, step=line.step_s)]
    if line.every > 1:
        said.append(visitor.say("explore.series.part", n=line.every))
    if asked.beside:
        said.append(visitor.say(f"explore.over.drawn.{'odds' if asked.odds else 'own'}"))
    return "，".join(said) if visitor.lang.startswith("zh") else ", ".join(said)


def _rows(visitor: Visitor, asked: Asked, found: Together, changes: list[Shift], shape: str) -> pd.DataFrame:
    line = found.first
    unit = 60.0 if shape in MINUTES and not asked.odds else 1.0

    def shown(value: float | None) -> float | None:
        return None if value is None else value / unit

    points = list(_in_odds(found)) if asked.odds else line.points
    frame = band_rows(
        ((p.at, shown(p.value), shown(p.expected), shown(p.lower), shown(p.upper), p.grade) for p in points), visitor.zone
    )
    frame["w"] = [None if asked.odds else shown(value) for value in line.before][: len(frame)]
    frame = frame.astype({"w": float})
    frame["kind"] = "p"
    begin, end = line.points[0].at, line.points[-1].at
    announced = chart_marks.marks(house().reader, asked.question.metric, asked.question.slice_key, begin, end)
    high = _top(frame)
    frame = charts.marked(frame, (one for one in announced if one.kind == "event"), visitor)
    marks = [_mark("w", max(asked.question.start, begin), visitor, until=min(asked.question.end, end))]
    marks += [
        _mark("v", one.at, visitor, name=_name(visitor, one))
        for one in changes
        if begin <= one.at <= end and one.kind != "known_event"
    ]
    others = [row for n, one in enumerate(found.others) for row in _other(visitor, one, n, high, asked.odds)]
    return pd.concat([frame, pd.DataFrame([*marks, *others])], ignore_index=True)


def _in_odds(found: Together) -> Iterator[explore.Point]:
    """The first figure as how far it lies from what is usual, its band as the two scatters that it is."""
    for point, odds in zip(found.first.points, found.odds, strict=True):
        usual = point.expected is not None
        yield replace(
            point,
            value=odds,
            expected=0.0 if usual else None,
            lower=-WIDTH if usual else None,
            upper=WIDTH if usual else None,
        )


def _top(frame: pd.DataFrame) -> tuple[float, float]:
    """Lowest and highest place that the first figure takes."""
    drawn = frame[["y", "lo", "hi", "w", "e"]].to_numpy(dtype=float)
    known = drawn[~pd.isna(drawn)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return (low, high) if high > low else (low, low + 1.0)


def _other(visitor: Visitor, one: Overlay, n: int, high: tuple[float, float], odds: bool) -> Iterator[dict[str, object]]:
    shape, unit = explore.unit_of(one.metric)
    name = visitor.say(f"locale.metric.{one.metric}")
    low, top = _range(one)
    for point, far in zip(one.line.points, one.odds, strict=True):
        place = far if odds else None
        if not odds and point.value is not None:
            share = (point.value - low) / (top - low) if top > low else 0.5
            place = high[0] + share * (high[1] - high[0])
        at = pd.Timestamp(wall_time(point.at, visitor.zone))
        said = together(visitor, shape, unit, point.value)
        yield {"kind": f"o{n}", "t": at, "t2": pd.NaT, "y": place, "name": name, "said": said, "grade": 0}


def _range(one: Overlay) -> tuple[float, float]:
    """A count from nothing; what has no natural beginning from its lowest."""
    known = [point.value for point in one.line.points if point.value is not None]
    shape, _ = explore.unit_of(one.metric)
    low, high = min(known, default=0.0), max(known, default=0.0)
    return (min(0.0, low) if shape == "count" else low), high


def _moved(visitor: Visitor, asked: Asked, line: Line, one: Overlay) -> str:
    """Name, scale, and which moved first."""
    metric, first = (visitor.say(f"locale.metric.{name}") for name in (one.metric, asked.question.metric))
    if one.lead is None:
        words = visitor.say("explore.over.apart", metric=metric)
    else:
        code = "same" if one.lead.steps == 0 else "early" if one.lead.steps > 0 else "late"
        against = ".against" if one.lead.r < 0 else ""
        span = abs(one.lead.steps) * line.step_s
        words = visitor.say(f"explore.over.{code}{against}", metric=metric, first=first, span=span, r=abs(one.lead.r))
    return esc(words)


def _mark(kind: str, at: datetime, visitor: Visitor, until: datetime | None = None, name: str = "") -> dict[str, object]:
    other = pd.NaT if until is None else pd.Timestamp(wall_time(until, visitor.zone))
    return {"kind": kind, "t": pd.Timestamp(wall_time(at, visitor.zone)), "t2": other, "name": name, "grade": 0}


def _name(visitor: Visitor, one: Shift) -> str:
    at = visitor.say("pages.time", at=one.at)
    return f"{at} {change(visitor, one)}"


OF_ALL = frozenset({"calendar", "sla_policy", "taxonomy", "cue"})
"""Definitions that are not of one figure: nobody gave them a name."""


def change(visitor: Visitor, one: Shift) -> str:
    """By its name; a stretch without one by what it was called, a definition of all by its version."""
    if one.kind in OF_ALL:
        return visitor.say(f"pages.mark.{one.kind}", version=one.version)
    name = one.name.get(visitor.lang) or next(iter(one.name.values()), "")
    if not name and one.kind in ("target", "metric", "goal"):
        name = visitor.say(f"locale.metric.{one.id}")
    verdict = visitor.say(f"explore.verdict.{one.verdict}") if one.verdict else ""
    return " · ".join(part for part in (name, verdict) if part) or one.id


def _legend(visitor: Visitor, asked: Asked, found: Together | None) -> str:
    line = None if found is None else found.first
    names = [("l1", "pages.legend.actual")]
    if line is not None and any(point.expected is not None for point in line.points):
        names.append(("l2", "pages.legend.expected" if line.judged else "explore.legend.weeks"))
    if line is not None and not asked.odds and any(value is not None for value in line.before):
        names.append(("l4", f"explore.legend.{'year' if line.back == explore.YEAR else 'week'}"))
    if len(names) > 1 and names[1][0] == "l2":
        names.append(("l3", "pages.legend.band"))
    parts = "".join(f'<span><i class="{css}"></i>{esc(visitor.say(code))}</span>' for css, code in names)
    for n, one in enumerate(found.others if found else ()):
        parts += f'<span><i class="o{n}" style="border-color:{OVER[mode()][n]}"></i>{esc(_scaled(visitor, asked, one))}</span>'
    return f'<span class="lg">{parts}</span>'


def _scaled(visitor: Visitor, asked: Asked, one: Overlay) -> str:
    """The name; on its own scale with where that begins and ends."""
    name = visitor.say(f"locale.metric.{one.metric}")
    if asked.odds:
        return name
    shape, unit = explore.unit_of(one.metric)
    low, high = (figure(visitor, shape, unit, value) for value in _range(one))
    ends = f"{low[0]}–{high[0]} {high[1]}" if low[1] == high[1] else f"{low[0]} {low[1]}–{high[0]} {high[1]}"
    return f"{name} {ends}".strip()
