"""Words that tell what is at stake: a first list of our own writing, as data.

A cue is not a class: one text may carry several, and each names the words that were seen, so that a person can check it.
The lists are seeded as definitions of kind ``cue`` (``id`` = the cue) and edited there; ``Cues`` is built from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from fengsui.store.tables import definition
from fengsui.store.upsert import upsert
from fengsui.text.lexicon import Lexicon

CUES: Mapping[str, tuple[str, ...]] = {
    "media": (
        *("曝光", "媒体", "记者", "电视台", "热搜", "上微博", "发微博", "发抖音", "发小红书", "上网曝", "黑猫投诉", "315晚会"),
        *("journalist*", "reporter*", "newspaper*", "go viral", "tv station"),
    ),
    "regulator": (
        *(
            "12315",
            "12345",
            "12378",
            "12381",
            "消协",
            "消费者协会",
            "工信部",
            "银保监",
            "金融监管",
            "市场监管",
            "监管局",
            "工商局",
        ),
        *("信访", "邮政管理局", "主管部门", "regulator*", "ombudsman", "consumer protection", "better business bureau"),
    ),
    "legal": (
        *("起诉", "律师", "法院", "诉讼", "仲裁", "报警", "报案", "维权", "法律途径", "律师函"),
        *("lawyer*", "attorney*", "lawsuit*", "sue you", "legal action", "police"),
    ),
    "safety": (
        *(
            "起火",
            "着火",
            "冒烟",
            "爆炸",
            "触电",
            "漏电",
            "受伤",
            "中毒",
            "过敏",
            "住院",
            "晕倒",
            "烫伤",
            "生命危险",
            "轻生",
            "自杀",
        ),
        *("on fire", "smoke coming", "explod*", "electric shock", "injured", "food poisoning", "in hospital", "suicide"),
    ),
    "fraud": (
        *("盗刷", "被骗", "诈骗", "冒用", "信息泄露", "泄露个人信息", "账户被盗", "盗号"),
        *("fraud*", "scam*", "stolen card", "identity theft", "data leak", "hacked"),
    ),
    "money": (
        *("重复扣款", "多扣", "乱扣费", "扣了两次", "没到账", "未到账", "少了钱", "退款不到", "不给退款", "拒绝退款"),
        *("double charged", "charged twice", "overcharged", "refund denied", "missing money"),
    ),
    "churn": (
        *("注销", "销户", "退订", "销号", "携号转网", "换一家", "再也不用", "再也不买", "再也不来", "卸载", "解约", "退会"),
        *("cancel my account", "close my account", "switch to another", "never again", "unsubscribe", "switching to"),
    ),
    "waiting": (
        *(
            "等了",
            "一直等",
            "还在等",
            "还要等多久",
            "排队",
            "迟迟",
            "没人接",
            "打不通",
            "没人回",
            "没有回复",
            "无人处理",
            "没人处理",
            "拖了",
        ),
        *("still waiting", "waited", "on hold", "no reply", "no response", "no one answers", "nobody answers"),
    ),
    "repeated": (
        *(
            "又问",
            "问了好几",
            "问过好几",
            "说了几遍",
            "说了多少遍",
            "第几次",
            "多次反映",
            "多次投诉",
            "反复投诉",
            "打了好几次",
            "打了三次",
        ),
        *("再次投诉", "asked many times", "again and again", "how many times", "called several times", "third time"),
    ),
    "impatience": (
        *(
            "到底",
            "赶紧",
            "马上给我",
            "立刻给我",
            "受够了",
            "忍无可忍",
            "气死",
            "太过分",
            "什么态度",
            "敷衍",
            "踢皮球",
            "推诿",
            "忽悠",
        ),
        *("fed up", "ridiculous", "unacceptable", "right now", "immediately", "sick of", "run around"),
    ),
    "outage": (
        *(
            "崩了",
            "宕机",
            "瘫痪",
            "打不开",
            "登不上",
            "登录不了",
            "无法登录",
            "付不了款",
            "支付失败",
            "用不了",
            "断网",
            "没有信号",
            "闪退",
            "白屏",
        ),
        *(
            "系统异常",
            "服务不可用",
            "outage",
            "is down",
            "not working",
            "can't log in",
            "cannot log in",
            "payment failed",
            "crash*",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Cues:
    """Lists ready to look up. Chinese words are found anywhere, Latin ones as whole words, or as
    stems where they end in ``*``."""

    words: Mapping[str, tuple[str, ...]]
    _lexicon: Lexicon[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lexicon", Lexicon((word, cue) for cue, words in self.words.items() for word in words))

    def found(self, text: str) -> dict[str, list[str]]:
        """cue -> its words in ``text``, in the order in which they stand there; cues without a word are absent."""
        hits: dict[str, list[str]] = {}
        for hit in self._lexicon.in_text(text):
            words = hits.setdefault(hit.meaning, [])
            if hit.word not in words:
                words.append(hit.word)
        return hits


def seed(conn: Connection, now: datetime) -> None:
    """Version 1 of every list that is not there yet."""
    rows = [
        {"kind": "cue", "id": cue, "version": 1, "valid_from": now, "by": "seed", "body": {"words": list(words)}}
        for cue, words in CUES.items()
    ]
    upsert(conn, definition, rows, update=())


@dataclass(frozen=True, slots=True)
class Listed:
    """One stored version of one list."""

    id: str
    valid_from: datetime
    words: tuple[str, ...]


def stored(conn: Connection) -> list[Listed]:
    """Every version of every list, the newest last."""
    query = select(definition.c.id, definition.c.valid_from, definition.c.body).where(definition.c.kind == "cue")
    rows = conn.execute(query.order_by(definition.c.version))
    return [Listed(row.id, row.valid_from, tuple(map(str.casefold, row.body["words"]))) for row in rows]


def of(lists: Iterable[Listed]) -> Cues:
    """The last of each id; our own where there is none."""
    return Cues({one.id: one.words for one in lists} or CUES)


def load(conn: Connection, now: datetime) -> Cues:
    """The newest lists in force at ``now``; our own where none is stored."""
    return of(one for one in stored(conn) if one.valid_from <= now)
