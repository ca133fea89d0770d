"""The online layer as one of river's classifiers, so that river's metrics and pipelines can drive it."""

from __future__ import annotations

from typing import Any

from river.base import Classifier

from fengsui.text import features
from fengsui.text.live import Live


class TextClassifier(Classifier):
    """Texts in, labels out. ``live``: a base with its layer, or a bare layer that starts from nothing."""

    def __init__(self, live: Live | None = None) -> None:
        self.live = live or Live("text", 0, None)

    def learn_one(self, x: Any, y: Any, **_: Any) -> None:
        self.live.learn(x, y)

    def predict_proba_one(self, x: Any, **_: Any) -> dict[Any, float]:
        if not self.live.online.classes:
            return {}
        p = self.live.probabilities([x], features.bags([x]))[0]
        return {label: float(p[at]) for at, label in enumerate(self.live.online.classes)}
