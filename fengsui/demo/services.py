"""What customers come about: categories on two levels, their share of contacts, and the skill group that answers them."""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    l1: str
    l2: str
    share: float
    queue: str


GENERAL, PAYMENT, AFTERSALES = "综合服务组", "支付服务组", "售后服务组"
QUEUES = (GENERAL, PAYMENT, AFTERSALES)

TOPICS = (
    Topic("支付", "支付失败", 0.055, PAYMENT),
    Topic("支付", "重复扣款", 0.030, PAYMENT),
    Topic("支付", "优惠未抵扣", 0.040, PAYMENT),
    Topic("物流", "配送延误", 0.085, AFTERSALES),
    Topic("物流", "包裹破损", 0.040, AFTERSALES),
    Topic("物流", "签收异常", 0.045, AFTERSALES),
    Topic("退款退货", "退款进度", 0.080, AFTERSALES),
    Topic("退款退货", "退货受理", 0.050, AFTERSALES),
    Topic("退款退货", "自助退款", 0.030, AFTERSALES),
    Topic("商品质量", "质量瑕疵", 0.055, AFTERSALES),
    Topic("商品质量", "描述不符", 0.045, AFTERSALES),
    Topic("商品质量", "缺件错发", 0.040, AFTERSALES),
    Topic("账户登录", "验证码", 0.045, PAYMENT),
    Topic("账户登录", "账号冻结", 0.030, PAYMENT),
    Topic("账户登录", "实名认证", 0.030, PAYMENT),
    Topic("会员权益", "积分", 0.045, GENERAL),
    Topic("会员权益", "会员续费", 0.035, GENERAL),
    Topic("会员权益", "优惠券", 0.045, GENERAL),
    Topic("客服态度", "服务用语", 0.025, GENERAL),
    Topic("客服态度", "等待时间", 0.035, GENERAL),
    Topic("客服态度", "承诺未兑现", 0.025, GENERAL),
    Topic("售后维修", "维修进度", 0.040, AFTERSALES),
    Topic("售后维修", "上门预约", 0.030, AFTERSALES),
    Topic("售后维修", "保修政策", 0.020, AFTERSALES),
)

CATEGORIES = tuple(dict.fromkeys(t.l1 for t in TOPICS))

PRODUCTS = {"支付": "钱包", "账户登录": "钱包", "会员权益": "会员", "售后维修": "延保服务"}


def product(l1: str) -> str:
    return PRODUCTS.get(l1, "商城")


def topic(l2: str) -> int:
    """Position in TOPICS of a second-level category."""
    return next(n for n, t in enumerate(TOPICS) if t.l2 == l2)
