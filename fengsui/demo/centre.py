"""The demo centre at work: carries the plan out up to ``now``, in the channel stores.

``found`` makes a new centre with the weeks before ``now``, in one pass. ``step(now)`` writes what happened since the last
step: new contacts, the progress of open ones, what was written on tickets, and the survey files of finished hours. After a
pause, step fills the gap. Rows written late carry the second at which they were written as updated_at, as a real system's
would: a reader that polls by updated_at misses none.
"""

from __future__ import annotations

import shutil
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from fengsui.demo import incidents, messages, surveys
from fengsui.demo.books import Books
from fengsui.demo.contacts import Live, Survey, Ticket
from fengsui.demo.days import DAY_S, ZONE, days_between, local_date, midnight
from fengsui.demo.incidents import Incident
from fengsui.demo.messages import Message
from fengsui.demo.plan import DayPlan, plan_day

SEED = 20_260_101
HISTORY_DAYS = 56
NOTE_S = 60
WINDOW_DAYS = 5  # planned earlier, nothing is left to happen (plan.LONGEST_S, a day for the survey, one for a second)


class Centre:
    """One demo centre below ``folder`` (HOME/demo). Not for several processes at once: ``main.serve`` holds a lock.

    A new centre is made by ``found``, whole; it is never seen half filled.
    """

    def __init__(self, folder: Path, seed: int = SEED) -> None:
        self.books = Books(folder)
        self.drop = folder / "drop"
        self.drop.mkdir(parents=True, exist_ok=True)
        known = self.books.progress()
        self.seed = known[0] if known else seed
        self.written_until = known[1] if known else None
        self._agenda: list[tuple[int, int]] = []  # (second, position in _contacts), sorted
        self._contacts: list[Live] = []
        self._surveys: list[Survey] = []
        self._messages: list[Message] = []
        self._window: tuple[date, date] | None = None

    def close(self) -> None:
        self.books.close()

    def history(self, now: datetime, days: int) -> None:
        """The ``days`` up to ``now``, each row as it is to be seen then."""
        until, today = int(now.timestamp()), local_date(now)
        plans = [plan_day(self.seed, day) for day in days_between(today - timedelta(days=days), today)]
        start = until - days * DAY_S
        contacts = [c for plan in plans for c in plan.contacts if start <= c.moments()[0] <= until]
        answered = [s for plan in plans for s in plan.surveys if start <= s.updated]
        midnight_today = midnight(today)
        surveys.write_files(self.drop, (s for s in answered if s.updated < midnight_today), DAY_S, midnight_today)
        hour = until // surveys.HOUR_S * surveys.HOUR_S
        surveys.write_files(self.drop, (s for s in answered if midnight_today <= s.updated < hour))
        kept = max(start, until - messages.KEPT_DAYS * DAY_S)
        log = (one for one in messages.messages(c for c in contacts if isinstance(c, Ticket)) if kept <= one.sent <= until)
        self.books.log((one, one.sent) for one in log)
        self.books.write(((c.at(until), last_change(c, until)) for c in contacts), self.seed, until)
        self.written_until = until

    def step(self, now: datetime) -> int:
        """Write what happened after the last step and up to ``now``; returns how many rows changed. A long gap is filled day by
        day, so that it costs time and no memory."""
        until, written = int(now.timestamp()), 0
        while self.written_until is not None and self.written_until < until:
            part = min(until, self.written_until + DAY_S)
            written += self._advance(self.written_until, part, until)
        return written

    def _advance(self, since: int, until: int, now: int) -> int:
        """A second in which nothing happens writes nothing: a note of progress each second is 300 MB of disk a day."""
        self._look_ahead(*(local_date(datetime.fromtimestamp(second, ZONE)) for second in (since, until)))
        touched = self._touched(since, until)
        self._write_surveys(since, until)
        self.books.log((one, now) for one in self._messages if since < one.sent <= until)
        if touched or until // NOTE_S > since // NOTE_S:
            self.books.write(((c.at(until), now) for c in touched), self.seed, until)
        self.written_until = until
        return len(touched)

    def begin(self, name: str, now: datetime) -> Incident:
        """Set off an incident; KeyError for a name that is not in INCIDENTS."""
        if name not in incidents.INCIDENTS:
            raise KeyError(name)
        incident = Incident(name, int(now.timestamp()))
        self.books.add_incident(incident)
        self._window = None  # plan anew, with the incident
        return incident

    def _look_ahead(self, first: date, last: date) -> None:
        """Plan the days whose contacts can change between ``first`` and ``last``."""
        if self._window == (first, last):
            return
        start = first - timedelta(days=WINDOW_DAYS)
        going = self.books.incidents(midnight(start))
        plans = [plan_day(self.seed, day, incidents.slowness_of(going)) for day in days_between(start, last)]
        extra = (contact for incident in going for contact in incidents.contacts_of(self.seed, incident))
        self._contacts = [*_contacts(plans), *extra]
        self._surveys = sorted((s for plan in plans for s in plan.surveys), key=lambda s: s.updated)
        self._messages = list(messages.messages(c for c in self._contacts if isinstance(c, Ticket)))
        self._agenda = sorted((second, k) for k, c in enumerate(self._contacts) for second in c.moments())
        self._window = (first, last)

    def _touched(self, since: int, until: int) -> list[Live]:
        end = len(self._contacts)
        due = self._agenda[bisect_right(self._agenda, (since, end)) : bisect_right(self._agenda, (until, end))]
        return [self._contacts[k] for k in sorted({k for _, k in due})]

    def _write_surveys(self, since: int, until: int) -> None:
        first, last = (second // surveys.HOUR_S * surveys.HOUR_S for second in (since, until))
        if first < last:
            surveys.write_files(self.drop, (s for s in self._surveys if first <= s.updated < last))


def found(folder: Path, now: datetime, seed: int = SEED, days: int = HISTORY_DAYS) -> None:
    """Make a new centre with ``days`` of history, unless there is one.

    Built aside and moved into place: a reader that met an empty table would think that it has read all there is.
    ``centre.db`` comes last and says that the rest is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if is_founded(folder):
        return
    building = folder / "building"
    shutil.rmtree(building, ignore_errors=True)
    centre = Centre(building, seed)
    centre.history(now, days)
    centre.close()  # folds the write-ahead log into the files
    (folder / "drop").mkdir(exist_ok=True)
    for file in sorted((building / "drop").iterdir()):
        file.rename(folder / "drop" / file.name)
    for name in ("tickets.db", "centre.db"):
        (building / name).rename(folder / name)
    shutil.rmtree(building)


def is_founded(folder: Path) -> bool:
    return (folder / "centre.db").exists()


def last_change(contact: Live, until: int) -> int:
    """The second at which a contact last changed, as seen at ``until``."""
    return max(second for second in contact.moments() if second <= until)


def _contacts(plans: Iterable[DayPlan]) -> Iterator[Live]:
    for plan in plans:
        yield from plan.contacts
