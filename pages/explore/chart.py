"""Two pictures: the series with everything that explains it, and the way from expected to observed."""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt

from fengsui.locale import say
from pages.look.charts import Spec, finished, mark_layers
from pages.look.tokens import TOKENS

OVER = {"dark": ("#9CC0FF", "#D9A8FF", "#8FE0C8"), "light": ("#2460C8", "#7A2FB0", "#0A7556")}
"""Figures laid over the first; none has a tier's colour, and each a dash of its own."""
DASHES = ([7, 3], [3, 2], [8, 3, 2, 3])
_TIERS = (1, 2, 3)
_SHAPES = ["circle", "triangle-up", "diamond"]


@cache
def series(lang: str, theme: str, height: int, form: str, percent: bool, others: int = 0, year: bool = False) -> Spec:
    """Rows by ``kind``: ``p`` a point (``t``, ``y``, ``e``, ``lo``, ``hi``, ``w`` last week, ``grade``), ``w`` the window
    (``t`` to ``t2``), ``v`` an event (``t``, ``name``), ``o0`` … a point of another figure (``t``, ``y`` where it is drawn,
    ``name``, ``said``). ``year``: the dotted line is a year old."""
    token = TOKENS[theme]
    base = alt.Chart(alt.NamedData("d"))
    points = base.transform_filter("datum.kind == 'p'")
    x = alt.X("t:T", title=None, axis=alt.Axis(format=form, tickCount=7, grid=False))
    labels = alt.Axis(tickCount=4, domain=False, ticks=False, format=".0%" if percent else "~s")
    scale = alt.Scale(zero=False, nice=True) if percent else alt.Scale(domain=alt.DomainUnionWith(unionWith=[0, 1]), nice=True)
    y = alt.Y("y:Q", title=None, axis=labels, scale=scale)
    window = (
        base.transform_filter("datum.kind == 'w'")
        .mark_rect(color=token["t3"], opacity=0.14)
        .encode(x=x, x2="t2:T", y=alt.value(0), y2=alt.value("height"))
    )
    area = points.mark_area(color=token["band"], opacity=float(token["bando"]) + 0.05).encode(
        x=x, y=alt.Y("lo:Q", title=None, scale=scale), y2="hi:Q"
    )
    week = points.mark_line(color=token["cmp"], strokeDash=[1, 3], strokeWidth=1.5).encode(x=x, y=alt.Y("w:Q", scale=scale))
    expected = points.mark_line(color=token["cmp"], strokeDash=[5, 4], strokeWidth=1.5).encode(x=x, y=alt.Y("e:Q", scale=scale))
    actual = points.mark_line(color=token["text"], strokeWidth=2).encode(x=x, y=y, tooltip=_tips(lang, form, percent, year))
    beside = [_over(base, x, scale, lang, theme, form, n) for n in range(others)]
    names = [say(lang, f"locale.tier.{tier}") for tier in _TIERS]
    name = "datum.grade == 3 ? '{2}' : datum.grade == 2 ? '{1}' : '{0}'".format(*names)
    marks = (
        points.transform_filter("datum.grade > 0")
        .transform_calculate(tier=name)
        .mark_point(filled=True, size=80, opacity=1, stroke=token["panel"], strokeWidth=1.5)
        .encode(
            x=x,
            y="y:Q",
            shape=alt.Shape("tier:N", scale=alt.Scale(domain=names, range=_SHAPES), legend=None),
            color=alt.Color("tier:N", scale=alt.Scale(domain=names, range=[token[f"t{t}"] for t in _TIERS]), legend=None),
        )
    )
    events = base.transform_filter("datum.kind == 'v'")
    rules = events.mark_rule(color=token["t2"], strokeDash=[3, 3]).encode(x=x)
    words = events.mark_text(color=token["t2"], align="right", baseline="top", dx=-4, fontSize=12).encode(
        x=x, y=alt.value(2), text="name:N"
    )
    under, over = mark_layers(base, x, theme, 12)
    return finished(
        alt.layer(*under, window, area, week, expected, *beside, actual, marks, rules, words, *over), theme, height, 12
    )


def _over(base: alt.Chart, x: alt.X, scale: alt.Scale, lang: str, theme: str, form: str, n: int) -> alt.Chart:
    tips = [
        alt.Tooltip("t:T", title=say(lang, "pages.chart.time"), format=_shown(form)),
        alt.Tooltip("name:N", title=say(lang, "explore.metric")),
        alt.Tooltip("said:N", title=say(lang, "pages.chart.value")),
    ]
    mine = base.transform_filter(f"datum.kind == 'o{n}'")
    line: alt.Chart = mine.mark_line(color=OVER[theme][n], strokeDash=DASHES[n], strokeWidth=2).encode(
        x=x, y=alt.Y("y:Q", scale=scale), tooltip=tips
    )
    return line


def _shown(form: str) -> str:
    return "%m-%d %H:%M" if "%H" in form else "%Y-%m-%d"


def _tips(lang: str, form: str, percent: bool, year: bool) -> list[alt.Tooltip]:
    number = ".1%" if percent else ",.1f"
    shown = _shown(form)
    return [
        alt.Tooltip("t:T", title=say(lang, "pages.chart.time"), format=shown),
        alt.Tooltip("y:Q", title=say(lang, "pages.legend.actual"), format=number),
        alt.Tooltip("e:Q", title=say(lang, "pages.legend.expected"), format=number),
        alt.Tooltip("w:Q", title=say(lang, f"explore.legend.{'year' if year else 'week'}"), format=number),
    ]


@cache
def waterfall(lang: str, theme: str, height: int) -> Spec:
    """Rows in order: ``n``, ``label`` (``~`` breaks a line), ``lo``, ``hi``, ``shade`` (end, part, little), ``text``."""
    token = TOKENS[theme]
    base = alt.Chart(alt.NamedData("d"))
    axis = alt.Axis(
        labelAngle=0, ticks=False, domain=True, labelExpr="split(datum.label, '~')", labelOverlap=False, labelLimit=130
    )
    order = alt.EncodingSortField(field="n", op="min")
    x: Any = alt.X("label:N", title=None, sort=order, axis=axis, scale=alt.Scale(paddingInner=0.45, paddingOuter=0.25))
    y = alt.Y("lo:Q", title=None, axis=None, scale=alt.Scale(nice=False, padding=14))
    shades = alt.Scale(domain=["end", "part", "little"], range=[token["cmp"], token["t3"], token["mut"]])
    bars = base.mark_bar(cornerRadius=3, minBandSize=2).encode(
        x=x,
        y=y,
        y2="hi:Q",
        color=alt.Color("shade:N", scale=shades, legend=None),
        tooltip=[
            alt.Tooltip("full:N", title=say(lang, "pages.kpi.part.place")),
            alt.Tooltip("text:N", title=say(lang, "pages.chart.value")),
        ],
    )
    words = base.mark_text(baseline="bottom", dy=-5, fontSize=13, fontWeight=600, color=token["text"]).encode(
        x=x, y=alt.Y("top:Q", title=None), text="text:N"
    )
    return finished(alt.layer(bars, words), theme, height, 12)
