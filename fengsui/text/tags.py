"""What ``feedback.tags`` holds: for each tag its value, how sure it is, and who says so.

One shape for rules, models and people, so that a page can always say where a tag comes from and a person can always correct it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, TypedDict

Sentiment: TypeAlias = Literal["negative", "neutral", "positive"]

RULE: Final = "rule@2"
"""Our own lists and the taxonomy's words. The number rises when what they do changes."""
RATING, PERSON, NONE = "rating", "person", "none"

CORRECTABLE: Final = ("sentiment", "issue", "department", "urgency", "demand", "product", "region")
"""The tags that a person may set; in this order on every page."""
LEARNED: Final = ("sentiment", "issue", "department")
"""The tags that models learn; the others come from words alone."""
SENTIMENTS: Final = ("negative", "neutral", "positive")
URGENCIES: Final = ("high", "normal")


class Tags(TypedDict, total=False):
    """An absent key: nothing is known. ``untagged`` says why where nothing at all could be: ``language`` or ``empty``."""

    by: str  # source of every tag that ``src`` does not name: rule@N
    cues: dict[str, list[str]]  # cue -> the words that were seen
    sentiment: Sentiment
    negative: float  # calibrated probability that the customer is dissatisfied
    band: int  # how strongly: 0 not, 1 displeased, 2 angry, 3 furious
    issue: str  # path in the taxonomy, "service/attitude"
    department: str
    urgency: str  # high, normal
    demand: str  # what the customer wants: refund, repair, …
    product: str
    region: str
    choices: dict[str, list[list[Any]]]  # tag -> up to three [value, probability], where the first is not sure
    sure: dict[str, float]  # tag -> 0..1
    src: dict[str, str]  # tag -> rating, model@N, person
    untagged: str


def source_of(tags: Mapping[str, Any], tag: str) -> str:
    """``rule@2``, ``model@3``, ``rating``, ``person``; ``none`` where the record has no such tag.

    >>> source_of({"by": "rule@2", "sentiment": "negative", "src": {"sentiment": "rating"}}, "sentiment")
    'rating'
    """
    if tags.get(tag) is None:
        return str(tags.get("src", {}).get(tag, NONE))
    return str(tags.get("src", {}).get(tag) or tags.get("by", NONE))


def sure_of(tags: Mapping[str, Any], tag: str) -> float | None:
    """Confidence 0..1; None where nobody gave one."""
    found = tags.get("sure", {}).get(tag)
    return None if found is None else float(found)
