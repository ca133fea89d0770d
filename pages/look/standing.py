"""How a source stands, in a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.look.visitor import Visitor


def name(source: Mapping[str, Any]) -> str:
    """As the picture says it; nobody fetches from a pushed source: it has not been heard of yet."""
    return "never_pushed" if source["standing"] == "never" and source["pushed"] else str(source["standing"])


def words(visitor: Visitor, source: Mapping[str, Any]) -> str:
    return visitor.say(f"pages.standing.source.{name(source)}")
