"""Chart templates: built once per language and theme, fed data on each refresh (building costs 30 ms, feeding 2).

Rows for ``band``: ``t`` (naive wall-clock time of the centre), ``y``, ``e``, ``lo``, ``hi``, ``grade`` (0 where no mark).
Vega reads a naive time as it is written, so times are moved to the centre's zone before they get here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from fengsui.board.chart_marks import Mark
from fengsui.locale import say
from pages.look.tokens import FONT, TOKENS
from pages.look.visitor import Visitor

Spec: TypeAlias = dict[str, Any]
_TIERS = (1, 2, 3)
_SHAPES = ["circle", "triangle-up", "diamond"]
_ZH_TIME = {
    "dateTime": "%Y年%m月%d日 %H:%M", "date": "%m月%d日", "time": "%H:%M", "periods": ["上午", "下午"],
    "days": ["周日", "周一", "周二", "周三", "周四", "周五", "周六"], "shortDays": list("日一二三四五六"),
    "months": [f"{n}月" for n in range(1, 13)], "shortMonths": [f"{n}月" for n in range(1, 13)],
}  # fmt: skip


def wall_time(at: datetime, zone: str) -> datetime:
    """The centre's wall clock, without an offset."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def band_rows(
    points: Iterable[tuple[datetime, float | None, float | None, float | None, float | None, int]], zone: str
) -> pd.DataFrame:
    """(start, value, expected, lower, upper, grade) -> rows; a mark only where the grade changed, and at the end."""
    rows = []
    before = 0
    for at, value, expected, lower, upper, grade in points:
        mark = grade if grade and grade != before else 0
        rows.append({"t": wall_time(at, zone), "y": value, "e": expected, "lo": lower, "hi": upper, "grade": mark})
        before = grade
    if rows and before:
        rows[-1]["grade"] = before
    frame = pd.DataFrame(rows, columns=["t", "y", "e", "lo", "hi", "grade"])
    return frame.astype({"y": float, "e": float, "lo": float, "hi": float, "grade": int})


def marked(frame: pd.DataFrame, marks: Iterable[Mark], visitor: Visitor) -> pd.DataFrame:
    """The rows of a chart with those of its marks behind them: ``k`` (event or change; None: a point), ``t``, ``t2``,
    ``name``; cut to the time that the chart shows."""
    first, last = frame["t"].min(), frame["t"].max()
    rows = []
    for one in marks:
        begin, until = (pd.Timestamp(wall_time(at or one.start, visitor.zone)) for at in (one.start, one.end))
        if begin <= last and until >= first:
            kind = "event" if one.kind == "event" else "change"
            late = begin > first + (last - first) * 0.6  # its name goes to the left, or it makes room by shrinking the chart
            about = {"k": kind, "name": mark_name(visitor, one), "late": late}
            rows.append({**about, "t": max(begin, first), "t2": min(until, last)})
    if not rows:
        return frame
    more = pd.DataFrame(rows)
    if "grade" in frame:
        more["grade"] = 0
    return pd.concat([frame, more], ignore_index=True)


def mark_name(visitor: Visitor, one: Mark) -> str:
    """``双11 ×3 ±20%``, ``目标第 3 版``."""
    if one.kind != "event":
        return visitor.say(f"pages.mark.{one.kind}", version=one.version)
    name = one.name.get(visitor.lang) or next(iter(one.name.values()), "")
    lift = f" ×{one.lift:g}" if one.lift != 1.0 else ""
    return f"{name}{lift}" + (f" ±{one.margin:.0%}" if one.margin else "")


def points_of(base: Any) -> Any:
    """Without the rows of marks: a mark between two points breaks no line."""
    return base.transform_filter("!isValid(datum.k)")


def mark_layers(base: Any, x: Any, theme: str, size: int) -> tuple[list[Any], list[Any]]:
    """What lies under the lines of a chart (the time of announced events), and over them (names, and when a definition
    changed)."""
    token = TOKENS[theme]
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("t:T", title=" ", format="%m-%d %H:%M")]
    events, changes = (base.transform_filter(f"datum.k == '{kind}'") for kind in ("event", "change"))
    span = events.mark_rect(color=token["cmp"], opacity=0.16).encode(
        x=x, x2="t2:T", y=alt.value(0), y2=alt.value("height"), tooltip=tips
    )
    rule = changes.mark_rule(color=token["mut"], strokeDash=[2, 3]).encode(x=x, tooltip=tips)
    words = {"baseline": "top", "fontSize": size, "limit": 180, "color": token["mut"]}
    over = []
    for one, place in ((events, 2), (changes, 2 + size + 4)):
        early, late = (one.transform_filter(f"{sign}datum.late") for sign in ("!", ""))
        over.append(early.mark_text(align="left", dx=4, **words).encode(x=x, y=alt.value(place), text="name:N"))
        over.append(late.mark_text(align="right", dx=-4, **words).encode(x=x, y=alt.value(place), text="name:N"))
    return [span], [rule, *over]


