"""The views for BI tools: made by the migration on both databases, right in their sums, without words, keys or names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, insert, inspect, text

from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.migrate import config, upgrade
from fengsui.store.slices import NO_BIN, bucket, slice_id
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 7, tzinfo=UTC)
DOCUMENTED = (Path(__file__).parents[2] / "docs" / "bi.md").read_text(encoding="utf-8")


@pytest.fixture
def bare(store_url: str) -> Iterator[Engine]:
    """A store without tables."""
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def filled(bare: Engine) -> Engine:
    upgrade(bare)
    times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), NOW)
    row = {"source": "a", "kind": "complaint", "seq": 1, "content_hash": "x", "ratings": [], "extra": {}, **times}
    dims = {"channel": "电话", "org": "华南/广东"}
    with bare.begin() as conn:
        for n, state in enumerate(("open", "solved", "cancelled")):
            more = {"due_at": NOW, "solved_at": NOW if state == "solved" else None}
            tags = {"sentiment": "negative"}
            conn.execute(insert(t.feedback).values(**row, **more, record_key=f"a:{n}", state=state, dims=dims, tags=tags))
        place = {"slice_id": slice_id("all"), "cuboid": "all", "slice_key": "all", "dims": {}, "first_at": NOW}
        conn.execute(insert(t.slice_).values(**place))
        for grain in (1, 15):
            cell = {"slice_id": slice_id("all"), "measure": "complaint.n", "bin": NO_BIN, "value": 3}
            rollups.put(conn, [{"grain": grain, "bucket": bucket(NOW, grain), **cell}])
    return bare


def test_rows_are_those_that_count(filled: Engine) -> None:
    with filled.connect() as conn:
        found = conn.execute(text("select channel, org, sentiment, met_deadline from bi_feedback order by state")).all()
        assert [tuple(row) for row in found] == [("电话", "华南/广东", "negative", 0), ("电话", "华南/广东", "negative", 1)]
        figure = conn.execute(text("select slice_key, measure, start_at, value from bi_figure")).one()
        assert (figure.slice_key, figure.measure, int(figure.value)) == ("all", "complaint.n", 3)
        assert "06:00" in str(figure.start_at)
        assert conn.execute(text("select count(*) from bi_alert")).scalar_one() == 0


def test_a_figure_after_2038_has_its_time(bare: Engine) -> None:
    """Also in a store whose view was made by the first 0014."""
    far = datetime(2040, 5, 4, 3, 15, tzinfo=UTC)
    with bare.begin() as conn:
        command.upgrade(config(conn), "0015")
        if conn.dialect.name == "postgresql":
            held = conn.execute(text("select pg_get_viewdef('bi_figure'::regclass)")).scalar_one()
            conn.execute(text(f"create or replace view bi_figure as {held.replace('::bigint', '')}"))
    upgrade(bare)
    with bare.begin() as conn:
        place = {"slice_id": slice_id("all"), "cuboid": "all", "slice_key": "all", "dims": {}, "first_at": NOW}
        conn.execute(insert(t.slice_).values(**place))
        cell = {"slice_id": slice_id("all"), "measure": "complaint.n", "bin": NO_BIN, "value": 2}
        rollups.put(conn, [{"grain": 15, "bucket": bucket(far, 15), **cell}])
        found = conn.execute(text("select start_at, value from bi_figure where value = 2")).one()
    assert str(found.start_at).startswith("2040-05-04") and "03:15" in str(found.start_at)


def test_a_figure_is_the_sum_of_its_bins_however_they_came(filled: Engine) -> None:
    about = {"grain": 15, "slice_id": slice_id("all"), "measure": "response.d"}
    at = bucket(NOW, 15)
    with filled.begin() as conn:
        for bin_, later, value in ((5, 0, 2), (9, 0, 1), (5, 0, -1), (5, 15, 4), (7, 15 * 40, 1)):
            rollups.put(conn, [{**about, "bin": bin_, "bucket": at + later, "value": value}])
        query = "select value from bi_figure where measure = 'response.d' order by start_at"
        assert [int(value) for value in conn.execute(text(query)).scalars()] == [2, 4, 1]


def test_what_is_documented_is_what_there_is_and_no_person_is_in_it(filled: Engine) -> None:
    for view in ("bi_feedback", "bi_figure", "bi_alert"):
        names = [column["name"] for column in inspect(filled).get_columns(view)]
        line = next(line for line in DOCUMENTED.splitlines() if line.startswith(f"| `{view}`"))
        assert [name for name in names if name not in line] == []
        assert not {"text", "raw", "customer", "record_key", "owner", "url", "extra", "dims"} & set(names)


def _episode(id_: str, key: str) -> dict[str, object]:
    times = dict.fromkeys(("opened_at", "started_at", "last_at"), NOW)
    said = {"mode": "on", "metric": "contacts", "condition": "firing", "direction": "up", "reason": "x"}
    numbers = dict.fromkeys(("grade", "peak_grade", "tier", "likelihood", "impact", "loss", "score", "peak_score"), 1)
    place = {"episode_id": id_, "rule_id": "contacts-topic", "rule_version": 1, "slice_key": key, "slice_id": slice_id(key)}
    return {**place, **times, **said, **numbers, "factors": {}, "reason_params": {}, "explained": []}


def test_no_phrase_of_a_topic_is_in_the_views(filled: Engine) -> None:
    keys = ["topic=积分清零", "channel=App|topic.1=积分清零", "subtopic=说法", "channel=topic%3Dx"]
    with filled.begin() as conn:
        for n, key in enumerate(keys):
            cuboid = "|".join(part.partition("=")[0] for part in key.split("|"))
            place = {"slice_id": slice_id(key), "cuboid": cuboid, "slice_key": key, "dims": {}, "first_at": NOW}
            conn.execute(insert(t.slice_).values(**place))
            cell = {"slice_id": slice_id(key), "measure": "contacts.n", "bin": NO_BIN, "value": 2}
            rollups.put(conn, [{"grain": 15, "bucket": bucket(NOW, 15), **cell}])
            conn.execute(insert(t.episode).values(**_episode(f"e{n}", key)))
    with filled.connect() as conn:
        figures = conn.execute(text("select slice_key from bi_figure where measure = 'contacts.n'")).scalars().all()
        alerts = conn.execute(text("select slice_key from bi_alert order by episode_id")).scalars().all()
    assert sorted(figures) == sorted(keys[2:])
    assert alerts == ["topic", "topic", *keys[2:]]


def test_a_store_that_has_the_older_views_gets_the_new_ones(bare: Engine) -> None:
    with bare.begin() as conn:
        command.upgrade(config(conn), "0023")
    upgrade(bare)
    test_no_phrase_of_a_topic_is_in_the_views(bare)
