"""A small world of made-up series: time of day x weekday, overdispersed counts, shares and durations, on seeds.

The truth is drawn here and never shown to a detector. Wall clock is Shanghai's; day 0 is Monday 2026-03-02.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from detectors.base import Context, DayType, KnownEvent, Reading

SHANGHAI = timezone(timedelta(hours=8))
START = datetime(2026, 3, 2, tzinfo=SHANGHAI)
DAY = 86400

Series = NDArray[np.float64]


def profile(days: int, step_s: int, night: float = 0.1, weekend: float = 0.6, start_day: int = 0) -> Series:
    """Relative intensity of each step, mean one over a weekday: two humps over the day, a quieter weekend."""
    steps = DAY // step_s
    hour = (np.arange(steps) + 0.5) * 24 / steps
    shape = night + np.exp(-0.5 * ((hour - 10.5) / 2.2) ** 2) + 0.9 * np.exp(-0.5 * ((hour - 15.5) / 2.8) ** 2)
    shape /= shape.mean()
    weekly = [weekend if (start_day + day) % 7 >= 5 else 1.0 for day in range(days)]
    return np.concatenate([shape * level for level in weekly])


def counts(seed: int, mean: Series, phi: float = 1.3) -> Series:
    """Negative binomial with variance phi x mean."""
    rng = np.random.default_rng(seed)
    if phi <= 1:
        return rng.poisson(mean).astype(float)
    return rng.negative_binomial(np.maximum(mean, 1e-9) / (phi - 1), 1 / phi).astype(float)


def day_type(local: datetime) -> DayType:
    return "weekend" if local.weekday() >= 5 else "workday"


def readings(
    values: Sequence[float] | Series,
    step_s: int,
    *,
    first: int = 0,
    exposure: Sequence[float] | Series | None = None,
    budget: float = 0.5,
    calendar: Callable[[datetime], DayType] = day_type,
    events: Callable[[datetime], tuple[KnownEvent, ...]] = lambda local: (),
) -> list[Reading]:
    """One reading a step from day 0 plus ``first`` seconds on."""
    step, out = timedelta(seconds=step_s), []
    for i, value in enumerate(np.asarray(values).tolist()):
        local = START + timedelta(seconds=first) + i * step
        seen = None if exposure is None else float(exposure[i])
        context = Context(local.replace(tzinfo=None), calendar(local), events(local), budget)
        out.append(Reading("complaints|all", local, local + step, value, seen, True, context))
    return out


def quarters(values: Series) -> Series:
    """Minutes summed to quarter-hours."""
    return np.asarray(values.reshape(-1, 15).sum(axis=1))


def shares(seed: int, p: Series, n: Series, rho: float = 0.0) -> Series:
    """Successes of ``n`` (beta-binomial with correlation ``rho``)."""
    rng = np.random.default_rng(seed)
    if rho:
        p = rng.beta(p * (1 / rho - 1), (1 - p) * (1 / rho - 1))
    return rng.binomial(n.astype(int), p).astype(float)


def log_durations(seed: int, mu: Series, n: Series, sd: float = 0.7) -> Series:
    """Mean log seconds over ``n`` log-normal durations a step."""
    rng = np.random.default_rng(seed)
    return np.asarray(mu + rng.normal(0, 1, len(mu)) * sd / np.sqrt(np.maximum(n, 1)))


def stock(seed: int, mean: Series, alike: float = 0.9) -> Series:
    """A stock around ``mean``: its logarithm wanders, neighbouring steps are ``alike``."""
    rng, level, out = np.random.default_rng(seed), 0.0, []
    for usual in mean.tolist():
        level = alike * level + math.sqrt(1 - alike**2) * 0.15 * rng.normal()
        out.append(float(rng.poisson(usual * math.exp(level))))
    return np.array(out)
