"""A test notice: through the same senders, marked, outside of every count, its faults in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from fengsui import notify, people
from fengsui.settings.channel import Channel
from fengsui.settings.model import Notify, Settings
from fengsui.store.tables import channel_pace, outbox

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)


def settings_of(tmp_path: Path, **channels: Channel) -> Settings:
    return Settings(home=tmp_path, notify=Notify(channels=channels))


def send(store, settings, name, answer, to=None) -> list[dict]:
    got: list[httpx.Request] = []
    transport = httpx.MockTransport(lambda request: got.append(request) or httpx.Response(200, json=answer))
    with httpx.Client(transport=transport) as client:
        notify.send_test(store, settings, name, NOW, to, client)
    return [json.loads(request.content) for request in got]


def test_it_is_marked_calls_the_person_it_is_for_and_counts_nowhere(sqlite_store, tmp_path):
    people.create(sqlite_store, "li", "李强", "duty", by="t", now=NOW)
    people.set_reach(sqlite_store, "li", by="t", now=NOW, wecom="LiQiang")
    settings = settings_of(tmp_path, room=Channel(kind="wecom", url="https://robot.test/?key=1"))
    (body,) = send(sqlite_store, settings, "room", {"errcode": 0}, "li")
    assert body["text"]["content"].startswith("【测试通知】") and "不是预警" in body["text"]["content"]
    assert body["text"]["mentioned_list"] == ["LiQiang"]
    (body,) = send(sqlite_store, settings, "room", {"errcode": 0})
    assert "mentioned_list" not in body["text"]
    with sqlite_store.connect() as conn:
        assert [conn.scalar(select(func.count()).select_from(one)) for one in (outbox, channel_pace)] == [0, 0]


@pytest.mark.parametrize(("to", "phone"), [("li", "13800000002"), ("13900000009", "13900000009"), (None, "10010")])
def test_a_personal_channel_reaches_the_person_the_address_or_the_first_of_the_settings(sqlite_store, tmp_path, to, phone):
    people.create(sqlite_store, "li", "李强", "duty", by="t", now=NOW)
    people.set_reach(sqlite_store, "li", by="t", now=NOW, mobile="13800000002")
    sms = Channel(kind="gateway", url="https://sms.test/", template={"to": "{phone}", "say": "{title}"}, to=("10010",))
    (body,) = send(sqlite_store, settings_of(tmp_path, sms=sms), "sms", {}, to)
    assert body["to"] == phone and "测试通知" in body["say"]


def test_what_is_wrong_is_raised_in_words(sqlite_store, tmp_path):
    settings = settings_of(
        tmp_path,
        room=Channel(kind="dingtalk", url="https://robot.test/?access_token=1"),
        sms=Channel(kind="gateway", url="https://sms.test/", template={"to": "{phone}"}),
    )
    with pytest.raises(notify.NotSent) as fault:
        send(sqlite_store, settings, "room", {"errcode": 310000, "errmsg": "sign not match"})
    assert (fault.value.code, fault.value.said) == ("notify.fault.signature", "310000 sign not match")
    with pytest.raises(notify.NotSent) as fault:
        send(sqlite_store, settings, "sms", {})
    assert fault.value.code == "notify.fault.nobody"
    with pytest.raises(KeyError):
        send(sqlite_store, settings, "ghost", {})
