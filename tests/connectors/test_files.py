"""Drop folders as people really fill them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from connectors import gb18030
from connectors.base import Batch, ConfigFault, Connector, Cursor, Feedback, TryLater
from connectors.files import preview_file, read_file
from connectors.registry import build
from tests.connectors.channel import age, common, drain, ids

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
MAPPING: dict[str, Any] = {
    "id": "id",
    "kind": {"value": "complaint"},
    "opened_at": "at",
    "text": {"field": "words", "optional": True},
}
WITHOUT_ID = {key: value for key, value in MAPPING.items() if key != "id"}
HEAD = "id,at,words\n"


def line(key: str, words: str = "你好") -> str:
    return f"{key},2026-11-18 14:00:00,{words}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "drop"
    path.mkdir()
    return path


def over(folder: Path, mapping: dict[str, Any] = MAPPING, **options: Any) -> Connector:
    return build("files", common(folder.parent), {"path": "drop", **options}, mapping)


def put(path: Path, content: str | bytes, encoding: str = "utf-8", age_s: float = 60) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    stamp(path, age_s)


def stamp(path: Path, age_s: float) -> None:
    moment = NOW.timestamp() - age_s
    os.utime(path, (moment, moment))


def texts(batches: list[Batch]) -> list[str | None]:
    return [one.text for batch in batches for one in batch.records if isinstance(one, Feedback)]


def codes(batches: list[Batch]) -> list[str]:
    return [one.code for batch in batches for one in batch.bad]


def poll(source: Connector, cursor: Cursor | None = None) -> Batch:
    return drain(source, NOW, cursor, limit=1000)[-1]


# --- which files -----------------------------------------------------------------------------------------------------


def test_files_that_are_still_written_and_files_of_others_are_not_read(folder: Path) -> None:
    for name in ("a.csv.part", "~$b.csv", ".c.csv", "d.pdf", "e.csv.tmp"):
        put(folder / name, HEAD + line(name))
    put(folder / "right.csv", HEAD + line("1"))
    assert ids(drain(over(folder), NOW)) == ["1"]


def test_a_file_that_got_its_final_name_is_read(folder: Path) -> None:
    put(folder / "a.csv.part", HEAD + line("1"))
    first = poll(over(folder))
    assert first.records == ()
    (folder / "a.csv.part").rename(folder / "a.csv")
    assert ids([poll(over(folder), first.cursor)]) == ["1"]


def test_a_renamed_file_is_not_read_again(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1"))
    first = poll(over(folder))
    (folder / "a.csv").rename(folder / "b.csv")
    second = poll(over(folder), first.cursor)
    assert second.read == 0
    assert set(second.cursor["files"]) == {"b.csv"}


def test_another_file_of_equal_size_and_time_is_read(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1"))
    first = poll(over(folder))
    (folder / "a.csv").unlink()
    put(folder / "b.csv", HEAD + line("2"))
    assert ids([poll(over(folder), first.cursor)]) == ["2"]


def test_files_that_are_gone_are_forgotten(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1"))
    first = poll(over(folder))
    (folder / "a.csv").unlink()
    assert poll(over(folder), first.cursor).cursor == {"files": {}}


def test_a_single_file_serves_as_a_source(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1"))
    put(folder / "b.csv", HEAD + line("2"))
    assert ids(drain(over(folder, path="drop/b.csv"), NOW)) == ["2"]


def test_a_share_that_is_not_mounted_is_tried_later(folder: Path) -> None:
    with pytest.raises(TryLater, match="no_folder"):
        poll(over(folder, path="elsewhere"))


def test_counting_days_is_refused_and_says_so(folder: Path) -> None:
    source = over(folder)
    assert not source.capabilities.count_by_day
    with pytest.raises(ConfigFault):
        source.count_by_day(date(2026, 1, 1), date(2026, 1, 2), "UTC")


# --- files that change -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mapping", [MAPPING, WITHOUT_ID], ids=["id", "no id"])
def test_a_growing_file_goes_on_behind_the_last_complete_line(folder: Path, mapping: dict[str, Any]) -> None:
    put(folder / "a.csv", HEAD + line("1") + line("2")[:12], age_s=0)
    source = over(folder, mapping)
    first = poll(source)
    assert len(first.records) == 1
    assert poll(source, first.cursor).read == 0  # half a line waits
    put(folder / "a.csv", HEAD + line("1") + line("2") + line("3"), age_s=-1)
    second = poll(source, first.cursor)
    assert (second.read, len(second.records)) == (2, 2)
    assert poll(source, second.cursor).read == 0


def test_a_last_line_without_line_end_is_read_when_the_file_rests(folder: Path) -> None:
    put(folder / "a.csv", (HEAD + line("1") + line("2")).rstrip(), age_s=1)
    source = over(folder)
    first = poll(source)
    assert ids([first]) == ["1"]
    later = source.poll(first.cursor, 10, NOW + timedelta(seconds=10))
    assert ids([later]) == ["2"]
    assert source.poll(later.cursor, 10, NOW + timedelta(seconds=20)).read == 0
    put(folder / "a.csv", HEAD + line("1") + line("2") + line("3"), age_s=-30)
    assert ids([source.poll(later.cursor, 10, NOW + timedelta(seconds=60))]) == ["2", "3"]


def test_a_truncated_file_is_read_from_its_start(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1") + line("2") + line("3"))
    first = poll(over(folder))
    put(folder / "a.csv", HEAD + line("4"), age_s=30)
    assert ids([poll(over(folder), first.cursor)]) == ["4"]


def test_a_rewritten_file_is_read_from_its_start_even_when_it_is_longer(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1") + line("2"))
    first = poll(over(folder))
    put(folder / "a.csv", HEAD + line("7") + line("8") + line("9"), age_s=30)
    assert ids([poll(over(folder), first.cursor)]) == ["7", "8", "9"]


def test_a_rewrite_of_equal_length_is_noticed_by_its_time(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1"))
    first = poll(over(folder))
    put(folder / "a.csv", HEAD + line("2"), age_s=30)
    assert ids([poll(over(folder), first.cursor)]) == ["2"]


def test_rows_appended_while_we_read_come_once(folder: Path) -> None:
    put(folder / "a.csv", HEAD + "".join(line(str(k)) for k in range(50)))
    source, cursor, seen = over(folder), None, []
    for k in range(50, 60):
        batch = source.poll(cursor, 10, NOW)
        seen += ids([batch])
        cursor = batch.cursor
        with (folder / "a.csv").open("a", encoding="utf-8") as stream:
            stream.write(line(str(k)))
        stamp(folder / "a.csv", 60 - k)
    seen += ids(drain(source, NOW + timedelta(minutes=9), cursor))
    assert seen == [str(k) for k in range(60)]


@pytest.mark.parametrize("fresh", [True, False], ids=["restarted", "running"])
def test_equal_rows_without_id_keep_their_ordinals_over_polls(folder: Path, fresh: bool) -> None:
    put(folder / "a.csv", HEAD + line("x") * 3 + line("y") + line("x"))
    source, cursor, seen = over(folder, WITHOUT_ID), None, []
    while True:
        batch = (over(folder, WITHOUT_ID) if fresh else source).poll(cursor, 2, NOW)
        seen += ids([batch])
        cursor = batch.cursor
        if not batch.more:
            break
    assert len(set(seen)) == 5
    assert sorted(key.partition("#")[2] for key in seen) == ["0", "1", "2", "3", "4"]  # the mapped fields of x and y are equal


def test_the_same_row_in_a_file_sent_again_is_the_same_record(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1", "甲") + line("2", "乙"))
    put(folder / "b.csv", HEAD + line("2", "乙") + line("1", "甲"))
    seen = ids(drain(over(folder, WITHOUT_ID), NOW))
    assert len(seen) == 4 and len(set(seen)) == 2


# --- encodings -------------------------------------------------------------------------------------------------------

WORDS = "投诉：付款失败，䶮㐂𠮷"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_encodings_are_told_apart(folder: Path, encoding: str, suffix: str) -> None:
    content = (HEAD + line("1", WORDS)).encode(encoding)
    put(folder / f"a{suffix}", gzip.compress(content) if suffix.endswith("gz") else content)
    batches = drain(over(folder), NOW)
    assert (ids(batches), texts(batches)) == (["1"], [WORDS])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_header_in_chinese_is_found_behind_a_mark(folder: Path, encoding: str) -> None:
    put(folder / "a.csv", "工单号,时间\n1,2026年11月18日 14:00\n", encoding)
    mapping = {"id": "工单号", "kind": {"value": "complaint"}, "opened_at": "时间"}
    assert ids(drain(over(folder, mapping), NOW)) == ["1"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A6D9", "\ufe10"), ("A6DA", "\ufe12"), ("A6DB", "\ufe11"), ("A6DF", "\ufe16"), ("A6EC", "\ufe17"), ("A6ED", "\ufe18"),
        ("A6F3", "\ufe19"), ("A8BC", "\u1e3f"), ("8135F437", "\u1e3f"), ("84318236", "\ufe10"), ("FE59", "\u9fb4"),
        ("82359037", "\u9fb4"), ("FE61", "\u9fb5"), ("FE66", "\u9fb6"), ("FE67", "\u9fb7"), ("FE6D", "\u9fb8"),
        ("FE7E", "\u9fb9"),
        ("FE90", "\u9fba"), ("FEA0", "\u9fbb"), ("FE51", "\U00020087"), ("AAA1", "\ue000"), ("B0A1", "啊"),
    ],
)  # fmt: skip
def test_gb18030_means_what_the_edition_of_2022_says(written: str, meant: str) -> None:
    assert gb18030.decode(bytes.fromhex(written)) == meant


def test_the_table_is_about_what_python_says() -> None:
    for written, (said, _) in gb18030._ROWS.items():
        assert written.to_bytes(2).decode("gb18030") == chr(said)


def test_a_row_with_broken_bytes_is_told_and_the_others_are_read(folder: Path) -> None:
    good = "".join(line(str(k)) for k in range(5)).encode()
    put(folder / "a.csv", HEAD.encode() + good + b"9,2026-11-18 14:00:00,\xff\xfe\xff\n" + line("7").encode())
    batches = drain(over(folder), NOW)
    assert ids(batches) == ["0", "1", "2", "3", "4", "7"]
    assert codes(batches) == ["connectors.bad.encoding"]


# --- CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(folder: Path, delimiter: str) -> None:
    put(folder / "a.csv", (HEAD + line("1", "a:b")).replace(",", delimiter))
    assert texts(drain(over(folder), NOW)) == ["a:b"]


def test_quoted_line_ends_and_quotes_stay_in_their_field(folder: Path) -> None:
    put(folder / "a.csv", HEAD + '1,2026-11-18 14:00:00,"一行\n两行, ""引"""\n' + line("2", '5" 屏'))
    assert texts(drain(over(folder), NOW, limit=1)) == ['一行\n两行, "引"', '5" 屏']


