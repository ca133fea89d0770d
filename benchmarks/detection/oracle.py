"""The limit: a scan over windows that knows the true mean and dispersion of every step, and when a spike has ended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from benchmarks.detection.series import Series, Values
from benchmarks.detection.verdicts import Said

WEEKS = (1, 2, 3)
HOURS = (0.25, 0.5, 1, 2, 4, 8)


def oracle(data: Series) -> Said:
    """Scores in nats of the strongest window."""
    quiet = None if data.quiet is None else Said(_scan(data, data.quiet))
    return Said(_scan(data, data.values), quiet=quiet)


def one_step(data: Series) -> Said:
    """The same, looking at one step only."""
    quiet = None if data.quiet is None else Said(_scan(data, data.quiet, (1,)))
    return Said(_scan(data, data.values, (1,)), quiet=quiet)


def widths(step_s: int) -> tuple[int, ...]:
    if step_s > 86400:
        return WEEKS
    return tuple(sorted({max(1, round(hours * 3600 / step_s)) for hours in HOURS}))


def _scan(data: Series, values: Values, only: tuple[int, ...] | None = None) -> Values:
    hour = max(1, 3600 // data.step_s)
    best, live = np.zeros(len(values)), np.ones(len(values), dtype=bool)
    for width in only or widths(data.step_s):
        since = _since(data, len(values))
        seen, due = _sums(values, width, since), np.maximum(_sums(data.mean, width, since), 1e-9)
        surprise = np.where(seen > due, -_log_tail(seen, due, data.phi), 0.0)
        best = np.maximum(best, np.where(live, surprise, 0.0))
        if width <= hour and data.step_s <= 86400:
            live = seen > due + 0.5 * np.sqrt(data.phi * due)
    return best


def _since(data: Series, steps: int) -> NDArray[np.intp]:
    """For each step the end of the last spike before it: a window does not reach back into what is over."""
    ends = np.zeros(steps, dtype=np.intp)
    for spike in data.spikes:
        ends[spike.end :] = spike.end
    return ends


def _sums(values: Values, width: int, since: NDArray[np.intp]) -> Values:
    total = np.concatenate([[0.0], np.cumsum(values)])
    first = np.maximum(np.arange(len(values)) + 1 - width, since)
    return np.asarray(total[1:] - total[first])


def _log_tail(seen: Values, due: Values, phi: float) -> Values:
    """ln P(X >= seen)."""
    tail = poisson.logsf(seen - 1, due) if phi <= 1 else nbinom.logsf(seen - 1, due / (phi - 1), 1 / phi)
    z = (seen - due) / np.sqrt(phi * due)
    return np.asarray(np.where(np.isfinite(tail), tail, -700 - z))
