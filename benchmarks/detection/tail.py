"""The long tail: families of 200 sparse children.  ``python -m benchmarks.detection.tail --seeds 1,2``

A false alarm is a child and a day, on the quiet twin, per family and week. An event is found when a child that it struck is
named within it or an hour after; ``named``: share of the events with any alarm in which the first one named was struck.
``matched``: one threshold for all families; the union has six tenths of the rate for each of its two parts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from benchmarks.detection.bootstrap import interval
from benchmarks.detection.matching import lowest
from benchmarks.detection.tail_scans import Heard, oracle, own_week, pooled
from benchmarks.detection.tail_series import A_DAY, HOUR, Event, Family, family

RATES = (1.0, 0.2)
COLUMNS = ("model", "alarms", "false a week", "single", "1e-5", "1e-7", "1e-10", "1e-15", "few 1e-2", "few 1e-3", "named",
           "delay h", "flood")  # fmt: skip
PART = 0.6
Alarms: TypeAlias = list[tuple[int, int]]


@dataclass(frozen=True)
class Twins:
    """What was heard of a family with events, and of its quiet twin."""

    family: Family
    loud: Heard
    quiet: Heard


@dataclass(frozen=True)
class Found:
    event: Event
    hit: bool
    named: bool | None
    delay_h: float | None


def alone(heard: Heard, above: float) -> Alarms:
    return [(t, child) for t, child, nats in heard.alone if nats > above]


def summed(heard: Heard, above: float) -> Alarms:
    return [(t, child) for t, total, child in heard.sums if total > above]


def episodes(alarms: Alarms, first: int) -> Alarms:
    """One per child and day, from step ``first`` on."""
    last: dict[int, int] = {}
    kept = []
    for t, child in sorted(set(alarms)):
        if t - last.get(child, -A_DAY - 1) > A_DAY and t >= first:
            kept.append((t, child))
        last[child] = t
    return kept


def threshold(twins: Sequence[Twins], pick: Callable[[Heard, float], Alarms], scores: Sequence[float], rate: float) -> float:
    def false(above: float) -> int:
        return sum(len(episodes(pick(one.quiet, above), one.family.judged)) for one in twins)

    ordered = np.unique(np.round(np.array(scores), 3))
    return lowest(ordered, false, rate * sum(one.family.weeks for one in twins))


def judge(one: Family, alarms: Alarms) -> Iterator[Found]:
    kept = episodes(alarms, one.judged)
    for event in one.events:
        within = [(t, child) for t, child in kept if event.start <= t < event.end + HOUR]
        hits = [t for t, child in within if child in event.children]
        delay = (hits[0] - event.start + 1) / HOUR if hits else None
        yield Found(event, bool(hits), within[0][1] in event.children if within else None, delay)


def line(name: str, how: str, twins: Sequence[Twins], pick: Callable[[Heard], Alarms]) -> str:
    false = np.array([len(episodes(pick(one.quiet), one.family.judged)) / one.family.weeks for one in twins])
    found = [judged for one in twins for judged in judge(one.family, pick(one.loud))]
    cells = [_pod(found, "single", None)] + [_pod(found, "single", p) for p in (1e-5, 1e-7, 1e-10, 1e-15)]
    cells += [_pod(found, "few", p) for p in (1e-2, 1e-3)]
    named = [one.named for one in found if one.event.kind == "single" and one.event.p <= 1e-7 and one.named is not None]
    flood = sum(one.named is not None for one in found if one.event.kind == "flood")
    delays = [one.delay_h for one in found if one.delay_h is not None and one.event.kind == "single"]
    return (
        f"| {name} | {how} | {false.mean():.2f}, worst {false.max():.2f} | {' | '.join(cells)} | "
        f"{np.mean(named) if named else np.nan:.2f} | {np.median(delays) if delays else np.nan:.1f} | "
        f"{flood} of {sum(one.event.kind == 'flood' for one in found)} |"
    )


def _pod(found: Sequence[Found], kind: str, p: float | None) -> str:
    hits = np.array([one.hit for one in found if one.event.kind == kind and p in (None, one.event.p)], dtype=float)
    if p is not None:
        return f"{hits.mean():.2f}"
    low, high = interval(len(hits), lambda places: float(hits[places].mean()))
    return f"{hits.mean():.3f} [{low:.2f}, {high:.2f}] n={len(hits)}"


def table(seeds: Sequence[int], peers: bool) -> Iterator[str]:
    families = [family(seed) for seed in seeds]
    ways: dict[str, Callable[[Family, np.ndarray], Heard]] = {"pool": lambda one, values: pooled(one, values, 1.0)}
    if peers:
        ways |= {"own hour of week": own_week, "oracle": oracle}
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for name, way in ways.items():
        twins = [Twins(one, way(one, one.values), way(one, one.quiet)) for one in families]
        for rate in RATES:
            singles = [nats for one in twins for _, _, nats in one.quiet.alone]
            sums = [total for one in twins for _, total, _ in one.quiet.sums]
            at = threshold(twins, alone, singles, rate)
            yield line(name, f"alone, {rate:g}", twins, lambda heard, at=at: alone(heard, at))  # type: ignore[misc]
            one, other = threshold(twins, alone, singles, PART * rate), threshold(twins, summed, sums, PART * rate)
            yield line(
                name,
                f"union, {rate:g}",
                twins,
                lambda heard, a=one, b=other: alone(heard, a) + summed(heard, b),  # type: ignore[misc]
            )
        if name == "pool":
            yield line(name, "its own at 1", twins, lambda heard: heard.alarms)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--no-peers", action="store_true")
    asked = parser.parse_args()
    for row in table([int(seed) for seed in asked.seeds.split(",")], not asked.no_peers):
        print(row, flush=True)


if __name__ == "__main__":
    main()