def test_a_quote_that_never_closes_spoils_its_own_line_only(folder: Path) -> None:
    put(folder / "a.csv", HEAD + '1,2026-11-18 14:00:00,"没有完\n' + "".join(line(str(k)) for k in range(2, 6)))
    batches = drain(over(folder), NOW)
    assert ids(batches) == ["2", "3", "4", "5"]
    assert codes(batches) == ["connectors.bad.quote"]


def test_a_quote_left_open_in_a_growing_file_waits(folder: Path) -> None:
    put(folder / "a.csv", HEAD + '1,2026-11-18 14:00:00,"一\n', age_s=0)
    source = over(folder)
    first = poll(source)
    assert (first.read, codes([first])) == (0, [])
    put(folder / "a.csv", HEAD + '1,2026-11-18 14:00:00,"一\n二"\n', age_s=-1)
    assert texts([poll(source, first.cursor)]) == ["一\n二"]


def test_ragged_rows_are_told_and_trailing_blanks_are_none(folder: Path) -> None:
    put(folder / "a.csv", HEAD + "1,2026-11-18 14:00:00\n" + line("2").strip() + ",,\n" + line("3").strip() + ",x\n\n")
    batches = drain(over(folder), NOW)
    assert ids(batches) == ["2"]
    assert codes(batches) == ["connectors.bad.ragged"] * 2
    assert batches[0].bad[0].params["allowed"] == "3" and batches[0].bad[0].params["got"] == "2"


