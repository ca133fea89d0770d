"""Too many complaints (or too few): counts against their expectation, at two rates, on a budget of false alarms.

The heavy state (``Baseline``, ``Noise``, ``Guard``) steps once a quarter of an hour. Between, each minute is summed into the
quarter and scanned against a fifteenth of the quarter's expectation. The verdict is the larger of the minute's score and,
at a quarter's close, the quarter's own; both are -log10 of expected false episodes per week and share the budget.
Ideas: Noufaily et al. 2013 (robust counts with overdispersion), West & Harrison 1997 (the state), Naus 1965 and Kulldorff
1997 (scan over windows), Pickands 1975 (calibration by peaks).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal, NamedTuple

from detectors import maturity, reading, scan, tail
from detectors.base import Detector, Reading, Reason, State, Tier, Verdict
from detectors.baseline import DAY, Baseline
from detectors.calibration import Peaks
from detectors.guard import Guard
from detectors.noise import Noise
from detectors.outlook import Outlook, Setting
from detectors.parameter import Parameter, check_all
from detectors.scan import CALM, Bars, Evidence, Sum
from detectors.windows import Ring

WEEK = 604800
FLOOR, FLOOR_SHARE = 0.01, 0.1
"""Least expected count of a heavy step, or this share of the mean where that is less: a closed hour is not impossible."""

MINUTES = (60, 300, 900, 1800, 3600, 7200, 14400, 28800)
"""Lengths of the windows of the minute scan, in seconds."""

THRESHOLD, FINE_THRESHOLD = 4.0, 6.0
"""Surprise in nats above which a quarter's and a minute's peaks are counted."""

MINUTE_SHARE, QUARTER_SHARE = 0.4, 0.7
"""Parts of the budget; both scans alarm on much the same chances, so the parts add up to more than one (measured)."""

CLIP = 2.5
WINSOR = 0.997
"""A step is winsorised at this predictive quantile or at CLIP sd, whichever is higher."""

LOW_HANDICAP = 2.0
CALM_SCORE = -1.0
"""Scores below are not told apart: ten and more false episodes a week."""

UNCERTAIN = 0.3
"""Variance of the log level above which nothing is clipped: the level itself is in question."""

NOISE_AFTER = 100
"""Heavy steps before residuals say anything about noise."""

PARAMETERS = (
    Parameter("step_s", 60, "base step of live readings in seconds; divides a day", 60, DAY),
    Parameter("quarter_s", 900, "step of the heavy state in seconds; readings of this length are taken too", 60, DAY),
    Parameter("sided", "up", "up: too many; both: too few as well", choices=("up", "both")),
    Parameter("low", 10.0, "surprise in nats from which a low stretch is not learned", 4.0, 100.0),
    Parameter("widen", 0.5, "extra relative sd of the expectation on day 2, fading until day 8", 0.0, 2.0),
    Parameter("patience_s", DAY, "how long a new level must stand, in informative time, to be learned", 3600, 30 * DAY),
    Parameter("important_z", 7.0, "excess in sd from which an alarm is important", 2.0, 100.0),
    Parameter("severe_z", 13.0, "excess in sd from which an alarm is severe", 2.0, 100.0),
    Parameter("important_excess", 5.0, "least excess for important, in events", 0.0, 1e6),
    Parameter("severe_excess", 10.0, "least excess for severe, in events", 0.0, 1e6),
)


class Filling:
    """The heavy step that is filling up."""

    __slots__ = ("expected", "observed", "quarter", "setting")

    def __init__(self, quarter: int, setting: Setting) -> None:
        self.quarter, self.setting = quarter, setting
        self.observed = self.expected = 0.0


class Close(NamedTuple):
    """The scan of a whole heavy step."""

    sums: list[Sum]
    up: Evidence = CALM
    down: Evidence = CALM


class Look(NamedTuple):
    """What one reading shows against what was learned; a derived value, never part of the state."""

    reading: Reading
    outlook: Outlook
    expected: float
    fine: Evidence
    close: Close | None


class Finding(NamedTuple):
    """The strongest evidence with its score, in which direction, and the length of its steps."""

    score: float
    evidence: Evidence
    step_s: int
    direction: Literal["up", "down"] = "up"


NOTHING = Finding(CALM_SCORE, CALM, 0)
LOOKS_CALM = Reason("detectors.reason.calm")
HAS_NO_DATA = Reason("detectors.reason.no_data")
IS_INCOMPLETE = Reason("detectors.reason.incomplete")


class CountSurprise(Detector):
    """Counts per minute, per quarter of an hour or per any step up to a day; with exposure, counts per unit of exposure."""

    name: ClassVar[str] = "count_surprise"
    version: ClassVar[int] = 1
    kind: ClassVar[Literal["count"]] = "count"

    def __init__(
        self,
        step_s: int = 60,
        quarter_s: int = 900,
        sided: str = "up",
        low: float = 10.0,
        widen: float = 0.5,
        patience_s: int = DAY,
        important_z: float = 7.0,
        severe_z: float = 13.0,
        important_excess: float = 5.0,
        severe_excess: float = 10.0,
    ) -> None:
        self.step_s, self.quarter_s, self.sided, self.low, self.widen = step_s, quarter_s, sided, low, widen
        self.patience_s, self.important_z, self.severe_z = patience_s, important_z, severe_z
        self.important_excess, self.severe_excess = important_excess, severe_excess
        check_all(PARAMETERS, self.parameters())
        self._lay_out()

    def _lay_out(self) -> None:
        """The parts, empty; ``step_s`` of a quarter or more means one rate."""
        self._heavy = heavy = max(self.step_s, self.quarter_s)
        for name, value in (("step_s", self.step_s), ("quarter_s", heavy)):
            if DAY % value or heavy % self.step_s:
                raise ValueError(f"{name}={value!r}: int, must divide a day, and step_s must divide quarter_s")
        self._fine = self.step_s < heavy
        widths = [length // self.step_s for length in MINUTES if length % self.step_s == 0 and self._fine]
        self._widths = tuple(sorted({1, *widths})) if self._fine else ()
        self._bars = Bars(self.important_z, self.severe_z, self.important_excess, self.severe_excess)
        self._baseline, self._noise = Baseline(heavy), Noise(_heavy_widths(heavy))
        self._guard = Guard(max(2, round(self.patience_s / heavy)))
        self._quarters = Ring(self._noise.widths[-1])
        self._minutes = Ring(self._widths[-1] if self._fine else 1)
        calm = max(2, round(7200 / heavy))
        self._peaks = Peaks(THRESHOLD, calm, 2.5 * math.exp(-THRESHOLD))
        self._fine_peaks = Peaks(FINE_THRESHOLD, max(2, round(7200 / self.step_s)), 0.3 * math.exp(-FINE_THRESHOLD))
        self._filling: Filling | None = None
        self._end = self._next = self._steps = 0
        self._budget, self._hot, self._days = 0.5, False, 0.0
        self._outlook: Outlook | None = None
        self._look: Look | None = None

    # Judging ------------------------------------------------------------------------------------------------------

    def judge_one(self, x: Reading) -> Verdict:
        look = self._look_at(x)
        if look is None:
            return self._no_data(x)
        finding = self._finding(look, reading.budget(x))
        return self._verdict(x, look, finding)

    def _look_at(self, x: Reading) -> Look | None:
        """None when there is nothing to judge: no value, or nobody who could have complained."""
        if self._look is not None and self._look.reading is x:
            return self._look
        start = reading.seconds(x.start)
        length = reading.span(x, (self.step_s, self._heavy))
        unit = length / self._heavy if x.exposure is None else reading.number("exposure", x.exposure)
        if x.value is None or unit == 0:
            return None
        value = reading.number("value", x.value)
        outlook = self._outlook_for(start // self._heavy, x)
        least = self._least() * length / self._heavy
        expected = max(outlook.rate * unit, least)
        fine = CALM
        if self._fine and length == self.step_s and (value or self._hot):
            found = scan.sums(self._minutes, outlook.fine, value, expected, least)
            fine = scan.strongest(outlook.fine, found, self._bars)
        closes = (start + length) % self._heavy == 0
        self._look = Look(x, outlook, expected, fine, self._close_of(outlook, value, expected) if closes else None)
        return self._look

    def _least(self) -> float:
        return min(FLOOR, max(FLOOR_SHARE * self._guard.mean, 1e-5)) if self._days >= 1 else FLOOR

    def _outlook_for(self, quarter: int, x: Reading) -> Outlook:
        if self._outlook is None or not self._outlook.fits(quarter, x):
            self._outlook = self._outlook_of(quarter, Setting.of(x))
        return self._outlook

    def _outlook_of(self, quarter: int, setting: Setting) -> Outlook:
        outlook = Outlook(quarter, setting, self._baseline)
        outlook.aim(self._noise, self._heavy, self.step_s, self._widths, self.widen * maturity.youth(self._days))
        return outlook

    def _close_of(self, outlook: Outlook, observed: float, expected: float) -> Close:
        """Scan the heavy step as it stands with the last reading in."""
        filling = self._filling
        if filling is not None and filling.quarter == outlook.quarter:
            observed, expected = observed + filling.observed, expected + filling.expected
        found = scan.sums(self._quarters, outlook.broad, observed, expected, self._least())
        if not maturity.ready(self._days):
            return Close(found)
        up = scan.strongest(outlook.broad, found, self._bars)
        return Close(found, up, scan.lowest(outlook.broad, found, self._bars))

    def _finding(self, look: Look, budget: float) -> Finding:
        """The better of the minute's and the quarter's score, each with its part of the budget."""
        best = NOTHING
        if not maturity.ready(self._days):
            return best
        if look.fine.surprise:
            score = self._fine_peaks.score(look.fine.surprise, WEEK / self.step_s) + math.log10(MINUTE_SHARE)
            best = max(best, Finding(score, look.fine, self.step_s))
        if look.close is not None:
            best = max(best, self._finding_of(look.close))
        return best

    def _finding_of(self, close: Close) -> Finding:
        up, down = close.up, close.down
        falls = self.sided == "both" and down.surprise - LOW_HANDICAP > up.surprise
        evidence = down if falls else up
        surprise = _surprise(close, self.sided)
        if surprise <= 0:
            return NOTHING
        share = math.log10(QUARTER_SHARE) if self._fine else 0.0
        score = self._peaks.score(surprise, WEEK / self._heavy) + share
        return Finding(max(score, CALM_SCORE), evidence, self._heavy, "down" if falls else "up")

    # Telling ------------------------------------------------------------------------------------------------------

    def _verdict(self, x: Reading, look: Look, finding: Finding) -> Verdict:
        evidence = finding.evidence
        grade = self._grade(finding, reading.budget(x))
        beams = look.outlook.fine if self._fine and x.end - x.start < timedelta(seconds=self._heavy) else look.outlook.broad
        low, high = look.outlook.band(look.expected, beams[0])
        calm = evidence.surprise == 0
        return Verdict(
            x.series,
            x.start,
            x.end,
            x.value,
            look.expected,
            low,
            high,
            finding.score,
            1.0 if calm else max(math.exp(-evidence.surprise), 1e-300),
            maturity.ready(self._days),
            grade,
            "none" if calm else finding.direction,
            self._reason(x, finding, grade),
            x.start if calm else x.end - timedelta(seconds=evidence.width * finding.step_s),
            x.value if calm else evidence.observed,
            look.expected if calm else evidence.expected,
        )

    def _grade(self, finding: Finding, budget: float) -> Tier:
        if finding.evidence.surprise <= THRESHOLD or finding.score < -math.log10(budget):
            return Tier.NONE
        return maturity.capped(Tier(1 + finding.evidence.rank), self._days)

    def _reason(self, x: Reading, finding: Finding, grade: Tier) -> Reason:
        if not maturity.ready(self._days):
            return Reason("detectors.reason.learning", {"days": int(self._days)})
        if grade == Tier.NONE:
            return LOOKS_CALM if x.complete else IS_INCOMPLETE
        found = finding.evidence
        params = {
            "observed": found.observed,
            "expected": found.expected,
            "ratio": found.observed / found.expected,
            "window_s": found.width * finding.step_s,
        }
        return Reason("detectors.reason.count_high" if finding.direction == "up" else "detectors.reason.count_low", params)

    def _no_data(self, x: Reading) -> Verdict:
        reason = self._reason(x, NOTHING, Tier.NONE) if not maturity.ready(self._days) else HAS_NO_DATA
        ready = maturity.ready(self._days)
        return Verdict(
            x.series,
            x.start,
            x.end,
            x.value,
            None,
            None,
            None,
            CALM_SCORE,
            1.0,
            ready,
            Tier.NONE,
            "none",
            reason,
            x.start,
            None,
            None,
        )

    # Learning -----------------------------------------------------------------------------------------------------

    def learn_one(self, x: Reading) -> None:  # type: ignore[override]
        look = self._look_at(x)
        start = reading.seconds(x.start)
        if look is None or x.value is None or not x.complete or start < self._end:
            self._look = None
            return
        self._budget = reading.budget(x)
        quarter = start // self._heavy
        if self._filling is not None and self._filling.quarter != quarter:
            self._close(None)
        self._open(quarter, start, x)
        self._take(x.value, look, reading.seconds(x.end) - start)
        self._end = reading.seconds(x.end)
        if self._end % self._heavy == 0:
            self._close(look.close)
        self._look = None

    def _open(self, quarter: int, start: int, x: Reading) -> None:
        """Steps that nobody saw pass as time, with nothing observed and nothing expected."""
        if self._fine and self._end:
            self._minutes.skip((start - self._end) // self.step_s)
        if self._filling is None:
            missed = quarter - self._next if self._next else 0
            if missed:
                self._baseline.advance(missed)
                self._quarters.skip(missed)
                self._outlook = None
            self._filling = Filling(quarter, Setting.of(x))

    def _take(self, value: float, look: Look, length: int) -> None:
        filling = self._filling
        assert filling is not None
        filling.observed += value
        filling.expected += look.expected
        filling.setting = look.outlook.setting
        if not self._fine:
            return
        if length == self.step_s:
            self._minutes.push(value, look.expected)
            self._hot = look.fine.surprise > 0
            if maturity.ready(self._days):
                self._fine_peaks.learn(look.fine.surprise)
        else:
            self._minutes.skip(length // self.step_s)

    def _close(self, close: Close | None) -> None:
        """The heavy step is over: decide what may be learned of it, learn, and let time pass."""
        filling, self._filling = self._filling, None
        assert filling is not None
        outlook = self._outlook_of(filling.quarter, filling.setting)
        if close is None:
            close = self._close_of(outlook, filling.observed, filling.expected)
        alarm, low = self._alarms(close), close.down.surprise > self.low
        over = self._guard.alarmed and not alarm
        accepted = self._guard.observe(alarm, low, filling.observed, filling.expected)
        if accepted:
            self._baseline.reopen()
        if over or accepted:
            self._quarters.clear()
            self._minutes.clear()
        if (accepted or not (alarm or low)) and outlook.learnable:
            self._learn(outlook, close.sums, filling.observed, filling.expected)
        self._pass_time(filling)

    def _alarms(self, close: Close) -> bool:
        surprise = _surprise(close, self.sided)
        alarm = surprise > THRESHOLD and self._finding_of(close).score >= -math.log10(self._budget)
        if maturity.ready(self._days):
            self._peaks.learn(surprise)
        return alarm

    def _learn(self, outlook: Outlook, found: list[Sum], observed: float, expected: float) -> None:
        given = expected * (self._noise.phi[0] + (self._noise.a[0] + outlook.margin) * expected)
        variance = given + outlook.q * expected * expected
        if outlook.q <= UNCERTAIN and maturity.ready(self._days):
            observed = _winsorised(observed, expected, variance)
        self._baseline.learn(outlook.row, observed, expected, given / expected, outlook.q)
        if self._steps > NOISE_AFTER:
            self._noise.learn(found)

    def _pass_time(self, filling: Filling) -> None:
        self._quarters.push(filling.observed, filling.expected)
        self._baseline.advance(1)
        self._next = filling.quarter + 1
        self._steps += 1
        self._days = self._steps * self._heavy / DAY
        self._outlook = None

    # State --------------------------------------------------------------------------------------------------------

    def parameters(self) -> Mapping[str, float | int | str]:
        return {parameter.name: getattr(self, parameter.name) for parameter in PARAMETERS}

    def _parts(self) -> dict[str, Any]:
        return {
            "baseline": self._baseline,
            "noise": self._noise,
            "guard": self._guard,
            "quarters": self._quarters,
            "minutes": self._minutes,
            "peaks": self._peaks,
            "fine_peaks": self._fine_peaks,
        }

    def body(self) -> State:
        filling = self._filling
        open_step = None if filling is None else [filling.quarter, filling.setting.body(), filling.observed, filling.expected]
        plain = {"end": self._end, "next": self._next, "steps": self._steps, "budget": self._budget, "hot": self._hot}
        return {name: part.body() for name, part in self._parts().items()} | plain | {"filling": open_step}

    def load(self, body: State) -> None:
        for name, part in self._parts().items():
            part.load(body[name])
        self._end, self._next, self._steps = body["end"], body["next"], body["steps"]
        self._budget, self._hot = body["budget"], body["hot"]
        self._days = self._steps * self._heavy / DAY
        self._outlook = self._look = self._filling = None
        if body["filling"] is not None:
            quarter, setting, observed, expected = body["filling"]
            self._filling = Filling(quarter, Setting.from_body(setting))
            self._filling.observed, self._filling.expected = observed, expected


def _heavy_widths(heavy_s: int) -> tuple[int, ...]:
    """Windows of the heavy scan in its steps: one, two, and 1, 2, 4, 8 hours, or as near as the step allows."""
    hour = 3600 / heavy_s
    return tuple(sorted({1, 2, max(1, round(hour)), max(2, round(2 * hour)), max(3, round(4 * hour)), max(4, round(8 * hour))}))


def _surprise(close: Close, sided: str) -> float:
    down = close.down.surprise - LOW_HANDICAP if sided == "both" else 0.0
    return max(close.up.surprise, down)


def _winsorised(observed: float, expected: float, variance: float) -> float:
    """Clipped at predictive quantiles: at k sd the mean of an overdispersed small count would be learned too low."""
    spread = CLIP * math.sqrt(variance)
    if observed > expected + spread:
        return min(observed, max(expected + spread, tail.gamma_quantile(WINSOR, expected, variance) + 0.5))
    return max(observed, expected - spread)
