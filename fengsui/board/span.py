"""A window that somebody typed: from a day or a minute to another, on the centre's wall clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from fengsui.board.known_events import read_moment
from fengsui.board.wrong import Mistake, Wrong
from fengsui.settings import Settings

LONGEST = timedelta(days=92)


class Span(NamedTuple):
    """``[start, end)``; what lies after now is nothing yet."""

    start: datetime
    end: datetime

    @property
    def back(self) -> tuple[int, int]:
        """Days back of 环比 and 同比: as many whole days as it is long, and as many whole weeks."""
        days = -(-(self.end - self.start) // timedelta(days=1))
        return days, -(-days // 7) * 7


def typed(settings: Settings, start: str, end: str, now: datetime) -> Span:
    """``2026-11-01``, ``2026-11-01 09:00``; a day as the end is taken whole. Raises ``Wrong`` with every field that will not
    do."""
    wrong: list[Mistake] = []
    found: dict[str, datetime] = {}
    for name, text in (("start", start.strip()), ("end", end.strip())):
        if not text:
            wrong.append(Mistake((name,), "board.wrong.missing"))
            continue
        try:
            at = read_moment(name, text)
        except Wrong as fault:
            wrong += fault.mistakes
            continue
        whole = name == "end" and len(text) <= len("2026-11-01")
        at = at + timedelta(days=1) if whole else at
        found[name] = at if at.tzinfo else at.replace(tzinfo=settings.centre.tz)
    if not wrong:
        wrong = _bad(found["start"], found["end"], now)
    if wrong:
        raise Wrong(wrong)
    return Span(found["start"], found["end"])


def _bad(start: datetime, end: datetime, now: datetime) -> list[Mistake]:
    if start >= end:
        return [Mistake(("end",), "board.wrong.order")]
    if start >= now:
        return [Mistake(("start",), "board.wrong.future")]
    return [Mistake(("end",), "board.wrong.span", {"limit": LONGEST.days})] if end - start > LONGEST else []
