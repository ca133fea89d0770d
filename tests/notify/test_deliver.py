"""The outbox becomes messages: state at send time, storms, pace, faults by recovery."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, select, update

from fengsui import notify
from fengsui.notify.deliver import back_off
from fengsui.notify.message import Frame, message
from fengsui.settings.model import Channel, Notify, Settings
from fengsui.store.tables import definition, handling, outbox
from tests.notify.words import PARAMS

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)


class Post:
    """A receiver that answers what it is told and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[httpx.Request] = []
        self.answers: list[httpx.Response | Exception] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        answer = self.answers.pop(0) if self.answers else httpx.Response(200)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def client(post: Post) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.MockTransport(post)) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    channels = {"log": Channel(kind="log"), "ops": Channel(kind="webhook", url="https://ops.test/hook")}
    return Settings(home=tmp_path, notify=Notify(channels=channels))


def put(store, n=1, *, channel="ops", kind="raised", tier=2, recipient="duty", at=NOW, prefix="n", **more):
    rows = [
        {
            "notice_id": f"{prefix}{i:04}",
            "kind": kind,
            "episode_id": f"{prefix}{i:04}",
            "channel": channel,
            "recipient": recipient,
            "created_at": at,
            "due_at": at,
            "state": "pending",
            "code": "alerts.notice.opened",
            "params": {**PARAMS, "tier": tier},
            **more,
        }
        for i in range(n)
    ]
    with store.begin() as conn:
        conn.execute(insert(outbox), rows)


def rows(store, *states):
    with store.connect() as conn:
        found = [dict(row) for row in conn.execute(select(outbox).order_by(outbox.c.notice_id)).mappings()]
    return [row for row in found if not states or row["state"] in states]


def go(store, settings, client, now=NOW, fence=lambda conn: None):
    return notify.deliver(store, settings, now, fence, client)


def test_a_notice_says_what_where_and_how_much_and_carries_its_key(store, settings, client, post):
    put(store)
    assert go(store, settings, client) == notify.Delivered(sent=1)
    (request,) = post.got
    body = json.loads(request.content)
    assert request.headers["Idempotency-Key"] == body["id"] == "n0000"
    assert body["title"] == "▲ 重要 新预警｜华南 · App：支付投诉突增"
    assert body["text"].startswith("从 14:20 起，华南 · App的支付投诉 12 分收到 60 件；平时这段时间约 6 件")
    assert (body["tier"], body["tier_name"], body["link"]) == (2, "重要", "/alerts?id=n0000")
    (row,) = rows(store)
    assert (row["state"], row["sent_at"], row["tries"]) == ("sent", NOW, 1)
    assert go(store, settings, client) == notify.Delivered()
    assert len(post.got) == 1


def test_the_log_channel_needs_no_network(store, settings, caplog):
    put(store, channel="log")
    with caplog.at_level(logging.INFO, "fengsui.notify"):
        assert notify.deliver(store, settings, NOW, lambda conn: None).sent == 1
    assert "华南 · App：支付投诉突增" in caplog.text


def test_what_was_claimed_meanwhile_is_not_sent_but_later_news_of_it_is(store, settings, client, post):
    put(store, 3)
    put(store, 1, prefix="late", at=NOW + timedelta(minutes=2), kind="raised")
    claimed = {"handling_version": 1, "participants": [], "plan_done": []}
    with store.begin() as conn:
        conn.execute(
            insert(handling),
            [
                {"episode_id": "n0000", "state": "claimed", "claimed_at": NOW + timedelta(seconds=5), **claimed},
                {"episode_id": "n0001", "state": "reviewed", "claimed_at": None, **claimed},
                {"episode_id": "n0002", "state": "new", "claimed_at": None, **claimed},
                {"episode_id": "late0000", "state": "claimed", "claimed_at": NOW, **claimed},
            ],
        )
    go(store, settings, client, NOW + timedelta(minutes=3))
    assert [row["state"] for row in rows(store)] == ["sent", "dropped_claimed", "dropped_claimed", "sent"]
    assert sorted(json.loads(request.content)["id"] for request in post.got) == ["late0000", "n0002"]


