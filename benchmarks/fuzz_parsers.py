"""Hostile files and answers against the parsers: no end but a record or a stated fault.

``python -m benchmarks.fuzz_parsers [--minutes 10] [--seed N]`` prints its seed; the same seed gives the same cases. Each round
gives every parser some hundred cases: exports mutated byte by byte, text of any signs, JSON of any shape.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from connectors.base import Common, Fault
from connectors.http_fetch import retry_after
from connectors.mapper import mapper_of
from connectors.registry import build
from connectors.rest import RestOptions
from connectors.rest import connect as connect_rest

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
MAPPING: dict[str, Any] = {
    "id": "id",
    "kind": {"field": "kind", "values": {"投诉": "complaint"}, "default": "inquiry"},
    "opened_at": "at",
    "text": {"field": "words", "optional": True},
    "ratings": {"csat": {"field": "score", "low": 1, "high": 5, "optional": True}},
    "extra": [],
}
WITHOUT_ID = {key: value for key, value in MAPPING.items() if key != "id"}
CSV = 'id,kind,at,words,score\n1,投诉,2026-11-18 14:00:00,"付款\n失败, ""再试""",5\r\n2,咨询,2026/11/18 下午2:32,好,4\n'
JSONL = '{"id": 1, "kind": "投诉", "at": "2026-11-18T14:00:00+08:00", "words": {"a": [1.5]}, "score": "5"}\n' * 2
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030")
POLLS = 200

Check = Callable[[Any], None]


def common(home: Path) -> Common:
    return Common("fuzz", "Asia/Shanghai", 5, 60, 30, home, ("channel", "org"))


# --- what is thrown --------------------------------------------------------------------------------------------------

