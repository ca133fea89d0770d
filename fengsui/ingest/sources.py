"""A batch of a source that settings do not name."""

from __future__ import annotations


class SourceUnknown(KeyError):
    """Its pace, lateness and owner are unknown, so nothing of it can be stored."""

    def __init__(self, source: str, known: tuple[str, ...]) -> None:
        super().__init__(f"source {source!r} is not configured; known: {', '.join(known)}")
        self.source, self.known = source, known
