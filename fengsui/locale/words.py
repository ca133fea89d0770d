"""Names of the closed sets: tiers, roles, handling states, conditions."""

from __future__ import annotations

from fengsui.locale.formats import TIER_MARKS
from fengsui.locale.say import say


def tier_name(lang: str, tier: int) -> str:
    return say(lang, f"locale.tier.{tier}")


def tier_mark(tier: int) -> str:
    """The shape that stands for a tier wherever its colour might not be seen."""
    return TIER_MARKS[tier]


def role_name(lang: str, role: str) -> str:
    return say(lang, f"locale.role.{role}")


def handling_name(lang: str, state: str) -> str:
    return say(lang, f"locale.handling.{state}")


def condition_name(lang: str, condition: str) -> str:
    return say(lang, f"locale.condition.{condition}")
