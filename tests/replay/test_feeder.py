"""The feeder must never know more than was known at the virtual now."""

from __future__ import annotations

import gzip
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import ConfigFault
from fengsui.replay.feeder import Feeder, read_history
from fengsui.replay.history import BadHistory
from fengsui.replay.main import run
from fengsui.settings.replay import Later, Replay

PLAN = Replay(source="history", later=(Later(at="closed_at", reveals=("status",)),))
ROWS = [
    {"id": "a", "opened_at": "2022-01-13T08:00:10Z", "closed_at": "2022-01-13T09:30:00Z", "status": "solved"},
    {"id": "b", "opened_at": "2022-01-13T08:01:00Z", "closed_at": "", "status": ""},
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stored(path: Path) -> list[tuple[str, str | None, str | None, str]]:
    with sqlite3.connect(path) as store:
        return store.execute("select id, closed_at, status, updated_at from history order by row_id").fetchall()


def test_a_ticket_is_not_known_to_be_solved_before_it_is(tmp_path: Path) -> None:
    feeder = Feeder(tmp_path / "f.db", ROWS, PLAN)
    assert feeder.advance(at("2022-01-13T09:29:59")) == 2
    assert [row[:3] for row in stored(tmp_path / "f.db")] == [("a", None, None), ("b", None, None)]
    assert feeder.advance(at("2022-01-13T09:30:00")) == 1
    first = stored(tmp_path / "f.db")[0]
    assert first == ("a", "2022-01-13T09:30:00Z", "solved", "2022-01-13T09:30:00.000000Z")
    assert feeder.next_at is None


def test_rows_appear_at_their_own_time_and_only_once(tmp_path: Path) -> None:
    feeder = Feeder(tmp_path / "f.db", ROWS, PLAN)
    assert feeder.next_at == feeder.first_at == at("2022-01-13T08:00:10")
    assert [feeder.advance(at("2022-01-13T08:00:00") + timedelta(minutes=m)) for m in (0, 1, 1, 2)] == [0, 2, 0, 0]


def test_a_closing_before_the_opening_is_known_with_the_opening(tmp_path: Path) -> None:
    row = {**ROWS[0], "closed_at": "2022-01-13T07:00:00Z"}
    feeder = Feeder(tmp_path / "f.db", [row], PLAN)
    assert feeder.advance(at("2022-01-13T07:30:00")) == 0
    assert feeder.advance(at("2022-01-13T08:01:00")) == 2


def test_an_aggregate_is_known_only_when_its_interval_ends(tmp_path: Path) -> None:
    plan = Replay(source="history", opened="slot", zone="Asia/Shanghai", delay="5min")
    feeder = Feeder(tmp_path / "f.db", [{"slot": "2022-01-13T16:00:00", "calls": "7"}], plan)
    assert feeder.first_at == at("2022-01-13T08:05:00")


def test_history_is_cut_to_the_asked_stretch_and_rows_without_a_time_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "h.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("id,opened_at,closed_at,status\na,2022-01-13T08:00:10Z,,\nb,2022-01-14T08:00:00Z,,\nc,,,\n")
    rows = read_history(path, PLAN, at("2022-01-13T00:00:00"), at("2022-01-14T00:00:00"))
    assert [row["id"] for row in rows] == ["a"]


HEAD = "id,opened_at,closed_at,status\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "column"),
        (b"id,opened,closed_at,status\n", "column"),
        (b"id,opened_at,status\n", "column"),
        (b"id,ID,opened_at,closed_at,status\n", "taken"),
        (b"updated_at,opened_at,closed_at,status\n", "taken"),
        (HEAD.encode() + b"a,2022/01/13,,\n", "time"),
        (HEAD.encode() + b"a,2022-01-13T08:00:00Z,soon,\n", "time"),
        (HEAD.encode() + b"a,0001-01-01T00:00:00+12:00,,\n", "time"),
        (HEAD.encode() + "a,2022-01-13T08:00:00Z,,已办结\n".encode("gb18030"), "unreadable"),
        (gzip.compress((HEAD + "a,2022-01-13T08:00:00Z,,\n" * 999).encode())[:-20], "unreadable"),
    ],
)
def test_a_history_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / ("h.csv.gz" if content[:2] == b"\x1f\x8b" else "h.csv")
    path.write_bytes(content)
    with pytest.raises(BadHistory) as caught:
        read_history(path, PLAN, None, None)
    assert caught.value.kind == kind


