"""Suites S and T side by side: ``python -m benchmarks.detection.drift --seeds 1,2 --n 40``.

Ours is the product's detector as a rule would run it, with a budget of 0.1 false alarms per thousand steps; its native alarm
is any grade, its score that of the verdict. Figures of peers are kept in a folder by suite, kind, seed and version.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detection import drift_judge, drift_series
from benchmarks.detection.drift_judge import Outcome, Table
from benchmarks.detection.drift_peers import PEERS, SLOW, Told
from benchmarks.detection.drift_series import Drifting
from detectors import registry
from detectors.base import step

STEPS_A_WEEK = 7 * drift_series.A_DAY
BUDGET = drift_judge.PER_1000 * STEPS_A_WEEK / 1000
OURS = "Fengsui"
DETECTORS: dict[str, tuple[str, dict[str, Any]]] = {
    "duration": ("duration_drift", {"sided": "up"}),
    "share": ("share_drift", {}),
}
SLOW_N = 12
OPEN_ONCE = 10_000
"""Seeds from here on are for the final run."""


def ours(series: Drifting) -> Told:
    name, parameters = DETECTORS[series.kind]
    detector = registry.make(name, **parameters)
    bad = {"duration": "up", "share": "down"}[series.kind]
    score, alarm = np.empty(drift_series.STEPS), np.zeros(drift_series.STEPS, dtype=bool)
    for i, x in enumerate(drift_series.readings(series, BUDGET)):
        verdict = step(detector, x)
        worse = verdict.direction == bad
        score[i] = verdict.score if worse else -9.0
        alarm[i] = worse and verdict.grade > 0
    return Told(score, alarm)


def told(name: str, look: Callable[[Drifting], Told], every: Sequence[Drifting], kept: Path | None) -> list[Told]:
    """Each series once; from the folder where the same was asked before."""
    one = every[0]
    file = kept / f"{one.suite}-{one.kind}-{one.seed}-{len(every)}-{name}-{_version()}.pickle" if kept else None
    if file is not None and file.exists():
        found: list[Told] = pickle.loads(file.read_bytes())  # our own file of an earlier run
        return found
    found = [look(one) for one in every]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(found))
    return found


def _version() -> str:
    here = Path(__file__).parent
    text = b"".join((here / name).read_bytes() for name in ("drift_series.py", "drift_peers.py"))
    return hashlib.blake2b(text, digest_size=6).hexdigest()


def compare(
    suite: str, kind: drift_series.Kind, seeds: Sequence[int], n: int, kept: Path | None, peers: bool
) -> dict[str, Any]:
    """Every method on the same series: tables matched and native, and our delay over that of each."""
    every = {seed: [drift_series.make(suite, kind, seed, i) for i in range(n)] for seed in seeds}
    series = [one for some in every.values() for one in some]
    rows: dict[str, Any] = {}
    best: dict[str, list[Outcome]] = {}
    methods = {OURS: ours, **(PEERS if peers else {})}
    for name, look in methods.items():
        few = SLOW_N if name in SLOW else n
        began = time.process_time()
        heard = [one for some in every.values() for one in told(name, look, some[:few], kept if name != OURS else None)]
        spent = time.process_time() - began
        asked = [one for some in every.values() for one in some[:few]]
        rows[name] = _row(asked, heard, spent)
        if heard[0].score is not None:
            best[name] = _outcomes(asked, [_over(one, rows[name]["threshold"]) for one in heard])
    for name in best:
        if name != OURS:
            rows[name]["ours_over_it"] = drift_judge.ratio(best[OURS], best[name])
    rows[OURS]["by"] = _by_form(series, best[OURS])
    return {"suite": suite, "kind": kind, "seeds": list(seeds), "n": len(series), "methods": rows}


def _row(series: Sequence[Drifting], heard: Sequence[Told], spent: float) -> dict[str, Any]:
    row: dict[str, Any] = {"native": drift_judge.tabled(_outcomes(series, [one.alarm for one in heard]))}
    row["us_per_step"] = 1e6 * spent / (len(series) * drift_series.STEPS)
    scores = [one.score for one in heard if one.score is not None]
    if scores:
        row["threshold"] = drift_judge.matched(series, scores)
        row["matched"] = drift_judge.tabled(_outcomes(series, [score > row["threshold"] for score in scores]))
    return row


def _over(one: Told, threshold: float) -> np.ndarray:
    assert one.score is not None
    return np.asarray(one.score > threshold)


def _outcomes(series: Sequence[Drifting], alarms: Sequence[np.ndarray]) -> list[Outcome]:
    return [drift_judge.outcome(one, alarm) for one, alarm in zip(series, alarms, strict=True)]


def _by_form(series: Sequence[Drifting], outcomes: Sequence[Outcome]) -> dict[str, list[float]]:
    """Form and size -> [n, found, mean delay]."""
    groups: dict[str, list[Outcome]] = {}
    for one, found in zip(series, outcomes, strict=True):
        groups.setdefault(one.form, []).append(found)
        groups.setdefault(one.size, []).append(found)
    return {
        key: [len(some), float(np.mean([one.delay is not None for one in some])), float(np.mean([one.capped for one in some]))]
        for key, some in sorted(groups.items())
    }


def _show(found: dict[str, Any]) -> None:
    print(f"\n{found['suite']} {found['kind']}  seeds {found['seeds']}  n={found['n']}")
    for name, row in found["methods"].items():
        native, best = row["native"], row.get("matched")
        told = f"matched: {_said(best)}" if best else "matched: no score that could be compared"
        over = row.get("ours_over_it")
        beside = f"  ours/it {over[0]:.2f} [{over[1]:.2f}, {over[2]:.2f}]" if over else ""
        print(f"  {name:22} {told}")
        print(f"  {'':22} native:  {_said(native)} worst {native.worst_per_1000:.1f}{beside}  {row['us_per_step']:.0f} us")
    by = found["methods"][OURS]["by"]
    print("  ours by form and size: " + ", ".join(f"{key} n={n} {pod:.2f}/{delay:.0f}" for key, (n, pod, delay) in by.items()))


def _said(table: Table) -> str:
    rate, found, delay = table.false_per_1000, table.found, table.delay
    return (
        f"{rate[0]:5.3f} [{rate[1]:.3f}, {rate[2]:.3f}] POD {found[0]:.2f} [{found[1]:.2f}, {found[2]:.2f}] "
        f"delay {delay[0]:4.0f} [{delay[1]:.0f}, {delay[2]:.0f}]"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--n", type=int, default=40, help="series per seed")
    parser.add_argument("--suites", default="S,T")
    parser.add_argument("--kinds", default="duration,share")
    parser.add_argument("--kept", type=Path, default=None, help="folder for the peers' figures")
    parser.add_argument("--alone", action="store_true", help="our detector only")
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    found = []
    for suite in asked.suites.split(","):
        for kind in asked.kinds.split(","):
            found.append(compare(suite, kind, seeds, asked.n, asked.kept, not asked.alone))
            _show(found[-1])
    if asked.out is not None:
        asked.out.write_text(json.dumps(found, default=_plain, indent=1))


def _plain(table: Table) -> dict[str, Any]:
    return {name: getattr(table, name) for name in table.__slots__}


if __name__ == "__main__":
    main()
