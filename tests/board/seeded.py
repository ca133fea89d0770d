"""A store in the middle of an afternoon: payment failures in 华南 App since twelve minutes. Rows are written directly, so that
these tests ask the pages and nothing else. Every number is a plain function of time: no randomness, no clock."""

# ruff: noqa: E501  rows of a table

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from fengsui.alerts.seed import seed as seed_alerts
from fengsui.metrics import catalogue
from fengsui.metrics.logbins import bin_of
from fengsui.settings import Settings, parse
from fengsui.store import tables as t
from fengsui.store.slices import NO_BIN, bucket, slice_id, slice_key, slice_levels
from fengsui.store.upsert import upsert
from tests import rollups

ORGS = ("华东", "华南", "华北", "西南", "东北", "西北")
CHANNELS = ("电话", "在线", "微信", "App", "邮件")
SOURCES = {"hotline": ("电话话务平台", "sql", "15s"), "tickets": ("工单库", "sql", "5s"), "app": ("App 反馈", "rest", "5s")}
SOURCES |= {"survey": ("满意度问卷", "files", "1h"), "mail": ("邮件", "rest", "5min")}
PAYMENT = "channel=App|org.1=华南"
PEOPLE = (("wang", "王敏", "manager", []), ("li", "李强", "duty", []), ("zhou", "周倩", "duty", []))
PEOPLE += (("nan", "何佳", "duty", ["华南"]), ("ana", "陈晨", "analyst", []), ("screen", "大厅屏", "wall", []))

TOML = """
[centre]
name = "华南客服中心"
demo = true
"""


def settings_text() -> str:
    blocks = [TOML, 'cuboids = ["channel", "org.1", "channel|org.1"]\n']
    tables = [
        f'[source.{name}]\nkind = "{kind}"\npurpose = "服务质量监测"\ntitle = "{title}"\ncadence = "{cadence}"\n'
        for name, (title, kind, cadence) in SOURCES.items()
    ]
    return blocks[1] + blocks[0] + "\n".join(tables)


def settings(home: Path) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    (home / "fengsui.toml").write_text(settings_text(), encoding="utf-8")
    return parse(settings_text(), home, {})


def seed(store: Engine, now: datetime, days: int = 8, *, people: bool = True) -> None:
    with store.begin() as conn:
        catalogue.seed(conn, now - timedelta(days=days))
        _rules(conn, now)
        _slices(conn, now, days)
        _rollups(conn, now, days)
        _gauge(conn, now)
        _sources(conn, now)
        _series(conn, now)
        _alerts(conn, now)
        _records(conn, now)
        _house(conn, now)
        if people:
            _people(conn, now)


def expected(at: datetime) -> float:
    """Complaints of the whole centre in a quarter of an hour: a day with a peak at eleven."""
    hour = (at.hour + 8 + at.minute / 60) % 24
    return 10 + 34 * math.exp(-(((hour - 11) / 4.5) ** 2)) + 8 * math.exp(-(((hour - 17) / 2.5) ** 2))


def wobble(n: int) -> float:
    return math.sin(n * 1.7) + 0.6 * math.sin(n * 0.37 + 1)


def _started(now: datetime) -> datetime:
    return (now - timedelta(minutes=12)).replace(second=0, microsecond=0)


def _rules(conn: Connection, now: datetime) -> None:
    """The definitions as a new centre has them."""
    seed_alerts(conn, parse(settings_text(), Path("nowhere"), {}), now)


def _cells() -> Iterator[tuple[str, str, float]]:
    """slice key, cuboid, share of the centre's complaints."""
    yield "all", "all", 1.0
    for i, org in enumerate(ORGS):
        yield slice_key({"org.1": org}), "org.1", 0.3 - 0.045 * i
        for j, channel in enumerate(CHANNELS):
            share = (0.3 - 0.045 * i) * (0.34 - 0.07 * j)
            yield slice_key({"org.1": org, "channel": channel}), "channel|org.1", share
    for j, channel in enumerate(CHANNELS):
        yield slice_key({"channel": channel}), "channel", 0.34 - 0.07 * j


