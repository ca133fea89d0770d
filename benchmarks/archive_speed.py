"""Seconds that one step of 归档 takes over 50,000 closed alerts with three notes each: the list, and words in it.

``python -m benchmarks.archive_speed [URL]``: an SQLite file of its own, or an EMPTY database at URL. Wall seconds of
``board.archive.search`` for a page of 100, the first time and the median of five. The goal is one second a step.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine, insert

from fengsui.alerts import seed
from fengsui.board.archive import Wish, search
from fengsui.settings.model import Settings
from fengsui.store import migrate
from fengsui.store.database import open_store
from fengsui.store.slices import slice_id, slice_key
from fengsui.store.tables import episode, handling, person, transition

N, AT_ONCE, TIMES = 50_000, 5_000, 5
NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
PLACES = ("华南", "华东", "华北", "西南", "华南/广东", "华东/上海", "华北/北京", "西南/四川")
CHANNELS = ("App", "在线", "微信", "电话", "邮件", "门店")
RULES = ("complaints-all", "complaints-channel", "complaints-region", "complaints-category", "contacts-category")
REASONS = ("alerts.lead.count_up", "alerts.lead.share_up", "alerts.lead.duration_up", "alerts.lead.phrase_outage")
PARTS = (
    "已联系网关厂商",
    "确认证书过期",
    "客户已安抚",
    "ＶＩＰ客户优先回访",
    "重启后恢复",
    "退款排队",
    "物流滞留",
    "仍在观察",
    "等产品答复",
    "话术已发",
)
ASKED = ("", "证书", "vip 网关", "华南 支付", "周七", "重启后恢复 李", "不存在的词")


def main() -> None:
    if len(sys.argv) > 1:
        measured(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        measured(f"sqlite:///{Path(folder) / 'archive.db'}")


def measured(url: str) -> None:
    store = open_store(url)
    migrate.upgrade(store)
    filled(store)
    print(f"{N:,} closed alerts, {3 * N:,} notes, {store.dialect.name}: seconds the first time, median of {TIMES}")
    for words in ASKED:
        seconds, found = [], 0
        for _ in range(TIMES):
            begun = time.perf_counter()
            found = search(store, (), Wish(words=words), "zh_CN", 100).n
            seconds.append(time.perf_counter() - begun)
        print(f"  {words or '(no words)':16} {found:6,} found {seconds[0]:6.2f} {median(seconds):6.2f}", flush=True)
    store.dispose()


def filled(store: Engine) -> None:
    with store.begin() as conn:
        seed.seed(conn, Settings(home=Path()), NOW)
        plain = {"role": "duty", "scope": [], "active": True, "created_at": NOW}
        people = [{"person_id": f"p{n}", "name": name, **plain} for n, name in enumerate(("李强", "王敏", "周七"))]
        conn.execute(insert(person), people)
    made = alerts(random.Random(7))
    while some := list(islice(made, AT_ONCE)):
        with store.begin() as conn:
            conn.execute(insert(episode), [one for one, _, _ in some])
            conn.execute(insert(handling), [one for _, one, _ in some])
            conn.execute(insert(transition), [row for one in some for row in one[2]])


def alerts(rng: random.Random) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]]:
    """(episode, handling, transitions of people) of one closed alert after another, a few dozen a day back from NOW."""
    seq = 0
    for n in range(N):
        at = NOW - timedelta(minutes=30 * n)
        key = slice_key({"org.1": rng.choice(PLACES), "channel": rng.choice(CHANNELS)})
        id_ = f"{n:032x}"
        params = {"since": at.isoformat(), "slice": key, "metric": "complaints", "span": 900, "observed": 31, "expected": 6.5}
        known = {
            "episode_id": id_,
            "day": at.date(),
            "day_n": n % 48 + 1,
            "rule_id": rng.choice(RULES),
            "rule_version": 1,
            "mode": "on",
            "metric": "complaints",
            "slice_key": key,
            "slice_id": slice_id(key),
            "condition": "cleared",
            "direction": "up",
            "opened_at": at,
            "started_at": at,
            "last_at": at,
            "grade": 2,
            "peak_grade": 2,
            "tier": rng.choice((1, 1, 2, 3)),
            "likelihood": 2,
            "impact": 2,
            "loss": 2,
            "factors": {"likelihood": [{"code": "alerts.factor.grade", "params": {"grade": 2}}], "impact": [], "loss": []},
            "score": 3.0,
            "peak_score": 4.0,
            "reason": rng.choice(REASONS),
            "reason_params": params,
            "explained": [{"slice_key": key, "observed": 31, "expected": 6.5, "share": 1.0}],
        }
        owner = f"p{rng.randrange(3)}"
        people = {
            "state": "reviewed",
            "handling_version": 3,
            "owner": owner,
            "verdict": "real",
            "participants": [],
            "plan_done": [],
        }
        steps = []
        for step, code in enumerate(("note", "resolve", "review"), 1):
            seq += 1
            said = {"reason": "fixed"} if code == "resolve" else {}
            said |= (
                {"cause": "supplier", "lesson": "，".join(rng.sample(PARTS, 2)), "verdict": "real"} if code == "review" else {}
            )
            row = {"episode_id": id_, "axis": "person", "n": step, "decision_seq": seq, "at": at, "by": owner, "code": code}
            steps.append({**row, "params": said, "note": "，".join(rng.sample(PARTS, 3)) + f" {n}"})
        yield known, {"episode_id": id_, **people}, steps


if __name__ == "__main__":
    main()
