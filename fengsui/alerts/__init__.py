"""Alerts: from verdicts and single records to tiered episodes, and what people do with them.

Machine side: ``alerts.advance`` (transaction 2). People's side: ``alerts.commands``. Rules and everything else that people
edit: ``alerts.definitions``, first filled by ``alerts.seed``. See docs/alerts.md.
"""

from fengsui.alerts.advance import advance
from fengsui.alerts.desk import Moved

__all__ = ["Moved", "advance"]
