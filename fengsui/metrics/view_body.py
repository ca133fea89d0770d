"""What a definition of kind ``view`` may say: what a wall shows below the figures, and for how long where several take turns.

Figures, alerts, sources and the day's loop belong to no view: they stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection, select

from fengsui.metrics.kpis import METRICS
from fengsui.store.tables import definition
from fengsui.store.upsert import upsert

KIND = "view"
SHORTEST_S, LONGEST_S = 15, 60


def _known(metric: str) -> str:
    if metric not in METRICS:
        raise PydanticCustomError("metrics.body.metric", "no figure {metric}", {"metric": metric})
    return metric


MetricId: TypeAlias = Annotated[str, AfterValidator(_known)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Names(Body):
    zh_CN: str = Field(min_length=1, max_length=12)  # noqa: N815  (the language's own name)
    en: str = Field(min_length=1, max_length=24)


class Complaints(Body):
    """Complaints of a day with their normal range."""

    kind: Literal["complaints"]

    @property
    def key(self) -> str:
        return self.kind


class Heat(Body):
    """Complaints of the last hour by organisation and channel."""

    kind: Literal["heat"]

    @property
    def key(self) -> str:
        return self.kind


class Trend(Body):
    """A figure by the hour, over a day, with its target."""

    kind: Literal["trend"]
    metric: MetricId

    @property
    def key(self) -> str:
        return f"trend:{self.metric}"


class By(Body):
    """Figures side by side for each channel, category of the first level, or organisation one level down."""

    kind: Literal["by"]
    level: Literal["channel", "org", "category"]
    metrics: Annotated[tuple[MetricId, ...], Field(min_length=1, max_length=4)]

    @property
    def key(self) -> str:
        return f"by:{self.level}:{','.join(self.metrics)}"


class Deadlines(Body):
    """Open tickets by the time that is left."""

    kind: Literal["deadlines"]

    @property
    def key(self) -> str:
        return self.kind


class Phrases(Body):
    """What customers suddenly say: phrases of several customers, never a sentence of one."""

    kind: Literal["phrases"]

    @property
    def key(self) -> str:
        return self.kind


Panel: TypeAlias = Annotated[Complaints | Heat | Trend | By | Deadlines | Phrases, Field(discriminator="kind")]


class ViewBody(Body):
    """``order``: among views that take turns; ``seconds``: how long this one stays then. ``scope``: the organisation whose
    figures it shows, to those who may see it; empty: of what the screen shows. ``withdrawn``: no screen shows it any more."""

    name: Names
    order: Annotated[int, Field(ge=0, le=999)]
    seconds: Annotated[int, Field(ge=SHORTEST_S, le=LONGEST_S)] = 20
    panels: Annotated[tuple[Panel, ...], Field(min_length=1, max_length=2)]
    scope: Annotated[str, Field(max_length=80)] = ""
    withdrawn: bool = False


def _view(order: int, zh: str, en: str, *panels: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": {"zh_CN": zh, "en": en}, "order": order, "seconds": 20, "panels": list(panels)}


_FOUR = ["complaints", "sla_attainment", "response_time", "csat"]
SEEDS: Mapping[str, dict[str, Any]] = {
    "overview": _view(10, "总览", "Overview", {"kind": "complaints"}, {"kind": "heat"}),
    "channel": _view(20, "渠道", "Channels", {"kind": "by", "level": "channel", "metrics": _FOUR}),
    "region": _view(30, "区域", "Regions", {"kind": "by", "level": "org", "metrics": _FOUR}),
    "sla": _view(40, "SLA", "SLA", {"kind": "trend", "metric": "sla_attainment"}, {"kind": "deadlines"}),
    "satisfaction": _view(
        50,
        "满意度",
        "Satisfaction",
        {"kind": "trend", "metric": "csat"},
        {"kind": "by", "level": "channel", "metrics": ["csat", "negatives"]},
    ),
    "voice": _view(
        60,
        "客户声音",
        "Voice of the customer",
        {"kind": "phrases"},
        {"kind": "by", "level": "category", "metrics": ["complaints", "negatives"]},
    ),
}


def seed(conn: Connection, now: datetime) -> None:
    """Version 1 of every view that is not there yet."""
    rows = [
        {"kind": KIND, "id": id_, "version": 1, "valid_from": now, "by": "seed", "body": body} for id_, body in SEEDS.items()
    ]
    upsert(conn, definition, rows, update=())


def load(conn: Connection, now: datetime) -> dict[str, ViewBody]:
    """The views in force at ``now``, in their order; those of the seed where none is."""
    mine = (definition.c.kind == KIND) & (definition.c.valid_from <= now)
    rows = conn.execute(select(definition.c.id, definition.c.body).where(mine).order_by(definition.c.id, definition.c.version))
    last = {row.id: ViewBody.model_validate(row.body) for row in rows}
    found = {id_: body for id_, body in last.items() if not body.withdrawn} or {
        id_: ViewBody.model_validate(body) for id_, body in SEEDS.items()
    }
    return dict(sorted(found.items(), key=lambda pair: (pair[1].order, pair[0])))
