"""How deep JSON is nested: reading it is safe, walking it is not (a row nested 900 times ends every recursion)."""

from __future__ import annotations

from typing import Any

DEEPEST = 50


def too_deep(value: Any, left: int = DEEPEST) -> bool:
    """Has ``value`` lists or objects more than ``left`` levels below it?"""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(too_deep(one, left - 1) for one in inner)
