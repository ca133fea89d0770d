"""A model fitted in a process of its own: what it is fitted from, what came of it, and whether it is good enough to speak.

One fifth of people's corrections, chosen by their words and so always the same, is never fitted on. On it the new base is
measured beside what speaks now; it is promoted only where it is not worse.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np

from fengsui.text import taxonomy
from fengsui.text.clean import normal_form
from fengsui.text.fitting import Examples, TooFew, calibrated, fit, sides
from fengsui.text.live import Live
from fengsui.text.model import Base, ModelUnreadable
from fengsui.text.tagger import Tagger

HELD_BACK: Final = 5
"""One of so many."""
LEAST_HELD: Final = 20
"""Fewer held-back corrections prove nothing: the new base is kept, and does not speak."""
MOST_SECONDS: Final = 1800.0


class LessonFailed(Exception):
    """The process that should have fitted ended without an answer: out of memory, or killed. Tried again the next night."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.code, self.params = "ingest.learn.died", {"status": status}


@dataclass(frozen=True, slots=True)
class Lesson:
    """``said``: (text, label) of people; ``weak``: (text, label, how much it is believed). ``current``: the base in force."""

    tag: str
    said: Sequence[tuple[str, str]]
    weak: Sequence[tuple[str, str, float]]
    cues: Mapping[str, tuple[str, ...]]
    taxonomy: Mapping[str, Any]
    current: bytes | None
    current_version: int


@dataclass(frozen=True, slots=True)
class Learned:
    """``body`` None: nothing could be fitted, ``why`` says so by a code. ``metrics``: held-back n, right by the new base and by
    what speaks now."""

    body: bytes | None
    promote: bool
    metrics: Mapping[str, Any]
    why: str | None = None


def learn(lesson: Lesson) -> Learned:
    """Fit, calibrate, measure."""
    said = list({normal_form(text): (text, label) for text, label in lesson.said}.values())  # of equal texts the last word
    texts = [text for text, _ in said]
    back = sides(texts, HELD_BACK) == 0
    kept = [one for one, out in zip(said, back.tolist(), strict=True) if out]
    taught = [(text, label, 1.0) for (text, label), out in zip(said, back.tolist(), strict=True) if not out]
    known = {normal_form(text) for text in texts}
    weak = [one for one in lesson.weak if normal_form(one[0]) not in known]
    try:
        base = fit(_examples([*taught, *weak]))
    except TooFew as fault:
        return Learned(None, False, dict(fault.params), fault.code)
    held = Examples([text for text, _ in kept], [label for _, label in kept])
    base = calibrated(base, held)
    right, right_now = _right(lesson, base, kept), _right_now(lesson, kept)
    promote = len(kept) >= LEAST_HELD and right >= right_now
    metrics = {
        "held": len(kept),
        "right": right,
        "right_now": right_now,
        "taught": len(taught),
        "weak": len(weak),
        "against": lesson.current_version,
        "classes": list(base.classes),
    }
    why = None if promote else "ingest.learn.few_held" if len(kept) < LEAST_HELD else "ingest.learn.worse"
    return Learned(base.to_bytes(), promote, metrics, why)


def learn_apart(lesson: Lesson) -> Learned:
    """``learn`` in a child process, which ends with its parent. Raises ``LessonFailed``."""
    attend = "from fengsui.ingest import lessons; lessons.attend()"
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-c", attend]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as child:
        late = threading.Timer(MOST_SECONDS, child.kill)
        late.start()
        try:
            answer = _asked(child, pickle.dumps(lesson, pickle.HIGHEST_PROTOCOL))
        finally:
            late.cancel()
    if child.returncode != 0:
        raise LessonFailed(child.returncode)
    found: Learned = pickle.loads(answer)  # of our own child
    return found


def _asked(child: subprocess.Popen[bytes], lesson: bytes) -> bytes:
    """Its standard input stays open until it has answered: where that ends, so does the child."""
    assert child.stdin is not None and child.stdout is not None
    try:
        child.stdin.write(lesson)
        child.stdin.flush()
        return child.stdout.read()
    except BrokenPipeError:  # it died before it had read: its status says why
        return b""
    finally:
        with suppress(BrokenPipeError):
            child.stdin.close()


def attend(lesson: BinaryIO = sys.stdin.buffer, answer: BinaryIO = sys.stdout.buffer) -> None:
    """The child's whole life, which ends where the parent's does."""
    if hasattr(os, "nice"):
        os.nice(10)
    given = pickle.load(lesson)  # of our own parent
    threading.Thread(target=_end_with_parent, args=(lesson.fileno(),), daemon=True).start()
    pickle.dump(learn(given), answer, pickle.HIGHEST_PROTOCOL)


def _end_with_parent(line: int) -> None:
    """Not by the buffered file: its lock, held by a daemon thread, would abort the child at its own end."""
    while os.read(line, 1):
        pass
    os._exit(1)


def _examples(rows: Sequence[tuple[str, str, float]]) -> Examples:
    return Examples([text for text, _, _ in rows], [label for _, label, _ in rows], [weight for _, _, weight in rows])


def _right(lesson: Lesson, base: Base, kept: Sequence[tuple[str, str]]) -> int:
    return _said_right(lesson, Live(lesson.tag, 1, base), kept)


def _right_now(lesson: Lesson, kept: Sequence[tuple[str, str]]) -> int:
    try:
        base = Base.from_bytes(lesson.current) if lesson.current else None
    except ModelUnreadable:  # of an older program: the rules speak in its place
        base = None
    return _said_right(lesson, Live(lesson.tag, lesson.current_version if base else 0, base), kept)


def _said_right(lesson: Lesson, live: Live, kept: Sequence[tuple[str, str]]) -> int:
    """As records are tagged: rules where the model is not sure enough."""
    tagger = Tagger(lesson.cues, taxonomy.read(lesson.taxonomy), [live])
    tags = tagger.tags([text for text, _ in kept], [()] * len(kept))
    return int(np.sum([one.get(lesson.tag) == label for one, (_, label) in zip(tags, kept, strict=True)]))
