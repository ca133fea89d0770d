"""The robots of WeCom, DingTalk and Feishu, each played by a local server that checks what the real one checks and answers HTTP
200 to what it throws away."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import insert, select

from fengsui import notify, people
from fengsui.notify.robot import CUT, cut
from fengsui.settings.channel import Channel
from fengsui.settings.model import Notify, Server, Settings
from fengsui.store.tables import channel_pace, episode, handling, outbox
from tests.notify.words import PARAMS

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
SECRET = "SECab12cd34ef56"
PATHS = {
    "wecom": "/cgi-bin/webhook/send?key=k1",
    "dingtalk": "/robot/send?access_token=t1",
    "feishu": "/open-apis/bot/v2/hook/h1",
}


class Robots:
    """Three robots on one port. ``keyword``, ``signed``, ``listed``: their security settings; ``minute``: what they bear."""

    def __init__(self) -> None:
        self.got: list[dict] = []
        self.times: list[datetime] = []
        self.now = NOW
        self.keyword, self.signed, self.listed, self.gone = "", False, True, False
        self.minute = 20
        self.blocked_until: datetime | None = None
        self.raw: bytes | None = None

    def url(self, kind: str) -> str:
        return f"http://127.0.0.1:{self.port}{PATHS[kind]}"

    def answer(self, path: str, body: dict) -> dict:
        asked = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        kind = next(name for name, known in PATHS.items() if urlsplit(known).path == asked.path)
        number, words = getattr(self, f"_{kind}")(query, body)
        if number == 0:
            self.got.append(body)
            self.times.append(self.now)
        return {"code": number, "msg": words} if kind == "feishu" else {"errcode": number, "errmsg": words}

    def _fast(self) -> bool:
        """Ten minutes of silence for whoever sends one too many, as DingTalk does."""
        if self.blocked_until and self.now < self.blocked_until:
            return True
        if sum(at > self.now - timedelta(minutes=1) for at in self.times) >= self.minute:
            self.blocked_until = self.now + timedelta(minutes=10)
            return True
        return False

    def _wecom(self, query: dict, body: dict) -> tuple[int, str]:
        text = body["text"]["content"]
        if self.gone or query.get("key") != "k1":
            return 93000, "invalid webhook url, hint: [1700000000]"
        if not self.listed:
            return 60020, "not allow to access from your ip"
        if self._fast():
            return 45009, "api freq out of limit"
        if body["msgtype"] != "text" or len(text.encode()) > 2048:
            return 40058, "text.content exceed max length 2048. invalid Request Parameter"
        return 0, "ok"

    def _dingtalk(self, query: dict, body: dict) -> tuple[int, str]:
        if self.gone or query.get("access_token") != "t1":
            return 300005, "token is not exist"
        if not self.listed:
            return 310000, "ip 10.0.0.7 not in whitelist"
        if self.keyword and self.keyword not in body["text"]["content"]:
            return 310000, "keywords not in content"
        if self.signed:
            stamp = query.get("timestamp", "")
            if not stamp or abs(int(stamp) / 1000 - self.now.timestamp()) > 3600:
                return 310000, "invalid timestamp"
            key = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
            if query.get("sign") != base64.b64encode(key).decode():
                return 310000, "sign not match"
        if self._fast():
            return 130101, "send too fast, exceed 20 times per minute"
        return 0, "ok"

    def _feishu(self, query: dict, body: dict) -> tuple[int, str]:
        if self.gone:
            return 19001, "param invalid: incoming webhook access token invalid"
        if not self.listed:
            return 19022, "Ip Not Allowed"
        if self.keyword and self.keyword not in body["content"]["text"]:
            return 19024, "Key Words Not Found"
        if self.signed:
            stamp = body.get("timestamp", "0")
            right = base64.b64encode(hmac.new(f"{stamp}\n{SECRET}".encode(), b"", hashlib.sha256).digest()).decode()
            if abs(int(stamp) - self.now.timestamp()) > 3600 or body.get("sign") != right:
                return 19021, "sign match fail or timestamp is not within one hour from current time"
        if self._fast():
            return 9499, "too many request"
        return 0, "success"


@pytest.fixture
def robots() -> Iterator[Robots]:
    played = Robots()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            sent = played.raw if played.raw is not None else json.dumps(played.answer(self.path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield played
    server.shutdown()
    server.server_close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as made:
        yield made


def settings_of(tmp_path: Path, *, public_url="https://watch.example.com/fengsui", **channels: Channel) -> Settings:
    return Settings(home=tmp_path, server=Server(public_url=public_url), notify=Notify(channels=channels))


def robot(robots: Robots, kind: str, **more) -> Channel:
    return Channel(kind=kind, url=robots.url(kind), **more)


def put(store, n=1, *, channel="room", kind="raised", tier=3, recipient="duty", at=NOW, prefix="n", **more):
    row = {"kind": kind, "channel": channel, "recipient": recipient, "created_at": at, "due_at": at, "state": "pending"}
    made = [
        row
        | {
            "notice_id": f"{prefix}{i:04}",
            "episode_id": f"{'e' if prefix == 'n' else prefix}{i:04}",
            "code": "alerts.notice.opened",
        }
        | {"params": {**PARAMS, "tier": tier}, **more}
        for i in range(n)
    ]
    with store.begin() as conn:
        conn.execute(insert(outbox), made)


def rows(store, *states):
    with store.connect() as conn:
        found = [dict(row) for row in conn.execute(select(outbox).order_by(outbox.c.notice_id)).mappings()]
    return [row for row in found if not states or row["state"] in states]


def go(store, settings, client, robots, seconds=0.0):
    robots.now = NOW + timedelta(seconds=seconds)
    return notify.deliver(store, settings, robots.now, lambda conn: None, client)


def staff(store):
    for name, role, ids in (
        ("wang", "duty", {"wecom": "WangMin", "dingtalk": "d-wang", "feishu": "ou_wang", "mobile": "13800000001"}),
        ("li", "duty", {"mobile": "13800000002"}),
        ("chen", "manager", {"wecom": "ChenJing", "dingtalk": "d-chen", "feishu": "ou_chen"}),
    ):
        people.create(store, name, name.title(), role, by="t", now=NOW)
        people.set_reach(store, name, by="t", now=NOW, **ids)


def text_of(body: dict) -> str:
    return body["content"]["text"] if "content" in body else body["text"]["content"]


@pytest.mark.parametrize("kind", PATHS)
def test_a_robot_gets_what_where_how_much_the_link_and_calls_the_duty_people(store, tmp_path, client, robots, kind):
    staff(store)
    put(store)
    assert go(store, settings_of(tmp_path, room=robot(robots, kind)), client, robots).sent == 1
    (body,) = robots.got
    text = text_of(body)
    assert text.startswith("◆ 严重 新预警｜华南 · App：支付投诉突增\n从 14:20 起")
    assert "https://watch.example.com/fengsui/alerts?id=e0000" in text.splitlines()
    if kind == "wecom":
        assert body["text"]["mentioned_list"] == ["WangMin"]
        assert body["text"]["mentioned_mobile_list"] == ["13800000002"]
    elif kind == "dingtalk":
        assert body["at"] == {"atUserIds": ["d-wang"], "atMobiles": ["13800000002"], "isAtAll": False}
        assert "@d-wang @13800000002" in text
    else:
        assert '<at user_id="ou_wang">Wang</at>' in text


@pytest.mark.parametrize("kind", PATHS)
def test_news_for_two_roles_is_one_message_to_the_group_and_calls_both(store, tmp_path, client, robots, kind):
    staff(store)
    put(store, episode_id="e")
    put(store, episode_id="e", recipient="manager", prefix="m")
    go(store, settings_of(tmp_path, room=robot(robots, kind)), client, robots)
    assert len(robots.got) == 1
    assert sorted(row["state"] for row in rows(store)) == ["merged", "sent"]
    said = json.dumps(robots.got[0], ensure_ascii=False)
    assert all(
        one in said
        for one in {"wecom": ["WangMin", "ChenJing"], "dingtalk": ["d-wang", "d-chen"]}.get(kind, ["ou_wang", "ou_chen"])
    )


def test_of_general_news_nobody_is_called_by_name(store, tmp_path, client, robots):
    staff(store)
    put(store, tier=1)
    go(store, settings_of(tmp_path, room=robot(robots, "wecom")), client, robots)
    assert robots.got[0]["text"].keys() == {"content"}


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
def test_a_signed_robot_takes_our_signature_and_no_other(store, tmp_path, client, robots, kind):
    robots.signed = True
    put(store)
    go(store, settings_of(tmp_path, room=robot(robots, kind, secret="SEC of somebody else")), client, robots)
    assert [row["fault_code"] for row in rows(store)] == ["notify.fault.signature"]
    go(store, settings_of(tmp_path, room=robot(robots, kind, secret=SECRET)), client, robots, 600)
    assert [row["state"] for row in rows(store)] == ["sent"], "mended within ten minutes: nothing was lost"


@pytest.mark.parametrize(
    ("kind", "setting", "code"),
    [
        ("wecom", {"gone": True}, "notify.fault.robot_gone"),
        ("wecom", {"listed": False}, "notify.fault.ip"),
        ("dingtalk", {"gone": True}, "notify.fault.robot_gone"),
        ("dingtalk", {"listed": False}, "notify.fault.ip"),
        ("dingtalk", {"keyword": "告警"}, "notify.fault.keyword"),
        ("dingtalk", {"signed": True}, "notify.fault.clock"),
        ("feishu", {"gone": True}, "notify.fault.robot_gone"),
        ("feishu", {"listed": False}, "notify.fault.ip"),
        ("feishu", {"keyword": "告警"}, "notify.fault.keyword"),
        ("feishu", {"signed": True}, "notify.fault.signature"),
        ("wecom", {"raw": b"<html>Sign in to the proxy</html>"}, "notify.fault.no_answer"),
        ("wecom", {"raw": b"[]"}, "notify.fault.no_answer"),
        ("dingtalk", {"raw": b'{"errcode": 12345, "errmsg": "what the robot never said before"}'}, "notify.fault.refused"),
        ("feishu", {"raw": b'{"ok": true}'}, "notify.fault.refused"),
        ("wecom", {"raw": b'{"errcode": -1, "errmsg": "system busy"}'}, "notify.fault.busy"),
    ],
)
def test_an_answer_of_200_with_an_error_is_an_error_and_named(store, tmp_path, client, robots, kind, setting, code):
    for name, value in setting.items():
        setattr(robots, name, value)
    put(store)
    done = go(store, settings_of(tmp_path, room=robot(robots, kind)), client, robots)
    assert (done.sent, robots.got) == (0, [])
    (row,) = rows(store)
    assert row["fault_code"] == code
    assert row["state"] == ("failed" if code == "notify.fault.refused" else "pending")
    with store.connect() as conn:
        found = notify.undelivered(conn, NOW)
        said = conn.execute(select(channel_pace)).mappings().one()
    assert (found.waiting + found.failed, found.fault_codes) == (1, (code,))
    assert said["fault_code"] == code and said["fault_since"] == NOW


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu"])
def test_the_keyword_is_in_every_message_and_never_twice(store, tmp_path, client, robots, kind):
    robots.keyword = "监测"
    put(store)
    put(store, prefix="x", params={**PARAMS, "metric": "监测投诉", "tier": 3})
    assert go(store, settings_of(tmp_path, room=robot(robots, kind, keyword="监测")), client, robots).sent == 2
    assert [text_of(body).count("监测") >= 1 for body in robots.got] == [True, True]
    assert text_of(robots.got[0]).endswith("监测")
    assert not text_of(robots.got[1]).endswith("\n监测")


@pytest.mark.parametrize("metric", ["投" * 3000, "é" * 5000, "👍" * 900, "a" * 9000])
def test_a_long_text_is_cut_between_characters_and_the_link_stays_whole(store, tmp_path, client, robots, metric):
    put(store, params={**PARAMS, "metric": metric, "tier": 3})
    assert go(store, settings_of(tmp_path, room=robot(robots, "wecom")), client, robots).sent == 1
    text = text_of(robots.got[0])
    assert 2040 <= len(text.encode()) <= 2048
    assert text.endswith(f"{CUT}\nhttps://watch.example.com/fengsui/alerts?id=e0000")


def test_news_of_one_sentence_are_said_once(store, tmp_path, client, robots):
    put(store, kind="alive", episode_id=None, code="alerts.notice.alive", params={"n": 7, "tier": 1})
    go(store, settings_of(tmp_path, room=robot(robots, "wecom")), client, robots)
    assert text_of(robots.got[0]) == "在线，昨天 7 条预警\nhttps://watch.example.com/fengsui/alerts"


def test_cut_never_halves_a_character():
    for text in ("投诉量突增", "a投b诉", "👍👍👍", "ok"):
        for most in range(3, 20):
            short = cut(text, most)
            assert len(short.encode()) <= most
            assert short == text or (short.endswith(CUT) and text.startswith(short.removesuffix(CUT)))


def test_a_name_cannot_ring_everybody(store, tmp_path, client, robots):
    put(store, params={**PARAMS, "metric": '<at user_id="all">所有人</at>', "tier": 3})
    go(store, settings_of(tmp_path, room=robot(robots, "feishu")), client, robots)
    assert "<at" not in text_of(robots.got[0])


@pytest.mark.parametrize("kind", PATHS)
def test_five_hundred_alerts_in_a_minute_with_the_robots_limit(store, tmp_path, client, robots, kind):
    """None is lost, none goes beyond what the robot bears, the gravest go first, and the robot is never silenced."""
    settings = settings_of(tmp_path, room=robot(robots, kind))
    robots.minute = 100 if kind == "feishu" else 20
    put(store, 490, tier=2)
    put(store, 10, tier=3, prefix="z")
    put(store, 40, kind="assigned", prefix="order", recipient="person:wang")  # orders are never merged
    for second in range(0, 400, 3):
        go(store, settings, client, robots, second + 60)
    assert robots.blocked_until is None
    assert rows(store, "pending", "failed", "rerouted") == []
    assert len(rows(store, "merged")) == 490
    assert len(rows(store, "sent")) == 10 + 1 + 40 == len(robots.got)
    assert all("严重" in text_of(body) for body in robots.got[:10])
    assert "490 条预警合并成这一条" in "".join(text_of(body) for body in robots.got)


def test_a_robot_that_silences_us_is_left_alone_for_its_ten_minutes(store, tmp_path, client, robots):
    robots.minute = 3  # somebody else uses the same robot
    settings = settings_of(tmp_path, room=robot(robots, "dingtalk"))
    put(store, 6, kind="assigned")
    assert go(store, settings, client, robots) == notify.Delivered(sent=3, later=3)
    robots.raw = b"not to be asked"
    put(store, 1, prefix="later", at=NOW + timedelta(seconds=60))
    assert go(store, settings, client, robots, 60) == notify.Delivered()
    assert {row["due_at"] for row in rows(store, "pending")} == {NOW + timedelta(seconds=600)}
    with store.connect() as conn:
        assert notify.undelivered(conn, NOW + timedelta(seconds=60)).waiting == 4, "the one that never was tried is late, too"
    robots.raw, robots.minute = None, 20
    assert go(store, settings, client, robots, 600).sent == 4


def test_a_restart_forgets_no_try(store, tmp_path, client, robots):
    """A new process with the same store: the minute is not given out again."""
    settings = settings_of(tmp_path, room=robot(robots, "dingtalk"))
    put(store, 60, kind="assigned")
    for second in range(0, 30, 3):
        store.dispose()
        go(store, settings, client, robots, second)
    assert len(robots.got) == 18


def test_feishu_is_not_called_on_the_hour_and_half_hour_except_for_what_is_severe(store, tmp_path, client, robots):
    settings = settings_of(tmp_path, room=robot(robots, "feishu"))
    hour = (datetime(2026, 11, 18, 7, 0, 2, tzinfo=UTC) - NOW).total_seconds()
    put(store, 1, tier=2, prefix="calm")
    put(store, 1, tier=3, prefix="severe")
    assert go(store, settings, client, robots, hour).sent == 1
    assert [row["notice_id"] for row in rows(store, "sent")] == ["severe0000"]
    assert go(store, settings, client, robots, hour + 28).sent == 1


def test_the_fallback_takes_over_what_the_robot_refuses_and_the_count_stays_true(store, tmp_path, client, robots):
    staff(store)
    spare = Channel(kind="wecom", url=robots.url("wecom"))
    settings = settings_of(tmp_path, room=robot(robots, "dingtalk", secret="wrong", fallback="spare"), spare=spare)
    robots.signed = True
    put(store, 2, tier=2)
    put(store, 1, recipient="manager", tier=2, prefix="m", episode_id="e0000")
    assert go(store, settings, client, robots).rerouted == 2
    with store.connect() as conn:
        assert notify.undelivered(conn, NOW).waiting == 0, "they go out at the next tick"
    go(store, settings, client, robots, 1)
    assert len(robots.got) == 2
    assert sorted(row["state"] for row in rows(store)) == ["merged", "rerouted", "rerouted", "rerouted", "sent", "sent"]
    assert "ChenJing" in json.dumps(robots.got)
    put(store, 1, prefix="new", at=NOW + timedelta(seconds=5), episode_id="other")
    go(store, settings, client, robots, 5)
    go(store, settings, client, robots, 6)
    assert len(robots.got) == 3, "the refused channel is not even asked"


def test_a_receiver_that_stays_away_hands_over_after_three_tries(store, tmp_path, robots):
    answers = {"away.test": 503, "spare.test": 200}
    transport = httpx.MockTransport(lambda request: httpx.Response(answers[request.url.host]))
    settings = settings_of(
        tmp_path,
        room=Channel(kind="webhook", url="https://away.test/", fallback="spare"),
        spare=Channel(kind="webhook", url="https://spare.test/"),
    )
    put(store)
    with httpx.Client(transport=transport) as client:
        states = [go(store, settings, client, robots, second) for second in (0, 15, 45, 46)]
    assert [(one.later, one.rerouted, one.sent) for one in states] == [(1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]


@pytest.mark.parametrize(
    ("tier", "hour", "sent_at"),
    [(2, "23:30", "07:00"), (2, "06:59", "07:00"), (2, "07:00", "07:00"), (3, "23:30", "23:30"), (2, "12:00", "12:00")],
)
def test_quiet_hours_of_a_channel_let_only_severe_news_through(store, tmp_path, client, robots, tier, hour, sent_at):
    settings = settings_of(tmp_path, room=robot(robots, "wecom", quiet="22:00-07:00"))
    local = datetime.fromisoformat(f"2026-11-19T{hour}:00+08:00")
    put(store, tier=tier)
    at = (local - NOW).total_seconds()
    go(store, settings, client, robots, at)
    if rows(store, "pending"):
        assert rows(store)[0]["due_at"].astimezone(settings.centre.tz).strftime("%H:%M") == sent_at
        go(store, settings, client, robots, (rows(store)[0]["due_at"] - NOW).total_seconds())
    assert rows(store)[0]["sent_at"].astimezone(settings.centre.tz).strftime("%H:%M") == sent_at


def test_quiet_hours_of_a_person_hold_for_what_is_for_them_alone(store, tmp_path, client, robots):
    staff(store)
    people.set_reach(store, "wang", by="t", now=NOW, quiet="14:00-15:00")
    put(store, recipient="person:wang", tier=2, kind="assigned")
    put(store, recipient="duty", tier=2, prefix="all")
    go(store, settings_of(tmp_path, room=robot(robots, "wecom")), client, robots)
    assert [row["notice_id"] for row in rows(store, "sent")] == ["all0000"]


def test_nobody_is_called_to_what_their_organisation_may_not_see(store, tmp_path, client, robots):
    staff(store)
    people.change(store, "wang", by="t", now=NOW, scope=["华北"])
    people.change(store, "li", by="t", now=NOW, scope=["华南"])
    put(store)
    go(store, settings_of(tmp_path, room=robot(robots, "wecom")), client, robots)
    assert robots.got[0]["text"]["mentioned_mobile_list"] == ["13800000002"]
    assert "mentioned_list" not in robots.got[0]["text"]


def test_it_says_why_and_until_when_as_it_stands_when_it_is_sent(store, tmp_path, client, robots):
    staff(store)
    fact = {"code": "alerts.factor.customers", "params": {"n": 57}}
    machine = dict.fromkeys(
        ("slice_id", "grade", "peak_grade", "tier", "likelihood", "impact", "loss", "score", "peak_score"), 0
    )
    texts = dict.fromkeys(("rule_id", "metric", "slice_key", "direction", "reason"), "x")
    times = dict.fromkeys(("opened_at", "started_at", "last_at"), NOW)
    more = {
        "rule_version": 1,
        "mode": "on",
        "condition": "firing",
        "factors": {"impact": [fact]},
        "reason_params": {},
        "explained": [],
    }
    dues = {"claim_due_at": NOW + timedelta(minutes=5), "handle_due_at": NOW + timedelta(hours=4)}
    with store.begin() as conn:
        conn.execute(insert(episode).values(episode_id="e0000", **machine, **texts, **times, **more, **dues))
        hand = {"state": "new", "handling_version": 0, "participants": [], "plan_done": []}
        conn.execute(insert(handling).values(episode_id="e0000", **hand))
    put(store)
    go(store, settings_of(tmp_path, room=robot(robots, "wecom")), client, robots)
    with store.begin() as conn:
        conn.execute(handling.update().values(owner="wang", state="claimed"))
    put(store, prefix="x", kind="assigned", episode_id="e0000")
    go(store, settings_of(tmp_path, room=robot(robots, "wecom")), client, robots, 5)
    first, second = (text_of(body) for body in robots.got)
    assert "定级理由：受影响客户约 57 位" in first.splitlines()
    assert "尚无人认领，须在 14:37 前认领" in first.splitlines()
    assert "Wang 已认领，须在 18:32 前处置完" in second.splitlines()


def test_a_proxy_is_used_where_one_is_set(sqlite_store, tmp_path, robots):
    """The local server answers as the proxy: it is asked with the whole address of a robot that does not exist."""
    put(sqlite_store)
    asked = Channel(
        kind="wecom", url="http://robot.invalid/cgi-bin/webhook/send?key=k1", proxy=f"http://127.0.0.1:{robots.port}"
    )
    settings = settings_of(tmp_path, room=asked)
    assert notify.deliver(sqlite_store, settings, NOW, lambda conn: None).sent == 1
    assert len(robots.got) == 1


def test_a_signed_webhook_can_be_checked_as_the_page_says(store, tmp_path, robots):
    got: list[httpx.Request] = []
    transport = httpx.MockTransport(lambda request: got.append(request) or httpx.Response(200))
    put(store)
    with httpx.Client(transport=transport) as client:
        go(store, settings_of(tmp_path, room=Channel(kind="webhook", url="https://ops.test/", secret=SECRET)), client, robots)
    page = (Path(__file__).parents[2] / "docs" / "notices.md").read_text(encoding="utf-8")
    example = page.split("```python\n")[1].split("```")[0]
    known: dict = {}
    exec(example, known)
    (request,) = got
    assert known["genuine"](SECRET, request.headers, request.content, NOW.timestamp())
    assert not known["genuine"](SECRET, request.headers, request.content + b" ", NOW.timestamp())
    assert not known["genuine"]("another", request.headers, request.content, NOW.timestamp())
    assert not known["genuine"](SECRET, request.headers, request.content, NOW.timestamp() + 400)
