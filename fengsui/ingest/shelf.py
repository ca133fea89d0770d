"""What every take reads and hardly ever changes: lists, taxonomy, models, policies, calendars, products and organisations.

Definitions are only ever added, so their number says whether what is here is still right; references are written by ingest
alone, which tells the shelf.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, String, cast, func, select

from fengsui.ingest import living, policy, references, tagging
from fengsui.ingest.living import Living
from fengsui.ingest.policy import Sla
from fengsui.metrics import calendars
from fengsui.settings.model import Centre
from fengsui.store.tables import definition
from fengsui.text import cues, taxonomy
from fengsui.text.cues import Cues
from fengsui.text.tagger import Tagger
from fengsui.text.taxonomy import Taxonomy

_KINDS = ("cue", taxonomy.KIND, policy.KIND, calendars.KIND)


def stamp() -> ColumnElement[str]:
    """Changes with every definition that the shelf holds, and with every model and label, and every topic."""
    definitions = select(func.count()).where(definition.c.kind.in_(_KINDS)).scalar_subquery()
    return cast(definitions, String).concat("/").concat(tagging.stamp()).concat("/").concat(living.stamp())


class Shelf:
    """Of one store and one ``Ingest``."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._stamp: str | None = None
        self._sla: Sla | None = None
        self._lists: Sequence[cues.Listed] = ()
        self._cues: dict[tuple[cues.Listed, ...], Cues] = {}
        self._taxonomies: list[tuple[int, datetime, Taxonomy]] = []
        self._tagging = tagging.Tagging()
        self._places: references.Places | None = None
        self._living: tuple[str | None, Living] = (None, Living())

    def definitions(self, conn: Connection, stamp: str, now: datetime) -> tuple[Sla, Tagger]:
        """All policies and calendars, and the tagger of the lists, the taxonomy and the models in force at ``now``."""
        if self._sla is None or stamp != self._stamp:
            calendar = calendars.load(conn, self._centre.calendar, self._centre.zone, now)
            self._sla, self._lists = Sla(policy.load(conn), calendar), cues.stored(conn)
            self._taxonomies = taxonomy.stored(conn)
            self._cues.clear()
            self._stamp = stamp
        valid = tuple(one for one in self._lists if one.valid_from <= now)
        if valid not in self._cues:
            self._cues = {valid: cues.of(valid)}
        version, known = taxonomy.in_force(self._taxonomies, now)
        return self._sla, self._tagging.tagger(conn, stamp, self._cues[valid], (version, known))

    def topics(self, conn: Connection) -> Living:
        """As of the stamp that ``definitions`` was last called with."""
        if self._living[0] != self._stamp:
            self._living = (self._stamp, living.load(conn))
        return self._living[1]

    @property
    def ready(self) -> bool:
        """Whether the tagger has learned all that it was last asked for."""
        return self._tagging.ready

    def references(self, conn: Connection, customers: Sequence[str]) -> list[references.Row]:
        """Products and organisations, and what is known of these customers."""
        if self._places is None:
            self._places = references.places(conn)
        return references.load(conn, self._places, customers)

    def forget_references(self) -> None:
        """Some are about to be written: ask again after that."""
        self._places = None
