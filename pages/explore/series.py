"""The figure over time: expected, band, last week, tiers, the window asked about, and what was announced."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from fengsui.board import chart_marks
from fengsui.board.explore import Line, Shift
from pages.explore.address import Asked
from pages.explore.chart import series
from pages.look import charts
from pages.look.charts import band_rows, wall_time
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.tokens import mode
from pages.look.visitor import Visitor

HEIGHT = 248


def panel(visitor: Visitor, asked: Asked, line: Line | None, changes: list[Shift], shape: str) -> None:
    metric = visitor.say(f"locale.metric.{asked.question.metric}")
    where = visitor.say("pages.alert.place", key=asked.question.slice_key)
    second = "" if line is None else visitor.say("explore.series.step", where=where, step=line.step_s)
    st.html(heading(visitor.say("explore.series.title", metric=metric), second, _legend(visitor, line)))
    if line is None or not any(point.value is not None for point in line.points):
        st.html(f'<p class="none">{esc(visitor.say("pages.state.no_data"))}</p>')
        return
    form = "%H:%M" if asked.zoom in ("3h", "24h") else "%m-%d"
    spec = series(visitor.lang, mode(), HEIGHT, form, shape == "share")
    st.vega_lite_chart(_rows(visitor, asked, line, changes, shape), spec, key="ex_series", theme=None, width="stretch")


def _rows(visitor: Visitor, asked: Asked, line: Line, changes: list[Shift], shape: str) -> pd.DataFrame:
    unit = 60.0 if shape in ("duration", "mean", "work_off") else 1.0

    def shown(value: float | None) -> float | None:
        return None if value is None else value / unit

    frame = band_rows(
        ((p.at, shown(p.value), shown(p.expected), shown(p.lower), shown(p.upper), p.grade) for p in line.points), visitor.zone
    )
    frame["w"] = [shown(value) for value in line.before][: len(frame)]
    frame = frame.astype({"w": float})
    frame["kind"] = "p"
    begin, end = line.points[0].at, line.points[-1].at
    announced = chart_marks.marks(house().reader, asked.question.metric, asked.question.slice_key, begin, end)
    frame = charts.marked(frame, (one for one in announced if one.kind == "event"), visitor)
    marks = [_mark("w", max(asked.question.start, begin), visitor, until=min(asked.question.end, end))]
    marks += [
        _mark("v", one.at, visitor, name=_name(visitor, one))
        for one in changes
        if begin <= one.at <= end and one.kind != "known_event"
    ]
    return pd.concat([frame, pd.DataFrame(marks)], ignore_index=True)


def _mark(kind: str, at: datetime, visitor: Visitor, until: datetime | None = None, name: str = "") -> dict[str, object]:
    other = pd.NaT if until is None else pd.Timestamp(wall_time(until, visitor.zone))
    return {"kind": kind, "t": pd.Timestamp(wall_time(at, visitor.zone)), "t2": other, "name": name, "grade": 0}


def _name(visitor: Visitor, one: Shift) -> str:
    at = visitor.say("pages.time", at=one.at)
    return f"{at} {change(visitor, one)}"


def change(visitor: Visitor, one: Shift) -> str:
    """By its name; a stretch without one by what it was called."""
    name = one.name.get(visitor.lang) or next(iter(one.name.values()), "")
    if not name and one.kind in ("target", "metric", "goal"):
        name = visitor.say(f"locale.metric.{one.id}")
    verdict = visitor.say(f"explore.verdict.{one.verdict}") if one.verdict else ""
    return " · ".join(part for part in (name, verdict) if part) or one.id


def _legend(visitor: Visitor, line: Line | None) -> str:
    names = [("l1", "pages.legend.actual")]
    if line is not None and any(point.expected is not None for point in line.points):
        names.append(("l2", "pages.legend.expected" if line.judged else "explore.legend.weeks"))
    if line is not None and any(value is not None for value in line.before):
        names.append(("l4", "explore.legend.week"))
    if len(names) > 1 and names[1][0] == "l2":
        names.append(("l3", "pages.legend.band"))
    parts = "".join(f'<span><i class="{css}"></i>{esc(visitor.say(code))}</span>' for css, code in names)
    return f'<span class="lg">{parts}</span>'