def test_a_file_without_header_and_with_a_title_line(folder: Path) -> None:
    put(folder / "a.csv", "客服日报\n" + line("1"))
    assert ids(drain(over(folder, columns=["id", "at", "words"], skip_lines=1), NOW)) == ["1"]


def test_a_column_that_the_table_lacks_is_told_row_by_row(folder: Path) -> None:
    put(folder / "a.csv", "id,when\n1,2026-11-18 14:00:00\n")
    put(folder / "b.csv", HEAD + line("2"))
    batches = drain(over(folder), NOW)
    assert ids(batches) == ["2"]
    assert [(one.code, one.params["allowed"]) for batch in batches for one in batch.bad] == [("connectors.bad.column", "at")]


def test_columns_of_equal_name_do_not_hide_each_other(folder: Path) -> None:
    put(folder / "a.csv", "id,at,words,words\n1,2026-11-18 14:00:00,甲,乙\n")
    assert texts(drain(over(folder, {**MAPPING, "text": ["words", "words#2"]}), NOW)) == ["甲\n乙"]


# --- JSON lines ------------------------------------------------------------------------------------------------------


def test_json_lines_with_nested_fields_and_broken_ones(folder: Path) -> None:
    good = {"id": 1, "at": 1_794_983_526, "words": "甲", "who": {"tags": [{"name": "vip"}]}}
    put(folder / "a.jsonl", json.dumps(good) + '\n{"id": 2,\n[1]\n\n' + "[" * 100_000 + "\n")
    batches = drain(over(folder, {**MAPPING, "dims": {"channel": "who.tags.0.name"}}), NOW)
    (record,) = [one for batch in batches for one in batch.records if isinstance(one, Feedback)]
    assert (record.source_id, record.opened_at, record.dims) == ("1", NOW, {"channel": "vip"})
    assert codes(batches) == ["connectors.bad.json"] * 3


