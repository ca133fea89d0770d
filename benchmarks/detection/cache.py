"""Peers do not change from run to run: what they said is kept under dist/detection/ by suite, seed, number and version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.detection.verdicts import Said

FOLDER = Path(__file__).parents[2] / "dist" / "detection"


def kept(suite: str, seed: int, n: int, name: str, version: str, make: Callable[[], Sequence[Said]]) -> list[Said]:
    """What is in the cache, or what ``make`` gives, then kept."""
    safe = "".join(c if c.isalnum() else "-" for c in f"{suite}-{seed}-{n}-{name}-{version}")
    path = FOLDER / f"{safe}.npz"
    if path.exists():
        with np.load(path) as file:
            return [_read(file, i) for i in range(int(file["n"]))]
    said = list(make())
    FOLDER.mkdir(parents=True, exist_ok=True)
    arrays = {"n": np.array(len(said))}
    for i, one in enumerate(said):
        arrays |= _write(one, f"{i}") | (_write(one.quiet, f"{i}q") if one.quiet else {})
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return said


def _write(said: Said, key: str) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {f"{key}.score": said.score}
    if said.alarm is not None:
        arrays[f"{key}.alarm"] = said.alarm
    if said.grade is not None:
        arrays[f"{key}.grade"] = said.grade
    return arrays


def _read(file: np.lib.npyio.NpzFile, i: int) -> Said:
    quiet = _one(file, f"{i}q", None) if f"{i}q.score" in file else None
    return _one(file, f"{i}", quiet)


def _one(file: np.lib.npyio.NpzFile, key: str, quiet: Said | None) -> Said:
    alarm, grade = (file.get(f"{key}.{name}") for name in ("alarm", "grade"))
    return Said(file[f"{key}.score"], alarm, grade, quiet)
