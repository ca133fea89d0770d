"""``sql``: a table or query of any database that SQLAlchemy reaches.

The cursor is an overlap window over (updated_at, id): a sweep reads, page by page, everything changed since the last sweep
began less ``overlap``; rows arriving late by a long transaction or a skewed clock fall into the next sweep. Rows are read
more than once and delivered at least once; ingest's upsert makes that exactly once. Deletes are not seen by polling unless
the store marks them (``deleted`` of the mapping). Rows whose cursor column is NULL are found by ``between`` only.

Fails on: stores that change rows without touching ``cursor_column``; transactions open for longer than ``overlap``.
Cost: each poll re-reads ``overlap`` seconds of changes; rows already delivered are recognised and not delivered again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import Field, field_validator, model_validator

from connectors.base import Batch, Capabilities, Common, ConfigFault, Cursor, Fault, Preview
from connectors.checked import Strict, nearest
from connectors.gather import map_rows, preview_of, sort_out
from connectors.mapper import Mapper
from connectors.mapping import EventMap, FeedbackMap, MeasurementMap
from connectors.shape import shape_of
from connectors.sql_axis import Axis, axis_of, key_from_json, key_to_json
from connectors.sql_session import CLOCKS, Session
from connectors.times import AHEAD
from connectors.values import blank

NULLS_LAST = ("postgresql", "oracle")
SEEN_MAX = 4096
"""Digests of delivered rows kept in the cursor; beyond it rows of the overlap are merely delivered again."""


class SqlOptions(Strict):
    url: str = Field(description="SQLAlchemy URL; relative SQLite paths start at FENGSUI_HOME")
    table: str | None = Field(None, description="table or view; only mapped columns are selected")
    db_schema: str | None = Field(None, alias="schema", description="schema of the table")
    query: str | None = Field(None, description="a SELECT instead of a table")
    cursor_column: str = Field("updated_at", description="time of the last change of a row")
    id_column: str | None = Field(None, description="unique key; the column of the mapping's id by default")
    opened_column: str | None = Field(None, description="for sweeps and counts; the column of opened_at by default")
    clock: Literal["source", "ours"] = Field("source", description="ours: the caller's now, for replay")
    clock_sql: str | None = Field(None, description="SELECT of the source's time; known for the usual databases")
    start: datetime | None = Field(None, description="the first poll begins here instead of at the oldest row")
    timeout_s: float = Field(30.0, gt=0, description="limit of one statement, seconds")

    @model_validator(mode="after")
    def _one_origin(self) -> SqlOptions:
        if (self.table is None) == (self.query is None):
            raise ValueError("either table or query")
        return self

    @field_validator("start")
    @classmethod
    def _aware(cls, start: datetime | None) -> datetime | None:
        if start is not None and start.tzinfo is None:
            raise ValueError("a time with offset, as 2026-01-01T00:00:00+08:00")
        return start


OPTIONS = SqlOptions


def connect(common: Common, options: SqlOptions, mapper: Mapper) -> SqlConnector:
    return SqlConnector(common, options, mapper)


class SqlConnector:
    """One table or query. See the module for its promises."""

    kind = "sql"

    def __init__(self, common: Common, options: SqlOptions, mapper: Mapper) -> None:
        self.common, self.options, self.mapper = common, options, mapper
        self.session = Session(options.url, common.name, common.home, options.timeout_s)
        self.id_column = options.id_column or self._column_of(("id",), "id_column")
        self.opened_column = options.opened_column or self._opened()
        clock = options.clock == "source" and (options.clock_sql is not None or self.session.dialect in CLOCKS)
        ranged = self.opened_column is not None
        deletes = any(getattr(one, "deleted", None) for one in mapper.maps)
        self.capabilities = Capabilities(updates=True, deletes=deletes, clock=clock, count_by_day=ranged, between=ranged)
        self._rows: sa.FromClause | None = None
        self._axes: dict[str, Axis] = {}
        self._read_columns: tuple[str, ...] = ()

    # --- the contract ---

    def poll(self, cursor: Cursor | None, limit: int, now: datetime) -> Batch:
        with self._connected() as conn:
            source_now = self._clock(conn, now)
            axis = self._axis(conn, self.options.cursor_column)
            sweep = _Sweep(cursor, source_now, self.common.overlap_s, self.options.start)
            rows = [] if axis is None else self._page(conn, axis, sweep, limit)
        return self._batch(rows, axis, sweep, limit, max(now, source_now))

    def between(self, start: datetime, end: datetime, limit: int) -> Iterator[Batch]:
        column = self._ranged()
        after: tuple[Any, Any] | None = None
        while True:
            with self._connected() as conn:
                axis = self._axis(conn, column)
                source_now = self._clock(conn, end)
                rows = [] if axis is None else self._select(conn, column, axis, (start, end), after, limit)
            more = len(rows) == limit
            records, bad = sort_out(map_rows(self.mapper, rows, max(end, source_now)))
            yield Batch(records, bad, {}, more, source_now, not more, len(rows))
            if not more:
                return
            after = (rows[-1][column], rows[-1][self.id_column])

    def count_by_day(self, start: date, end: date, zone: str) -> Mapping[date, int]:
        column = self._ranged()
        days = [start + timedelta(days=n) for n in range((end - start).days)]
        with self.session.connection() as conn:
            axis = self._axis(conn, column)
            if axis is None:
                return dict.fromkeys(days, 0)
            return {
                day: self._count(conn, axis, column, _midnight(day, zone), _midnight(day + timedelta(1), zone)) for day in days
            }

    def preview(self, limit: int, now: datetime) -> Preview:
        with self.session.connection() as conn:
            source = self._source(conn)
            wanted = sa.select(*(source.c[name] for name in self._read_columns)).limit(limit)
            rows = [dict(row) for row in conn.execute(wanted).mappings()]
        return preview_of(self.mapper, rows, source.c.keys(), now)

    def close(self) -> None:
        self.session.close()

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        """A connection. After a fault the table is looked at anew: a column dropped, renamed or of another type is told by
        its name, and read again when it is mended."""
        known = self._rows is not None
        try:
            with self.session.connection() as conn:
                yield conn
        except Fault as fault:
            self._rows, self._axes = None, {}
            if known and fault.code in ("connectors.config.no_column", "connectors.config.no_table"):
                with self.session.connection() as conn:
                    self._source(conn)
            raise

    # --- one page ---

    def _page(self, conn: sa.Connection, axis: Axis, sweep: _Sweep, limit: int) -> list[dict[str, Any]]:
        ahead = self.common.overlap_s if self.capabilities.clock else 0  # rows of a clock that runs ahead are seen at once
        upper = sweep.began + timedelta(seconds=ahead)
        return self._select(conn, self.options.cursor_column, axis, (sweep.low, upper), sweep.after, limit)

    def _select(
        self,
        conn: sa.Connection,
        column: str,
        axis: Axis,
        window: tuple[datetime | None, datetime],
        after: tuple[Any, Any] | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Up to ``limit`` rows of the half-open window, by (time, id), beginning behind the pair ``after``."""
        source = self._source(conn)
        at, key = source.c[column], source.c[self.id_column]
        low, upper = window
        wanted = sa.select(*(source.c[name] for name in self._read_columns)).where(at < axis.below(upper))
        if after is not None:
            wanted = wanted.where(at >= after[0], sa.or_(at > after[0], self._behind(key, after[1])))
        elif low is not None:
            wanted = wanted.where(at >= axis.at_least(low))
        return [dict(row) for row in conn.execute(wanted.order_by(at, key).limit(limit)).mappings()]

    def _behind(self, key: Any, last: Any) -> Any:
        """Rows of the same time behind ``last``; a key that is NULL sorts first or last, as the database has it."""
        if last is not None:
            return key > last
        return sa.false() if self.session.dialect in NULLS_LAST else key.is_not(None)

    def _batch(self, rows: list[dict[str, Any]], axis: Axis | None, sweep: _Sweep, limit: int, now: datetime) -> Batch:
        if axis is not None:
            self._of_one_form(rows, axis)
        new = rows if axis is None else list(self._news(rows, axis.at_least(sweep.next_low), sweep))
        records, bad = sort_out(map_rows(self.mapper, new, now))
        more = len(rows) == limit
        last = (rows[-1][self.options.cursor_column], rows[-1][self.id_column]) if rows else None
        return Batch(records, bad, sweep.cursor(last if more else None), more, sweep.began, not more, len(rows))

    def _of_one_form(self, rows: list[dict[str, Any]], axis: Axis) -> None:
        """Times written in two ways (with and without offset, as text and as numbers) do not sort: refused before a row is
        passed over. What is no time at all is judged row by row."""
        column = self.options.cursor_column
        for row in rows:
            if not axis.fits(row[column], self.common.zone):
                self._axes.clear()
                raise ConfigFault(
                    "connectors.config.time_column",
                    field=column,
                    value=shape_of(row[column]),
                    allowed="YYYY-MM-DD HH:MM:SS",
                    nearest=None,
                )

    def _news(self, rows: list[dict[str, Any]], recent: Any, sweep: _Sweep) -> Iterator[dict[str, Any]]:
        """Rows that the last sweep did not deliver; those that the next one reads again are remembered."""
        for row in rows:
            again = not _before(row[self.options.cursor_column], recent)
            digest = _digest(row) if again or sweep.seen else ""  # a back-fill needs none
            if again:
                sweep.fresh[digest] = None
            if digest not in sweep.seen:
                yield row

    def _count(self, conn: sa.Connection, axis: Axis, column: str, start: datetime, end: datetime) -> int:
        source = self._source(conn)
        at = source.c[column]
        wanted = sa.select(sa.func.count()).select_from(source).where(at >= axis.at_least(start), at < axis.below(end))
        for one in self.mapper.maps:
            if not isinstance(one, FeedbackMap):
                continue
            if one.when is not None:
                wanted = wanted.where(source.c[one.when.field].in_(one.when.among))
            if one.deleted is not None:
                mark = source.c[one.deleted.field]
                wanted = wanted.where(sa.or_(mark.is_(None), mark.not_in(one.deleted.among)))
        return int(conn.execute(wanted).scalar_one())

    # --- what the store is like ---

    def _clock(self, conn: sa.Connection, now: datetime) -> datetime:
        if not self.capabilities.clock:
            return now
        found = self.session.clock(conn, self.options.clock_sql)
        return now if found is None or found - now > AHEAD else found  # a watermark never goes back

    def _axis(self, conn: sa.Connection, column: str) -> Axis | None:
        """None while the column has no value yet."""
        if column not in self._axes:
            at = self._source(conn).c[column]
            sample = conn.execute(sa.select(at).where(at.is_not(None)).limit(1)).scalar()
            if blank(sample):
                return None
            self._axes[column] = axis_of(sample, self.common.zone, column)
        return self._axes[column]

    def _source(self, conn: sa.Connection) -> sa.FromClause:
        """The table or query with its columns, checked against the mapping once."""
        if self._rows is None:
            names = self._names(conn)
            self._read_columns = tuple(self._wanted(names))
            self._rows = self._from(names)
        return self._rows

    def _names(self, conn: sa.Connection) -> list[str]:
        if self.options.table is None:
            return list(conn.execute(sa.select(sa.text("*")).select_from(self._bare()).where(sa.false())).keys())
        inspector = sa.inspect(conn)
        known = [*inspector.get_table_names(self.options.db_schema), *inspector.get_view_names(self.options.db_schema)]
        if self.options.table not in known:
            raise self._absent("connectors.config.no_table", "options.table", self.options.table, known)
        return [column["name"] for column in inspector.get_columns(self.options.table, self.options.db_schema)]

    def _bare(self) -> sa.FromClause:
        return sa.text(f"({_literal(self.options.query or '')}) as q")  # type: ignore[return-value]

    def _from(self, names: Sequence[str]) -> sa.FromClause:
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
        if self.options.table is not None:
            return sa.table(self.options.table, *columns, schema=self.options.db_schema)
        return sa.text(_literal(self.options.query or "")).columns(*columns).subquery("q")

    def _wanted(self, names: Sequence[str]) -> Iterator[str]:
        """Columns to select. A column that the store lacks is told by name, unless the mapping can do without."""
        fixed = [("options.cursor_column", self.options.cursor_column), ("options.id_column", self.id_column)]
        if self.opened_column is not None:
            fixed.append(("options.opened_column", self.opened_column))
        chosen = dict.fromkeys(name for _, name in fixed)
        for where, name in [*fixed, *(("map", name) for name in self.mapper.columns)]:
            head = name if name in names else name.split(".")[0]
            if head in names:
                chosen[head] = None
            elif where != "map" or name in self.mapper.needed:
                raise self._absent("connectors.config.no_column", where, name, names)
        yield from chosen

    def _absent(self, code: str, where: str, name: str, allowed: Sequence[str]) -> ConfigFault:
        field = f"source.{self.common.name}.{where}"
        return ConfigFault(code, field=field, value=name, allowed=sorted(allowed)[:50], nearest=nearest(name, allowed))

    def _ranged(self) -> str:
        if self.opened_column is None:
            raise self._absent("connectors.config.missing", "options.opened_column", "", [])
        return self.opened_column

    def _opened(self) -> str | None:
        for one in self.mapper.maps:
            name = {FeedbackMap: "opened_at", EventMap: "at", MeasurementMap: "start"}.get(type(one))
            column = getattr(one, name) if name else None
            if column is not None and len(column.fields) == 1:
                return str(column.fields[0])
        return None

    def _column_of(self, names: tuple[str, ...], option: str) -> str:
        for one in self.mapper.maps:
            column = next((getattr(one, name, None) for name in names), None)
            if column is not None and len(column.fields) == 1:
                return str(column.fields[0])
        raise self._absent("connectors.config.missing", f"options.{option}", "", [])


