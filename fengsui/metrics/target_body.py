"""What a definition of kind ``target`` may say, and what was the target of a figure at a time.

A target counts from its date on: a day of last month is held against the target that was in force then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from fengsui.store.tables import definition

KIND = "target"


class TargetBody(BaseModel):
    """``target`` in the unit of the metric's value: a share of 1, seconds, a count; null: no target."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)] | None


@dataclass(frozen=True, slots=True)
class Targets:
    """The versions of one metric's target, by number. A later version takes the place of an earlier one from its date on,
    also of one that had not begun."""

    versions: Sequence[tuple[datetime, float | None]]

    def at(self, moment: datetime) -> float | None:
        """The target in force; before the first version, that one."""
        known = [target for valid_from, target in self.versions if valid_from <= moment]
        if known:
            return known[-1]
        return self.versions[0][1] if self.versions else None


def load(conn: Connection, metric: str) -> Targets:
    mine = (definition.c.kind == KIND) & (definition.c.id == metric)
    rows = conn.execute(select(definition.c.valid_from, definition.c.body).where(mine).order_by(definition.c.version))
    return Targets([(row.valid_from, TargetBody.model_validate(row.body).target) for row in rows])
