"""``/wall/now``: the same bytes for all who may see the same, nothing for anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from fengsui import people
from fengsui.alerts.commands import claim
from fengsui.board import snapshot
from fengsui.metrics import view_body
from fengsui.people import Person
from fengsui.settings import load
from fengsui.store import tables as t
from pages.gate.door import Door
from pages.look.house import house
from pages.wall import boards, rhythm, route
from pages.wall.ask import ask
from tests.pages.conftest import NOW
from tests.pages.test_trouble import Break


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    app = Starlette(routes=[Route("/wall/now", route.board)], middleware=[Middleware(Door)])
    with TestClient(app, follow_redirects=False) as found:
        yield found


def of(person: str) -> dict[str, str]:
    return {"cookie": f"fengsui=token-{person}"}


def test_nobody_without_a_session_is_told_anything(client: TestClient) -> None:
    for headers in ({}, {"cookie": "fengsui=invented"}):
        answer = client.get("/wall/now", headers=headers)
        assert answer.status_code == 401 and answer.json() == {"why": ""}


def test_who_has_seen_the_newest_board_is_sent_nothing(client: TestClient) -> None:
    first = client.get("/wall/now?lang=zh_CN", headers=of("wang"))
    assert first.status_code == 200 and first.headers["content-encoding"] == "gzip"
    assert "当前预警" in first.json()["parts"]["rows"] and float(first.headers["x-every"]) == 2.0
    assert first.headers["cache-control"] == "no-store" and float(first.headers["x-sent"]) == NOW.timestamp() * 1000
    seen = client.get(f"/wall/now?lang=zh_CN&seen={first.headers['x-tag']}", headers=of("li"))
    assert (seen.status_code, seen.content) == (204, b""), "another person of the same scope: the same board"
    plain = client.get("/wall/now?lang=zh_CN", headers={**of("wang"), "accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.json() == first.json()
    assert "Current alerts" in client.get("/wall/now?lang=en", headers=of("wang")).json()["parts"]["rows"]


def test_a_scope_sees_its_own_and_asks_for_no_other(client: TestClient) -> None:
    mine = client.get("/wall/now?lang=zh_CN", headers=of("nan"))
    whole = client.get("/wall/now?lang=zh_CN", headers=of("wang"))
    assert mine.headers["x-tag"] != whole.headers["x-tag"]
    assert "客户提到媒体或监管" in whole.json()["parts"]["rows"] and "客户提到媒体或监管" not in mine.json()["parts"]["rows"]
    foreign = client.get("/wall/now?lang=zh_CN&org=华北", headers=of("nan"))
    assert foreign.headers["x-tag"] == mine.headers["x-tag"]
    assert ask(Person("a", "a", "duty"), "en", {"org": "华北"}).place is None, "who sees everything has no place of their own"


def test_a_claim_a_new_picture_and_the_next_minute_make_a_new_board(
    client: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tag() -> str:
        return client.get("/wall/now?lang=zh_CN", headers=of("wang")).headers["x-tag"]

    tags = [tag(), tag()]
    with house().reader.connect() as conn:
        version = conn.scalar(select(t.handling.c.handling_version).where(t.handling.c.episode_id == "e1"))
    who = people.require_role(house().reader, "token-wang", people.ROLES, NOW)
    claim(house().writer, "e1", version, who, NOW)
    tags.append(tag())
    snapshot.build(house().writer, load(home / "fengsui.toml", {}), 99_999, NOW + timedelta(seconds=3), lambda conn: None)
    tags.append(tag())
    monkeypatch.setattr(boards, "now", lambda: NOW + timedelta(minutes=1))
    tags.append(tag())
    assert tags[0] == tags[1] and len(set(tags)) == 4


def test_a_board_is_drawn_once_for_all(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = boards.board
    monkeypatch.setattr(boards, "board", lambda *given: drawn.append(1) or real(*given))
    for person in ("wang", "li", "wang", "screen"):
        client.get("/wall/now?lang=zh_CN", headers=of(person))
    assert len(drawn) == 1


def test_a_revoked_link_and_one_taken_elsewhere_show_nothing(client: TestClient) -> None:
    link, token = people.make_link(house().writer, "大厅", by="cli", now=NOW)
    signed = people.enter(house().writer, token, "testclient", NOW)
    assert signed
    mine = {"cookie": f"fengsui={signed.token}"}
    assert client.get("/wall/now", headers=mine).status_code == 200
    row = t.wall_link.c.person_id == link.person.person_id
    with house().writer.begin() as conn:
        conn.execute(update(t.wall_link).where(row).values(addresses=["10.9.0.0/16"]))
    assert client.get("/wall/now", headers=mine).status_code == 401
    with house().writer.begin() as conn:
        conn.execute(update(t.wall_link).where(row).values(addresses=[]))
    people.revoke_link(house().writer, link.person.person_id, by="cli", now=NOW)
    assert client.get("/wall/now", headers=mine).status_code == 401


def test_a_link_taken_elsewhere_opens_no_page_by_any_method(home: Path) -> None:
    async def inside(request: Request) -> Response:
        return Response("in")

    methods = ["GET", "HEAD", "POST", "PUT"]
    routes = [Route("/report", inside, methods=methods), Route("/signin", inside, methods=methods)]
    door = TestClient(Starlette(routes=routes, middleware=[Middleware(Door)]), follow_redirects=False)
    link, token = people.make_link(house().writer, "大厅", by="cli", now=NOW)
    signed = people.enter(house().writer, token, "testclient", NOW)
    assert signed
    mine = {"cookie": f"fengsui={signed.token}"}
    assert {door.request(method, "/report", headers=mine).status_code for method in methods} == {200}
    with house().writer.begin() as conn:
        row = t.wall_link.c.person_id == link.person.person_id
        conn.execute(update(t.wall_link).where(row).values(addresses=["10.9.0.0/16"]))
    assert {door.request(method, "/report", headers=mine).status_code for method in methods} == {403}
    assert door.post("/signin", headers=mine).status_code == 200, "a person may still sign in at that screen"


def test_while_the_store_is_away_a_screen_is_told_why_and_nothing_else(client: TestClient) -> None:
    tag = client.get("/wall/now?lang=zh_CN", headers=of("wang")).headers["x-tag"]
    away = Break(house().reader)
    away.begin("SQLITE_CANTOPEN")
    answer = client.get(f"/wall/now?lang=zh_CN&seen={tag}", headers=of("wang"))
    assert answer.status_code == 503 and answer.json()["why"].startswith("数据库没有回应") and "x-sent" in answer.headers
    assert "138" not in answer.text and "parts" not in answer.text
    away.end()
    assert client.get(f"/wall/now?lang=zh_CN&seen={tag}", headers=of("wang")).status_code == 204


def test_boards_nobody_asks_for_are_let_go(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    at = 1000.0
    monkeypatch.setattr(boards, "monotonic", lambda: at)
    client.get("/wall/now?lang=en", headers=of("wang"))
    at += boards.KEPT_S + 1
    client.get("/wall/now?lang=zh_CN", headers=of("wang"))
    assert [one.lang for one in boards.boards()._held] == ["zh_CN"]


def test_invented_views_are_no_boards_of_their_own(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = boards.board
    monkeypatch.setattr(boards, "board", lambda *given: drawn.append(1) or real(*given))
    for n in range(10):
        client.get(f"/wall/now?lang=zh_CN&view=x{n}", headers=of("wang"))
        client.get(f"/wall/now?lang=zh_CN&view=x{n},sla", headers=of("wang"))
    assert len(drawn) == 2 and [one.views for one in boards.boards()._held] == [(), ("sla",)]


def test_the_board_nobody_asked_for_longest_makes_room(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "MOST", 3)
    for query in ("", "view=sla", "view=voice", "", "view=sla,voice"):
        client.get(f"/wall/now?lang=zh_CN&{query}", headers=of("wang"))
    assert [one.views for one in boards.boards()._held] == [("voice",), (), ("sla", "voice")], "the wall's own stays"


def test_one_person_with_many_names_slows_no_wall_down(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = rhythm.Rhythm()
    monkeypatch.setattr(route, "rhythm", lambda: counted)
    for n in range(5):
        client.get(f"/wall/now?lang=zh_CN&screen={n}", headers=of("wang"))
    client.get("/wall/now?lang=zh_CN", headers=of("li"))
    assert len(counted._seen) == 2


def test_a_screen_gets_the_views_it_asks_for_in_its_order(client: TestClient) -> None:
    def told(query: str, person: str = "wang") -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/wall/now?lang=zh_CN&{query}", headers=of(person)).json()
        return found

    plain = told("")
    assert plain["views"]["turns"] == [{"id": "overview", "seconds": 20}] and "data-pause" not in plain["parts"]["views"]
    two = told("view=sla,overview&turn=30")
    assert two["views"]["turns"] == [{"id": "sla", "seconds": 30}, {"id": "overview", "seconds": 30}]
    markup = two["parts"]["views"]
    assert markup.index('data-view="sla">') < markup.index('data-view="overview" hidden>') and "暂停轮换" in markup
    assert [one["id"] for one in told("view=all")["views"]["turns"]] == list(view_body.SEEDS)
    assert told("view=nonsense")["views"] == plain["views"], "what is none of ours is left out"
    assert [one["seconds"] for one in told("view=sla,voice&turn=1")["views"]["turns"]] == [15, 15]
    assert [one["seconds"] for one in told("view=sla,voice&turn=9999")["views"]["turns"]] == [60, 60]
    every = told("view=all", "nan")["parts"]
    assert "各渠道" in every["views"] and "未办结工单" in every["views"] and "客户突然在说" in every["views"]
    assert "华东" not in every["views"] and "上海" not in every["views"], "not hers"
    assert "«" not in every["views"] and "«" not in told("view=all&lang=en")["parts"]["views"]


def test_a_picture_of_an_older_worker_is_shown_as_the_plain_view(client: TestClient) -> None:
    with house().writer.begin() as conn:
        body = dict(conn.scalar(select(t.snapshot.c.body)))
        body.pop("shown")
        body.pop("panels")
        conn.execute(update(t.snapshot).values(body=body))
    parts = client.get("/wall/now?lang=zh_CN&view=all", headers=of("wang")).json()["parts"]
    assert "投诉量与正常范围" in parts["views"] and "大区 × 渠道" in parts["views"]


def test_a_view_of_one_organisation_is_for_those_who_see_it(client: TestClient, home: Path) -> None:
    """``nan`` sees 华南 only; a name that would end a style or a tag is text in both."""
    hostile = """华东/"'}</section><script>"""
    with house().writer.begin() as conn:
        view_body.seed(conn, NOW)
        for n, (id_, scope) in enumerate({"south": "华南", "east": hostile}.items()):
            body = {**view_body.SEEDS["overview"], "order": n, "scope": scope}
            row = {"kind": "view", "id": id_, "version": 1, "valid_from": NOW, "by": "gao", "body": body}
            conn.execute(insert(t.definition).values(**row))
    snapshot.build(house().writer, load(home / "fengsui.toml", {}), 99_999, NOW, lambda conn: None)

    def ids(person: str) -> list[str]:
        found = client.get("/wall/now?lang=zh_CN&view=all", headers=of(person)).json()
        return [one["id"] for one in found["views"]["turns"]]

    assert ids("wang")[:2] == ["south", "east"] and "east" not in ids("nan") and ids("nan")[0] == "south"
    markup = client.get("/wall/now?lang=zh_CN&view=south,east", headers=of("wang")).json()["parts"]["views"]
    assert '--of:"\\534e \\5357 ' in markup, "华南 stands before what each panel says"
    assert "<script" not in markup and markup.count("<section") == markup.count("</section>") == 2
    assert client.get("/wall/now?lang=zh_CN&view=east", headers=of("nan")).json()["views"]["turns"][0]["id"] == "south"