class _Sweep:
    """One pass over the window, possibly over several polls; its cursor is what the next poll needs.

    ``began``: the source's clock when the pass started. ``low``: where it starts. ``next_low = began - overlap`` is where
    the next pass starts: whatever commits after ``began`` carries a time after it.
    """

    def __init__(self, cursor: Cursor | None, source_now: datetime, overlap_s: float, start: datetime | None) -> None:
        old = cursor or {}
        self.low = datetime.fromisoformat(old["low"]) if old.get("low") else start
        self.began = datetime.fromisoformat(old["began"]) if "began" in old else source_now
        self.after = (key_from_json(old["after"][0]), key_from_json(old["after"][1])) if "after" in old else None
        self.seen = frozenset(old.get("seen", ()))
        self.fresh = dict.fromkeys(old.get("fresh", ()))
        self.next_low = self.began - timedelta(seconds=overlap_s)

    def cursor(self, last: tuple[Any, Any] | None) -> Cursor:
        """Where to go on: behind ``last`` in the same pass, or at the start of the next."""
        fresh = list(self.fresh)[-SEEN_MAX:]
        if last is None:
            return {"low": self.next_low.isoformat(), "seen": fresh}
        return {
            "low": self.low and self.low.isoformat(),
            "began": self.began.isoformat(),
            "after": [key_to_json(last[0]), key_to_json(last[1])],
            "seen": sorted(self.seen),
            "fresh": fresh,
        }


def _literal(query: str) -> str:
    """The query as SQLAlchemy takes it literally: its colons are no parameters of ours."""
    return query.strip().rstrip(";").replace(":", "\\:")


def _digest(row: Mapping[str, Any]) -> str:
    """48 bits over the whole row: a row changed within its clock's resolution is another row."""
    return base64.b64encode(
        hashlib.blake2b(repr(list(row.values())).encode("utf-8", "replace"), digest_size=6).digest()
    ).decode()


def _before(value: Any, bound: Any) -> bool:
    try:
        return bool(value < bound)
    except TypeError:  # SQLite columns may mix types
        return False


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
