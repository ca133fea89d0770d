"""Notices: rows of the outbox become messages. At least once, with an idempotency key; a limit merges or delays, never drops.

``deliver`` sends what is due; ``undelivered`` is what the wall shows; ``send_test`` tries a channel.
Rows are written by ``alerts``.
"""

from fengsui.notify.deliver import Delivered, deliver
from fengsui.notify.fault import NotSent
from fengsui.notify.trial import send_test
from fengsui.notify.undelivered import Undelivered, undelivered

__all__ = ["Delivered", "NotSent", "Undelivered", "deliver", "send_test", "undelivered"]
