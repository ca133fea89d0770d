"""A flood of one text or of one author, taken by the real ingest: its repeats decide how many people speak."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from connectors.base import Batch, Feedback
from fengsui.ingest.take import Ingest
from fengsui.settings.keys import Keys
from fengsui.settings.model import Settings

ADVERT = "转发有礼：凡转发本条消息到三个群并截图发给客服的用户，均可领取现金红包一个"
OUTAGE = "支付失败了怎么办"


def edited(text: str, n: int) -> str:
    """Two characters of it changed, one added: another pair each time."""
    draw = Random(n)
    chars = list(text)
    for at in draw.sample(range(len(chars)), 2):
        chars[at] = draw.choice("的了吧呢请快")
    chars.insert(draw.randrange(len(chars)), draw.choice("啊哦嗯"))
    return "".join(chars)


def own_words(n: int) -> str:
    """What different people write about one outage."""
    draw = Random(n)
    starts = ("你好", "在吗", "客服呢", "我从早上试到现在", "帮我看看", "急", "昨晚开始", "我妈的手机")
    wheres = ("结账的时候", "付款页面", "点确认以后", "用微信付", "充值", "交话费", "买票")
    faults = ("支付失败", "付不了款", "一直转圈扣不了钱", "提示系统异常", "钱扣了订单没有", "打不开付款码")
    asks = ("怎么办", "什么时候好", "退我钱", "麻烦处理一下", "在线等", "到底行不行", "有人管吗")
    return "，".join(draw.choice(words) for words in (starts, wheres, faults, asks))


THINGS = (
    "上周买的空气净化器",
    "昨天下的生鲜订单",
    "给老人办的流量套餐",
    "新装的宽带",
    "双十一抢的手机",
    "儿童安全座椅",
    "年度会员",
    "健身房月卡",
)
FAULTS = (
    "支付以后钱扣了订单没有",
    "物流三天没有更新",
    "用了两次就不通电",
    "发票抬头开错要求重开",
    "退款拖了半个月",
    "门店不肯换货",
    "积分被清零",
)
CITIES = ("广州市天河区", "深圳市南山区", "杭州市西湖区", "成都市武侯区", "武汉市洪山区", "西安市雁塔区", "长沙市岳麓区")
STREETS = ("体育西路", "科技园北路", "文三路口", "天府大道中段", "珞喻路旁", "小寨东路", "麓山南路", "人民公园对面")


def fault(draw: Random) -> str:
    asks = (
        "打了两次电话没人管",
        "要求今天之内上门",
        "说再不处理就投诉到消协",
        "希望按原价补偿",
        "问什么时候能好",
        "不接受换同款",
        "要经理回电",
    )
    return f"{draw.choice(THINGS)}{draw.choice(FAULTS)}，{draw.choice(asks)}"


def slip(n: int) -> str:
    """A note of the centre's template."""
    draw = Random(n)
    place = f"{draw.choice(CITIES)}{draw.choice(STREETS)}{draw.randrange(1, 400)}号"
    return (
        f"【客户来电】客户反映问题：{fault(draw)}；客户地址：{place}；客户要求：请尽快核实处理并在二十四小时内回复客户处理结果；"
        "坐席已按规范安抚客户情绪并告知客户后续处理流程及时限，请相关部门跟进处理，谢谢配合"
    )


def form(n: int) -> str:
    draw = Random(n)
    return (
        f"您遇到的问题是什么：{fault(draw)}\n请描述问题发生的时间和地点：今天在{draw.choice(CITIES)}{draw.choice(STREETS)}\n"
        "您希望我们如何处理：尽快给我一个说法\n您是否同意我们的客服人员通过电话与您联系：同意\n您是否愿意参加满意度回访：愿意"
    )


def one_form(n: int) -> str:
    """Filled in by people: one sentence of the site's, with the number of each one's own order."""
    return f"我的订单 {20260000000 + 7919 * n} 支付失败，钱已经扣了但是订单没有生成，请尽快处理并退款，谢谢"


def numbered(n: int) -> str:
    """No label says what the number is."""
    return f"{edited(ADVERT, n)}{30000000 + 7919 * n}"


def agent(n: int) -> str:
    return f"{ADVERT}，电话 {13800000000 + 104729 * n}，找{'王李张刘'[n % 4]}经理"


def ordered_note(n: int) -> str:
    return f"{one_note(n)}，订单号 {30000000 + 7919 * n}"


