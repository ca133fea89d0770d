"""When the next picture is due: soon after something changed, seldom when nothing did, and never more than can be spared.

A record is seen on the wall when its picture is drawn, so this decides how live the wall is; and each picture is time in which
nothing is taken in.
"""

from __future__ import annotations

from datetime import datetime, timedelta

SOON = timedelta(seconds=0.5)
"""After something changed."""
CALM = timedelta(seconds=4)
"""Ages and windows move on although nothing was said."""
READING = timedelta(seconds=5)
"""While history is read and learned there is little to see, and each picture costs as much as a thousand records."""
SHARE = 0.05
"""Of the worker's time that pictures may take."""
SAVED_S = 1.0
"""Of that share at most this much is kept for a burst: one heavy picture a minute holds back no change that comes after it."""


class Easel:
    """Remembers the last picture, whether anything changed since, and how many seconds may be spent on drawing."""

    def __init__(self) -> None:
        self._drawn: datetime | None = None
        self._saved_s = SAVED_S
        self._changed = False

    def touch(self, changed: bool) -> None:
        """Something that pages show may have changed; stays true until a picture is drawn."""
        self._changed |= changed

    def is_due(self, now: datetime, *, reading: bool = False) -> bool:
        """``reading``: first history is being read or learned. A clock that was set back makes it due."""
        if self._drawn is None or now < self._drawn:
            return True
        pause = READING if reading else SOON if self._changed else CALM
        return now - self._drawn >= pause and self._saved(now) >= 0

    def done(self, now: datetime, took_s: float) -> None:
        """Drawn or tried: one that cannot be drawn is not tried all the time, either."""
        self._saved_s = self._saved(now) - took_s
        self._drawn, self._changed = now, False

    def _saved(self, now: datetime) -> float:
        earned = 0.0 if self._drawn is None else SHARE * max(0.0, (now - self._drawn).total_seconds())
        return min(SAVED_S, self._saved_s + earned)