def test_a_stretch_that_ends_before_it_starts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadHistory, match="stretch"):
        read_history(tmp_path / "h.csv", PLAN, at("2022-01-14T00:00:00"), at("2022-01-13T00:00:00"))


def test_a_result_that_cannot_be_written_is_told_before_the_replay(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadHistory, match="out"):
        run(tmp_path / "absent.csv", tmp_path / "absent.toml", out=tmp_path / "file" / "alerts.csv")


def test_rows_in_any_order_with_cells_too_many_or_too_few_are_fed_in_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(HEAD.replace("id", '"i""d"') + "b,2022-01-14T08:00:00Z\na,2022-01-13T08:00:10Z,,,x,y\n")
    feeder = Feeder(tmp_path / "f.db", read_history(path, PLAN, None, None), PLAN)
    assert feeder.first_at == at("2022-01-13T08:00:10")
    assert (feeder.advance(at("2022-01-13T09:00:00")), feeder.advance(at("2022-01-15T00:00:00"))) == (1, 1)


def test_a_local_time_that_the_clocks_skipped_or_repeated_is_one_instant(tmp_path: Path) -> None:
    plan = Replay(source="history", opened="slot", zone="America/New_York")
    rows = [{"slot": "2026-03-08T02:30:00"}, {"slot": "2026-11-01T01:30:00"}]
    feeder = Feeder(tmp_path / "f.db", rows, plan)
    assert (feeder.first_at, feeder.last_at) == (at("2026-03-08T07:30:00"), at("2026-11-01T05:30:00"))


def test_a_mapping_of_a_column_that_the_history_lacks_is_told_at_once(tmp_path: Path) -> None:
    history, mapping = tmp_path / "h.csv", tmp_path / "m.toml"
    history.write_text("id,opened_at\na,2022-01-13T08:00:00Z\n")
    mapping.write_text(
        '[replay]\nsource = "t"\n[source.t]\nkind = "files"\npurpose = "replay"\n[source.t.options]\npath = "."\n'
        '[source.t.map]\nid = "id"\nkind = { value = "complaint" }\nopened_at = "opened_at"\ntext = "wordz"\n'
    )
    with pytest.raises(ConfigFault, match="wordz"):
        run(history, mapping, out=tmp_path / "alerts.csv", quiet=True)


def test_the_mapping_file_of_the_documentation_plays(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    mapping, history, out = tmp_path / "m.toml", tmp_path / "h.csv", tmp_path / "a.csv"
    mapping.write_text(page.rpartition("```toml")[2].partition("```")[0], encoding="utf-8")
    history.write_text(
        "ticket_id,created,type,channel,words,first_reply,closed\n"
        "1,2026-09-01 09:00:00,投诉,电话,打不通,2026-09-01 09:10:00,2026-09-01 09:20:00\n"
        "2,2026-09-01 09:05:00,咨询,App,怎么付,2026-09-01 09:06:00,\n",
        encoding="utf-8",
    )
    played = run(history, mapping, out=out, quiet=True)
    assert played.rows == 2 and out.read_text(encoding="utf-8").startswith("detected_at,")
    later = run(history, mapping, out=out, live_from=at("2026-09-01T01:30:00"), quiet=True)
    assert (later.rows, later.first, later.last) == (2, at("2026-09-01T01:30:00"), played.last)
    assert later.ticks < played.ticks
    with pytest.raises(BadHistory, match="live_from"):
        run(history, mapping, out=out, live_from=at("2026-10-01T00:00:00"), quiet=True)
