"""Definitions as a file between two stores: ``fengsui export`` and ``import``, and the page of administrators.

``{"format": "fengsui.definitions", "version": 1, "definitions": [{"kind", "id", "version", "body"}, …]}``, the newest version
of each. Reading adds versions, all of them or none; it never changes one that is there, and what is already so makes none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from fengsui.board.revision import Draft, Revision, of_body
from fengsui.board.wrong import Mistake, Wrong
from fengsui.store.tables import definition

FORMAT, VERSION = "fengsui.definitions", 1
MOST_BYTES, MOST_ROWS = 5_000_000, 2_000
_KEYS: Mapping[str, type] = {"kind": str, "id": str, "body": dict}


def newest(conn: Connection, kinds: Collection[str] = ()) -> list[dict[str, Any]]:
    """The newest version of each definition (of these kinds; none named: of all), by kind and id."""
    rows = conn.execute(select(definition).order_by(definition.c.kind, definition.c.id, definition.c.version)).mappings()
    last = {(row["kind"], row["id"]): row for row in rows if not kinds or row["kind"] in kinds}
    return [{"kind": kind, "id": id_, "version": row["version"], "body": row["body"]} for (kind, id_), row in last.items()]


def written(found: list[dict[str, Any]]) -> str:
    return json.dumps({"format": FORMAT, "version": VERSION, "definitions": found}, ensure_ascii=False, indent=1) + "\n"


def taken(store: Engine, kinds: Collection[str]) -> bytes:
    """The file of these kinds."""
    with store.connect() as conn:
        return written(newest(conn, kinds)).encode()


def read(content: bytes, kinds: Collection[str], known: Mapping[tuple[str, str], Revision], reason: str) -> list[Draft]:
    """What the file would change: rows of ``kinds`` whose body differs from ``known``. Raises ``Wrong``; the first part of a
    mistake's place is the row's number."""
    wrong, drafts = [], []
    seen: set[tuple[str, str]] = set()
    for n, row in enumerate(_rows(content), 1):
        missing = [key for key, kind in _KEYS.items() if not isinstance(row, dict) or not isinstance(row.get(key), kind)]
        if missing:
            wrong += [Mistake((n, key), "board.wrong.missing") for key in missing]
            continue
        key = (row["kind"], row["id"])
        if key[0] not in kinds:
            wrong.append(Mistake((n, "kind"), "board.wrong.choice", {"value": key[0][:40], "allowed": list(kinds)}))
        elif key in seen:
            wrong.append(Mistake((n, "id"), "board.wrong.twice_id", {"value": key[1][:40]}))
        elif key not in known or known[key].body != row["body"]:
            draft = Draft(*key, row["body"], known[key].version if key in known else 0, reason)
            wrong += [Mistake((n, *one.place), one.code, one.params) for one in of_body(draft)]
            drafts.append(draft)
        seen.add(key)
    if wrong:
        raise Wrong(wrong)
    return drafts


def _rows(content: bytes) -> list[Any]:
    if len(content) > MOST_BYTES:
        raise Wrong([Mistake(("file",), "board.wrong.file_size", {"limit": MOST_BYTES // 1_000_000})])
    try:
        given = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise Wrong([Mistake(("file",), "board.wrong.file_json")]) from None
    rows = given.get("definitions") if isinstance(given, dict) else None
    if not isinstance(rows, list) or given.get("format") != FORMAT or given.get("version") != VERSION:
        raise Wrong([Mistake(("file",), "board.wrong.file_format", {"value": f"{FORMAT} {VERSION}"})])
    if len(rows) > MOST_ROWS:
        raise Wrong([Mistake(("file",), "board.wrong.file_rows", {"limit": MOST_ROWS})])
    return rows
