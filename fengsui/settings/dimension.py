"""Dimensions, and the cuboids over them for which roll-ups are kept.

A dimension with one level is named alone in a cuboid (``channel``); of a deeper one a level is named (``org.2``).
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fengsui.settings.role import Role
from fengsui.settings.table import Table
from fengsui.settings.words import BothLanguages, Words

ALL = "all"
TOPIC = "topic"
"""The dimension that the house fills by itself: what customers suddenly talk about."""


class Dimension(Table):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Words
    levels: tuple[Words, ...] = ()  # from the top; none: one level that is called like the dimension
    persons: tuple[Role, ...] | None = None  # its values are single persons (坐席): only these roles see figures of one

    @property
    def depth(self) -> int:
        return max(1, len(self.levels))

    @property
    def level_names(self) -> tuple[str, ...]:
        """What a cuboid may name: ``("channel",)`` or ``("org.1", "org.2", "org.3")``."""
        return level_names(self.name, len(self.levels))

    def level_title(self, level: str, lang: str) -> str:
        """The words for ``org.2``; of a dimension with one level, its title."""
        depth = level.partition(".")[2]
        return (self.levels[int(depth) - 1] if depth else self.levels[0] if self.levels else self.title).say(lang)


PUBLISHED = ("channel", "org", "category", "queue", "product", "region")
"""Dimensions that the views for BI tools show to whoever may read them: none of them may name single persons."""


def level_names(name: str, levels: int) -> tuple[str, ...]:
    return (name,) if levels < 2 else tuple(f"{name}.{depth}" for depth in range(1, levels + 1))


def canonical_cuboids(cuboids: tuple[str, ...]) -> tuple[str, ...]:
    """Levels sorted inside a cuboid as in slice keys, each cuboid once, ``all`` first."""
    each = ("|".join(sorted(cuboid.split("|"))) for cuboid in cuboids)
    return tuple(dict.fromkeys((ALL, *each)))


def default_cuboids(so_far: dict[str, Any]) -> tuple[str, ...]:
    """All, and the top level of each dimension that does not name single persons."""
    return (ALL, *(one.level_names[0] for one in so_far["dimensions"] if one.persons is None))


def _words(zh: str, en: str) -> BothLanguages:
    return BothLanguages(zh_CN=zh, en=en)


def with_topic(dimensions: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """Every centre has topics; one that the file names keeps its title and its place."""
    return dimensions if any(one.name == TOPIC for one in dimensions) else (*dimensions, TOPICS)


def with_topic_cuboid(cuboids: tuple[str, ...], dimensions: tuple[Dimension, ...]) -> tuple[str, ...]:
    """Topics are always counted, for detectors watch them while they live."""
    own = [one.level_names[0] for one in dimensions if one.name == TOPIC and one.persons is None]
    return canonical_cuboids((*cuboids, *own))


DIMENSIONS = (
    Dimension(name="channel", title=_words("渠道", "Channel")),
    Dimension(name="category", title=_words("类别", "Category"), levels=(_words("大类", "Group"), _words("小类", "Category"))),
    Dimension(
        name="org",
        title=_words("机构", "Organisation"),
        levels=(_words("大区", "Region"), _words("省", "Province"), _words("网点", "Branch")),
    ),
    Dimension(name="product", title=_words("产品", "Product")),
    Dimension(name="customer_type", title=_words("客户类型", "Customer type")),
    Dimension(name="customer_tier", title=_words("客户级别", "Customer tier")),
    Dimension(name="queue", title=_words("技能组", "Skill group")),
    Dimension(name="language", title=_words("语言", "Language")),
)
"""Used where the file has no ``[[dimension]]``."""
TOPICS = Dimension(name=TOPIC, title=_words("话题", "Topic"))