@cache
def band(lang: str, theme: str, height: int, size: int = 12, percent: bool = False) -> Spec:
    """Band behind, expected dashed, actual solid, tiers by shape and colour."""
    token = TOKENS[theme]
    data = alt.NamedData("d")
    x = alt.X("t:T", title=None, axis=alt.Axis(format="%H:%M", tickCount=6, grid=False))
    labels = alt.Axis(tickCount=4, domain=False, ticks=False, format=".0%" if percent else "~s")
    # all zero has no scale of its own: counts show at least 0..1
    scale = alt.Scale(zero=False, nice=True) if percent else alt.Scale(domain=alt.DomainUnionWith(unionWith=[0, 1]), nice=True)
    y = alt.Y("y:Q", title=None, axis=labels, scale=scale)
    whole = alt.Chart(data)
    base, (under, over) = points_of(whole), mark_layers(whole, x, theme, size)
    area = base.mark_area(color=token["band"], opacity=float(token["bando"])).encode(
        x=x, y=alt.Y("lo:Q", title=None, scale=scale), y2="hi:Q"
    )
    expected = base.mark_line(color=token["cmp"], strokeDash=[5, 4], strokeWidth=1.5).encode(x=x, y=alt.Y("e:Q", scale=scale))
    actual = base.mark_line(color=token["text"], strokeWidth=2).encode(x=x, y=y, tooltip=_tips(lang, percent))
    names = [say(lang, f"locale.tier.{tier}") for tier in _TIERS]
    name = "datum.grade == 3 ? '{2}' : datum.grade == 2 ? '{1}' : '{0}'".format(*names)
    marks = (
        base.transform_filter("datum.grade > 0")
        .transform_calculate(tier=name)
        .mark_point(filled=True, size=size * 9, opacity=1, stroke=token["panel"], strokeWidth=1.5)
        .encode(
            x=x,
            y="y:Q",
            shape=alt.Shape("tier:N", scale=alt.Scale(domain=names, range=_SHAPES), legend=None),
            color=alt.Color("tier:N", scale=alt.Scale(domain=names, range=[token[f"t{t}"] for t in _TIERS]), legend=None),
        )
    )
    return finished(alt.layer(*under, area, expected, actual, marks, *over), theme, height, size)


@cache
def bars(lang: str, theme: str, height: int, slow: float | None = None) -> Spec:
    """``x`` (a label, in order), ``y``; above ``slow`` in amber."""
    token = TOKENS[theme]
    color: Any = alt.value(token["cmp"])
    if slow is not None:
        color = alt.condition(f"datum.y > {slow}", alt.value(token["t2"]), alt.value(token["cmp"]))
    x = alt.X(
        "x:N",
        title=None,
        sort=None,
        axis=alt.Axis(labelAngle=0, ticks=False, domain=False, labelOverlap="greedy", labelSeparation=24),
    )
    scale = alt.Scale(domain=alt.DomainUnionWith(unionWith=[0, 1]), nice=True)  # all zero has no scale of its own
    y = alt.Y("y:Q", title=None, scale=scale, axis=alt.Axis(tickCount=3, tickMinStep=1, format="~s", domain=False, ticks=False))
    tips = [alt.Tooltip("x:N", title=say(lang, "pages.chart.time")), alt.Tooltip("y:Q", title=say(lang, "pages.chart.value"))]
    chart = alt.Chart(alt.NamedData("d")).mark_bar(cornerRadius=1).encode(x=x, y=y, color=color, tooltip=tips)
    return finished(chart, theme, height, 12)


def _tips(lang: str, percent: bool) -> list[alt.Tooltip]:
    number = ".1%" if percent else ",.1f"
    return [
        alt.Tooltip("t:T", title=say(lang, "pages.chart.time"), format="%H:%M"),
        alt.Tooltip("y:Q", title=say(lang, "pages.legend.actual"), format=number),
        alt.Tooltip("e:Q", title=say(lang, "pages.legend.expected"), format=number),
    ]


def finished(chart: Any, theme: str, height: int, size: int) -> Spec:
    token = TOKENS[theme]
    shown = (
        chart.properties(
            height=height,
            width="container",
            autosize=alt.AutoSizeParams(type="fit", contains="padding", resize=True),
            padding={"left": 2, "right": 6, "top": 4, "bottom": 2},
        )
        .configure(font=FONT, background="transparent", locale={"time": _ZH_TIME})
        .configure_axis(
            labelColor=token["mut"],
            labelFontSize=size,
            gridColor=token["line"],
            domainColor=token["line2"],
            tickColor=token["line2"],
            labelPadding=6,
        )
        .configure_view(stroke=None)
    )
    spec: dict[str, Any] = shown.to_dict()
    spec.pop("data", None)
    spec.pop("datasets", None)
    for layer in spec.get("layer", []):
        layer.pop("data", None)
    return spec
