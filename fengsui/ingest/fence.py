"""What every transaction of the leader begins with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import Connection

Fence: TypeAlias = Callable[[Connection], Any]
"""First statement of the transaction; raises ``LostLeadership`` where another worker leads."""
