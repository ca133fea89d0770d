"""Troubles that can be set off in the demo centre, each with the contacts it brings and what it does to staff and channels.

An incident is (name, first second); all that it brings is a pure function of seed and these two, so that a restart goes on with
it. Contacts follow a curve that rises, holds and falls; slowness and silence follow the same clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from fengsui.demo import phrases, plan
from fengsui.demo.contacts import Live
from fengsui.demo.customers import customers
from fengsui.demo.days import ZONE
from fengsui.demo.places import BRANCHES, in_region
from fengsui.demo.services import AFTERSALES, PAYMENT, topic


class Incident(NamedTuple):
    name: str
    started: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Wave:
    """Contacts of one kind that an incident brings: ``n`` expected, from customers of ``branches``."""

    store: Literal["chat", "ticket"]
    channels: dict[str, float]
    types: dict[str, float]
    l2: str
    branches: tuple[int, ...]
    n: float
    words: tuple[str, ...]
    one_author: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of incident. ``zh`` and ``en``: what happens and what Fengsui should make of it."""

    zh: str
    en: str
    minutes: int
    rise: float = 0.05  # share of the time until the curve is at its height
    fall: float = 0.15
    burst: float = 1.0  # height of the first tenth: an outage is felt by all who are paying just then
    waves: tuple[Wave, ...] = ()
    slows: str | None = None  # a skill group
    slowness: float = 1.0
    silences_chats: bool = False


EVERYWHERE = tuple(range(len(BRANCHES)))
SOUTH, EAST = tuple(in_region("华南")), tuple(in_region("华东"))
TIANHE = tuple(n for n, b in enumerate(BRANCHES) if b.name == "天河网点")
COMPLAINT = {"complaint": 1.0}

INCIDENTS: dict[str, Kind] = {
    "payment-outage": Kind(
        zh="支付故障：华南的 App 和在线渠道每 10 分钟约 55 件支付投诉，来自许多不同客户，2 分钟内应为严重",
        en="Payment outage: about 55 payment complaints in 10 minutes by many customers of the south; severe in 2 minutes",
        minutes=30,
        rise=0.01,
        burst=1.7,
        waves=(
            Wave(
                "chat",
                {"App": 0.62, "在线": 0.38},
                COMPLAINT,
                "支付失败",
                SOUTH,
                134.0,
                (
                    "扣款成功但订单未支付，页面一直提示支付失败",
                    "银行卡已扣款，App 却显示支付失败",
                    "钱扣了，订单还是待付款，商家说没到账",
                    "App 一直付不了款，短信却说已扣款",
                    "付款页面打不开，钱已经扣了",
                    "结账时支付失败三次，余额却少了钱",
                    "支付成功了却提示未付款，再付又扣了一次",
                ),
            ),
            Wave(
                "chat",
                {"App": 0.5, "在线": 0.5},
                {"inquiry": 1.0},
                "支付失败",
                SOUTH,
                30.0,
                ("付款是不是出故障了", "现在能不能付款"),
            ),
        ),
        slows=PAYMENT,
        slowness=1.6,
    ),
    "batch-delay": Kind(
        zh="一批包裹延误：华东约 20 位客户在一小时内投诉同一批次的物流，应为重要",
        en="A delayed batch: about 20 customers in the east complain about one batch of parcels within an hour; important",
        minutes=60,
        waves=(
            Wave(
                "chat",
                {"在线": 0.5, "微信": 0.3, "App": 0.2},
                COMPLAINT,
                "配送延误",
                EAST,
                15.0,
                (
                    "批次 HD2207 的包裹三天没动",
                    "HD2207 批次一直停在嘉兴中转站",
                    "物流显示批次 HD2207 滞留",
                    "同事和我的 HD2207 批次都没到",
                ),
            ),
            Wave(
                "ticket",
                {"电话": 0.8, "邮件": 0.2},
                COMPLAINT,
                "配送延误",
                EAST,
                6.0,
                ("批次 HD2207 延误，客户来电催促", "HD2207 批次未按时送达"),
            ),
        ),
    ),
    "self-service-questions": Kind(
        zh="新的自助退款上线：许多人来问怎么用，少数轻微投诉，应为一般",
        en="A new self-service refund: many ask how it works, a few complain mildly; general",
        minutes=40,
        rise=0.2,
        waves=(
            Wave(
                "chat",
                {"App": 0.5, "在线": 0.3, "微信": 0.2},
                {"inquiry": 0.9, "complaint": 0.1},
                "自助退款",
                EVERYWHERE,
                30.0,
                (
                    "新的自助退款在哪里",
                    "自助退款怎么填原因",
                    "自助退款提交后看不到进度",
                    "自助退款按钮是灰的",
                    "自助退款要不要寄回商品",
                ),
            ),
        ),
    ),
    "slow-queue": Kind(
        zh="售后服务组人手不足：接通率下降，首次响应变慢",
        en="The after-sales group is short of staff: fewer calls answered in time, slower first responses",
        minutes=40,
        slows=AFTERSALES,
        slowness=3.0,
    ),
    "branch": Kind(
        zh="一个网点出问题：天河网点的服务投诉增多",
        en="One branch: complaints about the service of 天河网点 rise",
        minutes=40,
        waves=(
            Wave(
                "ticket",
                {"门店": 0.7, "电话": 0.3},
                COMPLAINT,
                "服务用语",
                TIANHE,
                26.0,
                (
                    "天河网点柜台态度很差",
                    "天河网点只开一个窗口还不理人",
                    "在天河网点排队两小时没人管",
                    "天河网点员工当众骂人",
                ),
            ),
        ),
    ),
    "silent-channel": Kind(
        zh="在线客服平台停止供数：接口先限流后返回 503，恢复后补齐",
        en="The chat platform stops delivering: its API limits requests, then answers 503; afterwards nothing is missing",
        minutes=20,
        silences_chats=True,
    ),
    "spam-flood": Kind(
        zh="刷屏：一个账号把同一句话发了 400 遍，不应为严重",
        en="Spam: one account sends the same sentence 400 times; must not be severe",
        minutes=15,
        waves=(
            Wave(
                "chat",
                {"微信": 1.0},
                COMPLAINT,
                "优惠券",
                EVERYWHERE,
                400.0,
                ("优惠券又没抢到，退钱退钱退钱",),
                one_author=True,
            ),
        ),
    ),
}


