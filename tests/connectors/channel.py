"""A small channel store in each kind of dress, for the suite that runs over all connectors."""

from __future__ import annotations

import csv
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from connectors.base import Batch, Common, Connector, Cursor
from connectors.registry import build

ROWS = 23
MAPPING: dict[str, Any] = {
    "id": "id",
    "kind": {"field": "kind", "values": {"投诉": "complaint", "咨询": "inquiry"}},
    "opened_at": "opened_at",
    "updated_at": "updated_at",
    "text": "words",
    "dims": {"channel": {"value": "电话"}, "org": ["region", "branch"]},
    "ratings": {"csat": {"field": "score", "low": 1, "high": 5}},
    "url": "https://crm.example/t/{id}",
}
COLUMNS = ("id", "kind", "opened_at", "updated_at", "words", "region", "branch", "score", "secret")
BAD_ID = "T007"


def common(home: Path, **changes: Any) -> Common:
    told = {"name": "hotline", "zone": "Asia/Shanghai", "cadence_s": 5, "lateness_s": 60, "overlap_s": 30, "home": home}
    return Common(**{**told, "dimensions": ("channel", "org"), **changes})


def rows(now: datetime, n: int = ROWS) -> list[dict[str, Any]]:
    """Rows of the last hours; some share one time of change, one has a rating that its scale does not have."""
    found = []
    for k in range(n):
        opened = now - timedelta(hours=2) + timedelta(minutes=k)
        updated = now - timedelta(hours=1) if 8 <= k < 16 else opened
        found.append(
            {
                "id": f"T{k:03d}",
                "kind": "投诉" if k % 2 else "咨询",
                "opened_at": _local(opened),
                "updated_at": _local(updated),
                "words": f'第 {k} 件："付款"失败，\n请处理',
                "region": "华南",
                "branch": "广东",
                "score": "9" if f"T{k:03d}" == BAD_ID else "5",
                "secret": "never read",
            }
        )
    return found


def _local(moment: datetime) -> str:
    return (moment.astimezone(UTC) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")


# --- the dresses -----------------------------------------------------------------------------------------------------


@dataclass
class Store:
    """A running channel store and how to connect to it."""

    kind: str
    options: dict[str, Any]
    home: Path
    snapshot: Any = field(repr=False)

    def connector(self, **changes: Any) -> Connector:
        return build(self.kind, common(self.home, **changes), self.options, MAPPING)


def sql_store(url: str, home: Path, content: list[dict[str, Any]]) -> Store:
    engine = sa.create_engine(url)
    types = {"id": sa.String(20), "opened_at": sa.String(19), "updated_at": sa.String(19)}
    if not url.startswith("sqlite"):
        types.update({"opened_at": sa.DateTime(), "updated_at": sa.DateTime()})
    table = sa.Table("ticket", sa.MetaData(), *(sa.Column(name, types.get(name, sa.String(200))) for name in COLUMNS))
    table.create(engine)
    with engine.begin() as conn:
        if content:
            conn.execute(table.insert(), [_typed(row, types) for row in content])

    def snapshot() -> list[Any]:
        with engine.connect() as conn:
            return [tuple(row) for row in conn.execute(sa.select(table).order_by(table.c.id))]

    return Store("sql", {"url": url, "table": "ticket"}, home, snapshot)


def _typed(row: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if isinstance(types.get(name), sa.DateTime) else value
        for name, value in row.items()
    }


def file_store(home: Path, content: list[dict[str, Any]]) -> Store:
    folder = home / "drop"
    folder.mkdir()
    write_csv(folder / "1.csv", content[:9])
    (folder / "2.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content[9:]), "utf-8")

    def snapshot() -> list[Any]:
        return sorted((path.name, path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir())

    return Store("files", {"path": "drop", "settle_s": 0}, home, snapshot)


def write_csv(path: Path, content: list[dict[str, Any]], encoding: str = "utf-8", age_s: float = 60) -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(content)
    age(path, age_s)


def age(path: Path, seconds: float) -> None:
    """Let the file look as if it was last changed so long ago."""
    moment = datetime.now(UTC).timestamp() - seconds
    os.utime(path, (moment, moment))


@dataclass
class Server:
    """A ticket interface on this machine; ``answer`` may be replaced by a test. ``seen`` are the requests."""

    url: str
    content: list[dict[str, Any]]
    answer: Any = None
    seen: list[Any] = field(default_factory=list)


@contextmanager
def http_server(content: list[dict[str, Any]]) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            server.seen.append((self.path, dict(self.headers)))
            (server.answer or paged)(self, asked)

        do_POST = do_GET  # noqa: N815  the name that http.server wants

        def log_message(self, *_: Any) -> None:
            return

    def paged(handler: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        size, number = int(asked.get("size", 5)), int(asked.get("page", 1))
        reply(handler, {"data": {"items": server.content[(number - 1) * size : number * size]}})

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server = Server(f"http://127.0.0.1:{httpd.server_port}/tickets", content)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def reply(handler: BaseHTTPRequestHandler, document: Any, status: int = 200, **headers: str) -> None:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def rest_options(server: Server) -> dict[str, Any]:
    paging = {"paging": "page", "size_param": "size", "page_size": 5}
    return {"url": server.url, "items": "data.items", "headers": {"Authorization": "Bearer x"}, **paging}


# --- reading ---------------------------------------------------------------------------------------------------------


def drain(connector: Connector, now: datetime, cursor: Cursor | None = None, limit: int = 4) -> list[Batch]:
    """All batches until the source says that there is no more; each cursor goes through JSON as in the store."""
    batches = []
    for _ in range(200):
        batch = connector.poll(cursor, limit, now)
        batches.append(batch)
        cursor = json.loads(json.dumps(batch.cursor))
        if not batch.more:
            return batches
    raise AssertionError("the source never ends")


def ids(batches: list[Batch]) -> list[str]:
    return [record.source_id for batch in batches for record in batch.records]  # type: ignore[union-attr]