def test_five_hundred_alerts_in_a_minute_become_ten_notices_and_one_summary_and_none_is_lost(store, settings, client, post):
    put(store, 495)
    put(store, 5, prefix="z", tier=3)
    go(store, settings, client)
    put(store, 20, prefix="y", at=NOW + timedelta(seconds=10))
    go(store, settings, client, NOW + timedelta(seconds=10))
    go(store, settings, client, NOW + timedelta(seconds=45))
    sent = [json.loads(request.content) for request in post.got]
    assert [one["tier"] for one in sent[:5]] == [3] * 5, "the gravest go out themselves"
    assert len(sent) == 11
    assert sent[-1]["kind"] == "summary"
    assert sent[-1]["title"] == "510 条预警合并成这一条：严重 0、重要 510、一般 0，请到预警台查看"
    assert len(rows(store, "merged")) == 510
    assert {row["merged_into"] for row in rows(store, "merged")} == {sent[-1]["id"]}
    assert rows(store, "pending", "failed") == []


def test_a_full_minute_delays_and_drops_nothing(store, tmp_path, client, post):
    channels = {"ops": Channel(kind="webhook", url="https://ops.test/hook", per_minute=20)}
    settings = Settings(home=tmp_path, notify=Notify(channels=channels))
    put(store, 50, kind="assigned")  # orders to persons are never merged
    times = []
    for second in range(0, 240, 5):
        before = len(post.got)
        go(store, settings, client, NOW + timedelta(seconds=second))
        times += [second] * (len(post.got) - before)
    assert len(rows(store, "sent")) == 50
    assert max(sum(at <= one < at + 60 for one in times) for at in times) == 20


def test_the_pace_is_the_policys(store, settings, client, post):
    body = {"per_minute": 3, "storm_n": 2}
    with store.begin() as conn:
        conn.execute(insert(definition).values(kind="tier_policy", id="default", version=1, valid_from=NOW, by="x", body=body))
    put(store, 5)
    go(store, settings, client)
    assert (len(post.got), len(rows(store, "merged"))) == (2, 3)


@pytest.mark.parametrize(
    ("answer", "state", "code", "wait"),
    [
        (httpx.Response(400), "failed", "notify.fault.refused", None),
        (httpx.Response(404), "failed", "notify.fault.refused", None),
        (httpx.Response(500), "pending", "notify.fault.busy", 15),
        (httpx.Response(429, headers={"Retry-After": "120"}), "pending", "notify.fault.busy", 120),
        (httpx.Response(503, headers={"Retry-After": "soon"}), "pending", "notify.fault.busy", 15),
        (httpx.Response(302), "failed", "notify.fault.refused", None),
        (httpx.ConnectError("no route"), "pending", "notify.fault.unreachable", 15),
        (httpx.ReadTimeout("slow"), "pending", "notify.fault.unreachable", 15),
    ],
)
def test_faults_by_recovery(store, settings, client, post, answer, state, code, wait):
    post.answers = [answer]
    put(store)
    go(store, settings, client)
    (row,) = rows(store)
    assert (row["state"], row["fault_code"], row["tries"]) == (state, code, 1)
    if wait is not None:
        assert row["due_at"] == NOW + timedelta(seconds=wait)
        assert go(store, settings, client, NOW + timedelta(seconds=wait - 1)) == notify.Delivered()
        assert go(store, settings, client, NOW + timedelta(seconds=wait)).sent == 1
        assert rows(store)[0]["fault_code"] is None


def test_back_off_doubles_up_to_half_an_hour():
    assert [back_off(n) for n in (0, 1, 2, 10, 500)] == [15, 30, 60, 1800, 1800]