# --- Excel and packed files ------------------------------------------------------------------------------------------


def workbook(path: Path, n: int = 1) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "at", "words", "phone", "card"])
    for k in range(n):
        sheet.append(
            [13_800_000_000 + k, datetime.fromisoformat("2026-11-18T14:32:06"), "#N/A" if k else "甲", 13800000000.0, 7]
        )
        sheet.cell(k + 2, 5).number_format = "0000"
    book.create_sheet("别的").append(["id"])
    book.save(path)
    stamp(path, 60)


def test_excel_keeps_every_digit_and_reads_its_dates(folder: Path) -> None:
    workbook(folder / "a.xlsx")
    (batch,) = drain(over(folder, {**MAPPING, "extra": ["phone", "card"]}), NOW)
    (record,) = batch.records
    assert isinstance(record, Feedback)
    assert (record.source_id, record.opened_at, record.text) == ("13800000000", NOW, "甲")
    assert (str(record.extra["phone"]), record.extra["card"]) == ("13800000000", "0007")


def test_a_sheet_is_read_in_pages_also_after_a_restart(folder: Path) -> None:
    workbook(folder / "a.xlsx", 7)
    cursor, seen = None, []
    for _ in range(4):
        batch = over(folder).poll(cursor, 2, NOW)
        seen += ids([batch])
        cursor = batch.cursor
    assert seen == [str(13_800_000_000 + k) for k in range(7)]


def test_a_sheet_that_is_not_there_names_the_nearest(folder: Path) -> None:
    workbook(folder / "a.xlsx")
    with pytest.raises(ConfigFault) as caught:
        poll(over(folder, sheet="别个"))
    assert "别的" in caught.value.params["allowed"]


def test_a_workbook_that_is_still_copied_waits(folder: Path) -> None:
    put(folder / "a.xlsx", b"PK half", age_s=1)
    source = over(folder)
    first = poll(source)
    assert (first.read, first.bad) == (0, ())
    workbook(folder / "a.xlsx")
    assert len(poll(source, first.cursor).records) == 1


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv.gz"])
def test_a_file_that_is_not_what_its_name_says_is_one_bad_row(folder: Path, name: str) -> None:
    put(folder / name, b"no such thing")
    put(folder / "z.csv", HEAD + line("1"))
    source = over(folder)
    batches = drain(source, NOW)
    assert (codes(batches), ids(batches)) == (["connectors.bad.file"], ["1"])
    assert poll(source, batches[-1].cursor).read == 0  # told once
    assert codes(list(source.between(NOW - timedelta(days=1), NOW, 10))) == ["connectors.bad.file"]


