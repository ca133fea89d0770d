"""Survey answers: which contacts are rated, how well, and the hourly CSV files of the drop folder.

About one answer in two hundred is not a number of the scale (「非常满意」): such rows belong in the quarantine, not in a KPI.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from random import Random

import numpy as np

from fengsui.demo import phrases
from fengsui.demo.contacts import Call, Live, Survey
from fengsui.demo.days import ZONE, wall

HEADER = (
    "survey_id", "ticket_id", "channel", "region", "province", "branch", "csat", "comment", "answered_at",
    "csat_product", "csat_service", "nps", "second_asked_at", "csat_second", "updated_at",
)  # fmt: skip
P_LONG = 0.25  # a questionnaire with more than one question
P_AGAIN, P_TURNED = 0.66, 0.42
P_ANSWERED = {"Ticket": 0.22, "Call": 0.17, "Chat": 0.20}
P_BAD = 0.005
BAD_RATINGS = ("非常满意", "6", "不满意", "五星")
HOUR_S = 3600
ENCODINGS = ("utf-8-sig", "gb18030")  # by hour: the two survey systems take turns


def answers(contacts: Iterable[Live], rng: np.random.Generator, words: Random) -> Iterator[Survey]:
    """Answers to the contacts of one day; each between 10 minutes and a day after the contact ended."""
    for contact in contacts:
        chosen, mood, delay = rng.random(), rng.normal(), rng.lognormal(0.0, 1.0)
        ended = _served_until(contact)
        if ended is None or chosen >= P_ANSWERED[type(contact).__name__]:
            continue
        csat = _rating(contact, mood)
        shown = words.choice(BAD_RATINGS) if words.random() < P_BAD else str(csat)
        answered = ended + 600 + min(int(delay * 2400), 80_000)
        channel = "电话" if isinstance(contact, Call) else contact.channel
        where = (contact.region, contact.province, contact.branch)
        said = (shown, phrases.comment(words, csat), answered)
        yield Survey(f"S{contact[0]}", contact[0], channel, *where, *said, updated=answered)


def questioned(surveys: Iterable[Survey], rng: np.random.Generator) -> Iterator[Survey]:
    """The same, some with the answers of a long questionnaire; and those with a bad one once more, with what the second
    evaluation brought."""
    for one in surveys:
        if one.csat in BAD_RATINGS:
            yield one
            continue
        whole = _long(one, int(one.csat), rng) if rng.random() < P_LONG else one
        yield whole
        if int(one.csat) <= 2:
            yield _again(whole, rng)


def _long(one: Survey, csat: int, rng: np.random.Generator) -> Survey:
    """Product and service are near the overall answer; who is content recommends."""
    product, service = (str(int(np.clip(round(csat + shift + 0.7 * rng.normal()), 1, 5))) for shift in (-0.1, 0.15))
    nps = str(int(np.clip(round(2.2 * csat - 1.0 + 1.3 * rng.normal()), 0, 10)))
    return one._replace(product=product, service=service, nps=nps)


def _again(one: Survey, rng: np.random.Generator) -> Survey:
    """Asked half a day later, answered within the day after that by two of three."""
    asked = one.answered + 6 * HOUR_S + int(rng.uniform(0, 6 * HOUR_S))
    answered, turned, wait = rng.random() < P_AGAIN, rng.random() < P_TURNED, int(rng.uniform(600, 12 * HOUR_S))
    if not answered:
        return one._replace(again_asked=asked, updated=asked)
    rating = str(4 + int(rng.random() < 0.4)) if turned else str(1 + int(rng.random() * 3))
    return one._replace(again_asked=asked, again=rating, updated=asked + wait)


def _served_until(contact: Live) -> int | None:
    """When a contact ended, None where nobody served the customer."""
    if isinstance(contact, Call):
        return contact.ended if contact.answered is not None else None
    return contact.solved if contact.replied is not None else None


def _rating(contact: Live, mood: float) -> int:
    """1 to 5: complaints rate lower, and so does who waited beyond the promise."""
    centre = 4.6 if isinstance(contact, Call) or contact.type != "complaint" else 4.15
    late = _late(contact)
    return int(min(max(round(centre - 1.6 * late + 0.85 * mood), 1), 5))


def _late(contact: Live) -> bool:
    if isinstance(contact, Call):
        return (contact.answered or 0) - contact.offered > 60
    return (contact.solved or 0) > contact.due


def write_files(folder: Path, surveys: Iterable[Survey], span_s: int = HOUR_S, origin: int = 0) -> int:
    """One file per span of time (cut at ``origin``) with its answers, a .part until it is whole; returns how many."""
    spans: dict[int, list[Survey]] = {}
    for survey in surveys:
        spans.setdefault((survey.updated - origin) // span_s, []).append(survey)
    for number, rows in sorted(spans.items()):
        start = datetime.fromtimestamp(origin + number * span_s, ZONE)
        name = f"survey_{start:%Y%m%d_%H}" if span_s == HOUR_S else f"survey_{start:%Y%m%d}"
        _write(folder / f"{name}.csv", ENCODINGS[start.hour % 2], sorted(rows, key=lambda s: (s.updated, s.survey_id)))
    return len(spans)


def _write(target: Path, encoding: str, rows: list[Survey]) -> None:
    buffer = io.StringIO()
    out = csv.writer(buffer)
    out.writerow(HEADER)
    out.writerows(_row(row) for row in rows)
    part = target.with_suffix(".part")
    part.write_bytes(buffer.getvalue().encode(encoding))
    part.rename(target)


def _row(one: Survey) -> tuple[str | None, ...]:
    answers = (one.product, one.service, one.nps, wall(one.again_asked), one.again)
    return (*one[:8], wall(one.answered), *answers, wall(one.updated))