def test_after_a_day_of_trying_it_is_given_up_visibly(store, settings, client, post):
    put(store)
    post.answers = [httpx.Response(500)] * 2
    go(store, settings, client)
    later = NOW + timedelta(days=1, minutes=1)
    assert go(store, settings, client, later).later == 1
    (row,) = rows(store)
    assert (row["state"], row["fault_code"]) == ("failed", "notify.fault.too_long")


@pytest.mark.parametrize(
    ("channels", "code"),
    [
        ({"log": Channel(kind="log")}, "notify.fault.no_channel"),
        ({"ops": Channel(kind="webhook")}, "notify.fault.no_url"),
    ],
)
def test_a_channel_that_is_not_there_fails_visibly(store, tmp_path, client, channels, code):
    put(store)
    go(store, Settings(home=tmp_path, notify=Notify(channels=channels)), client)
    with store.connect() as conn:
        found = notify.undelivered(conn, NOW)
    assert (found.failed, found.fault_codes, found.oldest) == (1, (code,), NOW)


@pytest.mark.parametrize("url", ["http://ops\x01.test/", "ops.test/hook", "ftp://ops.test/"])
def test_an_address_that_is_none_fails_and_is_not_tried_for_ever(sqlite_store, tmp_path, url):
    put(sqlite_store)
    channels = {"ops": Channel(kind="webhook", url=url)}
    settings = Settings(home=tmp_path, notify=Notify(channels=channels))
    assert notify.deliver(sqlite_store, settings, NOW, lambda conn: None).failed == 1
    assert rows(sqlite_store)[0]["fault_code"] == "notify.fault.no_url"


def test_undelivered_counts_the_late_and_the_refused(store, settings, client, post):
    put(store, 2, at=NOW - timedelta(minutes=2))
    put(store, 1, prefix="x")
    with store.connect() as conn:
        assert notify.undelivered(conn, NOW).waiting == 2
    post.answers = [httpx.Response(500)]
    go(store, settings, client)
    with store.connect() as conn:
        found = notify.undelivered(conn, NOW)
    assert (found.waiting, found.failed, found.fault_codes) == (1, 0, ("notify.fault.busy",))


def test_a_kill_after_sending_sends_again_with_the_same_key(store, settings, client, post):
    class Killed(Exception):
        pass

    calls = []

    def fence(conn):
        calls.append(conn)
        if len(calls) == 2:
            raise Killed

    put(store)
    with pytest.raises(Killed):
        go(store, settings, client, fence=fence)
    assert rows(store)[0]["state"] == "pending"
    go(store, settings, client)
    assert [request.headers["Idempotency-Key"] for request in post.got] == ["n0000", "n0000"]


def test_a_channel_speaks_its_own_language(store, tmp_path, client, post):
    put(store)
    channels = {"ops": Channel(kind="webhook", url="https://ops.test/", language="en")}
    go(store, Settings(home=tmp_path, notify=Notify(channels=channels)), client)
    assert json.loads(post.got[0].content)["title"] == "▲ important new alert | 华南 · App: 支付投诉 surge"


def test_the_sign_of_life_is_a_plain_line(store, settings, client, post):
    put(store, kind="alive", episode_id=None, code="alerts.notice.alive", params={"n": 7, "day": "2026-11-17"})
    go(store, settings, client)
    body = json.loads(post.got[0].content)
    assert (body["title"], body["text"], body["alert"], body["link"]) == (
        "在线，昨天 7 条预警",
        "在线，昨天 7 条预警",
        None,
        "/alerts",
    )


def test_nothing_due_takes_no_lock(store, settings, client):
    put(store, due_at=NOW + timedelta(hours=1))

    def never(conn):
        raise AssertionError("a tick without notices opened a write transaction")

    assert go(store, settings, client, fence=never) == notify.Delivered()
    with store.begin() as conn:
        conn.execute(update(outbox).values(due_at=NOW))
    with pytest.raises(AssertionError):
        go(store, settings, client, fence=never)


