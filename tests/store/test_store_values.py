"""Names, times and upserts behave the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from fengsui.store.database import open_store, reading
from fengsui.store.slices import bucket, bucket_start, cuboid_slice, level_value, slice_id, slice_key, slice_levels
from fengsui.store.tables import snapshot, watermark
from fengsui.store.upsert import upsert

NOW = datetime(2026, 11, 18, 6, 32, 6, 123456, tzinfo=UTC)
SHANGHAI = timezone(timedelta(hours=8))


# --- slices ----------------------------------------------------------------------------------------------------------


def test_a_slice_key_does_not_depend_on_the_order_of_its_levels():
    assert (
        slice_key({"org.1": "华南", "channel": "电话"})
        == slice_key({"channel": "电话", "org.1": "华南"})
        == "channel=电话|org.1=华南"
    )
    assert slice_key({}) == "all"
    assert slice_levels("all") == {}


@example({"channel": "a|b=c%7C"})
@given(st.dictionaries(st.sampled_from(["channel", "org.1", "product"]), st.text(min_size=1, max_size=12)))
def test_any_value_comes_back_out_of_a_slice_key(levels: dict[str, str]):
    assert slice_levels(slice_key(levels)) == levels


def test_a_level_is_the_first_parts_of_a_path_and_nothing_is_unknown():
    dims = {"org": "华南/广东/天河网点", "channel": ""}
    assert level_value(dims, "org.2") == "华南/广东"
    assert level_value(dims, "org.9") == "华南/广东/天河网点"
    assert level_value(dims, "channel") == "未填"
    assert cuboid_slice(dims, "all") == "all"
    assert cuboid_slice(dims, "channel|org.1") == "channel=未填|org.1=华南"


def test_slice_ids_fit_a_signed_column_and_stay_what_they_were():
    assert slice_id("all") == 5123393156340725339
    assert slice_id("channel=电话") == -7754930113192440346
    assert len({slice_id(f"channel={n}") for n in range(2000)}) == 2000


def test_buckets_start_on_the_grain():
    at = datetime(2026, 11, 18, 6, 44, 59, tzinfo=SHANGHAI)
    assert bucket_start(bucket(at, 15)) == datetime(2026, 11, 17, 22, 30, tzinfo=UTC)
    assert bucket_start(bucket(at, 1)) == datetime(2026, 11, 17, 22, 44, tzinfo=UTC)
    assert bucket(datetime(1969, 12, 31, 23, 59, tzinfo=UTC), 15) == -15


# --- times -----------------------------------------------------------------------------------------------------------


def mark(store: Engine, at: Any) -> None:
    with store.begin() as conn:
        upsert(conn, watermark, [{"name": "engine", "at": at, "seq": 1}])


@pytest.mark.parametrize("at", [NOW, NOW.astimezone(SHANGHAI), None])
def test_a_time_comes_back_as_the_same_instant_in_utc(store: Engine, at: datetime | None):
    mark(store, at)
    with store.connect() as conn:
        found = conn.execute(select(watermark.c.at)).scalar_one()
    assert found == at
    assert found is None or found.tzinfo is UTC


def test_a_naive_time_is_refused(store: Engine):
    with pytest.raises((StatementError, ValueError), match="naive"):
        mark(store, datetime(2026, 11, 18))  # noqa: DTZ001


# --- upserts ---------------------------------------------------------------------------------------------------------


def test_an_upsert_writes_keeps_or_computes(store: Engine):
    row = {"name": "engine", "seq": 1}
    with store.begin() as conn:
        upsert(conn, watermark, [row])
        upsert(conn, watermark, [{**row, "seq": 2}], update=())
        assert conn.execute(select(watermark.c.seq)).scalar_one() == 1
        upsert(conn, watermark, [{**row, "seq": 9}], update=["seq"])
        upsert(conn, watermark, [row], update={"seq": watermark.c.seq + 1})
        upsert(conn, watermark, [])
        assert conn.execute(select(watermark.c.seq)).scalar_one() == 10


# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_read_only_store_cannot_write(store: Engine, store_url: str):
    looking = open_store(store_url, read_only=True)
    with pytest.raises(DBAPIError), looking.begin() as conn:
        conn.execute(insert(watermark).values(name="x"))
    looking.dispose()


def test_readers_do_not_wait_for_the_writer(store: Engine):
    with store.begin() as writer:
        upsert(writer, watermark, [{"name": "engine", "seq": 1}])
        with reading(store).connect() as conn:
            assert conn.execute(select(watermark)).all() == []


def test_json_keeps_chinese_and_refuses_what_is_no_json(store: Engine):
    with store.begin() as conn:
        conn.execute(insert(snapshot).values(version=1, computed_at=NOW, body={"名": [1.5, None]}))
        assert conn.execute(select(snapshot.c.body)).scalar_one() == {"名": [1.5, None]}
        assert "名" in conn.execute(text("select cast(body as text) from snapshot")).scalar_one()
    with pytest.raises((StatementError, ValueError), match="JSON"), store.begin() as conn:
        conn.execute(insert(snapshot).values(version=2, computed_at=NOW, body={"x": float("nan")}))


def test_the_folder_of_a_sqlite_store_is_made(tmp_path: Any):
    store = open_store(f"sqlite:///{tmp_path}/new/deep/f.db")
    with store.connect() as conn:
        assert conn.execute(text("pragma synchronous")).scalar_one() == 2
        assert conn.execute(text("pragma journal_mode")).scalar_one() == "wal"
    store.dispose()
