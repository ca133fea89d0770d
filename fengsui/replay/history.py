"""What is wrong with a history that was asked to be replayed."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["column", "taken", "time", "unreadable", "stretch", "live_from", "nothing", "out"]


class BadHistory(ValueError):
    """``kind`` names the mistake (``cli.replay.<kind>``); ``params``: column, line, why … but no cell of the file."""

    def __init__(self, kind: Kind, **params: Any) -> None:
        super().__init__(f"{kind} {params}")
        self.kind, self.params = kind, params
