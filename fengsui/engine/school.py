"""Many series learn their history at the same time, in processes of their own: learning is nearly all of the time that a
first start takes, and one Python uses one core.

What comes back is the state of the taught detector as it would be stored, so it makes no difference who taught it. A pupil
reads lessons from its standard input until that ends, which it also does where its parent was killed.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from fengsui.engine import state
from fengsui.engine.live import Live
from fengsui.engine.warm import Judged, Part, learn

log = logging.getLogger(__name__)

MOST = 4
"""Pupils at most: each needs about 100 MB while it learns."""
WORTH = 60_000
"""Steps for which a pupil pays: it takes as long to come to school as to learn some 30,000."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One series, its history up to ``end`` (in minutes), part by part."""

    live: Live
    parts: tuple[Part, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Taught:
    """The detector's canonical state, and what ``warm.learn`` gives back."""

    text: str
    ready: bool
    judged: list[Judged]


Answer: TypeAlias = tuple[Lesson, Taught]


def pupils_for(steps: int, cores: int | None = None) -> int:
    """How many processes learn ``steps`` in the shortest time; 0: better here."""
    cores = len(os.sched_getaffinity(0)) if cores is None and hasattr(os, "sched_getaffinity") else cores or os.cpu_count() or 1
    found = min(MOST, cores, steps // WORTH)
    return found if found > 1 else 0


def teach(lessons: Iterable[Lesson], pupils: int) -> Generator[Answer, None, None]:
    """Each lesson with what came of it, in the order given; the next ones are only drawn when a pupil is free."""
    if pupils == 0:
        yield from ((lesson, taught(lesson)) for lesson in lessons)
        return
    with ExitStack() as open_:
        idle = deque(open_.enter_context(Pupil()) for _ in range(pupils))
        busy: deque[tuple[Pupil, Lesson]] = deque()
        for lesson in lessons:
            if not idle:
                pupil, before = busy.popleft()
                yield before, pupil.answer(before)
                idle.append(pupil)
            pupil = idle.popleft()
            pupil.ask(lesson)
            busy.append((pupil, lesson))
        for pupil, before in busy:
            yield before, pupil.answer(before)


def taught(lesson: Lesson) -> Taught:
    """Learn it in this process. The lesson's own ``live`` has learned it, too."""
    judged = learn(lesson.live, iter(lesson.parts), lesson.end)
    return Taught(state.canonical(lesson.live.detector), lesson.live.ready, judged)


def take_over(lesson: Lesson, found: Taught) -> None:
    """Make the lesson's ``live`` one that has learned it."""
    state.restore(lesson.live.detector, found.text)
    lesson.live.last_end, lesson.live.ready = lesson.end, found.ready


class Pupil:
    """A process that learns one lesson at a time. One that died is no loss: its lesson is learned here."""

    def __init__(self) -> None:
        attend = "from fengsui.engine import school; school.attend()"
        path = os.pathsep.join(filter(None, sys.path))  # ours, whatever -P (no module out of the present directory) leaves out
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", attend], stdin=-1, stdout=-1, env={**os.environ, "PYTHONPATH": path}
        )

    def __enter__(self) -> Pupil:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, lesson: Lesson) -> None:
        self.hand(pickle.dumps(lesson, pickle.HIGHEST_PROTOCOL))

    def answer(self, lesson: Lesson) -> Taught:
        found = self.heard()
        if found is None:
            log.warning("%s is learned here: the process that should have died", lesson.live.planned.series)
            return taught(lesson)
        return found

    def hand(self, lesson: bytes) -> None:
        """Waits until the pupil has read it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(lesson)
            self._process.stdin.flush()
        except OSError:
            log.warning("a process that learns has died")

    def heard(self) -> Taught | None:
        """Waits for the answer; ``None``: the pupil died."""
        assert self._process.stdout is not None
        try:
            found: Taught = pickle.load(self._process.stdout)  # of our own child
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            return None
        return found


class Homework:
    """A lesson that a pupil learns while the writer goes on. ``found``: what came of it; ``None`` when it is done: it died."""

    def __init__(self, pupil: Pupil, lesson: Lesson) -> None:
        self.lesson = lesson
        self.found: Taught | None = None
        body = pickle.dumps(lesson, pickle.HIGHEST_PROTOCOL)  # here, for what it holds is the writer's
        self._thread = threading.Thread(target=self._learn, args=(pupil, body), daemon=True, name="fengsui-homework")
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> None:
        self._thread.join()

    def _learn(self, pupil: Pupil, body: bytes) -> None:
        pupil.hand(body)
        self.found = pupil.heard()


def attend(lessons: BinaryIO = sys.stdin.buffer, answers: BinaryIO = sys.stdout.buffer) -> None:
    """A pupil's life: until there are no more lessons."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which ends its pupils
    while True:
        try:
            lesson: Lesson = pickle.load(lessons)  # of our own parent
        except EOFError:
            return
        pickle.dump(taught(lesson), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
