"""The first rules. A detector rule is seeded only where its cuboid is configured.

Budget: each head series may raise ``1 / HEAD`` false alarms a week, so a full house of about 47 costs the centre one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]

HEAD = 47
PER_SERIES = round(1 / HEAD, 3)
TAIL_BUDGET = 0.02
QUARTER_S = 900


def rules_for(cuboids: Iterable[str], max_head: int) -> dict[str, Body]:
    """rule id -> body for a centre with these cuboids; ``max_head``: no rule asks for more series than the engine holds."""
    known = tuple(cuboids)
    fitted = {id_: {**body, "cuboid": _fitted(body["cuboid"], known)} for id_, body in HEADS.items()}
    wanted = {id_: body for id_, body in {**fitted, **_tails(known)}.items() if body["cuboid"] in known}
    for body in wanted.values():
        body["max_series"] = min(body["max_series"], max_head) if body["role"] == "head" else body["max_series"]
    return {**wanted, **THRESHOLDS, **PHRASES, **_records(known)}


def _fitted(cuboid: str, known: tuple[str, ...]) -> str:
    """A centre whose dimension has one level calls it ``category``, not ``category.1``."""
    alone = cuboid.removesuffix(".1")
    return cuboid if cuboid in known else alone


def _names(zh: str, en: str) -> dict[str, str]:
    return {"zh_CN": zh, "en": en}


def _head(zh: str, en: str, metric: str, cuboid: str, detector: str, direction: str, series: int = 1, step_s: int = 60) -> Body:
    return {
        "name": _names(zh, en),
        "kind": "detector",
        "mode": "on",
        "metric": metric,
        "cuboid": cuboid,
        "where": {},
        "role": "head",
        "step_s": step_s,
        "detector": detector,
        "parameters": {},
        "budget_per_week": PER_SERIES,
        "max_series": series,
        "direction": direction,
    }


def _words(zh: str, en: str, metric: str) -> Body:
    """Of a share that is worse when it rises."""
    return {**_head(zh, en, metric, "all", "share_drift", "up", 1, QUARTER_S), "parameters": {"bad": "up"}}


def _lasting(zh: str, en: str, metric: str) -> Body:
    """Beside the backlog and the warnings in stages they are a second voice of one event: off until a centre wants it. Less
    than ten minutes beyond the usual is not worth a word."""
    body = _head(zh, en, metric, "all", "gauge", "up", 1, QUARTER_S)
    return {**body, "mode": "off", "parameters": {"least": 600.0}}


HEADS: dict[str, Body] = {
    "complaints-all": _head("投诉突增", "Complaint surge", "complaints", "all", "count_surprise", "up"),
    "complaints-channel": _head(
        "渠道投诉突增", "Complaint surge by channel", "complaints", "channel", "count_surprise", "up", 8
    ),
    "complaints-region": _head("地区投诉突增", "Complaint surge by region", "complaints", "org.1", "count_surprise", "up", 8),
    "complaints-category": _head(
        "类别投诉突增", "Complaint surge by category", "complaints", "category.1", "count_surprise", "up", 12
    ),
    "contacts-category": _head(
        "类别来件突增", "Contact surge by category", "contacts", "category.1", "count_surprise", "up", 12
    ),
    "contacts-topic": _head("话题来件突增", "Contact surge by topic", "contacts", "topic", "count_surprise", "up", 4),
    "sla-all": _head("SLA 达成率下滑", "SLA attainment falling", "sla_attainment", "all", "share_drift", "down", 1, QUARTER_S),
    "service-level-all": _head(
        "20 秒接通率下滑", "Service level falling", "service_level_20", "all", "share_drift", "down", 1, QUARTER_S
    ),
    "answer-rate-all": _head("接通率下滑", "Answer rate falling", "answer_rate", "all", "share_drift", "down", 1, QUARTER_S),
    "response-time-all": _head(
        "首次响应时长异常", "First response time unusual", "response_time", "all", "duration_drift", "both", 1, QUARTER_S
    ),
    "backlog-all": _head("积压偏高", "Backlog unusually high", "backlog", "all", "gauge", "up", 1, QUARTER_S),
    "work-off-all": _lasting("积压消化时间异常", "Work-off time unusually long", "work_off"),
    "longest-wait-all": _lasting("最长等待异常", "Longest wait unusually long", "longest_wait"),
    "csat-weeks": _head(
        "满意度连续数周下降", "Satisfaction falling for weeks", "csat", "all", "slow_decline", "down", 1, QUARTER_S
    ),
    "waiting-words": _words("提到等待的突然变多", "Mentions of waiting rising", "waiting_share"),
    "repeated-words": _words("重复提问的突然变多", "People asking again rising", "repeated_share"),
    "impatience-words": _words("不耐烦的突然变多", "Impatience rising", "impatience_share"),
    "churn-words": _words("想走的客户突然变多", "People who want to leave rising", "churn_share"),
    "threat-words": _words("提到媒体监管的突然变多", "Threats with media or regulators rising", "threat_share"),
    "silence-channel": _head("渠道没有声音", "Channel gone silent", "contacts", "channel", "silence", "down", 5, QUARTER_S),
    "moved-day": _head(
        "数据故障：时段错位", "Data fault: hours moved", "contacts", "all", "moved_profile", "both", 1, QUARTER_S
    ),
    "late-batch": _head(
        "数据故障：补录旧记录", "Data fault: old records entered", "late_share", "all", "batch_entry", "up", 1, QUARTER_S
    ),
    "doubled-records": _head("数据故障：重复计数", "Data fault: counted twice", "contacts", "all", "doubled_counts", "up", 1),
}


def _tails(cuboids: tuple[str, ...]) -> dict[str, Body]:
    """Fine cuboids of the complaint count: they explain a firing parent and spend next to no budget."""
    fine = [cuboid for cuboid in cuboids if "|" in cuboid or cuboid.endswith((".2", ".3"))]
    return {f"complaints-tail-{cuboid.replace('|', '-')}": _tail(cuboid) for cuboid in fine}


def _tail(cuboid: str) -> Body:
    body = _head("细分投诉突增", "Complaint surge in a part", "complaints", cuboid, "count_surprise", "up", 500)
    return {**body, "role": "tail", "budget_per_week": TAIL_BUDGET}


def _stage(zh: str, en: str, metric: str, tier: int, op: str, value: float, clear_value: float, **more: float) -> Body:
    """One of the warnings in stages: looked at each quarter of an hour, beside yesterday and a week ago, of a fixed tier."""
    return {
        "name": _names(zh, en),
        "kind": "threshold",
        "mode": "on",
        "metric": metric,
        "cuboid": "all",
        "where": {},
        "op": op,
        "value": value,
        "clear_value": clear_value,
        "every_s": QUARTER_S,
        "grade": tier,
        "tier": tier,
        **more,
    }


THRESHOLDS: dict[str, Body] = {
    "waiting-now": {
        "name": _names("排队人数过多", "Too many waiting"),
        "kind": "threshold",
        "mode": "on",
        "metric": "waiting_now",
        "cuboid": "all",
        "where": {},
        "op": ">",
        "value": 30,
        "clear_value": 20,
        "for_s": 300,
        "grade": 2,
    },
    "stage-work-off": _stage(
        "积压消化不动", "Backlog is not worked off", "work_off", 1, ">", 2700, 1800, times=3, window_s=3600, for_s=60, min_n=5
    ),
    "stage-at-risk": _stage(
        "临近超时堆积", "Many nearing their deadline", "at_risk", 2, ">", 4, 2, times=3, window_s=QUARTER_S, for_s=QUARTER_S
    ),
    "stage-due-breach": _stage(
        "到期工单大面积超时", "Many missed their deadline", "sla_attainment", 3, "<", 0.85, 0.9, times=3, window_s=28_800,
        for_s=QUARTER_S, min_n=50,
    ),
}  # fmt: skip


def _phrase(zh: str, en: str, cue: str, count: int, customers: int, within_s: int, grade: int, ratio: float) -> Body:
    return {
        "name": _names(zh, en),
        "kind": "phrase",
        "mode": "on",
        "metric": "contacts",
        "cuboid": "all",
        "where": {},
        "cue": cue,
        "count": count,
        "customers": customers,
        "within_s": within_s,
        "ratio": ratio,
        "grade": grade,
    }


PHRASES: dict[str, Body] = {
    "cue-media": _phrase("多位客户提到曝光媒体", "Several customers speak of the media", "media", 3, 3, 3600, 3, 4),
    "cue-regulator": _phrase("多位客户提到投诉监管", "Several customers speak of the regulator", "regulator", 3, 3, 3600, 3, 4),
    "cue-safety": _phrase("多位客户提到安全问题", "Several customers speak of safety", "safety", 2, 2, 3600, 3, 4),
    "cue-outage": _phrase("多位客户说用不了", "Several customers cannot use the service", "outage", 8, 6, 1800, 3, 6),
    "cue-waiting": _phrase("多位客户抱怨等待", "Several customers complain of waiting", "waiting", 15, 10, 3600, 2, 5),
}


def _record(zh: str, en: str, cuboid: str, tier: int, kinds: list[str], cues: list[str]) -> Body:
    return {
        "name": _names(zh, en),
        "kind": "record",
        "mode": "on",
        "metric": "contacts",
        "cuboid": cuboid,
        "where": {},
        "kinds": kinds,
        "cues": cues,
        "tier": tier,
    }


def _records(cuboids: tuple[str, ...]) -> dict[str, Body]:
    """One alert a day and category where categories are configured, else one a day."""
    cuboid = "category.1" if "category.1" in cuboids else "all"
    return {
        "staff-report": _record("一线上报", "Report from the front line", cuboid, 1, ["staff_report"], []),
        "media-regulator": _record(
            "客户提到媒体或监管", "A customer speaks of media or regulator", cuboid, 2, [], ["media", "regulator"]
        ),
        "safety-record": _record("客户提到人身或资金安全", "A customer speaks of safety", cuboid, 2, [], ["safety"]),
    }