def _slices(conn: Connection, now: datetime, days: int) -> None:
    rows = [
        {
            "slice_id": slice_id(key),
            "cuboid": cuboid,
            "slice_key": key,
            "dims": slice_levels(key),
            "first_at": now - timedelta(days=days),
        }
        for key, cuboid, _ in _cells()
    ]
    upsert(conn, t.slice_, rows)
    measures = (
        "complaint.n",
        "response.d",
        "due.n",
        "due.met",
        "csat.n",
        "csat.top",
        "offered.n",
        "answered.n",
        "answered20.n",
    )
    feeds = [{"slice_id": slice_id(row["slice_key"]), "measure": m, "source": "tickets"} for row in rows for m in measures]
    feeds += [{"slice_id": slice_id("all"), "measure": "csat.n", "source": "survey"}]
    upsert(conn, t.slice_source, feeds)


def _rollups(conn: Connection, now: datetime, days: int) -> None:
    end = bucket(now, 15) + 15
    rows: list[dict[str, Any]] = []
    for at in range(end - days * 1440, end, 15):
        rows += _quarter(at, now)
    for at in range(bucket(now, 1) - 26 * 60, bucket(now, 1)):
        rows += _minute(at, now)
    rollups.put(conn, rows)


def _cell(grain: int, key: str, measure: str, at: int, value: float, bin_: int = NO_BIN) -> dict[str, Any]:
    names = {"grain": grain, "slice_id": slice_id(key), "measure": measure, "bin": bin_, "bucket": at}
    return {**names, "value": max(0, round(value))}


def _burst(at: int, now: datetime, grain: int) -> float:
    """Sixty complaints more in the last twelve minutes, in 华南 App and so also above it."""
    start = bucket(_started(now), 1)
    inside = [minute for minute in range(at, at + grain) if start <= minute < bucket(now, 1)]
    return 5.0 * len(inside)


