"""Requests: one click is one row, an upload is a file of ours whatever its name says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update

from fengsui.board import requests
from fengsui.board.read import quarantined
from fengsui.board.requests import GRANTS, NotAnUpload
from fengsui.people import NotAllowed, Person
from fengsui.settings import Settings
from fengsui.store import tables as t

WANG = Person("wang", "王敏", "manager")
NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)


def test_a_request_is_a_row_with_its_asker_and_an_audit_line(store: Engine) -> None:
    id_ = requests.ask(store, "poll_now", {"source": "app"}, WANG, NOW)
    asked = requests.answer(store, id_)
    assert asked is not None
    assert (asked.kind, asked.by, asked.state, asked.over) == ("poll_now", "wang", "new", False)
    with store.connect() as conn:
        assert conn.execute(select(t.audit.c.action)).scalars().all() == ["request.poll_now"]


def test_the_same_key_is_the_same_request_and_never_starts_it_again(store: Engine) -> None:
    first = requests.ask(store, "upload", {"path": "x.csv", "source": "survey"}, WANG, NOW, key="click-1")
    with store.begin() as conn:
        conn.execute(update(t.request).values(state="done", result={"read": 3, "stored": 3, "bad": 0}))
    again = requests.ask(
        store, "upload", {"source": "survey", "path": "x.csv"}, WANG, NOW + timedelta(seconds=9), key="click-1"
    )
    assert again == first
    asked = requests.answer(store, first)
    assert asked is not None and asked.over and asked.result["stored"] == 3
    with store.connect() as conn:
        assert conn.execute(select(func.count()).select_from(t.audit)).scalar_one() == 1


def test_another_click_is_another_request_and_the_newest_comes_first(store: Engine) -> None:
    ids = [requests.ask(store, "sweep", {"source": "app"}, WANG, NOW + timedelta(seconds=n)) for n in range(3)]
    assert [asked.request_id for asked in requests.recent(store, "sweep", limit=2)] == [ids[2], ids[1]]


def test_a_kind_that_no_worker_knows_is_refused(store: Engine) -> None:
    with pytest.raises(ValueError, match="known: preview"):
        requests.ask(store, "drop_everything", {}, WANG, NOW)
    assert requests.answer(store, "nobody-asked") is None


def test_an_upload_cannot_choose_its_place(settings: Settings) -> None:
    kept = requests.save_upload(settings, "../../etc/评分 表.CSV", b"a,b\n1,2\n")
    assert "/" not in kept and kept.endswith("-评分_表.csv")
    assert (settings.home / "uploads" / kept).read_bytes() == b"a,b\n1,2\n"
    assert [path.name for path in (settings.home / "uploads").iterdir()] == [kept], "no .part is left"
    assert requests.save_upload(settings, "评分 表.csv", b"a,b\n1,2\n") == kept, "the same file twice is one file"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.exe", b"x", "board.upload.kind"),
        ("a.csv", b"", "board.upload.empty"),
        ("a.csv", b"x" * (51 * 2**20), "board.upload.size"),
    ],
)
def test_what_cannot_be_read_is_said_at_once(settings: Settings, name: str, content: bytes, code: str) -> None:
    with pytest.raises(NotAnUpload) as fault:
        requests.save_upload(settings, name, content)
    assert fault.value.code == code


PART = Person("hua", "华小东", "admin", scope=("华东",))
WHOLE = {kind for kind, grant in GRANTS.items() if grant.whole}


@pytest.mark.parametrize("kind", sorted(GRANTS))
def test_each_kind_asks_for_role_and_whole_centre_whatever_a_page_shows(store: Engine, kind: str) -> None:
    for who in (Person("u", "审计", "auditor"), Person("w", "大屏", "wall"), *([PART] if kind in WHOLE else [])):
        with pytest.raises(NotAllowed):
            requests.ask(store, kind, {}, who, NOW)
    with store.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(t.request)) == 0
    assert requests.ask(store, kind, {}, Person("root", "管理员", "admin"), NOW)


def test_every_kind_of_the_worker_is_granted_or_put_by_a_room_of_its_own() -> None:
    assert set(requests.KINDS) - set(GRANTS) == {"unsay"}
    assert {"preview", "upload", "upload_preview", "quarantine_replay"} <= WHOLE, "rows of every organisation"


def test_rows_that_could_not_be_read_are_of_no_organisation(store: Engine) -> None:
    row = {"source": "app", "code": "x", "params": {}, "first_at": NOW, "last_at": NOW, "state": "held", "seen_n": 1}
    with store.begin() as conn:
        conn.execute(t.quarantine.insert().values(quarantine_id="q1", **row))
    assert len(quarantined(store, (), "app")) == 1
    assert quarantined(store, ("华东",), "app") == []
