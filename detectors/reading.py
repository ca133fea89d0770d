"""What every detector checks of a reading before it looks at it. A bad number is the caller's mistake, never a surprise."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from detectors.base import Reading

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HUGE = 1e9


def seconds(moment: datetime) -> int:
    """Whole seconds since 1970 UTC of an aware moment."""
    since = moment - EPOCH
    return since.days * 86400 + since.seconds


def number(name: str, value: float, lowest: float = 0.0, highest: float = HUGE) -> float:
    """``value`` when it is a finite number in [lowest, highest]; else ``ValueError`` naming the field."""
    if not lowest <= value <= highest:
        kind = "a finite number" if not math.isfinite(value) else "a number"
        raise ValueError(f"{name}={value!r}: {kind} from {lowest:g} to {highest:g}")
    return value


def exposure(x: Reading) -> float:
    """How many cases stand behind the value; None is none."""
    return 0.0 if x.exposure is None else number("exposure", x.exposure)


def span(x: Reading, start: int, allowed: tuple[int, ...]) -> int:
    """Length in seconds; ``ValueError`` unless it is one of ``allowed``."""
    length = seconds(x.end) - start
    if length not in allowed:
        raise ValueError(f"end: the step of {x.series} lasts {length} s, not {' or '.join(map(str, allowed))}")
    return length


def budget(x: Reading) -> float:
    return number("budget", x.context.budget, 1e-6, 1e3)
