"""A duration that drifts or jumps: first response, handling time, resolution; on the logarithm, both ways.

Slow: a bank of CUSUMs (Page 1954) on the residual of mean log seconds, weighted by exposure, looking for shifts of .12,
.22 and .45 up and down; each chart's height becomes a rate of false alarms by Siegmund's (1985) formula, with mean and
deviation of its own increments learned on the series. Sudden: the weighted mean residual of the last 1 to 8 steps,
calibrated by its own peaks.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from scipy.special import log_ndtr

from detectors import maturity, reading
from detectors.base import Reading
from detectors.drift import Drift, View, ranked
from detectors.noise import MEMORY
from detectors.parameter import Parameter
from detectors.telling import CALM_SCORE, NOTHING, Finding

SHIFTS = (0.12, 0.22, 0.45)
BANK = tuple((sign, shift) for sign in (1.0, -1.0) for shift in SHIFTS)
WIDTHS = (1, 2, 4, 8)
OVERSHOOT = 1.166
"""Siegmund's correction for stepping over the limit, in sd of an increment."""

SKEW = 1.06
"""Charts climb this much higher than theory says: increments are skewed and the baseline is estimated (measured)."""

CLIP = 3.0
INCREMENT_MEMORY = 3000.0
LEVEL_VARIANCE = 25.0
NEW_LEVEL = 1.0
LOG_HIGHEST = 25.0

PARAMETERS = (
    Parameter("step_s", 900, "base step in seconds", 60, 86400),
    Parameter("memory", 6000.0, "steps that the baseline remembers", 4000.0, 1e6),
    Parameter("patience_s", 604800, "how long a shift must stand to become the new normal, in seconds", 3600, 7776000),
    Parameter("widen", 0.25, "extra relative width on day 2, fading until day 8", 0.0, 2.0),
    Parameter("important_shift", 0.25, "least shift of the logarithm for important (0.25: 28 % longer)", 0.0, 10.0),
    Parameter("severe_shift", 0.6, "least shift of the logarithm for severe (0.6: 82 % longer)", 0.0, 10.0),
)


class DurationDrift(Drift):
    """Mean log seconds with exposure: drifts slowly or jumps, longer or shorter."""

    name: ClassVar[str] = "duration_drift"
    version: ClassVar[int] = 1
    kind: ClassVar[Literal["duration"]] = "duration"
    PARAMETERS = PARAMETERS

    def __init__(
        self,
        step_s: int = 900,
        memory: float = 6000.0,
        patience_s: int = 604800,
        widen: float = 0.25,
        important_shift: float = 0.25,
        severe_shift: float = 0.6,
    ) -> None:
        self.step_s, self.memory, self.patience_s, self.widen = step_s, memory, patience_s, widen
        self.important_shift, self.severe_shift = important_shift, severe_shift
        self._lay_out(LEVEL_VARIANCE, memory)
        self._scatter = [20.0, 100.0, 1000.0, 12.0, 60.0]
        """Sums of 1, n, n^2, n r^2, n^2 r^2: Var = within / n + between."""
        self._charts = [[0.0] * 4 for _ in BANK]
        """Height, sum of weight x residual, sum of weights and steps since the chart was last at zero."""
        self._moments = [[0.0, 0.0] for _ in BANK]
        """Mean and mean square of each chart's increments."""
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
        """Variance of a step's mean log over n durations: within / n + between."""
        count, s1, s2, t0, t1 = self._scatter
        det = count * s2 - s1 * s1
        between = max((count * t1 - s1 * t0) / det, 0.0) if det > 1e-6 * count * s2 else 0.0
        within = max((t0 - between * s1) / count, 0.0)
        return max(within / n + between, 1e-4)

    def _step(self, view: View) -> tuple[float, float]:
        """Residual, and its weight 1 / variance."""
        return (view.reading.value or 0.0) - view.usual, 1 / ((self._variance(view.n) + view.q) * self._wider**2)

    def _increments(self, residual: float, weight: float) -> list[float]:
        """Log likelihood ratios of each shift, from the residual clipped at three sd."""
        limit = CLIP / math.sqrt(weight)
        clipped = max(-limit, min(limit, residual))
        return [shift * (sign * clipped - shift / 2) * weight for sign, shift in BANK]

    def _charted(self, view: View) -> list[list[float]]:
        residual, weight = self._step(view)
        charts = []
        for (height, pulled, weights, steps), up in zip(self._charts, self._increments(residual, weight), strict=True):
            grown = height + up
            charts.append([grown, pulled + weight * residual, weights + weight, steps + 1] if grown > 0 else [0.0] * 4)
        return charts

    def _slow(self, view: View) -> Finding:
        best = NOTHING
        for i, (height, pulled, weights, steps) in enumerate(self._charted(view)):
            if height > 1:
                mean, square = self._moments[i]
                length = run_length(mean, math.sqrt(max(square - mean * mean, 1e-9)), height / SKEW)
                score = math.log10(length / (len(BANK) * self._week_steps))
                if score > best.score:
                    best = self._told(score, height, pulled / weights, int(steps), view)
        return best

    def _fast(self, view: View) -> Finding:
        best = NOTHING
        pulled = weights = 0.0
        steps = [list(self._step(view)), *reversed(self._recent)]
        for width, (residual, weight) in enumerate(steps, start=1):
            pulled, weights = pulled + residual * weight, weights + weight
            if width in WIDTHS:
                shift = pulled / weights
                z = abs(shift) * math.sqrt(weights)
                surprise = -float(log_ndtr(-z)) - math.log(2)
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
            self._charts = self._charted(view)
        self._recent = [*self._recent[1 - max(WIDTHS) :], [residual, weight]]
        if frozen:
            return
        variance = self._variance(view.n)
        limit = CLIP * math.sqrt(variance + view.q)
        clipped = max(-limit, min(limit, residual)) if self._steps > 20 else residual
        self._harmonics.learn(view.row, clipped, variance)
        if self._steps > 20:
            self._learn_scatter(view.n, clipped * clipped / (1 + view.q / variance))
            self._learn_increments(self._increments(residual, weight))

    def _learn_scatter(self, n: float, square: float) -> None:
        keep = 1 - 1 / MEMORY
        fresh = (1.0, n, n * n, n * square, n * n * square)
        self._scatter = [keep * old + new for old, new in zip(self._scatter, fresh, strict=True)]

    def _learn_increments(self, increments: list[float]) -> None:
        share = max(1.0 / (self._steps - 19), 1.0 / INCREMENT_MEMORY)
        for moments, up in zip(self._moments, increments, strict=True):
            moments[0] += share * (up - moments[0])
            moments[1] += share * (up * up - moments[1])

    def _forget(self) -> None:
        self._harmonics.reopen(NEW_LEVEL)
        self._charts = [[0.0] * 4 for _ in BANK]
        self._recent = []

    def _own(self) -> dict[str, Any]:
        return {
            "_scatter": list(self._scatter),
            "_charts": [list(chart) for chart in self._charts],
            "_moments": [list(moments) for moments in self._moments],
            "_recent": [list(step) for step in self._recent],
        }


def run_length(mean: float, sd: float, height: float) -> float:
    """Siegmund (1985, ch. 2): average run length of a CUSUM to ``height`` with increments of this mean and deviation.

    A chart whose increments do not fall on average is taken to fall slightly: it says little, not everything.
    """
    drift = min(mean, -0.02 * sd)
    x = min(-2 * drift * (height + OVERSHOOT * sd) / (sd * sd), 600.0)
    return (math.exp(x) - 1 - x) * sd * sd / (2 * drift * drift)
