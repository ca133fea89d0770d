"""Near texts: small edits are found, people who say the same thing in their own words are not."""

from __future__ import annotations

from random import Random

import pytest

from fengsui.demo import phrases
from fengsui.text.near import LEAST, are_near, prints

LONG = "转发有礼：凡转发本条消息到三个群并截图发给客服的用户，均可领取现金红包一个"
FORM = "您遇到的问题是：{}；发生问题的地点：{}；您希望我们如何处理：尽快回复并给出结果；您是否同意客服人员与您电话联系：同意"
PARCEL = "the parcel has been lost for nine days and nobody answers"


def near(one: str, other: str) -> bool:
    a, b = prints([one, other])
    return a is not None and b is not None and are_near(a, b)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (LONG, "【通知】" + LONG + "！", True),
        (LONG, LONG.replace("三个群", "两个群"), True),
        (LONG, LONG.replace("轉", "转").replace("发", "發"), True),
        (LONG, "".join(f"{char}·" for char in LONG), True),
        (LONG, "我的包裹三天没有更新物流了，客服说已经发给我，到现在也没有收到", False),
        ("退款一直没有到账怎么办", "退款一直没有到帐怎么办", True),
        ("好评", "好评", False),
        (
            "the parcel has been lost for nine days and nobody answers",
            "the parcel was lost for nine days and nobody answers",
            True,
        ),
        (PARCEL, "my refund never came and I am going to cancel", False),
        ("", "", False),
        ("😀" * 50, "😀" * 50, False),
        (FORM.format("打不开付款页面", "天河区体育西路"), FORM.format("快递三天没更新", "南山区科技园北"), False),
        (FORM.format("打不开付款页面", "天河区体育西路"), FORM.format("打不开付款画面", "天河区体育东路"), True),
    ],
)
def test_near(one: str, other: str, expected: bool) -> None:
    assert near(one, other) is expected


def test_a_batch_gives_what_single_texts_give_whatever_stands_beside_them() -> None:
    for text in (LONG, PARCEL):
        (one,), (same, _) = prints([text]), prints([text, ""])
        assert one is not None and same is not None and one.bands == same.bands
    texts = ["", LONG, "short", "😀😀", LONG[:30], " ", "order 123 " * 9, "\ud800" + LONG]
    alone = [prints([text])[0] for text in texts]
    for one, other in zip(prints(texts), alone, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.bands == other.bands and one.marks.tolist() == other.marks.tolist()
            assert one.pairs.tolist() == other.pairs.tolist()
            assert len(one.marks) >= LEAST and one.marks.tolist() == sorted(set(one.marks.tolist()))


def test_invented_complaints_about_one_thing_are_seldom_near_and_edited_ones_nearly_always() -> None:
    """The bands find them, too: that is how the road looks."""
    draw = Random(7)
    said = list(dict.fromkeys(phrases.sentence(draw, "验证码", "complaint") for _ in range(150)))
    found = [one for one in prints(said) if one is not None]
    pairs = [(a, b) for k, a in enumerate(found) for b in found[:k]]
    assert sum(are_near(a, b) for a, b in pairs) < len(pairs) * 0.01
    edits = []
    for text in said:
        chars = list(text)
        han = [at for at, char in enumerate(chars) if "一" <= char <= "鿿"]
        for at in draw.sample(han, max(1, len(han) // 15)):
            chars[at] = draw.choice("的了吧呢请快")
        edits.append("".join(chars))
    both = [(a, b) for a, b in zip(prints(said), prints(edits), strict=True) if a is not None and b is not None]
    assert sum(are_near(a, b) and bool(set(a.bands) & set(b.bands)) for a, b in both) > len(both) * 0.95
