"""What a command answers: done, or refused with the reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """The decision stands; ``version`` is the handling_version to be seen by the next command."""

    version: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changed. ``code`` and ``params`` say who did what when, or what is allowed instead."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
