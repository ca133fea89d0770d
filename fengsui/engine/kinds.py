"""Which detectors there are for a figure, for whoever lets a person choose one."""

from __future__ import annotations

from collections.abc import Mapping

from detectors import registry
from detectors.registry import Description
from fengsui.metrics.catalogue import metric_of

__all__ = ["Description", "check", "describe", "suited"]
describe = registry.describe


def suited(metric: str) -> list[Description]:
    """Those that read figures of this shape, the usual one first; none for a figure that no detector reads."""
    shape = metric_of(metric).step_shape
    return [one for one in map(registry.describe, registry.DETECTORS) if one.kind == shape]


def check(detector: str, parameters: Mapping[str, float | int | str]) -> None:
    """``ValueError`` names what is wrong and what is allowed."""
    registry.make(detector, **parameters)
