"""The store is away, full or damaged while people look: the last picture stays, a line says why, nothing looks done."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from fengsui.store import tables as t
from fengsui.store.database import open_store
from pages.look import trouble
from pages.look.house import house

Looks = Callable[[str | None], None]
KINDS = {"SQLITE_CANTOPEN": "数据库没有回应", "SQLITE_FULL": "磁盘已满", "SQLITE_CORRUPT": "已损坏", "SQLITE_BUSY": "正忙"}


class Break:
    """Every statement on an engine fails like this until it is mended."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.how = engine, ""

    def __call__(self, _cursor: Any, statement: str, *_: Any) -> None:
        fault = sqlite3.OperationalError("secret 13812345678")
        fault.sqlite_errorname = self.how
        raise fault

    def begin(self, how: str) -> None:
        self.how = how
        event.listen(self.engine, "do_execute", self)

    def end(self) -> None:
        event.remove(self.engine, "do_execute", self)


@pytest.fixture
def reading(home: Path) -> Break:
    return Break(house().reader)


@pytest.fixture
def writing(home: Path) -> Break:
    return Break(house().writer)


def texts(app: Any) -> str:
    shown = [str(element.value) for element in app.html]
    shown += [json.dumps(json.loads(element.proto.json), ensure_ascii=False) for element in app.get("bidi_component")]
    return "\n".join(shown)


def _script(name: str) -> Callable[[], None]:
    source = {"wall": _wall, "alerts": _alerts, "sources": _sources, "running": _running}
    return source[name]


def _wall() -> None:
    from pages.wall.page import page

    page()


def _alerts() -> None:
    from pages.alerts.page import page
    from pages.look.shell import drawn

    drawn(page)


def _sources() -> None:
    from pages.sources.page import page

    page()


def _running() -> None:
    from pages.running.page import page

    page()


def _shell() -> None:
    from pages.look.shell import run

    run()


def opened(name: str, **query: str) -> AppTest:
    app = AppTest.from_function(_script(name), default_timeout=30)
    app.query_params["lang"] = "zh"
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


MARK = {"wall": "当前预警", "alerts": "投诉量突增", "sources": "电话话务平台", "running": "甲机"}


@pytest.mark.parametrize("name", list(MARK))
def test_a_page_keeps_its_last_picture_and_heals(home: Path, looks: Looks, reading: Break, name: str) -> None:
    looks("wang")
    app = opened(name)
    assert MARK[name] in texts(app)
    reading.begin("SQLITE_CANTOPEN")
    app.run()
    kept = texts(app)
    assert not app.exception and MARK[name] in kept and 'class="down"' not in kept
    if name == "wall":  # elsewhere the bar says so
        assert "数据库没有回应" in kept and "画面停在 14:32" in kept
    reading.end()
    app.run()
    assert "数据库没有回应" not in texts(app) and MARK[name] in texts(app)


@pytest.mark.parametrize(("how", "words"), list(KINDS.items()))
def test_a_page_that_never_had_a_picture_says_why_and_no_more(
    home: Path, looks: Looks, reading: Break, how: str, words: str
) -> None:
    looks("wang")
    reading.begin(how)
    app = AppTest.from_function(_shell, default_timeout=30).run()
    shown = texts(app)
    assert not app.exception and words in shown and "恢复后自己显示出来" in shown
    assert "投诉" not in shown and "138" not in shown and not app.button
    reading.end()
    app = opened("alerts")
    assert MARK["alerts"] in texts(app)


def test_whoever_was_not_here_before_gets_nothing_while_the_store_is_away(home: Path, looks: Looks, reading: Break) -> None:
    looks("wang")
    app = opened("alerts")
    reading.begin("SQLITE_CANTOPEN")
    looks("li")
    app.run()
    assert "投诉量突增" not in texts(app)


def test_an_alert_that_was_never_open_here_is_not_another_one(home: Path, looks: Looks, reading: Break) -> None:
    looks("wang")
    app = opened("alerts", id="e1")
    reading.begin("SQLITE_CANTOPEN")
    app.session_state["trouble_kept"]["detail"] = (("e3", ()), app.session_state["trouble_kept"]["detail"][1])
    app.run()
    assert not app.exception and "恢复后自己显示出来" in texts(app)
    assert not [one for one in app.button if one.key == "do_claim"]


