"""What one record adds to the roll-ups: the table ``MEASURES`` and one pure function over it.

A contribution reads columns of the ``feedback`` row only: never a policy, an event or a clock. So the signed delta of a
change is ``contributions(new) - contributions(old)``, and recomputing all of them proves the roll-ups (docs/contracts.md §4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from fengsui.metrics import logbins

NO_BIN = -32768
VERSION = 9
"""Raise it when MEASURES, a formula or which slices a record falls into changes: stored roll-ups are then rebuilt before the
first take."""

Row: TypeAlias = Mapping[str, Any]
Width: TypeAlias = Literal["every", "full", "narrow"]
Contribution: TypeAlias = tuple[str, int, datetime, int]
"""(measure, bin, at, value)"""

ANSWERED_WITHIN_S = 20
SHORT_S = 5
"""Who hangs up sooner has not waited: left out of abandonment on both sides."""
LOOP_GRACE = timedelta(days=1)
"""After its deadline a ticket has so long to be told and archived."""
SCALE = 1000
SECOND = "csat_second"
"""The name of a rating given when a customer is asked again, after what they complained of was dealt with."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. ``at``: the column of its time axis. ``value`` of a row: 0 adds nothing.

    ``bin``: the log bin of a duration measure. ``minutes`` False: kept at the quarter-hour grain only. ``width``: counted in
    ``every`` cuboid; in all but those kept for counts only (``full``); or in ``all`` and ``channel`` (``narrow``), because
    nobody asks for more. ``each``: (time, seconds) of a measure to which one row may add several durations.
    """

    id: str
    at: Callable[[Row], datetime | None]
    value: Callable[[Row], int]
    bin: Callable[[Row], int] | None = None
    minutes: bool = True
    width: Width = "full"
    each: Callable[[Row], Iterable[tuple[datetime, int]]] | None = None


def _column(name: str) -> Callable[[Row], datetime | None]:
    return lambda row: row[name]


def _one(_row: Row) -> int:
    return 1


def _bin_of(name: str) -> Callable[[Row], int]:
    return lambda row: logbins.bin_of(row[name])


def _has(name: str) -> Callable[[Row], int]:
    return lambda row: 1 if row[name] is not None else 0


def _told(row: Row) -> int:
    """Whether there are words in a language that we know: what shares of cues are of."""
    return int("cues" in row["tags"] and "untagged" not in row["tags"])


def _any_cue(*cues: str) -> Callable[[Row], int]:
    wanted = frozenset(cues)
    return lambda row: int(not wanted.isdisjoint(row["tags"].get("cues", ())))


def _ack_bin(row: Row) -> int:
    return logbins.bin_of((row["acknowledged_at"] - row["opened_at"]).total_seconds())


def _met_response(row: Row) -> int:
    return int(row["response_target_s"] is not None and row["response_s"] <= row["response_target_s"])


def _met_due(row: Row) -> int:
    return int(row["solved_at"] is not None and row["solved_at"] <= row["due_at"])


def _abandoned(row: Row) -> int:
    return int(row["abandoned_at"] is not None and row["answered_at"] is None)


def _gave_up_within(seconds: int) -> Callable[[Row], int]:
    return lambda row: int(bool(_abandoned(row)) and (_waited_s(row) or 0.0) <= seconds)


def _wait_of_answered(row: Row) -> int:
    return round(_waited_s(row) or 0.0) if row["answered_at"] is not None else 0


def _paused(row: Row) -> int:
    return int(row["resolution_s"]) - int(row["resolution_net_s"])


def _was_paused(row: Row) -> int:
    """Net times are gross ones but for these few: the others need no cell of their own."""
    return int(_paused(row) > 0)


def _looped(row: Row) -> int:
    """Solved, the customer told, archived: all of it by deadline and grace."""
    ends = [row[name] for name in ("solved_at", "told_at", "archived_at")]
    return int(None not in ends and max(ends) <= row["due_at"] + LOOP_GRACE)


def _waited_s(row: Row) -> float | None:
    end = row["answered_at"] or row["abandoned_at"]
    return None if end is None else float((end - row["offered_at"]).total_seconds())


def _answered_in_time(row: Row) -> int:
    return int(row["answered_at"] is not None and (_waited_s(row) or 0.0) <= ANSWERED_WITHIN_S)


def _wait_bin(row: Row) -> int:
    return logbins.bin_of(_waited_s(row) or 0.0)


def _waits(row: Row) -> Iterable[tuple[datetime, int]]:
    return ((datetime.fromtimestamp(at, UTC), seconds) for at, seconds in row["waits"] or ())


def _before_reply(row: Row) -> int:
    """Of a solved ticket: open seconds until a human replied, as far as they lie before the solution."""
    return min(int(row["response_s"] or 0), int(row["resolution_net_s"]))


def _closing(row: Row) -> int:
    return 0 if row["solved_at"] is None else max(int((row["archived_at"] - row["solved_at"]).total_seconds()), 0)


def _half(row: Row) -> datetime | None:
    """When half of the time from opening to deadline had gone and the ticket was still open; plain time."""
    if row["due_at"] is None:
        return None
    half: datetime = row["opened_at"] + (row["due_at"] - row["opened_at"]) / 2
    return None if row["solved_at"] is not None and row["solved_at"] <= half else half


def _half_left(row: Row) -> datetime | None:
    """When such a ticket was solved, or fell due."""
    if _half(row) is None:
        return None
    left: datetime = row["due_at"] if row["solved_at"] is None else min(row["solved_at"], row["due_at"])
    return left


def _structured(row: Row) -> int:
    """Who it was, what it was about, and which product or organisation: a record that can be counted by any of them."""
    dims = row["dims"]
    return int(bool(row["customer"] and dims.get("category") and (dims.get("product") or dims.get("org"))))


def _csat(row: Row) -> Mapping[str, Any] | None:
    """The one valid answer to the satisfaction question: the overall one before any other aspect."""
    answers = [
        r for r in row["ratings"] if r["name"] == "csat" and r["low"] <= r["value"] <= r["high"] and r["low"] < r["high"]
    ]
    return min(answers, key=lambda r: (r["aspect"] != "overall", r["aspect"])) if answers else None


def _csat_five(row: Row) -> float | None:
    """The answer on a scale of 1 (worst) to 5 (best), whatever scale and direction it came in."""
    answer = _csat(row)
    if answer is None:
        return None
    share = (answer["value"] - answer["low"]) / (answer["high"] - answer["low"])
    return 1 + 4 * float(share if answer["direction"] == "up" else 1 - share)


def _csat_top(row: Row) -> int:
    """Top two boxes of five: 4 and above once scaled; on a scale of ten, 7.75 and above."""
    five = _csat_five(row)
    return int(five is not None and five >= 4)


def _csat_sum(row: Row) -> int:
    five = _csat_five(row)
    return 0 if five is None else round(five * SCALE)


def _answer(row: Row, name: str, aspect: str | None = None) -> float | None:
    """The answer to one question of a survey on 0 (worst) to 1 (best); None where it was not asked or makes no sense.
    ``aspect``: only what was said of it."""
    for r in row["ratings"]:
        if r["name"] == name and aspect in (None, r["aspect"]) and r["low"] <= r["value"] <= r["high"] and r["low"] < r["high"]:
            share = (r["value"] - r["low"]) / (r["high"] - r["low"])
            return float(share if r["direction"] == "up" else 1 - share)
    return None


def _between(name: str, low: float, high: float, aspect: str | None = None) -> Callable[[Row], int]:
    """1 where the answer to ``name`` lies in ``[low, high]`` of its scale, with room for rounding."""

    def value(row: Row) -> int:
        answer = _answer(row, name, aspect) if row["ratings"] else None
        return int(answer is not None and low - 1e-9 <= answer <= high + 1e-9)

    return value


_bad_first, _good_second = _between("csat", 0, 0.25), _between(SECOND, 0.75, 1)
_second = _between(SECOND, 0, 1)


def _rated(row: Row) -> datetime | None:
    """None where nobody was asked: most rows."""
    rated: datetime | None = (row["rated_at"] or row["opened_at"]) if row["ratings"] else None
    return rated


def _lag_bin(row: Row) -> int:
    return logbins.bin_of((row["first_stored_at"] - row["opened_at"]).total_seconds())


_came_late = _column("came_late_at")
_opened = _column("opened_at")
_responded = _column("first_response_at")
_solved = _column("solved_at")
_due = _column("due_at")
_offered = _column("offered_at")
_second_asked = _column("second_asked_at")
_asked = _column("asked_at")

CUES: Mapping[str, tuple[str, ...]] = {
    **{cue: (cue,) for cue in ("waiting", "repeated", "impatience", "churn")},
    "threat": ("media", "regulator"),
}
"""Early cues that are counted: name of the measure -> cues of ``text.cues``, any of which counts."""

MEASURES: tuple[Measure, ...] = (
    Measure("feedback.n", _opened, _one, width="every"),
    Measure("complaint.n", _opened, lambda row: int(row["kind"] == "complaint"), width="every"),
    Measure("negative.n", _opened, lambda row: int(row["tags"].get("sentiment") == "negative"), width="every"),
    Measure("told.n", _opened, _told),
    *(Measure(f"cue.{name}.n", _opened, _any_cue(*cues)) for name, cues in CUES.items()),
    Measure("lag.d", _opened, _one, _lag_bin, minutes=False, width="narrow"),
    Measure("late.n", _came_late, _one, minutes=False, width="narrow"),
    Measure("ack.d", _column("acknowledged_at"), _one, _ack_bin, minutes=False, width="narrow"),
    Measure("response.d", _responded, _one, _bin_of("response_s")),
    Measure("response.n", _responded, _has("response_target_s"), minutes=False),
    Measure("response.met", _responded, _met_response, minutes=False),
    Measure("resolution.d", _solved, _one, _bin_of("resolution_s"), minutes=False),
    Measure("net.d", _solved, _was_paused, _bin_of("resolution_net_s"), minutes=False),
    Measure("gross.d", _solved, _was_paused, _bin_of("resolution_s"), minutes=False),
    Measure("paused.s", _solved, _paused, minutes=False, width="narrow"),
    Measure("resolved.s", _solved, lambda row: int(row["resolution_s"]), minutes=False, width="narrow"),
    Measure("solved.n", _solved, _one, minutes=False),
    Measure("reopened.n", _column("reopened_at"), lambda row: int(row["reopened_n"]), minutes=False),
    Measure("due.n", _due, _one, width="every"),
    Measure("due.met", _due, _met_due, width="every"),
    Measure("loop.met", _due, _looped, minutes=False),
    Measure("transferred.n", _opened, lambda row: int(row["transfers_n"] > 0), minutes=False),
    Measure("asked.n", _asked, _one, minutes=False),
    Measure("asked.done", _asked, _has("rated_at"), minutes=False),
    Measure("open.n", lambda row: row["opened_at"] if row["due_at"] else None, _one, minutes=False, width="narrow"),
    Measure("open.done", lambda row: row["solved_at"] if row["due_at"] else None, _one, minutes=False, width="narrow"),
    Measure("half.n", _half, _one, minutes=False, width="narrow"),
    Measure("half.left", _half_left, _one, minutes=False, width="narrow"),
    Measure("offered.n", _offered, _one),
    Measure("answered.n", _offered, _has("answered_at")),
    Measure("abandoned.n", _offered, _abandoned),
    Measure("abandoned5.n", _offered, _gave_up_within(SHORT_S), minutes=False),
    Measure("abandoned20.n", _offered, _gave_up_within(ANSWERED_WITHIN_S), minutes=False),
    Measure("answered20.n", _offered, _answered_in_time),
    Measure("wait.s", _offered, _wait_of_answered, minutes=False, width="narrow"),
    Measure("wait.d", _offered, lambda row: int(_waited_s(row) is not None), _wait_bin),
    Measure("csat.n", _rated, lambda row: int(_csat_five(row) is not None)),
    Measure("csat.top", _rated, _csat_top),
    Measure("csat.sum", _rated, _csat_sum, minutes=False),
    Measure("nps.n", _rated, _between("nps", 0, 1), minutes=False),
    Measure("nps.plus", _rated, _between("nps", 0.9, 1), minutes=False),
    Measure("nps.minus", _rated, _between("nps", 0, 0.6), minutes=False),
    Measure("ces.n", _rated, _between("ces", 0, 1), minutes=False),
    Measure("ces.top", _rated, _between("ces", 2 / 3, 1), minutes=False),
    Measure("csat_product.n", _rated, _between("csat", 0, 1, "product"), minutes=False),
    Measure("csat_product.top", _rated, _between("csat", 0.75, 1, "product"), minutes=False),
    Measure("csat_service.n", _rated, _between("csat", 0, 1, "service"), minutes=False),
    Measure("csat_service.top", _rated, _between("csat", 0.75, 1, "service"), minutes=False),
    Measure("second.n", _second_asked, _one, minutes=False),
    Measure("second.done", _second_asked, _second, minutes=False),
    Measure("bad.n", _rated, _bad_first, minutes=False),
    Measure("bad.again", _rated, lambda row: _bad_first(row) * _second(row), minutes=False),
    Measure("bad.turned", _rated, lambda row: _bad_first(row) * _good_second(row), minutes=False),
    Measure("structured.n", _opened, _structured, minutes=False, width="narrow"),
    Measure("next.d", lambda _row: None, _one, minutes=False, width="narrow", each=_waits),
    Measure("before_reply.s", _solved, _before_reply, minutes=False, width="narrow"),
    Measure("closing.s", _column("archived_at"), _closing, minutes=False, width="narrow"),
    Measure("archived.n", _column("archived_at"), _has("solved_at"), minutes=False, width="narrow"),
)
_ANSWERS = ("ack.d", "response.d", "response.n", "response.met", "next.d", "before_reply.s")
_SOLVES = (
    "resolution.d",
    "net.d",
    "gross.d",
    "paused.s",
    "resolved.s",
    "solved.n",
    "due.met",
    "open.done",
    "loop.met",
    "before_reply.s",
    "half.n",
    "half.left",
)
_ASPECTS = ("csat_product.n", "csat_product.top", "csat_service.n", "csat_service.top", "bad.n", "bad.again", "bad.turned")
_CALLS = ("offered.n", "answered.n", "abandoned.n", "abandoned5.n", "abandoned20.n", "answered20.n", "wait.d", "wait.s")
SET_BY: Mapping[str, tuple[str, ...]] = {
    "customer_message": ("next.d",),
    "second_asked": ("second.n", "second.done"),
    "offered": _CALLS,
    "answered": _CALLS + _ANSWERS,
    "abandoned": _CALLS,
    "human_reply": _ANSWERS,
    "auto_reply": ("ack.d",),
    "assigned": ("ack.d",),
    "paused": ("response.d", "response.met", "net.d", "gross.d", "paused.s"),
    "resumed": ("response.d", "response.met", "net.d", "gross.d", "paused.s"),
    "solved": _SOLVES,
    "archived": (*_SOLVES, "closing.s", "archived.n"),
    "cancelled": ("due.n", "due.met"),
    "reopened": ("reopened.n", *_SOLVES, *_ANSWERS),
    "told": ("loop.met",),
    "transferred": ("transferred.n",),
    "survey_asked": ("asked.n", "asked.done"),
    "rated": ("csat.n", "csat.top", "csat.sum", "nps.n", "nps.plus", "nps.minus", "ces.n", "ces.top", "asked.done", *_ASPECTS),
}
"""kind of event -> the measures whose facts it sets: a series over them waits for the source of such events too."""

BY_ID: Mapping[str, Measure] = {measure.id: measure for measure in MEASURES}


def contributions(record: Row) -> list[Contribution]:
    """Everything that a row of ``feedback`` adds; nothing for a deleted or cancelled one."""
    if record["deleted_at"] is not None or record["state"] == "cancelled":
        return []
    found: list[Contribution] = []
    for axis, certain, others in _BY_AXIS:
        at = axis(record)
        if at is None:
            continue
        for id_, bin_ in certain:
            found.append((id_, bin_(record) if bin_ else NO_BIN, at, 1))
        for id_, bin_, value_of in others:
            if value := value_of(record):
                found.append((id_, bin_(record) if bin_ else NO_BIN, at, value))
    for measure in _MANY:
        if measure.each is not None:
            found += [(measure.id, logbins.bin_of(seconds), at, 1) for at, seconds in measure.each(record)]
    return found


def _by_axis() -> Iterable[Any]:
    """Of each time axis the measures to which every row with a time there adds 1, and the others: a row without one is asked
    once, not once for each of them."""
    single = [measure for measure in MEASURES if measure.each is None]
    for axis in dict.fromkeys(measure.at for measure in single):
        mine = [measure for measure in single if measure.at is axis]
        certain = tuple((measure.id, measure.bin) for measure in mine if measure.value is _one)
        yield axis, certain, tuple((measure.id, measure.bin, measure.value) for measure in mine if measure.value is not _one)


_BY_AXIS = tuple(_by_axis())
_MANY = tuple(measure for measure in MEASURES if measure.each is not None)


def of_measurement(row: Row) -> list[Contribution]:
    """What an aggregate of the source adds, on its ``start_at``, at the quarter-hour grain only."""
    parts = (("num", "numerator"), ("den", "denominator"), ("sum", "duration_sum"), ("n", "n"))
    return [(f"m.{row['name']}.{part}", NO_BIN, row["start_at"], row[column]) for part, column in parts if row[column]]
