"""A duration that drifts or jumps: first response, handling time, resolution; on the logarithm.

Slow: an EWMA (Roberts 1959) of residuals of mean log seconds, each bounded at 2.5 robust sd (Huber 1964) and weighted by its
precision; a mixture of easy and hard cases has a narrow middle, in which a shift shows long before it shows in the mean. Its
false-alarm rate is that of an Ornstein-Uhlenbeck process crossing a level (Durbin 1985). Sudden: the weighted mean residual of
the last 1 to 8 steps, calibrated by its own peaks.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from scipy.special import log_ndtr

from detectors import maturity, reading, scatter
from detectors.base import Reading
from detectors.drift import Drift, View, contradicted, crossings, ranked
from detectors.parameter import Parameter
from detectors.telling import CALM_SCORE, NOTHING, Finding

KEEP = 0.992
BOUND = 2.5
"""Robust sd at which a residual is bounded in the chart."""

LOOK_FROM = 1.5
WIDTHS = (1, 2, 4, 8)
CLIP = 3.0
"""Sd at which a residual is bounded for the baseline and the scatter."""

NORMAL_MEDIAN = 0.6745
QUICKEST = 0.05
"""Most that the logarithm of the robust sd moves in one step."""

LEVEL_VARIANCE = 25.0
NEW_LEVEL = 1.0
LOG_HIGHEST = 25.0

PARAMETERS = (
    Parameter("step_s", 900, "base step in seconds", 60, 86400),
    Parameter("sided", "both", "up: longer; both: shorter as well", choices=("up", "both")),
    Parameter("memory", 6000.0, "steps that the baseline remembers", 4000.0, 1e6),
    Parameter("patience_s", 604800, "how long a shift must stand to become the new normal, in seconds", 3600, 7776000),
    Parameter("widen", 0.25, "extra relative width on day 2, fading until day 8", 0.0, 2.0),
    Parameter("important_shift", 0.25, "least shift of the logarithm for important (0.25: 28 % longer)", 0.0, 10.0),
    Parameter("severe_shift", 0.6, "least shift of the logarithm for severe (0.6: 82 % longer)", 0.0, 10.0),
)


class DurationDrift(Drift):
    """Mean log seconds with exposure: drifts slowly or jumps, longer or shorter."""

    name: ClassVar[str] = "duration_drift"
    version: ClassVar[int] = 2
    kind: ClassVar[Literal["duration"]] = "duration"
    PARAMETERS = PARAMETERS

    def __init__(
        self,
        step_s: int = 900,
        sided: str = "both",
        memory: float = 6000.0,
        patience_s: int = 604800,
        widen: float = 0.25,
        important_shift: float = 0.25,
        severe_shift: float = 0.6,
    ) -> None:
        self.step_s, self.sided, self.memory, self.patience_s, self.widen = step_s, sided, memory, patience_s, widen
        self.important_shift, self.severe_shift = important_shift, severe_shift
        self._lay_out(LEVEL_VARIANCE, memory)
        self._scatter = list(scatter.START)
        self._middle = [0.0, 0.0, 1.0, 1.0]
        """Logarithm of robust sd over sd; mean and variance of bounded residuals in sd; share of those not bounded."""
        self._chart = [0.0] * 6
        """U, V and the precision behind them; shift x precision, precision and steps since the chart began to climb."""
        self._recent: list[list[float]] = []
        """Residual and weight of the last steps, newest last."""

    # Judging -------------------------------------------------------------------------------------------------------

    def _view(self, x: Reading, n: float) -> View:
        assert x.value is not None
        reading.number("value", x.value, -LOG_HIGHEST, LOG_HIGHEST)
        row = self._harmonics.row(x.context.local, x.context.day_type)
        usual, q = self._harmonics.predict(row)
        spread = 1.96 * math.sqrt(self._variance(n) + q) * self._wider
        return View(x, row, n, usual, q, usual, (usual - spread, usual + spread))

    @property
    def _wider(self) -> float:
        return 1 + self.widen * maturity.youth(self._days)

    def _variance(self, n: float) -> float:
        """Variance of a step's mean log over n durations."""
        return scatter.variance(self._scatter, n)

    def _step(self, view: View) -> tuple[float, float]:
        """Residual, and its weight 1 / variance."""
        return (view.reading.value or 0.0) - view.usual, 1 / ((self._variance(view.n) + view.q) * self._wider**2)

    def _bounded(self, view: View) -> tuple[float, float]:
        """The residual in sd, bounded and centred, and the sd."""
        sd = math.sqrt(self._variance(view.n))
        limit = BOUND * math.exp(self._middle[0])
        z = ((view.reading.value or 0.0) - view.usual) / sd
        return max(-limit, min(limit, z)) - self._middle[1], sd

    def _charted(self, view: View) -> list[float]:
        z, sd = self._bounded(view)
        u, v, weight, pulled, since, steps = self._chart
        u, v, weight = KEEP * u + z / sd, KEEP**2 * v + self._middle[2] / sd**2, KEEP * weight + 1 / sd**2
        if abs(u) < LOOK_FROM * math.sqrt(v):
            return [u, v, weight, 0.0, 0.0, 0.0]
        residual, own = self._step(view)
        return [u, v, weight, pulled + residual * own, since + own, steps + 1]

    def _slow(self, view: View) -> Finding:
        u, v, weight, *_ = self._charted(view)
        unsure = weight * weight * self._harmonics.level_variance_at(view.row)
        z = abs(u) / (math.sqrt(v + unsure) * self._wider)
        if z < LOOK_FROM or (u < 0 and self.sided == "up"):
            return NOTHING
        rate = crossings(z, KEEP) * (2 if self.sided == "both" else 1)
        score = -math.log10(rate * self._week_steps)
        return self._told(score, z * z / 2, self._claimed(u, weight), round(1 / (1 - KEEP)), view)

    def _claimed(self, u: float, weight: float) -> float:
        """The shift that a chart stands for: what is bounded moves less than the middle does."""
        return u / weight / max(self._middle[3], 0.5)

    def _fast(self, view: View) -> Finding:
        best = NOTHING
        pulled = weights = 0.0
        residual, weight = self._step(view)
        steps = [[residual, weight], *reversed(self._recent[1 - max(WIDTHS) :])]
        for width, (residual, weight) in enumerate(steps, start=1):
            pulled, weights = pulled + residual * weight, weights + weight
            if width in WIDTHS and (pulled > 0 or self.sided == "both"):
                shift = pulled / weights
                surprise = -float(log_ndtr(-abs(shift) * math.sqrt(weights))) - math.log(2 if self.sided == "both" else 1)
                if surprise > best.surprise:
                    best = self._told(CALM_SCORE, surprise, shift, width, view)
        return best

    def _told(self, score: float, nats: float, shift: float, steps: int, view: View) -> Finding:
        up = shift > 0
        window_s = steps * self.step_s
        observed, expected = math.exp(min(view.usual + shift, LOG_HIGHEST)), math.exp(min(view.usual, LOG_HIGHEST))
        return Finding(
            score,
            nats,
            ranked(abs(shift), nats, self.important_shift, self.severe_shift),
            "up" if up else "down",
            window_s,
            view.usual + shift,
            view.usual,
            "detectors.reason.drift_up" if up else "detectors.reason.drift_down",
            {"observed": observed, "expected": expected, "ratio": math.exp(shift), "window_s": window_s},
        )

    # Learning ------------------------------------------------------------------------------------------------------

    def _absorb(self, view: View, frozen: bool) -> None:
        residual, weight = self._step(view)
        if self._days >= 1:
            self._chart = self._charted(view)
        self._recent = [*self._recent[-15:], [residual, weight]]
        if frozen:
            if self._is_over():
                self._chart = [0.0] * 6
            return
        variance = self._variance(view.n)
        limit = CLIP * math.sqrt(variance + view.q)
        clipped = max(-limit, min(limit, residual)) if self._steps > 20 else residual
        self._harmonics.learn(view.row, clipped, variance)
        if self._steps > 20:
            self._scatter = scatter.learned(self._scatter, view.n, clipped * clipped / (1 + view.q / variance))
            bounded, sd = self._bounded(view)
            self._learn_middle(residual / sd, bounded)

    def _is_over(self) -> bool:
        """Whether the last steps are far from what the chart has climbed on."""
        pulled, since, steps = self._chart[3:]
        recent = ((residual * weight, weight) for residual, weight in reversed(self._recent[-int(steps) // 2 :]))
        return steps > 1 and contradicted(pulled / since, recent)

    def _learn_middle(self, z: float, bounded: float) -> None:
        """The median of |z| by steps of its sign (Robbins & Monro 1951); moments of what is bounded by it."""
        scale, mean, variance, inside = self._middle
        pace = max(1.0 / (self._steps - 19), 1.0 / self.memory)
        wide = abs(z) > NORMAL_MEDIAN * math.exp(scale)
        scale += min(QUICKEST, max(3 * pace, 0.002)) * (1 if wide else -1)
        mean += pace * bounded
        variance += pace * (bounded * bounded - variance)
        inside += pace * (float(abs(z) < BOUND * math.exp(scale)) - inside)
        self._middle = [scale, mean, variance, inside]

    def _forget(self) -> None:
        self._harmonics.reopen(NEW_LEVEL)
        self._chart = [0.0] * 6
        self._recent = []

    def _own(self) -> dict[str, Any]:
        return {
            "_scatter": list(self._scatter),
            "_middle": list(self._middle),
            "_chart": list(self._chart),
            "_recent": [list(step) for step in self._recent],
        }