@pytest.mark.parametrize(("how", "words"), [("SQLITE_FULL", "磁盘已满"), ("SQLITE_READONLY", "不允许写入")])
def test_a_command_that_could_not_be_stored_says_so(home: Path, looks: Looks, writing: Break, how: str, words: str) -> None:
    looks("wang")
    app = opened("alerts", id="e1")
    writing.begin(how)
    app.button(key="do_claim").click().run()
    told = "".join(toast.value for toast in app.toast)
    assert not app.exception and "没有存上" in told and words in told and "没有执行" not in told
    writing.end()
    assert _state("e1") == "new"
    app.button(key="do_claim").click().run()
    assert _state("e1") == "claimed"


def test_a_dialog_stays_with_what_was_typed(home: Path, looks: Looks, writing: Break) -> None:
    looks("wang")
    app = opened("alerts", id="e1")
    app.button(key="do_note").click().run()
    app.text_input(key="f_note").set_value("已联系网点").run()
    writing.begin("SQLITE_FULL")
    app.button(key="dlg_ok").click().run()
    assert "没有存上" in texts(app) and app.text_input(key="f_note").value == "已联系网点"
    writing.end()
    app.button(key="dlg_ok").click().run()
    assert "已联系网点" in texts(app) and "dialog" not in app.session_state


def test_work_that_could_not_be_asked_for_says_so(home: Path, looks: Looks, writing: Break) -> None:
    looks("wang")
    app = opened("sources")
    writing.begin("SQLITE_FULL")
    app.button(key="poll_now").click().run()
    assert "没有存上" in "".join(toast.value for toast in app.toast)
    writing.end()
    with house().reader.connect() as conn:
        assert conn.execute(select(t.request).where(t.request.c.kind == "poll_now")).first() is None


def test_what_nobody_foresaw_has_a_number_and_no_traceback(
    home: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from pages.running import page

    monkeypatch.setattr(trouble, "noted", NOTED)

    words = "客户 138" + "12345678"

    def broken(*_: Any) -> None:
        raise KeyError(words)

    monkeypatch.setattr(page.read, "running", broken)
    looks("wang")
    with caplog.at_level(logging.ERROR, "fengsui.pages"):
        app = opened("running")
    assert not app.exception
    (record,) = caplog.records
    ref = record.args[0]
    assert f"编号 {ref}" in texts(app) and "KeyError" not in texts(app)
    assert "KeyError" in caplog.text and "138" not in caplog.text and "broken" in caplog.text


NOTED = trouble.noted


def _state(episode_id: str) -> str:
    with house().reader.connect() as conn:
        return str(conn.scalar(select(t.handling.c.state).where(t.handling.c.episode_id == episode_id)))


# --- plain HTTP ------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    from pages.gate import health, signin, webhook
    from pages.gate.door import Door
    from pages.report import route

    file = home / "fengsui.toml"
    extra = '\n[source.frontline]\nkind = "staff"\npurpose = "test"\n'
    file.write_text(file.read_text(encoding="utf-8") + extra, encoding="utf-8")
    house.cache_clear()
    webhook.slot.cache_clear()
    signin.tries.cache_clear()
    routes = [
        Route("/healthz", health.healthz),
        Route("/signin", signin.submit, methods=["POST"]),
        Route("/signout", signin.leave, methods=["POST"]),
        Route("/report", route.page, methods=["GET"]),
        Route("/report", route.submit, methods=["POST"]),
    ]
    headers = {"origin": "http://testserver", "cookie": "fengsui=token-wang"}
    app = Starlette(routes=routes, middleware=[Middleware(Door)])
    with TestClient(app, headers=headers, follow_redirects=False) as found:
        yield found
    webhook.slot.cache_clear()


@pytest.mark.parametrize("address", ["/wall", "/alerts?id=e1", "/report", "/"])
def test_a_page_asked_for_meanwhile_waits_in_words(client: TestClient, address: str) -> None:
    breaking = Break(house().reader)
    breaking.begin("SQLITE_CANTOPEN")
    answer = client.get(address)
    assert answer.status_code == 503 and "数据库没有回应" in answer.text and 'http-equiv="refresh"' in answer.text
    assert "sqlite" not in answer.text.lower() and "138" not in answer.text and answer.headers["retry-after"] == "5"
    breaking.end()
    assert client.get("/report").status_code == 200


def test_the_probe_names_the_reason(client: TestClient) -> None:
    breaking = Break(house().reader)
    breaking.begin("SQLITE_CORRUPT")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["ok"], answer.json()["reason"]) == (503, False, "store_damaged")
    breaking.end()
    assert client.get("/healthz").json()["reason"] in (None, "worker_silent", "picture_old")


