"""``python -m benchmarks.detection --suite A|B --n N --seed S [--peers [best]]``: the tables of docs/detection-benchmark.md.

Seeds below 10,000 are for building; seeds from 10,000 on are opened once, for the figures of a version.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version as installed

from benchmarks.detection import oracle, product, suite_a, suite_b, surveillance
from benchmarks.detection.cache import kept
from benchmarks.detection.peers import PEERS
from benchmarks.detection.report import OURS, RIVAL, lines_a, lines_b
from benchmarks.detection.series import Series
from benchmarks.detection.verdicts import Said

SUITES = {"A": suite_a.suite, "B": suite_b.suite}
LINES = {"A": lines_a, "B": lines_b}
PEERS_VERSION = "1"
"""Of benchmarks/detection/peers.py, surveillance.R and both suites: raise it when one of them says something else."""


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    series = list(SUITES[asked.suite](asked.seed, asked.n))
    said = {"oracle": [oracle.oracle(data) for data in series]}
    if asked.suite == "A":
        said["oracle, one week"] = [oracle.one_step(data) for data in series]
    said[OURS] = _timed(OURS, lambda: [product.product(data) for data in series], sum(map(len, series)))
    if asked.peers:
        said |= _peers(asked.suite, asked.seed, series, asked.peers == "best")
    print(f"suite {asked.suite}, {asked.n} series, seed {asked.seed}, {OURS} {product.version()}\n")
    for line in LINES[asked.suite](said, series):
        print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    parser.add_argument("--suite", choices=sorted(SUITES), required=True)
    parser.add_argument("--n", type=int, required=True, help="series; 504 decide in suite A, 48 in suite B")
    parser.add_argument("--seed", type=int, required=True)
    told = "River, rules by hand and, in suite A, R's surveillance beside it; best: only the strongest of suite A"
    parser.add_argument("--peers", nargs="?", const="all", choices=("all", "best"), help=told)
    return parser


def _peers(suite: str, seed: int, series: Sequence[Series], best: bool) -> dict[str, list[Said]]:
    n, said = len(series), {}
    for name, peer in () if best else PEERS.items():
        version = f"{PEERS_VERSION}-{installed('river')}"
        said[name] = kept(suite, seed, n, name, version, lambda peer=peer: [peer(data) for data in series])  # type: ignore[misc]
    if suite != "A":
        return said
    why = surveillance.missing()
    if why:
        print(f"skipped farringtonFlexible, EARS, rki, bayes, glrnb: {why}", file=sys.stderr)
        return said
    for method in (RIVAL,) if best else surveillance.METHODS:
        version = f"{PEERS_VERSION}-{surveillance.version()}"
        make: Callable[[], list[Said]] = lambda method=method: surveillance.surveillance(method, series)  # type: ignore[misc]  # noqa: E731
        said[method] = kept(suite, seed, n, method, version, make)
    return said


def _timed(name: str, work: Callable[[], list[Said]], steps: int) -> list[Said]:
    began = time.process_time()
    said = work()
    print(f"{name}: {1e6 * (time.process_time() - began) / steps:.0f} us a step, driver included", file=sys.stderr)
    return said


if __name__ == "__main__":
    main()
