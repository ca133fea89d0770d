"""``python -m benchmarks [NAME …]``: the measurements one after another, each beside its floor or peer; ``--list`` names them.

Without a name all but the long ones run. Numbers depend on the machine: compare the ratios.
"""

from __future__ import annotations

import subprocess
import sys

QUICK = {
    "ingest_speed": "records a CPU second into a new store, beside a bare executemany",
    "backfill": "first history of the demo centre, and how long a click waits meanwhile",
    "engine_speed": "durable series-steps a CPU second, memory, restart; beside the detector alone",
    "detector_speed": "updates a CPU second and bytes of state of each detector",
    "backtest_speed": "steps a CPU second of a back-test, CSV in to CSV out",
    "first_start": "seconds from an empty home to the page, to all history read, to all head series ready",
}
LONG = {
    "fleet_speed": "CPU a minute and memory of 500 series read by the minute and 5,000 children of the long tail",
    "latency": "from a row committed in PostgreSQL to the worker's picture, and to the wall in a browser",
    "viewers": "fifty screens at the wall: the dashboard's CPU, answers and memory",
    "forecast": "how often the forecast bands hold, beside the seasonal naive guess ($FENGSUI_REAL_DATA)",
    "replay_speed": "virtual minutes a CPU second of a replay, 360 invented tickets a day",
    "sources_speed": "the sources page on 100,000 and a million records and ninety days of polls",
    "kpi_speed": "pages of figures beside a raw scan; the wall and a drill on the roll-ups of a million records",
    "kills": "a replay killed with SIGKILL at random instants ends in the tables of an undisturbed one",
    "fuzz_parsers": "mutated files, REST bodies and mappings: no crash that is not a stated fault",
    "demo_incidents": "when the incidents of the demo centre are raised, and on which tier",
    "real_events": "what was seen in twenty real events, and when ($FENGSUI_REAL_DATA)",
    "text": "every goal of cleaning, masking and tagging, on labelled texts kept aside ($FENGSUI_TEXT_DATA)",
    "explore_steps": "CPU seconds of every step of 探查 on the store of $FENGSUI_HOME",
    "explore": "slices that make a deviation: right ones, silence, seconds; beside z-score, ThirdEye's cost, Adtributor",
    "explore.pack": "seven real events: which slice is named first ($FENGSUI_REAL_DATA)",
    "explore.phrases": "whether sudden phrases name what happened, in posts and in Chinese messages ($FENGSUI_REAL_DATA)",
    "detection": "detectors of counts beside their peers and the oracle",
    "detection.drift": "detectors of shares and durations beside their peers and the true model",
    "detection.faults": "a day that was moved: called, with its hours, and nothing else",
}
KNOWN = {**QUICK, **LONG}


def main(names: list[str]) -> int:
    if names == ["--list"]:
        print("\n".join(f"{name:16} {what}" for name, what in KNOWN.items()))
        return 0
    unknown = sorted(set(names) - KNOWN.keys())
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(KNOWN)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names or QUICK:
        print(f"\n== {name}: {KNOWN[name]}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
