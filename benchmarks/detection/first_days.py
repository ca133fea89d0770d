"""The first days of a head series, without history and with four weeks of it.  ``python -m benchmarks.detection.first_days``

Suite B. "New": a detector that begins on the first judged day; "back-filled": one that has read the four weeks before. Both
are judged on days 2 to 8 from there, by their own alarms at a budget of one false episode a week, as suite B is judged.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.detection import suite_b
from benchmarks.detection.judge_b import accounts, figure
from benchmarks.detection.product import product
from benchmarks.detection.series import Series

DAYS = (1, 8)
"""From the end of the first day to the end of the eighth."""


def cut(data: Series, first: int) -> Series:
    """From step ``first`` to the end of the eighth judged day; judged from the second on."""
    day = 86400 // data.step_s
    begins, ends = data.judged + DAYS[0] * day, data.judged + DAYS[1] * day
    spikes = tuple(
        replace(spike, start=spike.start - first, end=spike.end - first)
        for spike in data.spikes
        if begins <= spike.start and spike.end + 3600 // data.step_s <= ends
    )
    early = [spike for spike in data.spikes if spike.start < begins]
    excused = data.excused.copy()
    for spike in early:
        excused[spike.start : spike.end + 2 * 3600 // data.step_s] = True
    kept = slice(first, ends)
    return replace(data, start=data.at(first), values=data.values[kept], mean=data.mean[kept], judged=begins - first,
                   spikes=spikes, excused=excused[kept])  # fmt: skip


def lines(series: Sequence[Series]) -> Iterator[str]:
    yield "| detector | false a week | p90 | worst | POD general / important / severe | severe spikes |"
    yield "|---|---|---|---|---|---|"
    for name, parts in (
        ("new", [cut(data, data.judged) for data in series]),
        ("back-filled", [cut(data, 0) for data in series]),
    ):
        found = figure(accounts([product(data) for data in parts], parts, None))
        n = sum(spike.tier == 3 for data in parts for spike in data.spikes)
        pod = " / ".join(f"{one:.3f}" for one in found.pod)
        yield f"| {name} | {found.false:.2f} | {found.p90:.2f} | {found.worst:.2f} | {pod} | {n} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--n", type=int, default=48)
    asked = parser.parse_args()
    for line in lines([data for seed in asked.seeds.split(",") for data in suite_b.suite(int(seed), asked.n)]):
        print(line, flush=True)


if __name__ == "__main__":
    main()
