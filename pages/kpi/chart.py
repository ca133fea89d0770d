"""Four weeks of a figure by the day, with its target."""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt

from fengsui.locale import say
from pages.look.charts import Spec, finished, mark_layers, points_of
from pages.look.tokens import TOKENS


@cache
def weeks(lang: str, theme: str, height: int, target: bool = False, goal: bool = False, ahead: bool = False) -> Spec:
    """Rows: ``t`` (a day), ``y`` as shown (per cent, seconds …); a day without a figure is a gap; ``g``: what a goal asks;
    ``aim``: the target of that day; ``low``, ``mid``, ``high``: of a day ahead; and the rows of marks (``charts.marked``)."""
    token = TOKENS[theme]
    whole = alt.Chart(alt.NamedData("d"))
    base = points_of(whole)
    x = alt.X("t:T", title=None, axis=alt.Axis(format="%m-%d", tickCount=6, grid=False))
    y = alt.Y("y:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=4, domain=False, ticks=False))
    tips = [
        alt.Tooltip("t:T", title=say(lang, "pages.chart.time"), format="%Y-%m-%d"),
        alt.Tooltip("y:Q", title=say(lang, "pages.legend.actual"), format=",.1f"),
    ]
    line = base.mark_line(color=token["text"], strokeWidth=2, point={"size": 14, "color": token["text"]}).encode(
        x=x, y=y, tooltip=tips
    )
    layers: list[Any] = [line]
    if ahead:
        layers.insert(0, base.mark_area(color=token["mut"], opacity=0.18).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"))
        layers.append(base.mark_line(color=token["mut"], strokeWidth=1.5, strokeDash=[2, 3]).encode(x=x, y=alt.Y("mid:Q")))
    if target:
        dashed = base.mark_line(color=token["cmp"], strokeDash=[5, 4], strokeWidth=1.5, interpolate="step-after")
        layers.append(dashed.encode(x=x, y=alt.Y("aim:Q")))
    if goal:
        layers.append(base.mark_line(color=token["cmp"], strokeWidth=1.5).encode(x=x, y=alt.Y("g:Q")))
    under, over = mark_layers(whole, x, theme, 12)
    return finished(alt.layer(*under, *layers, *over), theme, height, 12)
