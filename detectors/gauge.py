"""A stock that grows: backlog, time to work it off, age of the oldest, people waiting; a value at a time, not a flow.

What stands now stands mostly in a quarter of an hour as well, so a gauge is judged against its usual level of that hour on the
logarithm of one more, and each window against what windows of that length have done: a mean over some hours, and the climb
since some hours ago. Their scatter is learned as it is, neighbours that are alike included; peaks calibrate it.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from scipy.special import log_ndtr

from detectors import maturity, reading, scatter
from detectors.base import Reading
from detectors.drift import Drift, View, crossings, ranked
from detectors.parameter import Parameter
from detectors.telling import CALM_SCORE, NOTHING, Finding

WIDTHS = (1, 4, 16)
CLIMBS = (4, 16)
"""Windows in quarters of an hour: the mean over so many, the climb since so many ago."""

QUARTER = 900
KEEP = 0.97
LOOK_FROM = 1.5
CLIP = 3.0
MEMORY = 4000.0
LEVEL_VARIANCE = 25.0
NEW_LEVEL = 1.0
LOG_HIGHEST = 25.0

START = (20.0, 100.0, 1000.0, 16.0, 100.0)
"""Twenty imagined steps: sums of 1, n, n^2, n r^2, n^2 r^2 for a variance of .6 / n + .04. A gauge of thousands of seconds is
no count of thousands: without the second term its first hours would be taken for sure."""

DOUBTFUL = 0.3
"""Where the expectation is known no better than this, a residual says nothing about scatter: on the first night the waves of a
gauge in seconds are off by orders, and one square of that would make it deaf for good."""

PARAMETERS = (
    Parameter("step_s", 900, "base step in seconds", 60, 86400),
    Parameter("bad", "up", "which way is worse: the gauge rises (up) or falls (down)", choices=("up", "down")),
    Parameter("memory", 6000.0, "steps that the baseline remembers", 4000.0, 1e6),
    Parameter("patience_s", 604800, "how long a shift must stand to become the new normal, in seconds", 3600, 7776000),
    Parameter("widen", 0.25, "extra relative width on day 2, fading until day 8", 0.0, 2.0),
    Parameter("least", 3.0, "least distance from the usual that is said at all, in the gauge's unit", 0.0, 1e9),
    Parameter("important_ratio", 1.5, "least ratio to the usual for important", 1.0, 1000.0),
    Parameter("severe_ratio", 3.0, "least ratio to the usual for severe", 1.0, 1000.0),
)


class Gauge(Drift):
    """A value at a time, zero or more: stands unusually high, or climbs unusually fast."""

    name: ClassVar[str] = "gauge"
    version: ClassVar[int] = 2  # 1: gauges in seconds were deaf: scatter as of counts, and of extrapolated waves
    kind: ClassVar[Literal["gauge"]] = "gauge"
    PARAMETERS = PARAMETERS
    SLOW_PART: ClassVar[float] = 0.75

    def __init__(
        self,
        step_s: int = 900,
        bad: str = "up",
        memory: float = 6000.0,
        patience_s: int = 604800,
        widen: float = 0.25,
        least: float = 3.0,
        important_ratio: float = 1.5,
        severe_ratio: float = 3.0,
    ) -> None:
        self.step_s, self.bad, self.memory, self.patience_s, self.widen = step_s, bad, memory, patience_s, widen
        self.least, self.important_ratio, self.severe_ratio = least, important_ratio, severe_ratio
        self._lay_out(LEVEL_VARIANCE, memory)
        self._scatter = list(START)
        self._spread = [1.0] * (len(WIDTHS) + len(CLIMBS))
        """Mean square of each window's figure, in sd of a step."""
        self._chart = [0.0, 1.0]
        """Exponentially weighted mean of residuals, and its mean square."""
        self._recent: list[list[float]] = []
        """End and residual in sd of the last steps, newest last."""

    # Judging -------------------------------------------------------------------------------------------------------

    def _cases(self, x: Reading) -> float:
        """A gauge stands for itself; one without exposure is as good."""
        return 1.0 if x.exposure is None else super()._cases(x)

    def _view(self, x: Reading, n: float) -> View:
        assert x.value is not None
        reading.number("value", x.value)
        row = self._harmonics.row(x.context.local, x.context.day_type)
        usual, q = self._harmonics.predict(row)
        usual = min(usual, LOG_HIGHEST)
        spread = 1.96 * math.sqrt(self._variance(usual) + q) * self._wider
        low, high = (math.expm1(max(usual + side * spread, 0.0)) for side in (-1, 1))
        return View(x, row, n, usual, q, math.expm1(max(usual, 0.0)), (low, high))

    @property
    def _wider(self) -> float:
        return 1 + self.widen * maturity.youth(self._days)

    def _variance(self, usual: float) -> float:
        """Small stocks jump by their own size, large ones do not."""
        return scatter.variance(self._scatter, math.exp(max(usual, 0.0)))

    def _worse(self, view: View) -> float:
        """How far on the bad side, on the logarithm."""
        distance = math.log1p(view.reading.value or 0.0) - view.usual
        return distance if self.bad == "up" else -distance

    def _figures(self, view: View) -> list[float]:
        """Means and climbs over the windows, in sd of a step; what reaches back beyond a hole is zero.
        A climb back to the usual is none."""
        z = self._worse(view) / (math.sqrt(self._variance(view.usual) + view.q) * self._wider)
        end = float(reading.seconds(view.reading.end))
        steps = [[end, z], *reversed(self._recent)]
        means = [self._mean(steps, width) for width in WIDTHS]
        climbs = [_at(steps, end - width * QUARTER) for width in CLIMBS]
        return means + [0.0 if then is None else z - max(then, 0.0) for then in climbs]

    @staticmethod
    def _mean(steps: list[list[float]], width: int) -> float:
        inside = [z for end, z in steps if end > steps[0][0] - width * QUARTER]
        return sum(inside) / len(inside)

    def _slow(self, view: View) -> Finding:
        level, square = self._charted(view)
        z = level / math.sqrt(square)
        if z < LOOK_FROM or self._worse(view) <= 0:
            return NOTHING
        score = -math.log10(crossings(z, KEEP) * self._week_steps)
        return self._told(score, z * z / 2, view, round(1 / (1 - KEEP)) * self.step_s, "high")

    def _charted(self, view: View) -> tuple[float, float]:
        z = self._figures(view)[0]
        return KEEP * self._chart[0] + (1 - KEEP) * max(-CLIP, min(CLIP, z)), self._chart[1]

    def _fast(self, view: View) -> Finding:
        best = NOTHING
        for i, (figure, square) in enumerate(zip(self._figures(view), self._spread, strict=True)):
            surprise = -float(log_ndtr(-figure / math.sqrt(square))) if figure > 0 else 0.0
            if surprise > best.surprise and self._worse(view) > 0:
                window, word = (WIDTHS + CLIMBS)[i] * QUARTER, "high" if i < len(WIDTHS) else "climb"
                best = self._told(CALM_SCORE, surprise, view, max(window, self.step_s), word)
        return best

    def _told(self, score: float, nats: float, view: View, window_s: int, word: str) -> Finding:
        value, usual = view.reading.value or 0.0, view.expected
        if abs(value - usual) < self.least:
            return NOTHING
        up = self.bad == "up"
        ratio = (value + 1) / (usual + 1)
        sizes = (math.log(self.important_ratio), math.log(self.severe_ratio))
        return Finding(
            score,
            nats,
            ranked(abs(math.log(ratio)), nats, *sizes),
            "up" if up else "down",
            window_s,
            value,
            usual,
            ("detectors.reason.gauge_climb" if word == "climb" else "detectors.reason.gauge_high")
            if up
            else "detectors.reason.gauge_low",
            {"observed": value, "expected": usual, "ratio": ratio, "window_s": window_s},
        )

    # Learning ------------------------------------------------------------------------------------------------------

    def _absorb(self, view: View, frozen: bool) -> None:
        figures, level = self._figures(view), self._charted(view)[0]
        end = float(reading.seconds(view.reading.end))
        self._recent = [step for step in self._recent if step[0] > end - max(WIDTHS) * QUARTER - self.step_s]
        self._recent.append([end, figures[0]])
        if self._days >= 1:
            self._chart[0] = level
        if frozen:
            return
        distance = math.log1p(view.reading.value or 0.0) - view.usual
        variance = self._variance(view.usual)
        limit = CLIP * math.sqrt(variance + view.q)
        clipped = max(-limit, min(limit, distance)) if self._steps > 20 else distance
        self._harmonics.learn(view.row, clipped, variance)
        if self._days >= 1 and view.q <= DOUBTFUL:
            size = math.exp(max(view.usual, 0.0))
            self._scatter = scatter.learned(self._scatter, size, clipped * clipped / (1 + view.q / variance))
            self._learn_spread(figures)

    def _learn_spread(self, figures: list[float]) -> None:
        pace = max(1.0 / (self._steps + 80), 1.0 / MEMORY)
        for i, figure in enumerate(figures):
            self._spread[i] += pace * (min(figure * figure, CLIP**2 * self._spread[i]) - self._spread[i])
            self._spread[i] = max(self._spread[i], 0.02)
        square = self._chart[0] ** 2
        self._chart[1] = max(self._chart[1] + pace * (min(square, CLIP**2 * self._chart[1]) - self._chart[1]), 0.01)

    def _forget(self) -> None:
        self._harmonics.reopen(NEW_LEVEL)
        self._chart[0] = 0.0
        self._recent = []

    def _own(self) -> dict[str, Any]:
        return {
            "_scatter": list(self._scatter),
            "_spread": list(self._spread),
            "_chart": list(self._chart),
            "_recent": [list(step) for step in self._recent],
        }


def _at(steps: list[list[float]], end: float) -> float | None:
    """The figure of the step that ended then."""
    return next((z for at, z in steps if at == end), None)
