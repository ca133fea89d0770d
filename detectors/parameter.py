"""A constructor argument of a detector: what it is called, what it may be, what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Value = float | int | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument. Numbers lie in [lowest, highest]; words are one of ``choices``.

    ``meaning`` is for the documentation; the rules page shows the words of ``code``.
    """

    name: str
    default: Value
    meaning: str
    lowest: float = 0.0
    highest: float = 1e9
    choices: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """``"int"``, ``"float"`` or ``"str"``, after the default."""
        return type(self.default).__name__

    @property
    def code(self) -> str:
        return f"detectors.parameter.{self.name}"

    @property
    def allowed(self) -> str:
        return " or ".join(self.choices) if self.choices else f"{self.lowest:.12g} to {self.highest:.12g}"

    def check(self, value: object) -> None:
        """Raises ``ValueError`` naming parameter, value and what is allowed."""
        if not self._fits(value):
            raise ValueError(f"{self.name}={value!r}: {self.type}, {self.allowed}")

    def _fits(self, value: object) -> bool:
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int if self.type == "int" else (int, float)):
            return False
        return self.lowest <= value <= self.highest


def check_all(parameters: Sequence[Parameter], values: Mapping[str, object]) -> None:
    """Check every argument of a constructor."""
    for parameter in parameters:
        parameter.check(values[parameter.name])