def test_a_notice_that_breaks_on_the_way_waits_alone_and_the_others_go_once(store, settings, client, post):
    """The trap: one bad row must neither silence the channel nor make the others go again at every tick."""
    put(store, 3)
    post.answers = [httpx.Response(200), RuntimeError("a bug on the way out")]
    assert go(store, settings, client) == notify.Delivered(sent=2, later=1)
    assert go(store, settings, client, NOW + timedelta(seconds=1)) == notify.Delivered()
    assert [row["fault_code"] for row in rows(store, "pending")] == ["notify.fault.broken"]
    assert notify_seen(store) == 1


def notify_seen(store) -> int:
    with store.connect() as conn:
        return notify.undelivered(conn, NOW).waiting


def test_a_receiver_that_hangs_is_asked_once_and_not_for_each_notice(store, settings, client, post):
    """Each would hang for seconds, and nothing is judged meanwhile."""
    put(store, 8)
    post.answers = [httpx.ReadTimeout("hangs")] * 8
    assert go(store, settings, client) == notify.Delivered(later=8)
    assert len(post.got) == 1
    assert {row["due_at"] for row in rows(store, "pending")} == {NOW + timedelta(seconds=15)}


def test_what_is_merged_while_a_summary_goes_out_is_told_by_the_next_one(store, settings, client, post):
    put(store, 15)
    go(store, settings, client)
    later = NOW + timedelta(seconds=40)
    put(store, 4, prefix="m", at=later)
    go(store, settings, client, later)
    go(store, settings, client, later + timedelta(seconds=40))
    told = [json.loads(request.content)["text"] for request in post.got if json.loads(request.content)["kind"] == "summary"]
    merged = rows(store, "merged")
    summaries = {row["notice_id"]: row for row in rows(store, "sent") if row["kind"] == "summary"}
    assert len(merged) == 9
    assert sorted(row["params"]["n"] for row in summaries.values()) == [4, 5]
    assert len(told) == 2 and {row["merged_into"] for row in merged} == set(summaries)


def test_no_storm_of_all_clear_after_a_restart(store, settings, client, post):
    """The worker was away for three hours while sixty alerts went out: they are told as few, and never told again."""
    put(store, 60, kind="cleared", at=NOW + timedelta(hours=3))
    for second in range(0, 900, 15):
        go(store, settings, client, NOW + timedelta(hours=3, seconds=second))
    sent = [json.loads(request.content) for request in post.got]
    assert len(sent) <= 11 and sent[-1]["kind"] == "summary" and rows(store, "pending", "failed") == []
    assert len(rows(store, "merged")) + len(sent) - 1 == 60, "nothing is dropped"
    for hour in (4, 5):  # another process begins: what was told is told
        go(store, settings, client, NOW + timedelta(hours=hour))
    assert len(post.got) == len(sent)


@pytest.mark.parametrize(("lang", "word"), [("zh_CN", "突发话题"), ("en", "a sudden topic")])
def test_no_notice_says_what_a_topic_is_called(lang: str, word: str) -> None:
    """Its name is customers' words; the link leads to where it stands."""
    frame = Frame(lang, "Asia/Shanghai", "https://fengsui.test", NOW)
    params = {**PARAMS, "slice": "channel=App|topic=王建国骂人", "tier": 2}
    row = {"notice_id": "n1", "kind": "raised", "episode_id": "e1", "recipient": "duty", "created_at": NOW}
    alert = {"owner": None, "claim_due_at": None, "handle_due_at": None, "owner_name": None}
    fact = {"code": "alerts.title.count_up", "params": {"slice": ["topic=王建国骂人", "topic.1=王建国"], "metric": "contacts"}}
    told = message({**row, "code": "alerts.notice.opened", "params": params}, frame, {**alert, "factors": {"impact": [fact]}})
    said = json.dumps(told.body(), ensure_ascii=False)
    assert "王建国" not in said and word in told.title and f"App · {word}" in told.text and "/alerts?id=e1" in told.link
    assert said.count(word) == 4
