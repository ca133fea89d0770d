"""Labelled texts out of a file that somebody already has: CSV or JSON lines, any names of columns."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

MOST_ROWS: Final = 500_000
_LONGEST: Final = 20_000
csv.field_size_limit(2**24)


class BadFile(Exception):
    """The file cannot be learned from: ``code`` and ``params`` name the place and what is allowed."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


def read(path: Path, text: str, label: str) -> list[tuple[str, str]]:
    """(text, label) of every row that has both. Raises ``BadFile``: no such column, or a line that is no JSON."""
    rows = _jsonl(path) if path.suffix.lower() in (".jsonl", ".ndjson") else _csv(path, text, label)
    found: list[tuple[str, str]] = []
    names: set[str] = set()
    for _, row in rows:
        said, value = row.get(text), row.get(label)
        names |= row.keys()
        if said is not None and value is not None and str(said).strip() and str(value).strip():
            found.append((str(said)[:_LONGEST], str(value).strip()))
        if len(found) > MOST_ROWS:
            raise BadFile("ingest.labelled.many", most=MOST_ROWS)
    if not {text, label} <= names:
        raise BadFile("ingest.labelled.column", line=1, wanted=[text, label], found=sorted(map(str, names))[:20])
    return found


def _csv(path: Path, text: str, label: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file)
        names = [name for name in reader.fieldnames or () if name]
        if not {text, label} <= set(names):
            raise BadFile("ingest.labelled.column", line=1, wanted=[text, label], found=names[:20])
        yield from enumerate(reader, 2)


def _jsonl(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise BadFile("ingest.labelled.json", line=number)
            yield number, row
