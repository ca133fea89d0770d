"""R's `surveillance` on suite A, where Rscript and the package are (Debian: r-cran-surveillance)."""

from __future__ import annotations

import csv
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.series import Series, Values
from benchmarks.detection.verdicts import Said

METHODS = ("farringtonFlexible", "earsC1", "earsC2", "earsC3", "rki", "bayes", "glrnb")
SCRIPT = Path(__file__).with_name("surveillance.R")


def missing() -> str | None:
    """Why R's peers cannot run here; None when they can."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed (Debian: apt-get install r-cran-surveillance)"
    asked = subprocess.run(["Rscript", "-e", "library(surveillance)"], capture_output=True, text=True)
    return None if asked.returncode == 0 else f"R cannot load surveillance: {asked.stderr.strip().splitlines()[-1]}"


def version() -> str:
    command = ["Rscript", "-e", 'cat(as.character(packageVersion("surveillance")))']
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def surveillance(method: str, series: Sequence[Series]) -> list[Said]:
    """What ``method`` says of the judged weeks of each series and of its twin; weeks before are 0."""
    counts = [data.values for data in series] + [data.quiet for data in series if data.quiet is not None]
    first = series[0].judged
    rows = _run(method, counts, first)
    said = [_said(row, first) for row in rows]
    return [Said(one.score, one.alarm, quiet=twin) for one, twin in zip(said[: len(series)], said[len(series) :], strict=True)]


def _run(method: str, counts: Sequence[Values], first: int) -> NDArray[np.float64]:
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder, "counts.csv"), Path(folder, "out.csv")
        with given.open("w", newline="") as file:
            csv.writer(file).writerows(values.astype(int).tolist() for values in counts)
        subprocess.run(["Rscript", str(SCRIPT), str(given), str(first + 1), str(found), method], check=True)
        return np.loadtxt(found, delimiter=",", ndmin=2)


def _said(row: NDArray[np.float64], first: int) -> Said:
    score, alarm = np.split(row, 2)
    before = np.zeros(first)
    return Said(np.concatenate([before, score]), np.concatenate([before, alarm]) > 0)
