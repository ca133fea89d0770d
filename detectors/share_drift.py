"""A share that drifts or breaks: SLA attainment, answer rate, negative share, top boxes; binomial with exposure.

Slow: an exposure-weighted EWMA of bad cases beyond the usual, U = .985 U + (y - n p), V = .985^2 V + n p q deff, deff by a
learned beta-binomial correlation; the false-alarm rate of U / sqrt(V) is that of an Ornstein-Uhlenbeck process crossing a
level (Durbin 1985). Roberts 1959 for the chart; it starts anew when the last steps contradict it. Sudden: the exact binomial
tail of the bad cases of the last 1 to 16 steps, with the number of cases divided by deff, so that five cases stay five
cases; calibrated by its own peaks.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from scipy.special import betainc

from detectors import maturity, reading
from detectors.base import Reading
from detectors.drift import Drift, View, contradicted, crossings, ranked
from detectors.parameter import Parameter
from detectors.telling import NOTHING, Finding

KEEP = 0.985
WIDTHS = (1, 2, 4, 8, 16)
SAFETY = 1.4
"""The chart crosses this much more often than theory says: skewed steps, an estimated baseline (measured)."""

LEAST_SHARE = 0.0005
CLIP = 5.0
"""A step's bad cases are learned up to this many sd: one broken quarter is no drift."""

LEVEL_VARIANCE = 4.0
NEW_LEVEL = 1.0
LOOK_FROM = 1.5
"""Below this many sd the chart has nothing to say."""

PARAMETERS = (
    Parameter("step_s", 900, "base step in seconds", 60, 86400),
    Parameter("bad", "down", "which way is worse: the share falls (down) or rises (up)", choices=("down", "up")),
    Parameter("memory", 6000.0, "steps that the baseline remembers", 4000.0, 1e6),
    Parameter("patience_s", 604800, "how long a shift must stand to become the new normal, in seconds", 3600, 7776000),
    Parameter("widen", 0.25, "extra relative width on day 2, fading until day 8", 0.0, 2.0),
    Parameter("important_points", 0.05, "least shift for important, as a part of one", 0.0, 1.0),
    Parameter("severe_points", 0.15, "least shift for severe, as a part of one", 0.0, 1.0),
)


