"""Conditions as people write them, one a line: ``渠道 = App、微信``; dimensions by name or title, in either language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fengsui.board.wrong import Mistake, Wrong
from fengsui.locale import say
from fengsui.people.plain import readable
from fengsui.settings import Settings

BESIDE = ("priority", "kind", "source")
"""What a policy may ask of a record besides its dimensions."""
VALUE_MAX = 120
_LINES, _VALUES = re.compile(r"[\n;；]+"), re.compile(r"[,，、]+")


def names(settings: Settings, beside: Sequence[str] = ()) -> dict[str, str]:
    """What may be written -> the name in the definition."""
    found = {name: name for name in (*settings.dimension_names, *beside)}
    for name in settings.dimension_names:
        found |= {settings.dimension(name).title.say(lang): name for lang in ("zh_CN", "en")}
    for name in beside:
        found |= {say(lang, f"board.condition.{name}"): name for lang in ("zh_CN", "en")}
    return found


def parse(settings: Settings, text: str, beside: Sequence[str] = (), *, most: int = 50) -> dict[str, list[str]]:
    """Name -> values. Raises ``Wrong``; ``most`` values each."""
    known, found, wrong = names(settings, beside), {}, []
    for n, line in enumerate((part.strip() for part in _LINES.split(text) if part.strip()), 1):
        left, equal, right = (part.strip() for part in line.partition("="))
        values = [value for part in _VALUES.split(right) if (value := readable(part.strip()))]
        if not equal or not values:
            wrong.append(Mistake(("where", n), "board.wrong.condition", {"value": line[:60]}))
        elif left not in known:
            allowed = [title(settings, "zh_CN", name) for name in (*settings.dimension_names, *beside)]
            wrong.append(Mistake(("where", n), "board.wrong.dimension", {"value": left[:40], "allowed": allowed}))
        elif any(len(value) > VALUE_MAX for value in values):
            wrong.append(Mistake(("where", n), "board.wrong.long", {"limit": VALUE_MAX}))
        elif len(values) > most:
            wrong.append(Mistake(("where", n), "board.wrong.one_value", {"value": right[:60]}))
        else:
            found[known[left]] = values
    if wrong:
        raise Wrong(wrong)
    return found


def title(settings: Settings, lang: str, name: str) -> str:
    """A dimension (or one of its levels) by its title."""
    base = name.partition(".")[0]
    if base in settings.dimension_names:
        return settings.dimension(base).title.say(lang)
    return say(lang, f"board.condition.{base}") if base in BESIDE else name


def written(settings: Settings, lang: str, where: Mapping[str, str | Sequence[str]]) -> list[str]:
    """A line for each condition, as ``parse`` reads it."""
    joiner = "、" if lang == "zh_CN" else ", "
    lines = []
    for name, values in where.items():
        shown = values if isinstance(values, str) else joiner.join(values)
        lines.append(f"{title(settings, lang, name)} = {shown}")
    return lines
