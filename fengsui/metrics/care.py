"""Metrics of how a customer was dealt with after the first answer, and of how much of that is on record."""

from __future__ import annotations

from fengsui.metrics.metric import Metric

FEW_SHARE, FEW_DURATION = 20, 5
DAY_S = 86_400


def _share(id_: str, zh: str, en: str, value: str, exposure: str, target: float | None = None) -> Metric:
    """A share of which more is better; unknown where nobody delivers ``value``."""
    names = {"zh_CN": zh, "en": en}
    return Metric(id_, "share", names, "pct", "up", (value,), (exposure,), target, min_n=FEW_SHARE, needs=(value,))


def _state(id_: str, zh: str, en: str, *value: str, per: str = "solved.n") -> Metric:
    """Mean seconds a ticket spends in a state."""
    names = {"zh_CN": zh, "en": en}
    return Metric(id_, "mean", names, "second", "down", value, (per,), min_n=FEW_DURATION, needs=(value[-1].lstrip("-"),))


CARE = (
    Metric(
        "at_risk",
        "count",
        {"zh_CN": "时限过半未办结", "en": "Open past half of their limit"},
        "item",
        "down",
        ("half.n", "-half.left"),
        total=True,
    ),
    Metric(
        "next_response",
        "duration",
        {"zh_CN": "后续响应时长", "en": "Next response time"},
        "second",
        "down",
        ("next.d",),
        min_n=FEW_DURATION,
    ),
    _state("state_waiting", "待响应用时", "Time until a reply", "before_reply.s"),
    _state("state_handling", "处理用时", "Time in handling", "resolved.s", "-paused.s", "-before_reply.s"),
    _state("state_paused", "挂起用时", "Time paused", "paused.s"),
    _state("state_closing", "办结到归档用时", "Time from solved to archived", "closing.s", per="archived.n"),
    _share("csat_product", "满意度：产品", "Satisfaction: product", "csat_product.top", "csat_product.n"),
    _share("csat_service", "满意度：服务", "Satisfaction: service", "csat_service.top", "csat_service.n"),
    Metric(
        "second_evaluation",
        "share",
        {"zh_CN": "二次评价率", "en": "Second evaluations answered"},
        "pct",
        "up",
        ("second.done",),
        ("second.n",),
        target=0.6,
        min_n=FEW_SHARE,
        ripe_s=7 * DAY_S,
    ),
    Metric(
        "negative_to_positive",
        "share",
        {"zh_CN": "差评转好评率", "en": "Bad turned to good"},
        "pct",
        "up",
        ("bad.turned",),
        ("bad.again",),
        target=0.35,
        min_n=FEW_SHARE,
        ripe_s=7 * DAY_S,
    ),
    Metric(
        "negative_to_positive_all",
        "share",
        {"zh_CN": "差评转好评率（占全部差评）", "en": "Bad turned to good, of all bad"},
        "pct",
        "up",
        ("bad.turned",),
        ("bad.n",),
        min_n=FEW_SHARE,
        ripe_s=7 * DAY_S,
        needs=("bad.again",),
    ),
    _share("structured_rate", "结构化率", "Structured data", "structured.n", "feedback.n", 0.9),
)