class ShareDrift(Drift):
    """A share with its exposure: drifts slowly or breaks suddenly, in the direction that is worse."""

    name: ClassVar[str] = "share_drift"
    version: ClassVar[int] = 2
    kind: ClassVar[Literal["share"]] = "share"
    PARAMETERS = PARAMETERS

    def __init__(
        self,
        step_s: int = 900,
        bad: str = "down",
        memory: float = 6000.0,
        patience_s: int = 604800,
        widen: float = 0.25,
        important_points: float = 0.05,
        severe_points: float = 0.15,
    ) -> None:
        self.step_s, self.bad, self.memory, self.patience_s, self.widen = step_s, bad, memory, patience_s, widen
        self.important_points, self.severe_points = important_points, severe_points
        self._lay_out(LEVEL_VARIANCE, memory)
        self._chart = [0.0] * 6
        """U, V and the exposure behind them; bad cases beyond the usual, cases and steps since the chart began to climb."""
        self._pairs = [2.0, 200.0]
        """Excess squares and pairs of cases: their ratio is the correlation of cases of one step."""
        self._recent: list[list[float]] = []
        """Bad cases, expected ones, cases and variance of the last steps, newest last."""

    # Judging -------------------------------------------------------------------------------------------------------

    def _view(self, x: Reading, n: float) -> View:
        assert x.value is not None
        reading.number("value", x.value, 0.0, n)
        row = self._harmonics.row(x.context.local, x.context.day_type)
        logit, q = self._harmonics.predict(row)
        p = _share(logit)
        good = 1 - p if self.bad == "down" else p
        spread = 1.96 * math.sqrt(self._variance(n, p) + (n * p * (1 - p)) ** 2 * min(q, 1.0)) * self._wider
        band = (max(0.0, n * good - spread), min(n, n * good + spread))
        return View(x, row, n, p, q, n * good, band)

    @property
    def _wider(self) -> float:
        return 1 + self.widen * maturity.youth(self._days)

    def _bad(self, view: View) -> float:
        value = view.reading.value or 0.0
        return view.n - value if self.bad == "down" else value

    def _variance(self, n: float, p: float) -> float:
        """n p q deff."""
        return n * p * (1 - p) * (1 + max(n - 1, 0.0) * self._correlation)

    @property
    def _correlation(self) -> float:
        return min(0.3, max(0.0, self._pairs[0] / self._pairs[1]))

    def _charted(self, view: View) -> list[float]:
        variance = self._variance(view.n, view.usual)
        usual = view.n * view.usual
        bad = min(self._bad(view), max(usual + CLIP * math.sqrt(variance), 3.0))
        u, v, n, beyond, since, steps = self._chart
        u, v, n = KEEP * u + bad - usual, KEEP**2 * v + variance, KEEP * n + view.n
        if u < LOOK_FROM * math.sqrt(v):
            return [u, v, n, 0.0, 0.0, 0.0]
        return [u, v, n, beyond + self._bad(view) - usual, since + view.n, steps + 1]

    def _slow(self, view: View) -> Finding:
        u, v, n, *_ = self._charted(view)
        unsure = (n * view.usual * (1 - view.usual)) ** 2 * self._harmonics.level_variance_at(view.row)
        z = u / (math.sqrt(v + unsure) * self._wider)
        if z < LOOK_FROM:
            return NOTHING
        nats = z * z / 2
        score = -math.log10(SAFETY * crossings(z, KEEP) * self._week_steps)
        return self._told(score, nats, u, n, view.usual, round(1 / (1 - KEEP)))

    def _fast(self, view: View) -> Finding:
        best = NOTHING
        bad = usual = n = given = 0.0
        newest = [self._bad(view), view.n * view.usual, view.n, self._variance(view.n, view.usual)]
        for width, step in enumerate([newest, *reversed(self._recent)], start=1):
            bad, usual, n, given = bad + step[0], usual + step[1], n + step[2], given + step[3]
            if width in WIDTHS and bad > usual:
                surprise = self._tail(bad, usual, n, given, view.q)
                if surprise > best.surprise:
                    best = self._told(0.0, surprise, bad - usual, n, usual / n, width)
        return best

    def _tail(self, bad: float, usual: float, n: float, given: float, q: float) -> float:
        """-ln P of at least so many bad cases, with as many independent cases as the scatter leaves."""
        p = usual / n
        plain = n * p * (1 - p)
        deff = max(1.0, (given + plain * plain * q) / plain) * self._wider**2
        tail = float(betainc(bad / deff, (n - bad) / deff + 1, p))
        return -math.log(max(tail, 1e-300))

    def _told(self, score: float, nats: float, beyond: float, n: float, p: float, steps: int) -> Finding:
        points = beyond / n
        falls = self.bad == "down"
        usual = 1 - p if falls else p
        share = usual - points if falls else usual + points
        return Finding(
            score,
            nats,
            ranked(points, nats, self.important_points, self.severe_points),
            "down" if falls else "up",
            steps * self.step_s,
            share * n,
            usual * n,
            "detectors.reason.share_low" if falls else "detectors.reason.share_high",
            {"observed": share, "expected": usual, "points": 100 * points, "n": n, "window_s": steps * self.step_s},
        )

    # Learning ------------------------------------------------------------------------------------------------------

    def _absorb(self, view: View, frozen: bool) -> None:
        n, p, bad = view.n, view.usual, self._bad(view)
        variance = self._variance(n, p)
        if self._days >= 1:
            self._chart = self._charted(view)
        self._recent = [*self._recent[1 - max(WIDTHS) :], [bad, n * p, n, variance]]
        if frozen and self._is_over():
            self._chart = [0.0] * 6
        if not frozen:
            clipped = min(bad, max(n * p + CLIP * math.sqrt(variance), 3.0)) if view.q < 0.1 else bad
            plain = n * p * (1 - p)
            self._harmonics.learn(view.row, (clipped - n * p) / plain, variance / plain**2)
            if self._days >= 1:
                self._learn_scatter(n, plain, clipped - n * p)

    def _is_over(self) -> bool:
        """Whether the last steps are far better than what the chart has climbed on."""
        beyond, since, steps = self._chart[3:]
        recent = ((n * (bad - usual) / v, n * n / v) for bad, usual, n, v in reversed(self._recent[-int(steps) // 2 :]))
        return steps > 1 and contradicted(beyond / since, recent)

    def _learn_scatter(self, n: float, plain: float, residual: float) -> None:
        """Beta-binomial: the squared residual exceeds n p q by (n - 1) rho n p q."""
        square = min(residual * residual / plain, 25.0)
        self._pairs = [0.9995 * self._pairs[0] + square - 1, 0.9995 * self._pairs[1] + max(n - 1, 0.0)]

    def _forget(self) -> None:
        self._harmonics.reopen(NEW_LEVEL)
        self._chart = [0.0] * 6
        self._recent = []

    def _own(self) -> dict[str, Any]:
        recent = [list(step) for step in self._recent]
        return {"_chart": list(self._chart), "_pairs": list(self._pairs), "_recent": recent}


def _share(logit: float) -> float:
    return min(1 - LEAST_SHARE, max(LEAST_SHARE, 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))))
