"""The conversation log of the ticket system: customers who write again while their ticket is open, and what agents answer.

A pure function of the ticket, so that history and live steps tell the same. The system keeps the log of two weeks only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from fengsui.demo.contacts import Ticket

KEPT_DAYS = 14
P_AGAIN = 0.3
REPLY_S = 1500.0  # median until an agent replies again
SENDERS = {"customer_message": "客户", "human_reply": "坐席"}


class Message(NamedTuple):
    message_id: str
    ticket_id: str
    sender: str
    sent: int


def messages(tickets: Iterable[Ticket]) -> Iterator[Message]:
    """A message and its answer, both between the first reply and the solution."""
    for ticket in tickets:
        if ticket.replied is None or ticket.solved is None:
            continue
        rng = Random(f"{ticket.ticket_id}|again")
        chosen, when, factor = rng.random(), rng.uniform(0.1, 0.6), rng.lognormvariate(0.0, 0.8)
        left = ticket.solved - ticket.replied
        asked = ticket.replied + int(when * left)
        answered = asked + 60 + int(factor * REPLY_S)
        if chosen < P_AGAIN and answered < ticket.solved:
            yield Message(f"{ticket.ticket_id}-1", ticket.ticket_id, SENDERS["customer_message"], asked)
            yield Message(f"{ticket.ticket_id}-2", ticket.ticket_id, SENDERS["human_reply"], answered)