def over(incident: Incident, second: int) -> bool:
    return second >= incident.started + INCIDENTS[incident.name].minutes * 60


def active(incident: Incident, second: int) -> bool:
    return incident.started <= second and not over(incident, second)


def slowness_of(incidents: Iterable[Incident]) -> plan.Slowness:
    """How many times slower than usual a skill group is, for ``plan.plan_day``."""
    slowing = [i for i in incidents if INCIDENTS[i.name].slows]

    def slowness(queue: str, second: int) -> float:
        now = [INCIDENTS[i.name] for i in slowing if active(i, second)]
        return max((kind.slowness for kind in now if kind.slows == queue), default=1.0)

    return slowness


def chat_silence(incidents: Iterable[Incident], second: int) -> int | None:
    """Seconds since the chat platform fell silent, None while it delivers."""
    begun = [second - i.started for i in incidents if INCIDENTS[i.name].silences_chats and active(i, second)]
    return max(begun, default=None)


def contacts_of(seed: int, incident: Incident) -> Iterator[Live]:
    """All that an incident brings."""
    kind = INCIDENTS[incident.name]
    for number, wave in enumerate(kind.waves):
        rng = np.random.default_rng([seed, incident.started, *incident.name.encode(), number])
        yield from _wave(seed, incident, kind, number, wave, rng)


def _wave(seed: int, incident: Incident, kind: Kind, number: int, wave: Wave, rng: np.random.Generator) -> Iterator[Live]:
    at = _times(rng, incident.started, kind, round(wave.n * rng.uniform(0.94, 1.06)))
    n = len(at)
    words = Random(f"{seed}|{incident}|{number}")
    drawn = plan.Drawn(at, _authors(seed, wave, rng, n), [topic(wave.l2)] * n, words)
    stem = f"{datetime.fromtimestamp(incident.started, ZONE):%y%m%d%H%M%S}{incident.name[:2].upper()}{number}"
    columns = zip(plan.pick(rng, wave.channels, n), plan.pick(rng, wave.types, n), rng.random((n, 3)).tolist(), strict=True)
    for k, (channel, what, (reply, solve, fate)) in enumerate(columns):
        if wave.store == "ticket":
            ticket = plan.ticket(seed, f"T{stem}{k:03d}", drawn, k, channel, what, 0.5 + reply, 0.5 + solve)
            yield ticket._replace(title=f"【{wave.l2}】{wave.words[0]}", body=_text(words, wave, what, k))
        else:
            chat = plan.chat(seed, f"H{stem}{k:03d}", drawn, k, channel, what, kind.slowness + reply, 0.5 + 3 * solve, fate)
            yield chat._replace(text=_text(words, wave, what, k))


def _times(rng: np.random.Generator, started: int, kind: Kind, n: int) -> list[int]:
    """``n`` sorted seconds whose density rises, holds (after a burst) and falls; the curve is inverted numerically.

    One second falls into each n-th of the area: an incident shows the same from its first minutes on, whenever it is set off.
    """
    grid: npt.NDArray[np.float64] = np.linspace(0.0, 1.0, 401)
    settled = max(kind.rise, 0.1)
    corners = [0.0, kind.rise, settled, settled + 0.02, 1.0 - kind.fall, 1.0]
    height = np.interp(grid, corners, [0.0, kind.burst, kind.burst, 1.0, 1.0, 0.0])
    cumulated = np.concatenate(([0.0], np.cumsum((height[1:] + height[:-1]) / 2)))
    where = np.interp((np.arange(n) + rng.random(n)) / n, cumulated / cumulated[-1], grid)
    return [int(second) for second in sorted(started + where * kind.minutes * 60)]


def _authors(seed: int, wave: Wave, rng: np.random.Generator, n: int) -> list[int]:
    n_authors = 1 if wave.one_author else n
    found = [int(who) for who in customers(seed).distinct_of(rng, list(wave.branches), n_authors)]
    return found * n if wave.one_author else found


def _text(words: Random, wave: Wave, kind: str, k: int) -> str:
    """The wave's sentences in turns, each put in a customer's own words."""
    if wave.one_author:
        return wave.words[0]
    return phrases.around(words, wave.words[k % len(wave.words)], kind)
