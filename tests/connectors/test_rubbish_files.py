"""Drop folders full of rubbish: each file ends in its fault, counts are exact, memory is bounded, the others are read."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from connectors import file_rows, files
from connectors.base import Batch, ConfigFault, Connector, Cursor, Feedback, TryLater
from connectors.file_rows import unique
from connectors.lines import LINE_MAX
from connectors.registry import build
from tests.connectors.channel import common, drain, ids

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
MAPPING: dict[str, Any] = {
    "id": "id",
    "kind": {"value": "complaint"},
    "opened_at": "at",
    "text": {"field": "words", "optional": True},
}
HEAD = "id,at,words\n"
GOOD = ["g1", "g2"]


def line(key: str, words: str = "你好") -> str:
    return f"{key},2026-11-18 14:00:00,{words}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With one good file that is read last: whatever stands before it must not hold it up."""
    path = tmp_path / "drop"
    path.mkdir()
    put(path / "zz.csv", HEAD + line("g1") + line("g2"))
    return path


def put(path: Path, content: str | bytes, encoding: str = "utf-8") -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    rest(path)


def rest(path: Path) -> None:
    os.utime(path, (NOW.timestamp() - 60,) * 2)


def over(folder: Path, mapping: dict[str, Any] = MAPPING, **options: Any) -> Connector:
    return build("files", common(folder.parent), {"path": "drop", **options}, mapping)


def codes(batches: list[Batch]) -> Counter[str]:
    return Counter(one.code.removeprefix("connectors.bad.") for batch in batches for one in batch.bad)


def texts(batches: list[Batch]) -> list[str | None]:
    return [one.text for batch in batches for one in batch.records if isinstance(one, Feedback)]


def read(folder: Path, **options: Any) -> tuple[list[str], Counter[str], int]:
    """Ids, codes and raw rows until the source says that there is no more; afterwards nothing is left to read."""
    source = over(folder, **options)
    batches = drain(source, NOW, limit=1000)
    assert source.poll(batches[-1].cursor, 1000, NOW).read == 0
    assert batches[-1].complete
    return ids(batches), codes(batches), sum(batch.read for batch in batches)


# --- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""], ids=["marked", "unmarked"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".jsonl"])
def test_utf16_of_either_order_is_read_with_and_without_a_mark(folder: Path, encoding: str, mark: str, suffix: str) -> None:
    words = "一一一一，丁一𠮷"
    rows = HEAD + line("1", words) + line("2", words)
    if suffix == ".jsonl":
        row = {"id": "1", "at": "2026-11-18 14:00:00", "words": words}
        rows = "".join(json.dumps({**row, "id": key}, ensure_ascii=False) + "\n" for key in "12")
    content = (mark + rows).encode(encoding)
    put(folder / f"a{suffix}", gzip.compress(content) if suffix.endswith("gz") else content)
    batches = drain(over(folder), NOW, limit=1)
    assert (ids(batches), codes(batches)) == (["1", "2", *GOOD], Counter())
    assert texts(batches)[0] == words


def test_a_utf16_file_that_grows_and_ends_within_a_character_loses_nothing(folder: Path) -> None:
    content = (HEAD + line("1") + line("2")).encode("utf-16")
    put(folder / "a.csv", content[:-15])
    os.utime(folder / "a.csv", (NOW.timestamp(),) * 2)
    source = over(folder)
    first = source.poll(None, 99, NOW)
    assert ids([first]) == ["1", *GOOD]
    put(folder / "a.csv", content)
    assert ids(drain(source, NOW, first.cursor)) in (["2"], ["1", "2"])


