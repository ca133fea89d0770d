"""The first definitions of a centre: written once, by "seed"; people edit them afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from fengsui.alerts import definitions
from fengsui.alerts.seeds import FLOORS, MATRIX, PLANS, TIER_POLICY, WEIGHTS, rules_for
from fengsui.settings.model import Settings
from fengsui.store.tables import definition
from fengsui.store.upsert import upsert


def seed(conn: Connection, settings: Settings, now: datetime) -> None:
    """Rules for the configured cuboids, matrix, floors, weights, policy, plans. What is there already stays as it is,
    except that the seeded policy follows the channels of ``[notify]`` until a person edits it."""
    wanted: dict[tuple[str, str], Mapping[str, Any]] = {
        ("matrix", "default"): MATRIX,
        ("weights", "default"): WEIGHTS,
        ("tier_policy", "default"): _policy(settings),
        **{("floor", id_): body for id_, body in FLOORS.items()},
        **{("plan", id_): body for id_, body in PLANS.items()},
        **{("rule", id_): body for id_, body in rules_for(settings.cuboids, settings.engine.max_head_series).items()},
    }
    for (kind, id_), body in wanted.items():
        definitions.check(kind, id_, body)
    rows = [
        {"kind": kind, "id": id_, "version": 1, "valid_from": now, "by": "seed", "body": dict(body)}
        for (kind, id_), body in wanted.items()
    ]
    upsert(conn, definition, rows, update=())
    _follow_channels(conn, settings, now)


def _policy(settings: Settings) -> dict[str, Any]:
    channels = settings.notify.channels
    return {
        **TIER_POLICY,
        "channels": sorted(channels),
        "channel_tiers": {name: channel.least_tier for name, channel in sorted(channels.items())},
    }


def _follow_channels(conn: Connection, settings: Settings, now: datetime) -> None:
    mine = (definition.c.kind == "tier_policy") & (definition.c.id == "default")
    newest = conn.execute(select(definition).where(mine).order_by(definition.c.version.desc()).limit(1)).mappings().one()
    fresh = _policy(settings)
    if {name: newest["body"].get(name) for name in ("channels", "channel_tiers")} == {
        name: fresh[name] for name in ("channels", "channel_tiers")
    }:
        return
    body = {**newest["body"], "channels": fresh["channels"], "channel_tiers": fresh["channel_tiers"]}
    definitions.save(conn, "tier_policy", "default", body, "seed", now)
