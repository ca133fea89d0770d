"""Complaints of a day beside their normal range."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fengsui.board.chart_marks import marks
from fengsui.board.read import Picture
from fengsui.board.scope import view_of
from fengsui.locale.catalogue import catalogue
from fengsui.locale.formats import Place, as_brief
from pages.look.alert_words import begins
from pages.look.charts import mark_name
from pages.look.house import house
from pages.look.pieces import esc
from pages.look.visitor import Visitor
from pages.wall import head
from pages.wall.plot import Dot, Stretch, plot


def panel(visitor: Visitor, picture: Picture, place: str | None) -> str:
    dots = [Dot(datetime.fromtimestamp(at, UTC), *rest) for at, *rest in picture.view(visitor.scope, place)["curve"]]
    if any(dot.value is not None for dot in dots):
        words = Place(visitor.lang, visitor.zone, catalogue(visitor.lang))
        drawn = plot(dots, visitor.zone, lambda count: as_brief(count, words), told=_told(visitor, dots, place))
    else:
        drawn = f'<p class="empty">{esc(visitor.say(_why_empty(visitor, picture, place)))}</p>'
    return f'<div class="panel curve">{head.curve_heading(visitor)}{drawn}</div>'


def _told(visitor: Visitor, dots: Sequence[Dot], place: str | None) -> list[Stretch]:
    """Announced events, and what the figure is judged by from then on."""
    found = marks(house().reader, "complaints", view_of(visitor.scope, place), dots[0].at, dots[-1].at)
    return [Stretch(one.start, one.end, mark_name(visitor, one)) for one in found]


def _why_empty(visitor: Visitor, picture: Picture, place: str | None) -> str:
    """Nothing was counted yet, or nothing is there; or the worker has not drawn this organisation yet."""
    if view_of(visitor.scope, place) not in picture.body["views"]:
        return "pages.wall.soon"
    return "pages.state.reading" if begins(picture.body) else "pages.state.no_data"