# --- uploads ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def upload(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "上传.csv"
    path.write_text((HEAD + "".join(line(str(k)) for k in range(5)) + line("bad").replace("2026", "1026")).rstrip(), "utf-8")
    age(path, 0)
    yield path


def test_an_upload_is_read_to_its_last_line_at_once(upload: Path, tmp_path: Path) -> None:
    batches = list(read_file(upload, MAPPING, common(tmp_path), NOW, limit=2))
    assert [batch.read for batch in batches] == [2, 2, 2, 0]
    assert [batch.more for batch in batches] == [True, True, True, False]
    assert ids(batches) == ["0", "1", "2", "3", "4"]
    assert codes(batches) == ["connectors.bad.time_range"]


def test_a_preview_of_an_upload_shows_rows_and_mistakes(upload: Path, tmp_path: Path) -> None:
    preview = preview_file(upload, MAPPING, common(tmp_path), NOW, limit=10)
    assert len(preview.outcome) == 6 and preview.columns == ("id", "at", "words")
    assert preview_file(upload, MAPPING, common(tmp_path), NOW, limit=2).raw[1]["id"] == "1"


def test_a_sheet_with_a_title_blank_rows_and_names_from_the_options(folder: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (["客服日报"], ["1", "2026-11-18 14:00"], [None, None], ["2", "2026-11-18 14:01", 2.5]):
        sheet.append(cells)
    book.save(folder / "a.xlsx")
    stamp(folder / "a.xlsx", 60)
    batches = drain(over(folder, columns=["id", "at", "words"], skip_lines=1), NOW)
    assert (ids(batches), texts(batches)) == (["1", "2"], [None, "2.5"])


def test_a_limit_that_ends_with_a_file_leaves_the_next_for_the_next_poll(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1"))
    put(folder / "b.csv", HEAD + line("2"))
    source, cursor, seen = over(folder), None, []
    for _ in range(4):
        batch = source.poll(cursor, 1, NOW)
        seen.append((ids([batch]), batch.more))
        cursor = batch.cursor
    assert seen == [(["1"], True), (["2"], True), ([], False), ([], False)]


def test_logs_are_chosen_by_their_time_and_master_data_always_comes(folder: Path) -> None:
    put(folder / "a.csv", "id,at,kind\n1,2026-11-18 14:00:00,told\n2,2026-11-17 14:00:00,told\n")
    log = {"shape": "event", "feedback": "id", "kind": "kind", "at": "at"}
    product = {"shape": "reference", "kind": "product", "id": "id", "valid_from": "at"}
    batches = list(over(folder, [log, product]).between(NOW - timedelta(hours=1), NOW, 10))
    kinds = [(type(one).__name__, getattr(one, "source_id", "")) for batch in batches for one in batch.records]
    assert kinds == [("Event", "1"), ("Reference", ""), ("Reference", "")]


def test_an_empty_file_and_a_header_alone_are_no_rows(folder: Path) -> None:
    put(folder / "a.csv", "")
    put(folder / "b.csv", HEAD)
    put(folder / "c.csv", HEAD.strip(), age_s=0)
    (batch,) = drain(over(folder), NOW)
    assert (batch.read, batch.bad, batch.complete) == (0, (), True)


def test_a_file_that_cannot_be_read_for_a_moment_is_tried_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> object:
        raise OSError

    put(folder / "a.csv", HEAD + line("1"))
    monkeypatch.setattr("connectors.files.rows_of", refuse)
    with pytest.raises(TryLater, match="gone"):
        poll(over(folder))


def test_a_folder_that_may_not_be_read_is_a_mistake_of_the_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> object:
        raise PermissionError

    monkeypatch.setattr("connectors.files.look", refuse)
    with pytest.raises(ConfigFault, match="denied"):
        poll(over(folder))


def test_a_file_in_an_encoding_decided_by_a_later_line(folder: Path) -> None:
    ascii_rows = "".join(line(str(k), "plain") for k in range(4000))
    put(folder / "a.csv", HEAD + ascii_rows + line("x", "投诉"), "gb18030")
    batches = drain(over(folder), NOW, limit=5000)
    assert texts(batches)[-1] == "投诉"
