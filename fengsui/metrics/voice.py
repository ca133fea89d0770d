"""Early cues as metrics: of the feedback that can be read, how much mentions waiting, asks again, loses patience, wants to
leave, or threatens with media and regulators. They rise before complaints do."""

from __future__ import annotations

from fengsui.metrics.measures import CUES
from fengsui.metrics.metric import Metric

FEW_SHARE = 20


def _share(cue: str, zh: str, en: str) -> Metric:
    names = {"zh_CN": zh, "en": en}
    return Metric(f"{cue}_share", "share", names, "pct", "down", (f"cue.{cue}.n",), ("told.n",), min_n=FEW_SHARE)


CUE_SHARES = frozenset(f"{cue}_share" for cue in CUES)
"""Shares among the feedback that can be read."""
OF_TAGS = CUE_SHARES | {"negatives", "negative_share"}
"""Figures that stand on tags: another list of words, or a model, and they are others."""
TAG_DIMS = frozenset({"issue", "department", "topic"})
"""Dimensions whose values are tags."""
VOICE = (
    _share("waiting", "提到等待的占比", "Share that mentions waiting"),
    _share("repeated", "重复提问的占比", "Share that asks again"),
    _share("impatience", "不耐烦的占比", "Share that is impatient"),
    _share("churn", "流失意向的占比", "Share that wants to leave"),
    _share("threat", "媒体或监管威胁的占比", "Share that threatens with media or regulators"),
)
