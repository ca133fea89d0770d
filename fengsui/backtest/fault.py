"""What is wrong with a series that was asked to be back-tested."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "unreadable",
    "column",
    "empty",
    "time",
    "number",
    "negative",
    "share",
    "no_exposure",
    "order",
    "grid",
    "interval",
    "event_order",
    "detector",
    "detector_kind",
    "no_detector",
    "out",
]


class BadSeries(ValueError):
    """``kind`` names the mistake (``cli.backtest.<kind>``); ``params``: file, line, column, what is allowed."""

    def __init__(self, kind: Kind, **params: Any) -> None:
        super().__init__(f"{kind} {params}")
        self.kind, self.params = kind, params
