"""The four kinds of contact and how each looks at a given moment. All times are epoch seconds.

``moments`` are the seconds at which a contact changes; ``at(now)`` is it as its channel store shows it then, with nothing of
the future. A contact is planned whole and revealed step by step.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


def _seen(second: int | None, now: int) -> int | None:
    return second if second is not None and second <= now else None


class Ticket(NamedTuple):
    ticket_id: str
    channel: str
    type: str
    category_l1: str
    category_l2: str
    region: str
    province: str
    branch: str
    customer_id: str
    customer_type: str
    customer_tier: str
    opened: int
    replied: int | None
    due: int
    solved: int | None
    title: str
    body: str

    def moments(self) -> tuple[int, ...]:
        return tuple(s for s in (self.opened, self.replied, self.solved) if s is not None)

    def at(self, now: int) -> Ticket:
        return self._replace(replied=_seen(self.replied, now), solved=_seen(self.solved, now))

    @property
    def status(self) -> str:
        if self.solved is not None:
            return "已解决"
        return "处理中" if self.replied is not None else "待受理"


class Call(NamedTuple):
    call_id: str
    queue: str
    category_l1: str
    category_l2: str
    region: str
    province: str
    branch: str
    customer_id: str
    customer_type: str
    customer_tier: str
    offered: int
    answered: int | None
    abandoned: int | None
    ended: int | None
    agent: str | None

    def moments(self) -> tuple[int, ...]:
        middle = self.answered if self.answered is not None else self.abandoned
        return tuple(second for second in (self.offered, middle, self.ended) if second is not None)

    def at(self, now: int) -> Call:
        answered = _seen(self.answered, now)
        return self._replace(
            answered=answered,
            abandoned=_seen(self.abandoned, now),
            ended=_seen(self.ended, now),
            agent=self.agent if answered is not None else None,
        )

    @property
    def status(self) -> str:
        if self.ended is not None:
            return "已结束"
        return "通话中" if self.answered is not None else "排队中"


class Chat(NamedTuple):
    chat_id: str
    channel: str
    type: str
    category_l1: str
    category_l2: str
    region: str
    province: str
    branch: str
    queue: str
    customer_id: str
    customer_type: str
    customer_tier: str
    opened: int
    auto_replied: int | None
    replied: int | None
    solved: int | None
    due: int
    text: str

    def moments(self) -> tuple[int, ...]:
        return tuple(s for s in (self.opened, self.auto_replied, self.replied, self.solved) if s is not None)

    def at(self, now: int) -> Chat:
        return self._replace(
            auto_replied=_seen(self.auto_replied, now), replied=_seen(self.replied, now), solved=_seen(self.solved, now)
        )

    @property
    def status(self) -> str:
        return "closed" if self.solved is not None else "open"


class Survey(NamedTuple):
    survey_id: str
    ticket_id: str
    channel: str
    region: str
    province: str
    branch: str
    csat: str
    comment: str
    answered: int
    product: str = ""  # of a long questionnaire only
    service: str = ""
    nps: str = ""
    again_asked: int | None = None  # a second evaluation, asked for after a bad one
    again: str = ""
    updated: int = 0


Live: TypeAlias = Ticket | Call | Chat
"""Contacts that change after they are opened; a survey answer only by a second evaluation, which is a row of its own."""
