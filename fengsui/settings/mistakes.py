"""What is wrong with a settings file: every mistake with its line, its key path and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Place of a value in the file: ``("source", "tickets", "cadence")``, ``("dimension", 0, "name")``."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend. ``code`` and ``params`` are rendered by ``locale.say``; no secret is ever in ``value``."""

    line: int
    key: str
    value: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def words(self) -> dict[str, Any]:
        """The parameters of the catalogue's template: those of the code, and key and value."""
        return {"key": self.key, "value": self.value, **self.params}


class SettingsFault(Exception):
    """The file cannot be used. ``mistakes`` holds all of them, in the order of their lines."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("; ".join(f"line {m.line}: {m.key}: {m.code}" for m in mistakes))
        self.mistakes = mistakes


def dotted(path: Path) -> str:
    """``("dimension", 0, "name")`` -> ``dimension[0].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def nearest(key: str, known: list[str]) -> str:
    """The known key that the writer most likely meant, or nothing."""
    found = get_close_matches(key, known, n=1, cutoff=0.5)
    return found[0] if found else ""
