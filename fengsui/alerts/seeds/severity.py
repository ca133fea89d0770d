"""How grave: the matrix of 27 cells, the weights of the three factors, the floors. None names an event, a date or a source."""

from __future__ import annotations

from typing import Any

# cells[loss - 1][likelihood - 1][impact - 1]. Loss 1 never reaches severe: a crowd that is not harmed is not a disaster.
MATRIX: dict[str, Any] = {
    "cells": [
        [[1, 1, 1], [1, 1, 2], [1, 1, 2]],
        [[1, 1, 2], [1, 2, 2], [1, 2, 3]],
        [[1, 2, 2], [2, 2, 3], [2, 3, 3]],
    ]
}

WEIGHTS: dict[str, Any] = {
    "cues": {
        "media": 3,
        "regulator": 3,
        "safety": 3,
        "fraud": 3,
        "outage": 3,
        "legal": 2,
        "money": 2,
        "churn": 2,
        "waiting": 1,
        "repeated": 1,
        "impatience": 1,
    },
    "categories": {"支付": 3, "资金": 3, "账户安全": 3, "账户登录": 2, "退款退货": 2},
    "customer_tiers": {"VIP": 3, "vip": 3, "重点": 3, "钻石": 3, "金卡": 2, "企业": 2},
    "kinds": {"complaint": 2},
    "staff_channels": ["employee", "internal", "system", "员工", "内部", "内部录入", "坐席代录", "系统"],
    "staff_kinds": ["staff_report"],
}

FLOORS: dict[str, Any] = {
    "core-outage": {"cues": ["outage"], "customers": 6, "ratio": 4, "within_s": 1800, "tier": 3},
    "media-regulator": {"cues": ["media", "regulator"], "customers": 3, "ratio": 4, "within_s": 3600, "tier": 3},
    "safety": {"cues": ["safety"], "customers": 2, "ratio": 4, "within_s": 3600, "tier": 3},
    "mass-complaints": {"cues": [], "customers": 200, "within_s": 86400, "tier": 3},
    "mass-churn": {"cues": ["churn"], "customers": 30, "ratio": 4, "within_s": 86400, "tier": 3, "rests_on": "counts"},
}
