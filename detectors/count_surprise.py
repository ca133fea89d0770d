"""Too many complaints (or too few): counts against their expectation, at two rates, on a budget of false alarms.

The heavy state (``Baseline``, ``Noise``, ``Guard``) steps once a quarter of an hour. Between, each minute is summed into the
quarter and scanned against a fifteenth of the quarter's expectation. The verdict is the larger of the minute's score and,
at a quarter's close, the quarter's own; both are -log10 of expected false episodes per week and share the budget.
Ideas: Noufaily et al. 2013 (robust counts with overdispersion), West & Harrison 1997 (the state), Naus 1965 and Kulldorff
1997 (scan over windows), Pickands 1975 (calibration by peaks).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from detectors import maturity, outbreak, reading, scan, telling
from detectors.base import Detector, Reading, State, Verdict
from detectors.baseline import DAY
from detectors.calibration import Peaks
from detectors.guard import Guard
from detectors.noise import winsorised
from detectors.outlook import Outlook, Setting
from detectors.pace import THRESHOLD, WEEK, pace
from detectors.parameter import Parameter, check_all
from detectors.scan import CALM, Bars, Evidence, Sum
from detectors.telling import NOTHING, Finding
from detectors.timetable import CLOSED, Timetable
from detectors.windows import Ring

FLOOR, FLOOR_SHARE = 0.01, 0.1
"""Least expected count of a heavy step, or this share of the mean where that is less: a closed hour is not impossible."""

MINUTES = (60, 300, 900, 1800, 3600, 7200, 14400, 28800)
"""Lengths of the windows of the minute scan, in seconds."""

FINE_THRESHOLD = 6.0
"""Surprise in nats above which a minute's peaks are counted."""

MINUTE_SHARE, QUARTER_SHARE = 0.4, 0.7
"""Parts of the budget; both scans alarm on much the same chances, so the parts add up to more than one (measured)."""

HOT = 3.0
"""Surprise of a minute after which the next is scanned even if empty; elsewhere an empty minute can only calm."""

LOW_HANDICAP = 2.0
"""Nats that a lack must be more surprising than an excess."""

UNCERTAIN = 0.3
"""Variance of the log level above which nothing is clipped: the level itself is in question."""