def _quarter(at: int, now: datetime) -> Iterator[dict[str, Any]]:
    from fengsui.store.slices import bucket_start

    base = expected(bucket_start(at)) * (1 + 0.08 * wobble(at // 15))
    for key, cuboid, share in _cells():
        levels = slice_levels(key)
        touched = all(levels.get(name, value) == value for name, value in (("org.1", "华南"), ("channel", "App")))
        more = _burst(at, now, 15) if touched else 0.0
        yield _cell(
            15, key, "complaint.n", at, base * share + more + (wobble(at + slice_id(key) % 97) if cuboid != "all" else 0)
        )
        if cuboid == "all":
            yield from _service(at, base, wobble(at // 15))


def _service(at: int, base: float, w: float) -> Iterator[dict[str, Any]]:
    """Replies, deadlines, answers and calls of the centre; the last three hours are slower."""
    for seconds, share in ((600, 0.3), (1500, 0.35), (2600, 0.2), (5000, 0.1)):
        yield _cell(15, "all", "response.d", at, base * 4 * share + w, bin_of(seconds))
    yield _cell(15, "all", "due.n", at, base * 2)
    yield _cell(15, "all", "due.met", at, base * 2 * (0.935 + 0.01 * w))
    yield _cell(15, "all", "csat.n", at, base * 1.4)
    yield _cell(15, "all", "csat.top", at, base * 1.4 * (0.915 + 0.015 * w))
    yield _cell(15, "all", "answered.n", at, base * 6)
    yield _cell(15, "all", "abandoned.n", at, base * 0.4)
    yield _cell(15, "all", "answered20.n", at, base * 6 * (0.9 + 0.03 * w))


def _minute(at: int, now: datetime) -> Iterator[dict[str, Any]]:
    from fengsui.store.slices import bucket_start

    base = expected(bucket_start(at)) / 15
    yield _cell(1, "all", "complaint.n", at, base + 0.5 * wobble(at) + _burst(at, now, 1))
    yield _cell(1, PAYMENT, "complaint.n", at, 0.4 + 0.5 * wobble(at) + _burst(at, now, 1))


def _gauge(conn: Connection, now: datetime) -> None:
    rows = [
        {
            "source": "hotline",
            "name": "waiting",
            "slice_key": "all",
            "at": now - timedelta(minutes=m),
            "value": 8 + 3 * wobble(m),
        }
        for m in range(0, 1440, 15)
    ]
    upsert(conn, t.gauge, rows)
    upsert(conn, t.slice_source, [{"slice_id": slice_id("all"), "measure": "g.waiting", "source": "hotline"}])


def _sources(conn: Connection, now: datetime) -> None:
    def state(name: str, age: float, **more: Any) -> dict[str, Any]:
        at = now - timedelta(seconds=age)
        base = {"cursor": {}, "watermark": at, "source_now": at, "last_poll_at": at, "last_success_at": at, "newest_at": at}
        kinds = {"fault": None, "fault_code": None, "fault_params": None, "fault_since": None, "fault_n": 0, "backfilled": True}
        return {"source": name, **base, **kinds, "rows_n": 20000, "bad_n": 0, **more}

    rows = [state("hotline", 6), state("tickets", 3), state("app", 4), state("survey", 1300, bad_n=14)]
    mail = {"fault": "later", "fault_code": "connectors.later.status", "fault_params": {"status": 503}, "fault_n": 12}
    rows.append(state("mail", 2280, **mail, fault_since=now - timedelta(minutes=38)))
    upsert(conn, t.source_state, rows)
    polls = [
        {"source": name, "tick": 4000 + n, "part": 0, "at": now - timedelta(seconds=5 * n), "seconds": 0.05 + 0.02 * (n % 4)}
        | {"read_n": n % 5, "new_n": n % 3, "changed_n": n % 2, "bad_n": 0, "code": "ok", "sweep": n == 30, "missed_n": 0}
        for name in SOURCES
        for n in range(40)
    ]
    upsert(conn, t.poll, polls)
    day = (now + timedelta(hours=8)).date()
    cover = [
        {"source": "tickets", "day": day - timedelta(days=n), "theirs": 2650 + n, "ours": 2650 - (n == 2), "checked_at": now}
        for n in range(1, 6)
    ]
    upsert(conn, t.coverage_day, cover)
    bad = [
        {
            "quarantine_id": f"q{n}",
            "source": "survey",
            "code": "connectors.bad.rating",
            "params": {"field": "评分", "allowed": "1–5", "got": "文字"},
        }
        | {"first_at": now - timedelta(hours=4), "last_at": now, "seen_n": 1, "state": "held"}
        for n in range(14)
    ]
    upsert(conn, t.quarantine, bad)


def _series(conn: Connection, now: datetime) -> None:
    rows = []
    for key, rule in (("all", "complaints_all"), (PAYMENT, "complaints_cell")):
        rows.append(
            {"series": f"complaints|{key}|60|{rule}", "metric": "complaints", "slice_id": slice_id(key), "slice_key": key}
            | {"step_s": 60, "rule_id": rule, "role": "head", "since": now, "active": True, "ready": True, "ready_at": now}
        )
    upsert(conn, t.series, rows)
    verdicts = []
    for back in range(0, 24 * 60, 5):
        end = now.replace(second=0, microsecond=0) - timedelta(minutes=back)
        mean = expected(end) / 15
        verdicts.append(_verdict("complaints|all|60|complaints_all", end, mean, 1.7 * math.sqrt(mean), now))
        verdicts.append(_verdict(f"complaints|{PAYMENT}|60|complaints_cell", end, 0.45, 0.9, now))
    upsert(conn, t.verdict, verdicts)


def _verdict(series: str, end: datetime, mean: float, spread: float, now: datetime) -> dict[str, Any]:
    grade = 3 if end > now - timedelta(minutes=8) else 2 if end > _started(now) else 0
    row = {"series": series, "end_at": end, "seq": 1, "tick": 1, "start_at": end - timedelta(minutes=1), "value": mean}
    row |= {"expected": mean, "lower": max(0.0, mean - spread), "upper": mean + spread, "score": 9.0 * (grade > 0)}
    row |= {
        "p_value": 0.5,
        "ready": True,
        "complete": True,
        "grade": grade,
        "direction": "up",
        "reason": "x",
        "reason_params": {},
    }
    return row | {"window_start": end - timedelta(minutes=1), "window_observed": None, "window_expected": None}


LEAD = "alerts.lead.count_up"
FACTORS = {
    "likelihood": [{"code": "alerts.factor.lasting", "params": {"span": 720}}],
    "impact": [{"code": "alerts.factor.customers", "params": {"n": 57}}],
    "loss": [{"code": "alerts.factor.cue", "params": {"n": 41, "cue": "资金"}}],
}


def _lead(key: str, began: datetime, observed: float, expected_: float, metric: str) -> dict[str, Any]:
    """What ``alerts`` stores beside the sentence."""
    params = {
        "since": began.isoformat(),
        "slice": key,
        "metric": metric,
        "span": 720,
        "observed": observed,
        "expected": expected_,
    }
    return {**params, "excess": observed - expected_, "n": 60, "customers": 57, "ratio": observed / expected_}


def alert(no: int, now: datetime, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An episode with its handling; keys of ``more`` go to the row that has them."""
    began = more.pop("began", _started(now))
    local_day = (now + timedelta(hours=8)).date()
    base: dict[str, Any] = {
        "episode_id": f"e{no}",
        "day": local_day,
        "day_n": no,
        "rule_id": "complaints_cell",
        "rule_version": 1,
    }
    base |= {
        "mode": "on",
        "series": None,
        "metric": "complaints",
        "slice_key": PAYMENT,
        "parent_id": None,
        "condition": "firing",
    }
    base |= {
        "direction": "up",
        "opened_at": began + timedelta(minutes=1),
        "started_at": began,
        "last_at": now,
        "cleared_at": None,
    }
    base |= {"grade": 3, "peak_grade": 3, "tier": 3, "likelihood": 3, "impact": 3, "loss": 3, "floor": None}
    base |= {
        "factors": FACTORS,
        "observed": 60.0,
        "expected": 6.0,
        "lower": 2.0,
        "upper": 11.0,
    }
    base |= {
        "score": 9.0,
        "peak_score": 9.0,
        "n": 60,
        "customers": 57,
        "reason": LEAD,
        "reason_params": {},
        "explained": [],
    }
    base |= {"claim_due_at": now + timedelta(minutes=4, seconds=54), "handle_due_at": now + timedelta(hours=4), "machine_n": 2}
    hand: dict[str, Any] = {
        "episode_id": f"e{no}",
        "state": "new",
        "handling_version": 0,
        "owner": None,
        "verdict": None,
        "tier": None,
    }
    hand |= {"machine_tier": None, "tier_reason": None, "participants": [], "claimed_at": None, "resolved_at": None}
    hand |= {"reviewed_at": None, "plan_done": []}
    for name, value in more.items():
        (hand if name in hand and name not in ("tier", "episode_id") else base)[name] = value
    base["slice_id"] = slice_id(base["slice_key"])
    base["reason_params"] = _lead(base["slice_key"], began, base["observed"], base["expected"] or 1.0, base["metric"])
    return base, hand


def _alerts(conn: Connection, now: datetime) -> None:
    def ago(**span: float) -> datetime:
        return now - timedelta(**span)

    own = {"state": "in_progress", "owner": "zhou", "claimed_at": ago(minutes=3), "handling_version": 2}
    rows = [
        alert(1, now, series=f"complaints|{PAYMENT}|60|complaints_cell", explained=[
            {"slice_key": "category.1=支付|channel=App|org.1=华南", "observed": 48, "expected": 5.2},
            {"slice_key": "category.1=物流|channel=App|org.1=华南", "observed": 6, "expected": 4.1},
        ]),
        alert(2, now, rule_id="media", slice_key="all", reason="alerts.lead.record_media_regulator", began=ago(minutes=4), observed=1.0, expected=None, n=1, customers=1, floor=None, **own),
        alert(3, now, rule_id="sl20", reason="alerts.lead.limit_share_down", metric="service_level_20", slice_key="org.1=华南", tier=2, grade=2, direction="down", began=ago(minutes=7),
              observed=0.714, expected=0.86, lower=0.82, upper=0.9, claim_due_at=now + timedelta(minutes=23), impact=2, loss=2),
        alert(4, now, rule_id="response", reason="alerts.lead.duration_up", metric="response_time", slice_key="channel=在线|org.1=华南", tier=2, began=ago(minutes=8),
              observed=5760.0, expected=2400.0, **{**own, "owner": "li", "state": "claimed"}),
        alert(5, now, rule_id="negatives", metric="negatives", slice_key="org.1=华东", tier=2, began=ago(hours=3), observed=23.0, expected=8.0,
              **{**own, "handle_due_at": ago(minutes=6)}),
        alert(6, now, rule_id="negatives", metric="negatives", slice_key="channel=微信|org.1=东北", tier=1, began=ago(hours=6), observed=41.0,
              expected=22.0, **own),
        alert(7, now, rule_id="complaints_cell", slice_key="channel=App|org.1=华东", condition="cleared", cleared_at=ago(days=92, hours=-1),
              began=ago(days=92), day=(now - timedelta(days=92)).date(), tier=3, state="reviewed", verdict="real", owner="li", handling_version=5,
              claimed_at=ago(days=92)),
        alert(8, now, parent_id="e1", slice_key=PAYMENT + "|product=快捷支付", tier=2, observed=31.0, expected=3.0),
        alert(9, now, mode="shadow", day=None, day_n=None, rule_id="response", tier=3),
    ]  # fmt: skip
    upsert(conn, t.episode, [base for base, _ in rows])
    upsert(conn, t.handling, [hand for _, hand in rows])
    started = _started(now)
    moves: list[dict[str, Any]] = [
        {"axis": "machine", "n": 1, "at": started + timedelta(minutes=1), "code": "opened", "before": None, "after": "2"},
        {"axis": "machine", "n": 2, "at": started + timedelta(minutes=2), "code": "raised", "before": "2", "after": "3"},
    ]
    shape = {"tick": 1, "by": "machine", "for_person": None, "decision_seq": None, "params": {}, "note": None}
    upsert(conn, t.transition, [{"episode_id": "e1", **shape, **move} for move in moves])
    told = {
        "axis": "person",
        "n": 1,
        "at": now - timedelta(days=91),
        "code": "resolve",
        "before": None,
        "after": None,
        "by": "li",
    }
    upsert(conn, t.transition, [{"episode_id": "e7", **shape, **told, "note": "证书过期；更换证书后 47 分恢复"}])


WORDS = (
    "刚付完款显示支付失败，银行卡却扣了 328 元，订单还是待付款",
    "换了三张卡都付不了，一直转圈，双十二预售尾款要过期了",
    "重复扣款两次，订单只有一个，客服电话打不进去",
    "付款页面 <b>一直转圈</b>，退出来再进又让我付一次",
)


def _records(conn: Connection, now: datetime) -> None:
    rows, texts = [], []
    for n in range(60):
        key = f"app:{n}"
        at = now - timedelta(seconds=12 * n + 5)
        row = {
            "record_key": key,
            "source": "app",
            "kind": "complaint",
            "opened_at": at,
            "updated_at": at,
            "stored_at": at,
            "seq": 1,
        }
        row |= {"first_stored_at": at, "content_hash": str(n), "dims": {"channel": "App", "org": "华南/广东"}, "state": "open"}
        row |= {"customer": f"c{n % 57:04d}", "ratings": [], "tags": {"cues": {"money": ["支付失败", "扣款"]}}, "extra": {}}
        rows.append(row)
        texts.append({"record_key": key, "text": WORDS[n % len(WORDS)], "mask_version": 1, "text_hash": str(n)})
    upsert(conn, t.feedback, rows)
    upsert(conn, t.feedback_text, texts)


def _house(conn: Connection, now: datetime) -> None:
    upsert(conn, t.leader, [{"id": 1, "holder": "甲机", "epoch": 3, "since": now - timedelta(days=18), "seen_at": now}])
    ticks = [
        {"tick": 41872 - n, "now": now - timedelta(seconds=5 * n), "finished_at": now, "seconds": 0.3 + 0.1 * (n % 3)}
        | {"counts": {"queue": 3, "stored": n}, "fault_code": None, "fault_params": None}
        for n in range(70)
    ]
    ticks[20] |= {"seconds": 7.4, "fault_code": "connectors.later.slow", "fault_params": {}}
    upsert(conn, t.tick, ticks)
    upsert(conn, t.watermark, [{"name": "engine", "at": now, "seq": 1, "tick": 1, "tag": None}])
    notice = {"kind": "alive", "episode_id": None, "channel": "log", "recipient": "log", "created_at": now, "due_at": now}
    notice |= {
        "state": "sent",
        "tries": 1,
        "sent_at": now,
        "fault_code": None,
        "code": "alerts.notice.alive",
        "params": {"n": 31},
        "merged_into": None,
    }
    upsert(conn, t.outbox, [{"notice_id": "n1", **notice}])


def _people(conn: Connection, now: datetime) -> None:
    rows = [
        {"person_id": id_, "name": name, "role": role, "scope": scope, "active": True, "created_at": now, "lang": None}
        for id_, name, role, scope in PEOPLE
    ]
    upsert(conn, t.person, rows)
