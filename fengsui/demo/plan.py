"""The plan of one local day: every contact opened on it, with its whole life, as a pure function of seed and date.

``slowness(skill group, second)`` is what incidents do to the staff: how many times slower than usual (1.0: as usual). Random
numbers are drawn before it is asked, so that an incident changes nothing opened before it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fengsui.demo import phrases, rhythm, staff
from fengsui.demo.contacts import Call, Chat, Live, Survey, Ticket
from fengsui.demo.customers import TIERS, customer_id, customers
from fengsui.demo.places import BRANCHES
from fengsui.demo.services import QUEUES, TOPICS
from fengsui.demo.surveys import answers, questioned

Slowness: TypeAlias = Callable[[str, int], float]

CALLS, CHATS, TICKETS = 580.0, 850.0, 310.0  # means of a plain workday
TICKET_CHANNELS = {"电话": 0.40, "门店": 0.22, "邮件": 0.16, "App": 0.12, "微信": 0.10}
CHAT_CHANNELS = {"在线": 0.42, "微信": 0.30, "App": 0.28}
TICKET_TYPES = {"complaint": 0.74, "request": 0.22, "suggestion": 0.04}
CHAT_TYPES = {"complaint": 0.42, "inquiry": 0.50, "suggestion": 0.02, "request": 0.06}
TICKET_REPLY_S = {"电话": 1200.0, "门店": 1500.0, "邮件": 4200.0, "App": 1500.0, "微信": 1300.0}  # medians
CHAT_REPLY_S = {"在线": 42.0, "微信": 55.0, "App": 62.0}
URGENT_S, NORMAL_S = 4 * 3600, 24 * 3600  # SLA: from opening to solution
LONGEST_S = 72 * 3600  # nobody waits longer: how far back live contacts reach
URGENT_TIERS = ("金卡", "重点")
P_LEFT, P_ESCALATED = 0.03, 0.20
PATIENCE_S = 95.0
STREAMS = {"T": 1, "P": 2, "H": 3, "S": 4, "Q": 5}  # tickets, phone calls, chats (H), surveys, more questions


@dataclass(frozen=True, slots=True)
class DayPlan:
    contacts: tuple[Live, ...]
    surveys: tuple[Survey, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Who came when and about what, for one stream of a day: equal-length columns."""

    at: list[int]
    who: list[int]
    topic: list[int]
    words: Random


def usual(queue: str, second: int) -> float:
    """Slowness without any incident."""
    return 1.0


def plan_day(seed: int, day: date, slowness: Slowness = usual) -> DayPlan:
    contacts: tuple[Live, ...] = (*_tickets(seed, day), *_calls(seed, day, slowness), *_chats(seed, day, slowness))
    rated = answers(contacts, _rng(seed, day, "S"), Random(f"{seed}|{day}|S"))
    return DayPlan(contacts, tuple(questioned(rated, _rng(seed, day, "Q"))))


def _rng(seed: int, day: date, stream: str) -> np.random.Generator:
    return np.random.default_rng([seed, day.toordinal(), STREAMS[stream]])


def _draw(rng: np.random.Generator, seed: int, day: date, stream: str, per_day: float) -> Drawn:
    at = rhythm.arrivals(rng, day, per_day)
    return Drawn(
        at=at.tolist(),
        who=customers(seed).draw(rng, len(at)).tolist(),
        topic=_choose(rng, [t.share for t in TOPICS], len(at)).tolist(),
        words=Random(f"{seed}|{day}|{stream}"),
    )


def _choose(rng: np.random.Generator, shares: list[float], n: int) -> npt.NDArray[np.int64]:
    weights = np.array(shares)
    return rng.choice(len(shares), size=n, p=weights / weights.sum())


def pick(rng: np.random.Generator, shares: dict[str, float], n: int) -> list[str]:
    names = list(shares)
    return [names[k] for k in _choose(rng, list(shares.values()), n).tolist()]


def _lognormal(rng: np.random.Generator, sigma: float, n: int) -> list[float]:
    """Factors around a median of 1."""
    return [float(f) for f in np.exp(rng.normal(0.0, sigma, size=n))]


def person(seed: int, who: int) -> tuple[str, str, str]:
    """customer_id, customer_type, customer_tier."""
    everyone = customers(seed)
    return customer_id(who), "企业" if everyone.company[who] else "个人", TIERS[int(everyone.tier[who])]


def place(seed: int, who: int) -> tuple[str, str, str]:
    return BRANCHES[int(customers(seed).branch[who])][:3]


def _tickets(seed: int, day: date) -> Iterator[Ticket]:
    rng = _rng(seed, day, "T")
    drawn = _draw(rng, seed, day, "T", TICKETS)
    n = len(drawn.at)
    columns = zip(
        pick(rng, TICKET_CHANNELS, n),
        pick(rng, TICKET_TYPES, n),
        _lognormal(rng, 0.8, n),
        _lognormal(rng, 0.66, n),
        strict=True,
    )
    for k, (channel, kind, reply, solve) in enumerate(columns):
        yield ticket(seed, f"T{day:%y%m%d}{k:04d}", drawn, k, channel, kind, reply, solve)