def test_nul_bytes_are_taken_out_of_text_and_ids(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1\0", "a\0b") + "\0\0\0\n" + line("2"))
    batches = drain(over(folder), NOW)
    assert (ids(batches), codes(batches)) == (["1", "2", *GOOD], Counter(ragged=1))
    assert texts(batches)[0] == "ab"


def test_a_mark_in_the_middle_of_joined_exports_is_no_part_of_an_id(folder: Path) -> None:
    put(folder / "a.csv", "\ufeff" + HEAD + line("1") + "\ufeff" + HEAD + "\ufeff" + line("2"))
    put(folder / "b.jsonl", "".join("\ufeff" + json.dumps({"id": key, "at": "2026-11-18 14:00"}) + "\n" for key in "34"))
    assert read(folder) == (["1", "2", "3", "4", *GOOD], Counter(time=1), 7)  # the second header is told, not stored


def test_the_characters_that_2022_moved_are_read_from_a_file(folder: Path) -> None:
    row = b"1,2026-11-18 14:00:00,\xa6\xd9\xfe\x59\xa8\xbc\xb0\xa1\n"
    put(folder / "a.csv", HEAD.encode() + row + line("2").encode("gb18030"))
    assert texts(drain(over(folder), NOW))[0] == "\ufe10\u9fb4\u1e3f啊"


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(folder: Path, end: str) -> None:
    put(folder / "a.csv", (HEAD + line("1") + '2,2026-11-18 14:00,"一\n二"\n' + line("3")).replace("\n", end))
    batches = drain(over(folder), NOW, limit=1)
    assert (ids(batches), codes(batches)) == (["1", "2", "3", *GOOD], Counter())


def test_mixed_line_ends_are_read_and_a_lone_one_within_a_row_is_told(folder: Path) -> None:
    put(folder / "a.csv", HEAD + line("1").replace("\n", "\r\n") + line("2") + line("3", "a\rb") + line("4"))
    assert read(folder) == (["1", "2", "4", *GOOD], Counter(quote=1), 6)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
@pytest.mark.parametrize("tail", ["\n", ""], ids=["ended", "endless"])
def test_a_line_without_end_is_one_bad_row_and_the_next_is_read(folder: Path, name: str, tail: str) -> None:
    row = json.dumps({"id": "1", "at": "2026-11-18 14:00"}) + "\n"
    head, good = (HEAD, line("1")) if name.endswith("csv") else ("", row)
    put(folder / name, head + good + "x" * (LINE_MAX + 9) + tail + (good.replace("1", "2", 1) if tail else ""))
    found, bad, count = read(folder)
    assert bad == Counter(line=1)
    assert found == (["1", "2", *GOOD] if tail else ["1", *GOOD])
    assert count == len(found) + 1


def test_an_endless_header_is_one_bad_file(folder: Path) -> None:
    put(folder / "a.csv", "x" * (LINE_MAX + 9) + "\n" + line("1"))
    assert read(folder) == (GOOD, Counter(file=1), 3)


def test_a_limit_on_bytes_ends_a_poll_and_the_rest_follows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "POLL_BYTES", 1000)
    put(folder / "a.csv", HEAD + "".join(line(str(k), "x" * 300) for k in range(20)))
    batches = drain(over(folder), NOW, limit=1000)
    assert len(batches) > 4 and max(batch.read for batch in batches) <= 4
    assert ids(batches) == [*map(str, range(20)), *GOOD]


# --- quotes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", ['"好"', '""', "好", '"a ""b"" c"'])
def test_a_quote_that_never_closes_eats_no_other_row(folder: Path, others: str) -> None:
    rows = [line(str(k), others) for k in range(9)]
    rows[3] = line("3", '"没有完')
    put(folder / "a.csv", HEAD + "".join(rows))
    found, bad, count = read(folder)
    assert (found, bad, count) == ([*(str(k) for k in range(9) if k != 3), *GOOD], Counter(quote=1), 11)


def test_a_runaway_quote_in_a_large_file_costs_its_own_row_only(folder: Path) -> None:
    rows = [line(str(k), "x" * 60) for k in range(4000)]
    rows[7] = line("7", '"never')
    put(folder / "a.csv", HEAD + "".join(rows))
    found, bad, _ = read(folder)
    assert (len(found), bad) == (3999 + 2, Counter(quote=1))


