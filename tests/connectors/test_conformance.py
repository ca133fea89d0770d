"""What every connector promises, run over every connector with real stores behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import ConfigFault, Connector, Feedback
from connectors.registry import CONNECTORS, build
from tests.connectors.channel import (
    BAD_ID,
    MAPPING,
    ROWS,
    Store,
    common,
    drain,
    file_store,
    http_server,
    ids,
    rest_options,
    rows,
    sql_store,
)

DRESSES = ["sql-sqlite", "sql-postgres", "sql-mariadb", "files", "rest"]


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)  # the sources behind are real and have real clocks


@pytest.fixture(params=DRESSES)
def store(request: pytest.FixtureRequest, tmp_path: Path, now: datetime) -> Iterator[Store]:
    content = rows(now)
    if request.param == "files":
        yield file_store(tmp_path, content)
    elif request.param == "rest":
        with http_server(content) as server:
            yield Store("rest", rest_options(server), tmp_path, lambda: list(server.content))
    elif request.param == "sql-sqlite":
        yield sql_store(f"sqlite:///{tmp_path / 'channel.db'}", tmp_path, content)
    else:
        url = request.getfixturevalue("postgres_url" if request.param == "sql-postgres" else "mariadb_url")
        yield sql_store(url, tmp_path, content)


@pytest.fixture
def connector(store: Store) -> Iterator[Connector]:
    found = store.connector()
    yield found
    found.close()


def test_every_registered_connector_is_in_this_suite() -> None:
    assert {dress.split("-")[0] for dress in DRESSES} == set(CONNECTORS)


def test_it_keeps_the_protocol(connector: Connector) -> None:
    assert isinstance(connector, Connector)
    assert connector.kind in CONNECTORS


def test_from_nothing_it_delivers_everything_once(connector: Connector, now: datetime) -> None:
    batches = drain(connector, now)
    assert sorted(ids(batches)) == [f"T{k:03d}" for k in range(ROWS) if f"T{k:03d}" != BAD_ID]
    assert [batch.complete for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert sum(batch.read for batch in batches) == ROWS


def test_a_poll_stays_near_its_limit(connector: Connector, now: datetime) -> None:
    page = 5  # of the HTTP interface: it hands out whole pages
    assert all(batch.read <= 4 + page for batch in drain(connector, now, limit=4))


def test_any_intermediate_cursor_goes_on_to_the_end(store: Store, connector: Connector, now: datetime) -> None:
    batches = drain(connector, now)
    for stop, batch in enumerate(batches[:-1]):
        later = store.connector()
        rest = ids(drain(later, now, json.loads(json.dumps(batch.cursor))))
        later.close()
        assert set(ids(batches[: stop + 1])) | set(rest) == set(ids(batches))


def test_polling_twice_from_one_cursor_gives_equal_records(connector: Connector, now: datetime) -> None:
    first = connector.poll(None, 4, now)
    assert connector.poll(None, 4, now).records == first.records
    second = connector.poll(first.cursor, 4, now)
    assert connector.poll(first.cursor, 4, now).records == second.records


def test_a_bad_row_is_told_and_stops_nobody(connector: Connector, now: datetime) -> None:
    bad = [one for batch in drain(connector, now) for one in batch.bad]
    assert [(one.code, one.params["field"]) for one in bad] == [("connectors.bad.rating", "ratings.csat")]
    assert bad[0].params["allowed"] == "1–5" and bad[0].params["got"] == "9"
    assert "never read" not in str(bad[0].raw)


def test_a_record_is_what_the_mapping_says(connector: Connector, now: datetime) -> None:
    records = {one.source_id: one for batch in drain(connector, now) for one in batch.records if isinstance(one, Feedback)}
    one = records["T003"]
    opened = (now - timedelta(hours=2) + timedelta(minutes=3)).replace(microsecond=0)
    assert (one.kind, one.opened_at, one.dims) == ("complaint", opened, {"channel": "电话", "org": "华南/广东"})
    assert one.text == '第 3 件："付款"失败，\n请处理'
    assert one.url == "https://crm.example/t/T003"
    assert one.ratings[0].value == 5


def test_the_source_clock_is_aware_and_near(connector: Connector, now: datetime) -> None:
    batch = connector.poll(None, 100, now)
    assert batch.source_now.utcoffset() == timedelta(0)
    assert abs(batch.source_now - now) < timedelta(minutes=2)


def test_a_later_poll_brings_nothing_new_and_is_complete(connector: Connector, now: datetime) -> None:
    batches = drain(connector, now)
    again = connector.poll(batches[-1].cursor, 100, now)
    assert again.complete
    assert set(ids([again])) <= set(ids(batches))


def test_reading_leaves_the_source_as_it_was(store: Store, connector: Connector, now: datetime) -> None:
    before = store.snapshot()
    drain(connector, now)
    connector.preview(3, now)
    list(connector.between(now - timedelta(days=1), now, 5))
    assert store.snapshot() == before


def test_between_brings_what_was_opened_then_and_moves_no_cursor(connector: Connector, now: datetime) -> None:
    start = now.replace(microsecond=0) - timedelta(hours=2) + timedelta(minutes=10)
    batches = list(connector.between(start, start + timedelta(minutes=5), 3))
    assert sorted(set(ids(batches))) == ["T010", "T011", "T012", "T013", "T014"]
    assert all(batch.cursor == {} for batch in batches)


def test_a_preview_shows_raw_beside_outcome(connector: Connector, now: datetime) -> None:
    preview = connector.preview(3, now)
    assert len(preview.raw) == len(preview.outcome) == 3
    assert "secret" in preview.columns and all("secret" not in row for row in preview.raw)


def test_closing_twice_is_safe(connector: Connector, now: datetime) -> None:
    connector.poll(None, 3, now)
    connector.close()
    connector.close()


def test_an_unknown_option_names_the_nearest(store: Store) -> None:
    right = sorted(store.options)[0]
    with pytest.raises(ConfigFault) as caught:
        build(store.kind, common(store.home), {**store.options, right + "s": "x"}, MAPPING)
    assert caught.value.params["nearest"] == right
    assert caught.value.params["field"] == f"source.hotline.options.{right}s"


def test_an_unknown_kind_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault) as caught:
        build("file", common(tmp_path), {}, MAPPING)
    assert caught.value.params["nearest"] == "files"