def one_note(n: int) -> str:
    """Equal for all after masking."""
    surname, phone = "王李张刘陈杨黄赵吴周"[n % 10], 13800000000 + 104729 * n
    return f"客户{surname}先生来电，电话 {phone}，反映宽带无法上网，已经重启过光猫，要求今天之内上门维修"


def _takes(centre, said):
    """``said``: (customer, text) of complaints of the last hour, in one batch of the source ``crm``."""
    settings = Settings.model_validate(
        {"home": centre.settings.home, "cuboids": ("all", "channel"), "source": {"crm": {"kind": "sql", "purpose": "test"}}}
    )
    at = centre.now - timedelta(minutes=40)
    records = tuple(
        Feedback(
            source_id=str(n),
            kind="complaint",
            opened_at=at + timedelta(seconds=10 * n),
            updated_at=at + timedelta(seconds=10 * n),
            dims={"channel": "App"},
            customer=customer,
            text=text,
        )
        for n, (customer, text) in enumerate(said)
    )
    batch = Batch(records=records, bad=(), cursor={"n": 1}, more=False, source_now=centre.now, complete=True, read=len(records))
    Ingest(centre.store, settings, Keys(b"c" * 32, b"d" * 32, "k1", {})).take("crm", batch, 1, centre.now, lambda conn: None)


@pytest.mark.parametrize(
    ("said", "tier", "customers"),
    [
        ([(f"账号{n}", ADVERT) for n in range(200)], 1, 0),
        ([("刷屏的人", f"第 {n} 次问你们，到底管不管") for n in range(200)], 1, 0),
        ([(f"账号{n}", f"{ADVERT}！！" + "!" * (n % 7)) for n in range(200)], 1, 0),
        ([(f"账号{n}", edited(ADVERT, n)) for n in range(200)], 1, 0),
        ([(None, edited(ADVERT, n)) for n in range(200)], 1, 0),
        ([("刷屏的人", edited(ADVERT, n)) for n in range(200)], 1, 0),
        ([("刷屏的人", one_form(n)) for n in range(200)], 1, 0),
        ([(f"账号{n}", edited(f"{ADVERT}，加微信 hongbao2026", n)) for n in range(200)], 1, 0),
        ([(None, numbered(n)) for n in range(200)], 1, 0),
        ([(f"账号{n}", numbered(n)) for n in range(200)], 1, 0),
        ([(None, agent(n)) for n in range(200)], 1, 0),
        ([(None, one_form(n)) for n in range(200)], 1, 0),
        ([(f"客户{n}", OUTAGE) for n in range(200)], 3, 199),
        ([(f"客户{n}", one_form(n)) for n in range(200)], 3, 199),
        ([(f"客户{n}", one_note(n)) for n in range(200)], 3, 199),
        ([(None, one_note(n)) for n in range(200)], 1, 0),
        ([(None, ordered_note(n)) for n in range(200)], 3, 199),
        ([(f"客户{n}", own_words(n)) for n in range(200)], 3, 199),
        ([(f"客户{n}", slip(n)) for n in range(200)], 3, None),
        ([(None, slip(n)) for n in range(200)], 3, None),
        ([(f"客户{n}", form(n)) for n in range(200)], 3, None),
    ],
    ids=[
        "one text",
        "one author",
        "one text with other marks",
        "one text with small edits",
        "edits without a name",
        "one author with small edits",
        "one author with many orders",
        "one text with small edits and one contact",
        "edits and another number each time",
        "edits and another number each time from many accounts",
        "an advert with another agent and phone each time",
        "one form without a name, another order each time",
        "many people",
        "one form, everybody's own order",
        "one note, everybody's own name and phone",
        "one note, without a customer's number",
        "one note without a customer's number, everybody's own order and phone",
        "many people in their own words",
        "notes of a template",
        "notes of a template without a name",
        "forms of a site",
    ],
)
def test_people_are_counted_and_not_records(centre, said, tier, customers):
    _takes(centre, said)
    centre.sees(observed=float(len(said)), expected=1.0, minutes=60)
    centre.advance()
    found = next(row for row in centre.episodes() if row["rule_id"] == "complaints-all")
    assert found["n"] == 200
    if customers is None:
        assert found["customers"] > 120, "two people may say the same of one thing"
    else:
        assert found["customers"] == customers
    assert found["tier"] == tier
