"""钉钉 DING and 飞书加急, each played by a local server that answers as the open platform does, errors in the body included;
and Apprise, off until it is allowed."""

from __future__ import annotations

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
from fengsui.alerts import definitions, seed
from fengsui.board.telling import telling
from fengsui.notify import feishu_urgent, token
from fengsui.notify.apprise import leaves, service_of
from fengsui.settings.channel import Channel
from fengsui.settings.model import Notify, Server, Settings
from fengsui.store.tables import outbox
from tests.notify.words import PARAMS

NOW = datetime(2026, 11, 18, 19, 2, tzinfo=UTC)  # 03:02 in Shanghai
KEY, SECRET = "dingkey", "sesame"


class Platform:
    """Both platforms on one port. ``say``: path -> (status, body) instead of the usual answer, once or for good."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict]] = []
        self.rung: list[tuple[str, str]] = []
        self.say: dict[str, tuple[int, dict]] = {}
        self.known = {"d-wang", "ou_wang"}
        self.tokens = 0

    def answer(self, method: str, path: str, headers: dict, body: dict) -> tuple[int, dict]:
        asked = urlsplit(path)
        self.calls.append((method, asked.path, body))
        for start, said in self.say.items():
            if asked.path.startswith(start):
                return said
        if asked.path == "/v1.0/oauth2/accessToken":
            return self._token(body.get("appKey"), body.get("appSecret"), ding=True)
        if asked.path == "/open-apis/auth/v3/tenant_access_token/internal":
            return self._token(body.get("app_id"), body.get("app_secret"), ding=False)
        if asked.path == "/v1.0/robot/ding/send":
            return self._ding(headers, body)
        return self._feishu(method, asked.path, parse_qs(asked.query), headers, body)

    def _token(self, key: str | None, secret: str | None, *, ding: bool) -> tuple[int, dict]:
        if (key, secret) != (KEY, SECRET):
            wrong = {"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}
            return (400, wrong) if ding else (200, {"code": 10014, "msg": "app secret invalid"})
        self.tokens += 1
        name = f"t{self.tokens}"
        return 200, {"accessToken": name, "expireIn": 7200} if ding else {
            "code": 0,
            "tenant_access_token": name,
            "expire": 7200,
        }

    def _ding(self, headers: dict, body: dict) -> tuple[int, dict]:
        if headers.get("x-acs-dingtalk-access-token") != f"t{self.tokens}":
            return 403, {"code": "InvalidAuthentication", "message": "不合法的access_token"}
        if body["robotCode"] != "robot1":
            return 400, {"code": "invalid.chatbotId", "message": "invalid.chatbotId"}
        bad = [one for one in body["receiverUserIdList"] if one not in self.known]
        self.rung += [(one, f"ding{body['remindType']}") for one in body["receiverUserIdList"] if one in self.known]
        return 200, {"openDingId": "d1", **({"failedList": {"userId不存在": bad}} if bad else {})}

    def _feishu(self, method: str, path: str, query: dict, headers: dict, body: dict) -> tuple[int, dict]:
        if headers.get("authorization") != f"Bearer t{self.tokens}":
            return 400, {"code": 99991663, "msg": "Invalid access token"}
        if method == "POST" and path == "/open-apis/im/v1/messages":
            assert query == {"receive_id_type": ["open_id"]} and len(body["uuid"]) <= 50
            self.rung.append((body["receive_id"], json.loads(body["content"])["text"]))
            return 200, {"code": 0, "msg": "success", "data": {"message_id": "om_1"}}
        assert method == "PATCH" and path.startswith("/open-apis/im/v1/messages/om_1/urgent_")
        assert query == {"user_id_type": ["open_id"]}
        bad = [one for one in body["user_id_list"] if one not in self.known]
        self.rung += [(one, path.rpartition("_")[2]) for one in body["user_id_list"] if one in self.known]
        return 200, {"code": 0, "msg": "success", "data": {"invalid_user_id_list": bad}}


@pytest.fixture
def platform() -> Iterator[Platform]:
    played = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
            heads = {name.lower(): value for name, value in self.headers.items()}
            status, said = played.answer(self.command, self.path, heads, body)
            sent = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_PATCH = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    token._HELD.clear()
    feishu_urgent._SENT.clear()
    yield played
    server.shutdown()
    server.server_close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as made:
        yield made


def channel(platform: Platform, kind: str, **more) -> Channel:
    code = {"robot_code": "robot1"} if kind == "ding" else {}
    return Channel(**{"kind": kind, "url": platform.url, "app_key": KEY, "secret": SECRET, **code, **more})


def settings_of(tmp_path: Path, services: tuple[str, ...] = (), **channels: Channel) -> Settings:
    public = Server(public_url="https://watch.example.com/fengsui")
    return Settings(home=tmp_path, server=public, notify=Notify(channels=channels, services=services))


def put(store, name="night", *, recipient="duty", prefix="n", tier=3) -> None:
    row = {"kind": "raised", "channel": name, "recipient": recipient, "created_at": NOW, "due_at": NOW, "state": "pending"}
    more = {"notice_id": f"{prefix}0", "episode_id": f"e{prefix}", "code": "alerts.notice.opened"}
    with store.begin() as conn:
        conn.execute(insert(outbox).values(**row, **more, params={**PARAMS, "tier": tier}))


def staff(store, **ids) -> None:
    people.create(store, "wang", "王敏", "duty", by="t", now=NOW)
    people.set_reach(store, "wang", by="t", now=NOW, **{"dingtalk": "d-wang", "feishu": "ou_wang", **ids})


def go(store, settings, client, seconds=0.0):
    return notify.deliver(store, settings, NOW + timedelta(seconds=seconds), lambda conn: None, client)


def faults(store) -> list[tuple[str, str | None]]:
    with store.connect() as conn:
        rows = conn.execute(select(outbox).where(outbox.c.state != "spread").order_by(outbox.c.notice_id))
        return [(row.state, row.fault_code and row.fault_code.rpartition(".")[2]) for row in rows]


KINDS = ("ding", "feishu_urgent")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("urge", ["phone", "sms", "app"])
def test_whoever_is_on_duty_is_rung_by_name_with_a_link_of_their_own(store, tmp_path, client, platform, kind, urge):
    staff(store)
    put(store)
    assert go(store, settings_of(tmp_path, night=channel(platform, kind, urge=urge)), client).sent == 1
    if kind == "ding":
        assert platform.rung == [("d-wang", f"ding{ {'app': 1, 'sms': 2, 'phone': 3}[urge] }".replace(" ", ""))]
        text = platform.calls[-1][2]["content"]
    else:
        (who, text), ring = platform.rung[0], platform.rung[1]
        assert who == "ou_wang" and ring == ("ou_wang", urge)
    assert text.startswith("◆ 严重 新预警｜华南 · App：支付投诉突增") and "/fengsui/claim/" in text


@pytest.mark.parametrize(
    ("kind", "path", "status", "body", "state", "code"),
    [
        ("ding", "/v1.0/robot", 400, {"code": "ding.serverquota.insufficient", "message": "x"}, "pending", "quota"),
        ("ding", "/v1.0/robot", 400, {"code": "toomuch.msg", "message": "send too fast"}, "pending", "too_fast"),
        ("ding", "/v1.0/robot", 400, {"code": "miss.staffId", "message": "x"}, "failed", "member"),
        ("ding", "/v1.0/robot", 200, {"openDingId": "d", "failedList": {"不在职": ["d-wang"]}}, "failed", "member"),
        ("ding", "/v1.0/robot", 200, {"ok": True}, "pending", "no_answer"),
        ("ding", "/v1.0/robot", 500, {"code": "system.error"}, "pending", "busy"),
        ("ding", "/v1.0/robot", 400, {"code": "what.we.never.heard"}, "failed", "refused"),
        (
            "ding",
            "/v1.0/robot",
            403,
            {"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "x"},
            "pending",
            "permission",
        ),
        ("feishu_urgent", "/open-apis/im/v1/messages/om_1", 400, {"code": 230024, "msg": "x"}, "pending", "quota"),
        ("feishu_urgent", "/open-apis/im/v1/messages/om_1", 400, {"code": 230027, "msg": "x"}, "pending", "permission"),
        ("feishu_urgent", "/open-apis/im/v1/messages/om_1", 400, {"code": 230023, "msg": "x"}, "failed", "member"),
        (
            "feishu_urgent",
            "/open-apis/im/v1/messages/om_1",
            200,
            {"code": 0, "data": {"invalid_user_id_list": ["ou_wang"]}},
            "failed",
            "member",
        ),
        ("feishu_urgent", "/open-apis/im/v1/messages", 200, {"code": 230013, "msg": "x"}, "failed", "member"),
        ("feishu_urgent", "/open-apis/im/v1/messages", 200, {"code": 99991400, "msg": "x"}, "pending", "too_fast"),
        (
            "feishu_urgent",
            "/open-apis/im/v1/messages",
            200,
            {"code": 0, "data": {"message_id": "../x"}},
            "pending",
            "no_answer",
        ),
        ("feishu_urgent", "/open-apis/im/v1/messages", 200, {"code": 424242, "msg": "x"}, "failed", "refused"),
        ("feishu_urgent", "/open-apis/auth", 200, {"code": 10003, "msg": "invalid param"}, "pending", "app_key"),
    ],
)
def test_what_the_body_says_counts_and_not_the_status(store, tmp_path, client, platform, kind, path, status, body, state, code):
    platform.say[path] = (status, body)
    staff(store)
    put(store)
    assert go(store, settings_of(tmp_path, night=channel(platform, kind)), client).sent == 0
    assert faults(store) == [(state, code)]


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_credentials_wait_for_a_person_and_go_out_once_mended(store, tmp_path, client, platform, kind):
    staff(store)
    put(store)
    go(store, settings_of(tmp_path, night=channel(platform, kind, secret="another")), client)
    assert faults(store) == [("pending", "app_key")] and not platform.rung
    assert go(store, settings_of(tmp_path, night=channel(platform, kind)), client, 600).sent == 1


@pytest.mark.parametrize("kind", KINDS)
def test_one_token_serves_until_it_ends_and_a_refused_one_is_fetched_anew(store, tmp_path, client, platform, kind):
    staff(store)
    settings = settings_of(tmp_path, night=channel(platform, kind))
    put(store)
    put(store, prefix="m")
    assert go(store, settings, client).sent == 2 and platform.tokens == 1
    platform.tokens += 1  # the platform gave another one to somebody else: ours is none any more
    put(store, prefix="o")
    assert go(store, settings, client, 1).later == 1
    assert go(store, settings, client, 30).sent == 1 and platform.tokens == 3


def test_a_message_of_feishu_is_written_once_although_it_is_made_urgent_later(store, tmp_path, client, platform):
    staff(store)
    put(store)
    settings = settings_of(tmp_path, night=channel(platform, "feishu_urgent"))
    platform.say["/open-apis/im/v1/messages/om_1"] = (400, {"code": 230024, "msg": "Reach the upper limit"})
    go(store, settings, client)
    platform.say.clear()
    assert go(store, settings, client, 600).sent == 1
    assert [call[1] for call in platform.calls].count("/open-apis/im/v1/messages") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_who_has_no_account_there_is_reached_by_the_fallback(store, tmp_path, client, platform, kind):
    staff(store, dingtalk=None, feishu=None, mobile="13800000001")
    put(store)
    spare = Channel(kind="log")
    settings = settings_of(tmp_path, night=channel(platform, kind, fallback="spare"), spare=spare)
    go(store, settings, client)
    go(store, settings, client, 1)
    assert not platform.rung and ("sent", None) in faults(store)


def test_they_ring_for_severe_news_by_default_and_for_less_where_that_is_wanted(store, tmp_path, platform):
    settings = settings_of(
        tmp_path,
        a=channel(platform, "ding"),
        b=channel(platform, "feishu_urgent", min_tier=2),
        c=Channel(kind="log"),
    )
    with store.begin() as conn:
        seed.seed(conn, settings, NOW)
        policy = definitions.book(conn, NOW).policy
    assert policy.channel_tiers == {"a": 3, "b": 2, "c": 1}


@pytest.mark.parametrize(
    ("url", "service", "abroad"),
    [
        ("tgram://123:abc/1", "tgram", True),
        ("slack://a/b/c", "slack", True),
        ("json://10.1.2.3:8080/x", "json", False),
        ("ntfys://ntfy.sh/topic", "ntfys", True),
        ("gotify://alarm.lan/token", "gotify", False),
        ("pushplus://token", "pushplus", False),
        ("something://new", "something", True),
        ("ntfy://topic", "ntfy", True),  # no host: the public ntfy.sh
        ("ntfys://topic", "ntfys", True),
        ("ntfy://10.1.2.3/topic?mode=cloud", "ntfy", True),
        ("ntfy://alarm/topic", "ntfy", False),
        (f"matrix://{'a' * 64}", "matrix", True),  # t2bot.io
        ("matrixs://watch:secret@chat.lan/#alarm", "matrixs", False),
        ("mailto://watch:secret@intranet", "mailto", False),
        ("mailto://watch:secret@intranet?smtp=smtp.gmail.com", "mailto", True),
        ("mailto://watch:secret@intranet?smtp=10.1.2.3", "mailto", False),
        ("mailto://watch:secret@intranet?to=head@gmail.com", "mailto", True),
        ("mailto://watch:secret@intranet?cc=head@gmail.com", "mailto", True),
        ("mailtos://watch:secret@gmail.com", "mailtos", True),
        ("ntfy://", "ntfy", True),
        (None, "", True),
    ],
)
def test_what_may_leave_the_country_is_known_or_assumed(url, service, abroad):
    assert (service_of(url), leaves(url)) == (service, abroad)


def test_apprise_is_off_until_it_is_allowed_and_then_speaks(store, tmp_path, client, platform):
    """Its generic JSON service, played by the same server."""
    other = Channel(kind="apprise", url=platform.url.replace("http://", "json://") + "/hook")
    foreign = Channel(kind="apprise", url="tgram://123456789:abcdefg_hijklmnop/12315544/")
    platform.say["/hook"] = (200, {})
    put(store, "other")
    go(store, settings_of(tmp_path, other=other), client)
    assert faults(store) == [("pending", "not_allowed")] and not platform.calls
    allowed = settings_of(tmp_path, ("json",), other=other, foreign=foreign)
    assert go(store, allowed, client, 600).sent == 1
    (call,) = platform.calls
    assert (
        call[2]["title"].startswith("◆ 严重 新预警") and "https://watch.example.com/fengsui/alerts?id=en" in call[2]["message"]
    )
    shown = {one.name: (one.service, one.off, one.abroad) for one in telling(store, allowed, NOW).channels}
    assert shown == {"other": ("json", False, False), "foreign": ("tgram", True, True)}
    platform.say["/hook"] = (400, {})
    put(store, "other", prefix="x")
    assert go(store, allowed, client, 700).later == 1 and faults(store)[-1] == ("pending", "apprise")


def test_an_address_that_apprise_does_not_know_waits_for_an_administrator(store, tmp_path, client):
    put(store, "other")
    odd = Channel(kind="apprise", url="tgram://")
    go(store, settings_of(tmp_path, ("tgram",), other=odd), client)
    assert faults(store) == [("pending", "apprise_url")]


def test_an_address_with_several_receivers_is_refused_before_anybody_is_told(store, tmp_path, client, platform):
    """One dead topic of two would have the other told again with every try, for a day."""
    platform.say["/"] = (200, {})
    put(store, "other")
    two = Channel(kind="apprise", url=platform.url.replace("http://", "ntfy://") + "/good/bad")
    go(store, settings_of(tmp_path, ("ntfy",), other=two), client)
    assert faults(store) == [("pending", "apprise_targets")] and not platform.calls
    one = Channel(kind="apprise", url=platform.url.replace("http://", "ntfy://") + "/good")
    assert go(store, settings_of(tmp_path, ("ntfy",), other=one), client, 600).sent == 1 and len(platform.calls) == 1