def ticket(seed: int, name: str, drawn: Drawn, k: int, channel: str, kind: str, reply: float, solve: float) -> Ticket:
    """One ticket; ``reply`` and ``solve`` are factors on the usual times."""
    topic, opened = TOPICS[drawn.topic[k]], drawn.at[k]
    who = person(seed, drawn.who[k])
    sla = URGENT_S if topic.l1 == "支付" or who[2] in URGENT_TIERS else NORMAL_S
    solved = min(opened + 300 + int(solve * sla * 0.345), opened + LONGEST_S)
    replied = min(opened + 30 + int(reply * TICKET_REPLY_S[channel]), opened + (solved - opened) * 4 // 5)
    problem = drawn.words.choice(phrases.PROBLEMS[topic.l2])
    title, body = f"【{topic.l2}】{problem}", phrases.around(drawn.words, problem, kind)
    head = (name, channel, kind, topic.l1, topic.l2)
    return Ticket(*head, *place(seed, drawn.who[k]), *who, opened, replied, opened + sla, solved, title, body)


def _calls(seed: int, day: date, slowness: Slowness) -> Iterator[Call]:
    rng = _rng(seed, day, "P")
    drawn = _draw(rng, seed, day, "P", CALLS)
    n = len(drawn.at)
    talk = [int(staff.TALK_S * 0.8 * f) + 15 for f in _lognormal(rng, 0.55, n)]
    patience = [int(s) + 15 for s in rng.exponential(PATIENCE_S, size=n)]
    agents = rng.integers(1, 30, size=n).tolist()
    for queue in QUEUES:
        mine = [k for k in range(n) if TOPICS[drawn.topic[k]].queue == queue]
        people = agents_of(queue, day, slowness)
        for k, wait in zip(mine, staff.waits(((drawn.at[k], talk[k], patience[k]) for k in mine), people), strict=True):
            topic, who = TOPICS[drawn.topic[k]], drawn.who[k]
            head = (f"P{day:%y%m%d}{k:04d}", queue, topic.l1, topic.l2)
            agent = f"A{agents[k]:03d}" if wait.answered is not None else None
            yield Call(*head, *place(seed, who), *person(seed, who), drawn.at[k], *wait, agent)


def agents_of(queue: str, day: date, slowness: Slowness) -> Callable[[int], int]:
    """Agents of a skill group who take calls, by epoch second: the roster, less what an incident takes away."""
    share = sum(t.share for t in TOPICS if t.queue == queue) / sum(t.share for t in TOPICS)
    people = staff.signed_in(day, CALLS * share)
    return lambda second: max(round(people(second) / slowness(queue, second)), 1)


def _chats(seed: int, day: date, slowness: Slowness) -> Iterator[Chat]:
    rng = _rng(seed, day, "H")
    drawn = _draw(rng, seed, day, "H", CHATS)
    n = len(drawn.at)
    columns = zip(
        pick(rng, CHAT_CHANNELS, n),
        pick(rng, CHAT_TYPES, n),
        _lognormal(rng, 0.6, n),
        _lognormal(rng, 0.8, n),
        rng.random(n).tolist(),
        strict=True,
    )
    for k, (channel, kind, reply, solve, fate) in enumerate(columns):
        slow = slowness(TOPICS[drawn.topic[k]].queue, drawn.at[k])
        yield chat(seed, f"H{day:%y%m%d}{k:04d}", drawn, k, channel, kind, reply * slow, solve, fate)


def chat(seed: int, name: str, drawn: Drawn, k: int, channel: str, kind: str, reply: float, solve: float, fate: float) -> Chat:
    """One conversation; by ``fate`` in [0, 1) the customer leaves before an answer, or the case is passed on for hours."""
    topic, opened = TOPICS[drawn.topic[k]], drawn.at[k]
    replied: int | None = opened + 8 + int(reply * CHAT_REPLY_S[channel])
    median = 8400.0 if fate > 1 - P_ESCALATED else 540.0
    solved = min(opened + 68 + int(reply * CHAT_REPLY_S[channel] + solve * median), opened + LONGEST_S)
    if fate < P_LEFT:
        replied, solved = None, opened + 1800
    due = opened + (URGENT_S if kind == "complaint" else NORMAL_S)
    text = phrases.sentence(drawn.words, topic.l2, kind)
    head = (name, channel, kind, topic.l1, topic.l2, *place(seed, drawn.who[k]), topic.queue)
    return Chat(*head, *person(seed, drawn.who[k]), opened, opened + 2, replied, solved, due, text)
