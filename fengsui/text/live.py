"""A model at work: a base as fitted, and the layer over it that has learned every correction since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np

from fengsui.text import features
from fengsui.text.features import Bags
from fengsui.text.model import Base, softmax
from fengsui.text.online import Online
from fengsui.text.table import Floats

Scores: TypeAlias = Mapping[str, float]
"""class -> probability"""


class Prior(Protocol):
    """What stands in for a base while none is fitted: (texts, classes) margins of rules, in the order of ``classes``."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    def __call__(self, texts: Sequence[str]) -> Floats: ...


@dataclass(slots=True)
class Live:
    """``version`` 0: no base is in force, and the layer lies over the rules."""

    tag: str
    version: int
    base: Base | None
    online: Online = field(init=False)
    prior: Prior | None = None

    def __post_init__(self) -> None:
        self.online = Online(self.classes)

    @property
    def classes(self) -> tuple[str, ...]:
        if self.base is not None:
            return self.base.classes
        return self.prior.classes if self.prior is not None else ()

    @property
    def speaks(self) -> bool:
        """Whether it knows more than the rules do."""
        return self.base is not None or self.online.n > 0

    @property
    def source(self) -> str:
        """What ``tags.src`` says."""
        return f"model@{self.version}"

    def learn(self, text: str, truth: str) -> None:
        """One correction of a person."""
        bags = features.bags([text])
        self.online.learn(bags.of(0), self._base([text], bags)[0], truth)

    def probabilities(self, texts: Sequence[str], bags: Bags, rules: Floats | None = None) -> Floats:
        """(texts, ``online.classes``). ``rules``: margins of the prior, where they are known already."""
        base = rules if self.base is None and rules is not None else self._base(texts, bags)
        return softmax(self.online.margins(bags, base))

    def _base(self, texts: Sequence[str], bags: Bags) -> Floats:
        if self.base is not None:
            return self.base.margins(bags)
        if self.prior is not None:
            return self.prior(texts)
        return np.zeros((len(bags), 0), dtype=np.float32)