def test_a_header_with_an_open_quote_is_one_bad_file_and_one_over_two_lines_is_read(folder: Path) -> None:
    put(folder / "a.csv", 'id,"at,words\n' + line("1"))
    put(folder / "b.csv", 'id,at,"wo\nrds"\n' + line("2"))
    put(folder / "c.csv", '"id"x,at\n' + line("3"))
    assert read(folder) == (["2", *GOOD], Counter(file=2), 5)


# --- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "unlike"),
    [
        (["a", "a", "a#2"], ["a", "a#2", "a#2#2"]),
        (["a#2", "a", "a"], ["a#2", "a", "a#3"]),
        ([None, "", " "], ["", "#2", "#3"]),
    ],
)
def test_no_column_hides_another(names: list[Any], unlike: list[str]) -> None:
    assert unique(names) == unlike


def test_of_columns_with_one_name_the_first_is_read_by_it(folder: Path) -> None:
    put(folder / "a.csv", "id,at,words,words\n1,2026-11-18 14:00,甲,乙\n")
    assert texts(drain(over(folder), NOW))[0] == "甲"
    second = {**MAPPING, "text": {"field": "words#2", "optional": True}}
    assert texts(drain(over(folder, second), NOW))[0] == "乙"


def test_each_file_is_read_by_its_own_header_and_a_lost_column_is_told_row_by_row(folder: Path) -> None:
    put(folder / "a.csv", "words,at,id\n甲,2026-11-18 14:00,1\n")
    put(folder / "b.csv", "id,time\n2,2026-11-18 14:00\n3,2026-11-18 14:00\n")
    assert read(folder) == (["1", *GOOD], Counter(column=2), 5)


def test_empty_files_and_headers_alone_are_no_rows(folder: Path) -> None:
    for name, content in {"a.csv": "", "b.csv": HEAD, "c.jsonl": "", "d.csv": "\ufeff", "e.csv": "\n\n\n"}.items():
        put(folder / name, content)
    assert read(folder) == (GOOD, Counter(), 2)


@pytest.mark.parametrize(
    "row",
    [
        '{"id": "1", "at": NaN}',
        '{"id": "1", "at": 1e999}',
        '{"id": "1", "at": ' + "9" * 400 + "}",
        '{"id": {"a": [1]}, "at": "x"}',
        '{"id": "1", "at": "' + "9" * 5000 + '"}',
        '{"id": "1", "at": ' + "9" * 5000 + "}",
        "[" * 5000,
        '{"id": ' + "[" * 600 + "]" * 600 + ', "at": 1}',
        '{"words": "\\ud800", "at": "2026-11-18"}',
        "null",
        "1",
        '"x"',
        "[]",
    ],
)
def test_strange_json_is_one_bad_row(folder: Path, row: str) -> None:
    put(folder / "a.jsonl", row + "\n")
    found, bad, count = read(folder)
    assert (found, bad.total(), count) == (GOOD, 1, 3)


def test_of_a_key_that_occurs_twice_the_last_counts(folder: Path) -> None:
    put(folder / "a.jsonl", '{"id": "0", "id": "1", "at": "2026-11-18 14:00"}\n')
    assert read(folder)[0] == ["1", *GOOD]


# --- workbooks -------------------------------------------------------------------------------------------------------


def workbook(path: Path, *rows: list[Any]) -> None:
    book = Workbook()
    assert book.active is not None
    for cells in rows:
        book.active.append(cells)
    book.save(path)
    rest(path)


def test_old_and_locked_workbooks_are_told_as_what_they_are(folder: Path) -> None:
    ole = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600)
    put(folder / "a.xlsx", ole)
    put(folder / "b.xls", ole)
    put(folder / "c.xlsx", ole + "EncryptedPackage".encode("utf-16-le") + bytes(600))
    put(folder / "d.xls", "<table><tr><td>id</td></tr></table>")
    workbook(folder / "e.xlsx", ["id", "at"], ["1", "2026-11-18 14:00"])
    (folder / "e.xlsx").rename(folder / "e.xls")  # a new workbook under an old name is read
    assert read(folder) == (["1", *GOOD], Counter(old_workbook=2, locked_workbook=1, file=1), 7)


