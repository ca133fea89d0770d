"""The deployment's keys in this process, read when a second factor is first asked for."""

from __future__ import annotations

from functools import cache

from fengsui.settings import Keys, open_keys
from pages.look.house import house


@cache
def keys() -> Keys:
    return open_keys(house().settings)
