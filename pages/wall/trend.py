"""A figure by the hour, over a day, beside its target."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pages.look.figures import together
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor
from pages.wall.plot import Dot, plot

HOUR = timedelta(hours=1)


def panel(visitor: Visitor, data: Mapping[str, Any]) -> str:
    if not data:
        return f'<div class="panel curve"><p class="empty">{esc(visitor.say("pages.wall.soon"))}</p></div>'
    start = datetime.fromtimestamp(data["start"], UTC)
    dots = [Dot(start + HOUR * n, value) for n, value in enumerate(data["values"])]

    def written(value: float) -> str:
        return together(visitor, data["shape"], data["unit"], value, brief=True)

    aim = "" if data["target"] is None else visitor.say("pages.partner.target", value=written(data["target"]))
    head = heading(
        visitor.say(f"locale.metric.{data['metric']}"),
        visitor.say("pages.wall.by_hour"),
        f'<i class="la"></i>{esc(aim)}' if aim else "",
    )
    known = any(dot.value is not None for dot in dots)
    empty = f'<p class="empty">{esc(visitor.say("pages.state.no_data"))}</p>'
    zero = data["shape"] == "count"
    drawn = plot(dots, visitor.zone, written, target=data["target"], zero=zero) if known else empty
    return f'<div class="panel curve">{head}{drawn}</div>'