@pytest.mark.parametrize("part", ["xl/styles.xml", "[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_a_damaged_workbook_is_one_bad_file(folder: Path, part: str) -> None:
    workbook(folder / "ok.xlsx", ["id", "at"], ["1", "2026-11-18 14:00"])
    with zipfile.ZipFile(folder / "ok.xlsx") as old, zipfile.ZipFile(folder / "a.xlsx", "w") as new:
        for name in old.namelist():
            damaged = old.read(name).replace(b"sheet.main", b"sheet main") if name[0] == "[" else b"<x><y>"
            new.writestr(name, damaged if name == part else old.read(name))
    (folder / "ok.xlsx").unlink()
    rest(folder / "a.xlsx")
    found, bad, _ = read(folder)
    assert (found, bad) == (GOOD, Counter(file=1))


def test_formulas_give_their_saved_value_and_merged_cells_their_first(folder: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (["id", "at", "words", None], ["1", "2026-11-18 14:00", "=1+1"], [None, "2026-11-18 14:00", "x"]):
        sheet.append(cells)
    sheet.merge_cells("C1:D1")
    sheet.merge_cells("A2:A3")
    book.save(folder / "a.xlsx")
    rest(folder / "a.xlsx")
    assert read(folder) == (["1", *GOOD], Counter(blank=1), 4)
    assert texts(drain(over(folder), NOW))[0] is None  # nobody has computed it yet


def test_a_missing_sheet_stops_the_source_only_after_the_other_files_are_read(folder: Path) -> None:
    workbook(folder / "a.xlsx", ["id", "at"], ["1", "2026-11-18 14:00"])
    source = over(folder, sheet="投诉")
    first = source.poll(None, 99, NOW)
    assert (ids([first]), first.complete) == (GOOD, False)
    with pytest.raises(ConfigFault, match="unknown"):
        source.poll(first.cursor, 99, NOW)
    assert ids([over(folder).poll(first.cursor, 99, NOW)]) == ["1"]  # mended: it was not passed over


def run_bounded(code: str, folder: Path, megabytes: int) -> str:
    """A poll in a process whose address space is bounded; anything beyond is a MemoryError, and the test fails."""
    program = f"""
        import resource, sys, tracemalloc
        from pathlib import Path
        from connectors import sheet_rows
        from tests.connectors.test_rubbish_files import NOW, over, drain, codes, ids
        resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20,) * 2)
        folder = Path({str(folder)!r})
        {code}
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


READ_ALL = "b = drain(over(folder), NOW, limit=2000); print(ids(b), dict(codes(b)), sum(one.read for one in b))"


def _bomb(path: Path, part: str, start: bytes, again: bytes, times: int) -> None:
    workbook(path, ["id", "at"], ["1", "2026-11-18 14:00"])
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            if name != part:
                new.writestr(name, content)
        with new.open(part, "w", force_zip64=True) as stream:
            stream.write(start)
            for _ in range(times):
                stream.write(again)
    rest(path)


def test_workbook_bombs_are_told_within_bounded_memory(folder: Path) -> None:
    space = b" " * (1 << 20)
    _bomb(folder / "a.xlsx", "xl/sharedStrings.xml", b"<sst>", space, 65)
    _bomb(folder / "b.xlsx", "xl/styles.xml", b"<styleSheet>", space, 65)
    _bomb(folder / "c.xlsx", "xl/worksheets/sheet1.xml", b"<worksheet>", space, 80)
    code = f"sheet_rows.BOOK_MAX = 70 << 20; {READ_ALL}"
    assert run_bounded(code, folder, 300) == "['g1', 'g2'] {'large_workbook': 3} 5\n"


def test_a_sheet_of_empty_formatted_rows_is_read_in_bounded_memory(folder: Path) -> None:
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    cells = '<row r="1"><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>at</t></is></c></row>'
    row = b'<row><c s="0"/><c s="0"/><c s="0"/></row>'
    _bomb(folder / "a.xlsx", "xl/worksheets/sheet1.xml", head + cells.encode(), row * 1000, 10)
    with zipfile.ZipFile(folder / "a.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    last = b'<row><c t="inlineStr"><is><t>7</t></is></c><c t="inlineStr"><is><t>2026-11-18 14:00</t></is></c></row>'
    _bomb(folder / "a.xlsx", "xl/worksheets/sheet1.xml", sheet + last + b"</sheetData></worksheet>", b"", 0)
    assert run_bounded(READ_ALL, folder, 300) == "['7', 'g1', 'g2'] {} 3\n"


def test_bombs_of_text_are_read_in_bounded_memory(folder: Path) -> None:
    with gzip.open(folder / "a.csv.gz", "wb") as stream:
        stream.write(HEAD.encode() + line("1").encode())
        for _ in range(100):
            stream.write(b"x" * (1 << 20))
    rest(folder / "a.csv.gz")
    with (folder / "b.csv").open("wb") as plain:
        plain.write((HEAD + line("2")).encode("utf-16"))
        plain.truncate(100 << 20)  # a hole full of NUL
    rest(folder / "b.csv")
    assert run_bounded(READ_ALL, folder, 300) == "['1', '2', 'g1', 'g2'] {'line': 2} 6\n"


def test_a_large_utf16_file_is_read_piece_by_piece(folder: Path) -> None:
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerows([str(k), "2026-11-18 14:00:00", "你好" * 400] for k in range(2000))
    block = rows.getvalue().encode("utf-16-le")
    with (folder / "a.csv").open("wb") as stream:
        stream.write(HEAD.encode("utf-16"))
        for _ in range(15):
            stream.write(block)
    rest(folder / "a.csv")
    assert (folder / "a.csv").stat().st_size > 40 << 20
    code = "c = over(folder).poll(None, 2000, NOW); print(c.read, c.more)"
    assert run_bounded(code, folder, 250) == "2000 True\n"


# --- the folder ------------------------------------------------------------------------------------------------------


def test_links_to_themselves_and_to_nowhere_are_passed_over(folder: Path) -> None:
    (folder / "a.csv").symlink_to(folder / "b.csv")
    (folder / "b.csv").symlink_to(folder / "a.csv")
    (folder / "c.csv").symlink_to(folder / "absent.csv")
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.csv")  # reading it would wait for ever
    for glob in ("*", "**/*"):
        assert read(folder, glob=glob) == (GOOD, Counter(), 2)
    with pytest.raises(TryLater, match="no_folder"):
        over(folder, path="drop/a.csv").poll(None, 9, NOW)


NAMES = ["一\n二.csv", "\u202e\u200b甲.csv", b"\xb9\xa4\xb5\xa5.csv", "a" * 240 + ".csv", " .csv", "😀'\".csv"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_signs_are_read_once_also_after_a_restart(folder: Path, name: str | bytes) -> None:
    put(folder / os.fsdecode(name), HEAD + line("1"))
    source = over(folder)
    batches = drain(source, NOW)
    assert sorted(ids(batches)) == ["1", *GOOD]
    json.dumps(batches[-1].cursor, ensure_ascii=False).encode("utf-8")  # what any store takes
    assert over(folder).poll(batches[-1].cursor, 9, NOW).read == 0


def test_a_file_that_may_not_be_read_is_told_once_and_read_when_it_may(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "a.csv", HEAD + line("1"))
    allowed = {"now": False}

    def rows_of(path: Path, *rest: Any) -> Iterator[Any]:
        if path.name == "a.csv" and not allowed["now"]:
            raise PermissionError
        return file_rows.rows_of(path, *rest)

    monkeypatch.setattr("connectors.files.rows_of", rows_of)
    monkeypatch.setattr("connectors.file_state.readable", lambda path: path.name != "a.csv" or allowed["now"])
    source = over(folder)
    first = source.poll(None, 9, NOW)
    assert (ids([first]), codes([first]), first.read, first.complete) == (GOOD, Counter(denied=1), 3, True)
    again = source.poll(first.cursor, 9, NOW)
    assert (again.read, again.bad) == (0, ())
    allowed["now"] = True
    assert ids([source.poll(json.loads(json.dumps(again.cursor)), 9, NOW)]) == ["1"]


def test_a_file_that_fails_half_way_keeps_what_was_read_and_holds_nothing_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder / "a.csv", HEAD + line("1") + line("2"))
    broken = {"now": True}

    def rows_of(path: Path, form: Any, style: Any, position: int, *more: Any) -> Iterator[Any]:
        for row in file_rows.rows_of(path, form, style, position, *more):
            if path.name == "a.csv" and broken["now"] and row.values and row.values["id"] == "2":
                raise OSError(5, "Input/output error")
            yield row

    monkeypatch.setattr("connectors.files.rows_of", rows_of)
    source = over(folder)
    cursor: Cursor | None = None
    for expected in (["1"], GOOD):
        batch = source.poll(cursor, 9, NOW)
        assert (ids([batch]), batch.read, batch.complete) == (expected, len(expected), False)
        cursor = batch.cursor
    with pytest.raises(TryLater, match="gone"):
        source.poll(cursor, 9, NOW)
    broken["now"] = False
    assert ids(drain(source, NOW, cursor)) == ["2"]


def test_a_file_that_grows_and_one_that_shrinks_while_they_are_read(folder: Path) -> None:
    put(folder / "a.csv", HEAD + "".join(line(str(k)) for k in range(2000)))
    source = over(folder)
    first = source.poll(None, 10, NOW)
    put(folder / "a.csv", HEAD + line("0") + line("n1"))
    second = drain(source, NOW, first.cursor)
    assert ids(second) == ["0", "n1", *GOOD]
    with (folder / "a.csv").open("a") as stream:
        stream.write(line("n2"))
    rest(folder / "a.csv")
    os.utime(folder / "a.csv", (NOW.timestamp() - 30,) * 2)
    assert ids(drain(source, NOW, second[-1].cursor)) == ["n2"]


def test_a_folder_that_vanishes_is_tried_later_and_nothing_is_read_twice(folder: Path) -> None:
    source = over(folder)
    first = source.poll(None, 9, NOW)
    folder.rename(folder.parent / "away")
    for _ in range(2):
        with pytest.raises(TryLater, match="no_folder"):
            source.poll(first.cursor, 9, NOW)
    (folder.parent / "away").rename(folder)
    assert source.poll(first.cursor, 9, NOW).read == 0


def test_a_share_that_breaks_while_it_is_looked_at_is_tried_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(*_: object) -> object:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr("connectors.files.look", stale)
    with pytest.raises(TryLater, match="gone"):
        over(folder).poll(None, 9, NOW)


def test_a_file_that_vanishes_leaves_the_others_in_peace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "a.csv", HEAD + line("1"))
    source = over(folder)
    found = source._files()  # type: ignore[attr-defined]
    (folder / "a.csv").unlink()
    monkeypatch.setattr(source, "_files", lambda: found)
    assert ids([source.poll(None, 9, NOW)]) == GOOD
    found_batches: list[Batch] = []
    with pytest.raises(TryLater, match="file_gone"):
        for batch in source.between(NOW - timedelta(days=1), NOW, 9):
            found_batches.append(batch)
    assert ids(found_batches) == GOOD


@pytest.mark.parametrize("glob", ["", "/etc/*", "../*", "a**b", "**.csv"])
def test_a_glob_that_cannot_work_is_refused(folder: Path, glob: str) -> None:
    with pytest.raises(ConfigFault, match="glob"):
        over(folder, glob=glob)