PARAMETERS = (
    Parameter("step_s", 60, "base step of live readings in seconds; divides a day, or is a week", 60, WEEK),
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
    """What one reading shows against what was learned; a derived value, never part of the state. Seconds since 1970."""

    reading: Reading
    start: int
    length: int
    outlook: Outlook
    expected: float
    fine: Evidence
    close: Close | None


class CountSurprise(Detector):
    """Counts per minute, per quarter of an hour or per any step up to a day; with exposure, counts per unit of exposure."""

    name: ClassVar[str] = "count_surprise"
    version: ClassVar[int] = (
        6  # 1: counts had an exposure of 1 a step, whatever its length. 2: doubt of the level counted twice. 3: no timetable.
        # 4: a dead week was one. 5: weeks of an alarm were not learned at all
    )
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
        self._spans = (self.step_s, heavy)
        for name, value in (("step_s", self.step_s), ("quarter_s", heavy)):
            if (DAY % value and value != WEEK) or heavy % self.step_s:
                raise ValueError(f"{name}={value!r}: int, must divide a day or be a week, and step_s must divide quarter_s")
        self._fine = self.step_s < heavy
        widths = [length // self.step_s for length in MINUTES if length % self.step_s == 0 and self._fine]
        self._widths = tuple(sorted({1, *widths})) if self._fine else ()
        self._bars = Bars(self.important_z, self.severe_z, self.important_excess, self.severe_excess)
        self._pace = rhythm = pace(heavy)
        self._baseline, self._noise = rhythm.baseline(heavy), rhythm.noise(rhythm.widths, rhythm.memory)
        self._timetable = Timetable(heavy)
        self._guard = Guard(max(rhythm.patience, round(self.patience_s / heavy)))
        self._quarters = Ring(self._noise.widths[-1])
        self._minutes = Ring(self._widths[-1] if self._fine else 1)
        self._peaks = Peaks(THRESHOLD, rhythm.calm, rhythm.peaks, weight=rhythm.believed, cap=4.0, keep=120)
        self._fine_peaks = Peaks(FINE_THRESHOLD, max(2, round(7200 / self.step_s)), 0.3 * math.exp(-FINE_THRESHOLD))
        self._filling: Filling | None = None
        self._end = self._next = self._steps = 0
        self._budget, self._hot, self._days = 0.5, False, 0.0
        self._outlook: Outlook | None = None
        self._look: Look | None = None

    # Judging ------------------------------------------------------------------------------------------------------

    def judge_one(self, x: Reading) -> Verdict:
        look, budget = self._look_at(x), reading.budget(x)
        if look is None:
            return telling.quiet(x, None, None, self._days)
        outlook, expected = look.outlook, look.expected
        beams = outlook.fine if look.length < self._heavy else outlook.broad
        band = outlook.band(expected, beams[0])
        finding = NOTHING if look.close is None and look.fine is CALM else self._finding(look)
        if finding is NOTHING:
            return telling.quiet(x, expected, band, self._days)
        grown = max(self._days, maturity.YOUNG_DAYS) if self._steps >= self._pace.young_after else self._days
        return telling.loud(x, expected, band, grown, finding, budget)

    def _look_at(self, x: Reading) -> Look | None:
        """None when there is nothing to judge: no value, or nobody who could have complained."""
        if self._look is not None and self._look.reading is x:
            return self._look
        start = reading.seconds(x.start)
        length = reading.span(x, start, self._spans)
        unit = length / self._heavy if x.exposure is None else reading.number("exposure", x.exposure)
        if x.value is None or unit == 0:
            return None
        value = reading.number("value", x.value)
        outlook = self._outlook_for(start, length, x)
        least = self._least() * length / self._heavy
        expected = max(outlook.rate * unit, least)
        fine = CALM
        if self._fine and length == self.step_s and (value or self._hot):
            fine = scan.latest(self._minutes, outlook.fine, value, expected, least, self._bars)
        closes = self._ends(start, length)
        close = self._close_of(outlook, value, expected) if closes else None
        self._look = Look(x, start, length, outlook, expected, fine, close)
        return self._look

    def _ends(self, start: int, length: int) -> bool:
        """Whether a reading ends its heavy step. Days are cut on the wall clock, so a whole step always does."""
        return length == self._heavy or (start + length) % self._heavy == 0

    def _least(self) -> float:
        return min(FLOOR, max(FLOOR_SHARE * self._guard.mean, 1e-5)) if self._days >= 1 else FLOOR

    def _outlook_for(self, start: int, length: int, x: Reading) -> Outlook:
        quarter, into_s = divmod(start, self._heavy)
        widths = self._widths if length < self._heavy else ()
        known = self._outlook
        if known is None or not known.fits(quarter, x) or (widths and not known.fine):
            known = self._outlook = self._outlook_of(quarter, Setting.of(x, into_s if widths else 0), widths)
        return known

    def _outlook_of(self, quarter: int, setting: Setting, widths: Sequence[int] = ()) -> Outlook:
        """``widths`` of the minutes' scan: history in quarter-hours needs none."""
        outlook = Outlook(quarter, setting, self._baseline, self._timetable)
        widened = self.widen * maturity.youth(self._days)
        outlook.aim(self._noise, self._heavy, self.step_s, widths, self._pace.alike_s, widened)
        return outlook

    def _close_of(self, outlook: Outlook, observed: float, expected: float) -> Close:
        """Scan the heavy step as it stands with the last reading in."""
        filling = self._filling
        if filling is not None and filling.quarter == outlook.quarter:
            observed, expected = observed + filling.observed, expected + filling.expected
        found = scan.sums(self._quarters, outlook.broad, observed, expected, self._least())
        if not maturity.ready(self._days):
            return Close(found)
        up = scan.strongest(outlook.broad, found, self._bars, self._pace.high)
        may_lack = self._timetable.may_lack(outlook.place, outlook.lift)
        return Close(found, up, scan.lowest(outlook.broad, found, self._bars) if may_lack else CALM)

    def _finding(self, look: Look) -> Finding:
        """The better of the minute's and the quarter's score, each with its part of the budget."""
        if not maturity.ready(self._days):
            return NOTHING
        fine, broad = NOTHING, NOTHING
        if look.fine.surprise:
            score = self._fine_peaks.score(look.fine.surprise, WEEK / self.step_s) + math.log10(MINUTE_SHARE)
            fine = telling.told(score, look.fine, self.step_s)
        if look.close is not None:
            broad = self._finding_of(look.close)
        return broad if broad.score > fine.score or fine is NOTHING else fine

    def _finding_of(self, close: Close) -> Finding:
        surprise = _surprise(close, self.sided)
        if surprise <= 0:
            return NOTHING
        share = math.log10(QUARTER_SHARE) if self._fine else 0.0
        score = self._peaks.score(surprise, WEEK / self._heavy) + share
        falls = surprise > close.up.surprise
        return telling.told(score, close.down if falls else close.up, self._heavy, falls)

    # Learning -----------------------------------------------------------------------------------------------------

    def learn_one(self, x: Reading) -> None:  # type: ignore[override]
        look, self._look = self._look_at(x), None
        if look is None or x.value is None or not x.complete or look.start < self._end:
            return
        self._budget = reading.budget(x)
        quarter = look.start // self._heavy
        filling = self._filling
        if filling is not None and filling.quarter != quarter:
            self._close(filling, None)
        if self._filling is None or look.start > self._end:
            self._open(quarter, look)
        self._take(x.value, look)
        if look.close is not None and self._filling is not None:
            self._close(self._filling, look.close)

    def _open(self, quarter: int, look: Look) -> None:
        """Steps that nobody saw pass as time, with nothing observed and nothing expected."""
        if self._fine and self._end:
            self._minutes.skip((look.start - self._end) // self.step_s)
        if self._filling is None:
            missed = quarter - self._next if self._next else 0
            if missed:
                self._baseline.advance(missed)
                self._quarters.skip(missed)
                self._outlook = None
            self._filling = Filling(quarter, look.outlook.setting)

    def _take(self, value: float, look: Look) -> None:
        filling = self._filling
        assert filling is not None
        filling.observed += value
        filling.expected += look.expected
        filling.setting = look.outlook.setting
        self._end = look.start + look.length
        if not self._fine:
            return
        if look.length == self.step_s:
            self._minutes.push(value, look.expected)
            self._hot = look.fine.surprise > HOT
            if self._days >= maturity.SILENT_DAYS:
                self._fine_peaks.learn(look.fine.surprise)
        else:
            self._minutes.skip(look.length // self.step_s)

    def _close(self, filling: Filling, close: Close | None) -> None:
        """The heavy step is over: decide what may be learned of it, learn, and let time pass."""
        self._filling = None
        outlook = self._outlook
        if outlook is None or outlook.quarter != filling.quarter or outlook.setting is not filling.setting:
            outlook = self._outlook_of(filling.quarter, filling.setting)
        if close is None:
            close = self._close_of(outlook, filling.observed, filling.expected)
        self._timetable.pass_step(filling.observed)
        shut = self._timetable.is_shut
        alarm, low = self._alarms(close), close.down.surprise > self.low and not shut
        over = self._guard.alarmed and not alarm
        accepted = self._guard.observe(alarm, low, filling.observed, filling.expected)
        if accepted:
            self._baseline.reopen()
            outlook.gain = self._baseline.look(outlook.row)[2]
        if over or accepted:
            self._quarters.clear()
            self._minutes.clear()
        self._keep_time(outlook, filling)
        frozen = (alarm and not self._pace.weighs) or low or shut
        if (accepted or not frozen) and outlook.learnable:
            self._learn(outlook, close.sums, filling.observed, filling.expected, accepted)
        silent = shut and not self._timetable.may_lack(outlook.place, outlook.lift)
        self._pass_time(filling, 0.0 if silent else filling.expected)

    def _keep_time(self, outlook: Outlook, filling: Filling) -> None:
        """Alarms and lacks too: what comes every day at this time is none."""
        known = outlook.q <= UNCERTAIN or self._timetable.is_shut or outlook.lift < CLOSED
        if known and not outlook.setting.events:
            phi, a = (part / outlook.scatter for part in outlook.broad[0][1:3])
            lift = outlook.lift
            self._timetable.learn(outlook.place, lift, filling.observed, filling.expected / lift, phi, a)

    def _alarms(self, close: Close) -> bool:
        surprise = _surprise(close, self.sided)
        alarm = telling.alarms(self._finding_of(close), self._budget)
        if maturity.ready(self._days):
            self._peaks.learn(surprise)
        return alarm

    def _learn(self, outlook: Outlook, found: list[Sum], observed: float, expected: float, accepted: bool) -> None:
        given = expected * (self._noise.phi[0] + (self._noise.a[0] + outlook.margin) * expected)
        variance = given + outlook.q * expected * expected
        trust = 1.0
        if outlook.q <= UNCERTAIN and maturity.ready(self._days):
            if self._pace.weighs and not accepted:
                trust = outbreak.usual(observed, expected, variance)
            observed = winsorised(observed, expected, variance)
        self._baseline.learn(outlook.row, observed, expected, given / expected / trust, outlook.gain)
        if self._steps > self._pace.noise_after:
            self._noise.learn(found, outlook.doubts)

    def _pass_time(self, filling: Filling, expected: float) -> None:
        """``expected``: nothing while it is shut as always, for the long windows of the morning after."""
        self._quarters.push(filling.observed, expected)
        self._baseline.advance(1)
        self._next = filling.quarter + 1
        self._steps += 1
        self._days = self._steps * self._pace.days_per_step
        self._outlook = None

    # State --------------------------------------------------------------------------------------------------------

    def parameters(self) -> Mapping[str, float | int | str]:
        return {parameter.name: getattr(self, parameter.name) for parameter in PARAMETERS}

    def _parts(self) -> dict[str, Any]:
        return {
            "baseline": self._baseline,
            "noise": self._noise,
            "timetable": self._timetable,
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
        self._days = self._steps * self._pace.days_per_step
        self._outlook = self._look = self._filling = None
        if body["filling"] is not None:
            quarter, setting, observed, expected = body["filling"]
            self._filling = Filling(quarter, Setting.from_body(setting))
            self._filling.observed, self._filling.expected = observed, expected


def _surprise(close: Close, sided: str) -> float:
    down = close.down.surprise - LOW_HANDICAP if sided == "both" else 0.0
    return max(close.up.surprise, down)