def test_a_report_comes_back_whole(client: TestClient) -> None:
    given = {"key": "k9", "words": "扣了两次钱<b>", "customers": "4-9", "urgency": "blocked", "org": "华南"}
    breaking = Break(house().reader)
    breaking.begin("SQLITE_CANTOPEN")
    answer = client.post("/report", data=given)
    assert answer.status_code == 503 and "没有发出去" in answer.text and "扣了两次钱&lt;b&gt;" in answer.text
    assert all(mark in answer.text for mark in ('value="k9"', 'value="4-9" checked', 'value="blocked" checked', 'value="华南"'))
    breaking.end()
    assert client.post("/report", data=given).status_code == 303


def test_a_sign_in_and_a_sign_out_that_could_not_be_stored_say_so(client: TestClient) -> None:
    breaking = Break(house().writer)
    breaking.begin("SQLITE_READONLY")
    entered = client.post("/signin", data={"name": "wang", "password": "x"})
    assert entered.status_code == 503 and "不允许写入" in entered.text and 'value="wang"' in entered.text
    left = client.post("/signout")
    assert left.status_code == 503 and "不允许写入" in left.text and "set-cookie" not in left.headers
    breaking.end()
    assert client.post("/signout").status_code == 303


def test_a_sign_in_form_of_megabytes_is_not_read(client: TestClient) -> None:
    assert client.post("/signin", data={"name": "x" * 20_000, "password": "x"}).status_code == 413


def test_every_connection_taken_is_a_busy_store() -> None:
    from fengsui.store.faults import trouble as of

    assert of(PoolTimeout()) == "store.fault.busy" and of(KeyError()) is None


# --- the file itself -------------------------------------------------------------------------------------------------


def test_a_file_moved_away_is_missed_at_once_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    engines = [open_store(f"sqlite:///{path}"), open_store(f"sqlite:///{path}", read_only=True)]
    with engines[0].begin() as conn:
        conn.execute(text("create table seen (n int)"))
    away = path.with_name("away.db")
    path.rename(away)
    for engine in engines:
        with pytest.raises(Exception) as fault, engine.connect():
            pass
        assert trouble.words(fault.value)[0] == "store.fault.away"
    assert not path.exists(), "an empty file here would be taken for the store, and its journal would spoil the real one"
    away.rename(path)
    for engine in engines:
        with engine.connect() as conn:
            assert conn.execute(text("select count(*) from seen")).scalar() == 0
        engine.dispose()


def test_a_backup_put_in_its_place_is_read_without_a_restart(tmp_path: Path) -> None:
    path, backup = tmp_path / "store.db", tmp_path / "backup.db"
    for file, n in ((path, 1), (backup, 2)):
        engine = open_store(f"sqlite:///{file}")
        with engine.begin() as conn:
            conn.execute(text(f"create table seen as select {n} as n"))
        engine.dispose()
    reader = open_store(f"sqlite:///{path}", read_only=True)
    with reader.connect() as conn:
        assert conn.execute(text("select n from seen")).scalar() == 1
    backup.replace(path)
    for leftover in tmp_path.glob("store.db-*"):
        leftover.unlink()
    with reader.connect() as conn:
        assert conn.execute(text("select n from seen")).scalar() == 2
    reader.dispose()
