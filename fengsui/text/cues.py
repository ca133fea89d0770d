"""Words that tell what is at stake: a first list of our own writing, as data, and a light sentiment from them.

A cue is not a class: one text may carry several, and each names the words that were seen, so that a person can check it.
The lists are seeded as definitions of kind ``cue`` (``id`` = the cue) and edited there; ``Cues`` is built from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, select

from fengsui.store.tables import definition
from fengsui.store.upsert import upsert

BY = "rule@1"
Sentiment: TypeAlias = Literal["negative", "neutral", "positive"]

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

_NEGATIVE: Sequence[str] = (
    *(
        "差",
        "烂",
        "垃圾",
        "失望",
        "生气",
        "愤怒",
        "恶心",
        "坑人",
        "骗",
        "糟糕",
        "难用",
        "不满",
        "后悔",
        "无语",
        "恶劣",
        "不退",
        "不理",
    ),
    *(
        "投诉",
        "太慢",
        "bad",
        "terrible",
        "awful",
        "worst",
        "horrible",
        "rude",
        "disappoint",
        "useless",
        "angry",
        "poor service",
    ),
)
_POSITIVE: Sequence[str] = (
    *("谢谢", "感谢", "满意", "很好", "不错", "点赞", "好评", "热情", "耐心", "专业", "给力", "喜欢", "推荐", "表扬"),
    *("thank", "great", "excellent", "love", "awesome", "helpful", "perfect", "amazing", "kind staff"),
)
_DENIED = re.compile(r"(?:不|没|没有|不太|不够|毫无|不是很|\bnot |\bno |n't )$", re.IGNORECASE)
_ANGRY = frozenset({"impatience", "waiting", "repeated", "churn", "money", "outage", "fraud", "legal"})


Stem: TypeAlias = tuple[int, str, str, str]
"""(place in the lists, stem, list, word)"""
Index: TypeAlias = Mapping[str, tuple[Stem, ...]]
"""first character -> stems: most lists share no first character with a text, and are not looked for"""


def _index(stems: Iterable[tuple[str, str, str]]) -> Index:
    found: dict[str, tuple[Stem, ...]] = {}
    for place, (stem, name, word) in enumerate(stems):
        found[stem[:1]] = (*found.get(stem[:1], ()), (place, stem, name, word))
    return found


def _standing(index: Index, low: str) -> list[Stem]:
    """Every stem that stands anywhere in ``low``, in no order; an empty stem stands everywhere."""
    return [stem for first in index.keys() & {"", *low} for stem in index[first] if stem[1] in low]


_TONES = _index([*((word, "harsh", word) for word in _NEGATIVE), *((word, "kind", word) for word in _POSITIVE)])


@dataclass(frozen=True, slots=True)
class Cues:
    """Lists ready to look up. Chinese words are found anywhere, Latin ones as whole words, or as
    stems where they end in ``*``."""

    words: Mapping[str, tuple[str, ...]]
    _stems: Index = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        stems = ((word.rstrip("*"), cue, word) for cue, words in self.words.items() for word in words)
        object.__setattr__(self, "_stems", _index(stems))

    def found(self, text: str) -> dict[str, list[str]]:
        """cue -> its words in ``text``, in the order of the list; cues without a word are absent."""
        low = text.casefold()
        hits: dict[str, list[str]] = {}
        for _, stem, cue, word in sorted(_standing(self._stems, low)):
            if _stands(word, low):
                hits.setdefault(cue, []).append(stem)
        return hits

    def tags(self, text: str, ratings: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """What ``feedback.tags`` holds: cues with their words, sentiment, and who tagged."""
        hits = self.found(text) if text else {}
        return {"cues": hits, "sentiment": sentiment(text, hits, ratings), "by": BY}


def sentiment(text: str, cues: Mapping[str, Sequence[str]], ratings: Iterable[Mapping[str, Any]] = ()) -> Sentiment:
    """Ratings speak first: the lower two fifths of a scale are negative, the upper two positive. Without a clear one the
    words decide: angry cues and harsh words against kind words, a denied kind word (不满意) counting as harsh."""
    shares = [_share(rating) for rating in ratings if not str(rating.get("name")).endswith("_second")]  # asked after the cure
    rated = [share for share in shares if share is not None]
    if rated:
        mean = sum(rated) / len(rated)
        if mean <= 0.4:
            return "negative"
        if mean >= 0.7:
            return "positive"
    harsh, kind = _tones(text.casefold()) if text else (0, 0)
    harsh += sum(1 for cue in cues if cue in _ANGRY)
    if harsh > kind:
        return "negative"
    return "positive" if kind > harsh else "neutral"


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


def _stands(word: str, low: str) -> bool:
    """Latin words are whole words (``sue you`` is not in ``issue you``, ``on fire`` not in ``on firefox``) unless they end in
    ``*``, which leaves their ending open; digits are not part of a longer number."""
    if not word[0].isascii():
        return True
    stem = word.removesuffix("*")
    end = r"(?!\d)" if word.isdigit() else "" if stem != word else "(?![a-z0-9])"
    return re.search(rf"(?<![a-z0-9]){re.escape(stem)}{end}", low) is not None


def _share(rating: Mapping[str, Any]) -> float | None:
    low, high, value = rating["low"], rating["high"], rating["value"]
    if not low <= value <= high or low >= high:
        return None
    share = (value - low) / (high - low)
    return float(share if rating["direction"] == "up" else 1 - share)


def _tones(low: str) -> tuple[int, int]:
    harsh = kind = 0
    for _, word, tone, _ in _standing(_TONES, low):
        denied = _denied(word, low)
        if tone == "kind" and not denied:
            kind += 1
        elif (tone == "kind") == denied:
            harsh += 1
    return harsh, kind


def _denied(word: str, low: str) -> bool:
    at = low.find(word)
    return _DENIED.search(low[max(0, at - 6) : at]) is not None