signs = st.sampled_from(
    ['"', ",", ";", "\t", "|", "\r", "\n", "\0", "\ufeff", "\u2028", "一", "\U00020087", "{", "}", "[", "9", "-", ":"]
)
pieces = st.one_of(
    signs, st.text(max_size=8), st.sampled_from([CSV, JSONL, "NaN", "1e999", "9" * 4400, "2026-11-18", "[" * 600])
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Exports put together from their own pieces and rubbish, in an encoding, some bytes changed, cut somewhere."""
    text = draw(st.sampled_from([CSV, JSONL, ""])) + "".join(draw(st.lists(pieces, max_size=12)))
    data = bytearray(text.encode(draw(st.sampled_from(ENCODINGS)), "replace"))
    for at, byte in draw(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6)):
        if data:
            data[at % len(data)] = byte
    return bytes(data[: draw(st.one_of(st.none(), st.integers(0, 400)))])


values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates().map(str), st.datetimes().map(str)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)
rows = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "kind", "at", "words", "score"), values))
parts = st.tuples(
    st.sampled_from(["sheet", "sharedStrings", "styles", "workbook", "rels", "Content"]),
    st.integers(0, 9999),
    st.integers(0, 255),
)
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
known = ["gzip", "application/json; charset=gbk", "Wed, 99 Nov 99999 25:61:61 +9999", '</x>; rel="next"']
names = st.sampled_from(["date", "link", "retry-after", "location", "content-encoding", "content-type"])
headers = st.dictionaries(names, st.one_of(printable, st.sampled_from(known)), max_size=3)
bodies = st.one_of(
    st.binary(max_size=40),
    st.lists(rows, max_size=3).map(lambda found: json.dumps({"items": found, "next": len(found)}).encode()),
    values.map(lambda value: json.dumps({"items": value}).encode()),
)
answers = st.tuples(st.sampled_from([200, 200, 200, 204, 302, 404, 429, 503]), headers, bodies)


# --- the parsers -----------------------------------------------------------------------------------------------------


def drained(folder: Path, mapping: Any, **options: Any) -> None:
    """Polls to the end with small pages: it ends, and every file was read or told."""
    source = build("files", common(folder.parent), {"path": folder.name, "settle_s": 0, **options}, mapping)
    cursor: Any = None
    for _ in range(POLLS):
        batch = source.poll(cursor, 3, NOW)
        json.dumps(batch.cursor).encode("utf-8")
        cursor = json.loads(json.dumps(batch.cursor))
        if not batch.more:
            return
    raise AssertionError("a file without end")


def text_file(name: str, packed: bool, mapping: Any) -> Check:
    def check(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as home:
            folder = Path(home) / "drop"
            folder.mkdir()
            (folder / name).write_bytes(gzip.compress(data, 1) if packed else data)
            drained(folder, mapping)

    return check


def _book() -> dict[str, bytes]:
    book = Workbook()
    assert book.active is not None
    for cells in (
        ["id", "kind", "at", "words", "score"],
        [1, "投诉", date(2026, 11, 18), "=1+1", 5.0],
        ["2", "", 45000.5, "x", None],
    ):
        book.active.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as file:
        return {name: file.read(name) for name in file.namelist()}


BOOK = _book()


def workbook(changes: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "drop"
        folder.mkdir()
        with zipfile.ZipFile(folder / "a.xlsx", "w") as file:
            for name, content in BOOK.items():
                data = bytearray(content)
                for part, at, byte in changes:
                    if part.lower() in name.lower() and data:
                        data[at % len(data)] = byte
                file.writestr(name, bytes(data))
        drained(folder, MAPPING)


def mapped(row: dict[str, Any]) -> None:
    mapper = mapper_of(MAPPING, common(Path()))
    for outcome in mapper.apply(mapper.narrow(row), NOW):
        str(outcome).encode("utf-8", "backslashreplace")


def interface(answer: tuple[int, dict[str, str], bytes]) -> None:
    status, told, body = answer
    for paging in ("none", "page", "cursor", "link"):
        options = RestOptions.model_validate(
            {"url": "http://crm.example/api", "items": "items", "paging": paging, "next_path": "next"}
        )
        transport = httpx.MockTransport(lambda request: httpx.Response(status, headers=told, stream=httpx.ByteStream(body)))
        source = connect_rest(common(Path()), options, mapper_of(MAPPING, common(Path())), transport)
        try:
            json.dumps(source.poll(None, 10, NOW).cursor)
        except Fault as fault:
            wait = getattr(fault, "delay", None)
            assert wait is None or NOW + timedelta(seconds=wait)


def header(text: str) -> None:
    wait = retry_after(text, NOW)
    assert wait is None or wait >= 0


PARSERS: dict[str, tuple[st.SearchStrategy[Any], Check]] = {
    "csv": (texts(), text_file("a.csv", False, MAPPING)),
    "csv without ids": (texts(), text_file("a.csv", False, WITHOUT_ID)),
    "csv.gz": (texts(), text_file("a.csv.gz", True, MAPPING)),
    "no gzip at all": (texts(), text_file("a.csv.gz", False, MAPPING)),
    "jsonl": (texts(), text_file("a.jsonl", False, MAPPING)),
    "xlsx": (st.lists(parts, max_size=4), workbook),
    "no workbook at all": (texts(), text_file("a.xlsx", False, MAPPING)),
    "mapping": (rows, mapped),
    "rest": (answers, interface),
    "retry-after": (st.text(), header),
}


def round_of(name: str, seed_: int, examples: int) -> None:
    """``examples`` cases for one parser. Raises what it did not state."""
    strategy, check = PARSERS[name]
    quiet = list(HealthCheck)
    phases = (Phase.generate, Phase.shrink)
    limits = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=quiet, phases=phases)

    @seed(seed_)
    @limits
    @given(strategy)
    def run(case: Any) -> None:
        check(case)

    run()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    told = asked.parse_args()
    print(f"seed {told.seed}", flush=True)
    end = time.monotonic() + told.minutes * 60
    rounds = 0
    while time.monotonic() < end:
        for name in PARSERS:
            round_of(name, told.seed + rounds, 200)
        rounds += 1
    print(f"{rounds} rounds of {200 * len(PARSERS)} cases: no crash", flush=True)


if __name__ == "__main__":
    main()
