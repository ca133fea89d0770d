"""The roles that a settings file may name."""

from __future__ import annotations

from typing import Literal, TypeAlias

Role: TypeAlias = Literal["wall", "duty", "manager", "admin", "analyst", "auditor"]
