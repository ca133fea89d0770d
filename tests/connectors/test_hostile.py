"""Sources that try to be read beyond what was configured, or are read less than they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors import rest
from connectors.base import ConfigFault
from connectors.mapper import mapper_of
from connectors.registry import build
from connectors.sql_axis import axis_of
from tests.connectors.channel import common

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
MAPPING: dict[str, Any] = {
    "id": "id",
    "kind": {"value": "complaint"},
    "opened_at": "at",
    "customer": {"field": "who", "optional": True},
    "text": {"field": "words", "optional": True},
}


def test_a_link_out_of_the_drop_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    (tmp_path / "private").mkdir()
    secret = tmp_path / "private" / "secret.csv"
    secret.write_text("id,at\nsecret,2026-11-01 10:00:00\n")
    (tmp_path / "drop" / "link.csv").symlink_to(secret)
    (tmp_path / "drop" / "folder").symlink_to(tmp_path / "private")
    (tmp_path / "drop" / "real.csv").write_text("id,at\n1,2026-11-01 10:00:00\n")
    (tmp_path / "drop" / "alias.csv").symlink_to(tmp_path / "drop" / "real.csv")
    for glob in ("*", "**/*", "folder/*"):
        source = build("files", common(tmp_path), {"path": "drop", "glob": glob, "settle_s": 0}, MAPPING)
        assert "secret" not in {record.source_id for record in source.poll(None, 99, NOW).records}  # type: ignore[union-attr]


def test_a_bad_row_says_whose_it_is_so_that_erasure_finds_it() -> None:
    (bad,) = mapper_of(MAPPING, common(Path())).apply({"id": "7", "at": "never", "who": "C9", "words": "x"}, NOW)
    assert (bad.params["source_id"], bad.params["customer"]) == ("7", "C9")  # type: ignore[union-attr]


@pytest.mark.parametrize("offset", ["+05:30", "-03:30", "+08:00", "-0930", "Z"])
def test_the_window_of_a_text_column_keeps_its_half_hours(offset: str) -> None:
    hours = {"+05:30": 5.5, "-03:30": -3.5, "+08:00": 8, "-0930": -9.5, "Z": 0}[offset]
    written = (NOW + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")
    axis = axis_of(written + offset, "Asia/Shanghai", "updated_at")
    assert axis.at_least(NOW) <= written + offset < axis.below(NOW + timedelta(seconds=1))
    assert axis.at_least(NOW + timedelta(seconds=1)) > written + offset


@pytest.mark.parametrize("place", ["http://[::1", "http://h:port/x", "http://elsewhere.example/x"])
def test_a_next_page_that_is_no_address_of_the_host_is_a_fault(place: str) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[], headers={"link": f'<{place}>; rel="next"'})

    options = rest.RestOptions.model_validate({"url": "http://crm.example/api", "paging": "link"})
    source = rest.connect(common(Path()), options, mapper_of(MAPPING, common(Path())), httpx.MockTransport(answer))
    with pytest.raises(ConfigFault):
        source.poll(None, 10, NOW)
