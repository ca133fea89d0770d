"""The detectors there are, by name. A new one is a line here, a file, a heading in docs/detectors.md, and passes the suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from detectors.base import Detector, FamilyDetector
from detectors.parameter import Parameter, Value

DETECTORS: Mapping[str, str] = {
    "count_surprise": "detectors.count_surprise.CountSurprise",
    "share_drift": "detectors.share_drift.ShareDrift",
    "duration_drift": "detectors.duration_drift.DurationDrift",
    "gauge": "detectors.gauge.Gauge",
    "silence": "detectors.silence.Silence",
    "slow_decline": "detectors.slow_decline.SlowDecline",
    "moved_profile": "detectors.moved_profile.MovedProfile",
    "doubled_counts": "detectors.doubled_counts.DoubledCounts",
    "batch_entry": "detectors.batch_entry.BatchEntry",
}


@dataclass(frozen=True, slots=True)
class Description:
    """What the rules page, the documentation and the back-test show of a detector."""

    name: str
    kind: str
    version: int
    summary: str
    parameters: tuple[Parameter, ...]


def _module(name: str) -> tuple[ModuleType, str]:
    if name not in DETECTORS:
        raise ValueError(f"detector={name!r}: unknown; known are {', '.join(DETECTORS)}")
    path, _, cls = DETECTORS[name].rpartition(".")
    return import_module(path), cls


def detector_class(name: str) -> type[Detector]:
    """The class; imported on first use."""
    module, cls = _module(name)
    found: type[Detector] = getattr(module, cls)
    return found


def make(name: str, **parameters: Value) -> Detector:
    """A fresh detector. ``ValueError`` names an unknown detector or parameter, or one out of its range."""
    known = {parameter.name for parameter in describe(name).parameters}
    for unknown in parameters.keys() - known:
        raise ValueError(f"{unknown}={parameters[unknown]!r}: unknown; known are {', '.join(sorted(known))}")
    return detector_class(name)(**parameters)


def pool(step_s: int = 900) -> FamilyDetector:
    """The pooled test of a family of sparse series, that has learned nothing."""
    found: type[FamilyDetector] = import_module("detectors.pool").Pool
    return found(step_s)  # type: ignore[call-arg]


def describe(name: str) -> Description:
    """Name, kind, first line of the docstring and the parameters with type, default, range and meaning."""
    module, _ = _module(name)
    cls = detector_class(name)
    return Description(name, cls.kind, cls.version, (cls.__doc__ or "").strip().partition("\n")[0], module.PARAMETERS)
