"""One record in memory: its stored version, its events, and the row it becomes.

Versions are folded one after another in the order of delivery, so that it makes no difference how a source cuts its
deliveries into batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Event, Feedback
from fengsui.metrics.facts import PLAIN, Elapsed, Facts, as_columns, facts_of

DELETED = "deleted"
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One stored event."""

    kind: str
    at: datetime
    actor: str | None
    data: Mapping[str, Any]
    derived: bool


@dataclass(slots=True)
class Record:
    """``old``: the row as stored; ``row``: as it will be. ``text``: a new masked text to store with the row."""

    key: str
    old: dict[str, Any] | None = None
    old_text_hash: str | None = None
    old_events: Mapping[str, Step] = field(default_factory=dict)
    row: dict[str, Any] | None = None
    events: dict[str, Step] = field(default_factory=dict)
    text: dict[str, Any] | None = None
    text_dropped: bool = False
    untagged: str | None = None  # the masked text whose tags are still to be made
    touched: bool = False
    kinds_by_source: set[tuple[str, str]] = field(default_factory=set)
    _facts: Facts | None = None  # of the events as they are; None after each change

    def wins(self, updated_at: datetime, content_hash: str) -> bool:
        """Newer, or as new with another content (docs/contracts.md §3)."""
        if self.row is None or updated_at > self.row["updated_at"]:
            return True
        return bool(updated_at == self.row["updated_at"] and content_hash != self.row["content_hash"])

    def replace_events(self, events: Iterable[Event], masked: Any) -> None:
        """The whole set of ``c:`` events of a newer version; its ``r:`` events are added."""
        self._facts = None
        for key in [key for key in self.events if key.startswith("c:")]:
            del self.events[key]
        for event in events:
            self.put(event, masked)

    def put(self, event: Event, masked: Any) -> bool:
        """Add or replace one event; False where it was known just so."""
        step = Step(event.kind, event.at, event.actor, masked(event.data) if event.data else {}, event.derived)
        if self.events.get(event.event_key) == step:
            return False
        self.events[event.event_key] = step
        self._facts = None
        if not step.derived:
            self._forget_derived(step.kind)
        return True

    def derive(self, state: str | None, updated_at: datetime) -> None:
        """Where the source says a state that no event explains, say it as an event of that version (``d:``)."""
        if state is None:
            return
        for _ in range(2):  # cancelled -> solved goes through open
            now_is = self.facts().state
            if now_is == state:
                return
            self._derive(state if now_is == "open" else "reopened", updated_at)

    def facts(self) -> Facts:
        """Only of a record whose feedback has arrived."""
        assert self.row is not None
        if self._facts is None:
            self._facts = facts_of(self.row["opened_at"], list(self.events.values()))
        return self._facts

    def settle(self, clock: Elapsed | None) -> None:
        """Write the facts of the events into the row, by the clock of its queue; None: plain time."""
        if self.row is None:
            return
        plain = clock is None
        facts = self.facts() if plain else facts_of(self.row["opened_at"], list(self.events.values()), clock or PLAIN)
        self.row.update(as_columns(facts))

    def _derive(self, kind: str, updated_at: datetime) -> None:
        earlier = [step.at for step in self.events.values()]
        at = max([updated_at, *earlier])
        if kind == "reopened" and earlier:
            at = max(at, max(earlier) + _TICK)  # it takes back what happened at the same instant
        number = 1 + sum(1 for key in self.events if key.startswith(f"d:{kind}:"))
        self.events[f"d:{kind}:{number}"] = Step(kind, at, None, {}, True)
        self._facts = None

    def _forget_derived(self, kind: str) -> None:
        for key in [key for key in self.events if key.startswith(f"d:{kind}:")]:
            del self.events[key]


def feedback_row(
    feedback: Feedback, source: str, key: str, content_hash: str, dims: Mapping[str, str], customer: str | None, pace: str
) -> dict[str, Any]:
    """The columns that the source itself gives; masks, tags, facts and deadlines come afterwards."""
    return {
        "record_key": key,
        "source": source,
        "kind": feedback.kind,
        "opened_at": feedback.opened_at,
        "updated_at": feedback.updated_at,
        "content_hash": content_hash,
        "dims": dict(dims),
        "customer": customer,
        "customer_tier": dims.get("customer_tier"),
        "calendar_version": None,
        "pace": pace,
        "ratings": [_rating(rating) for rating in feedback.ratings],
        "deleted_at": None,
    }


def _rating(rating: Any) -> dict[str, Any]:
    return {name: getattr(rating, name) for name in ("name", "value", "low", "high", "direction", "aspect")}
