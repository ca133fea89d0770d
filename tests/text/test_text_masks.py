"""Personal numbers go, order numbers stay."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.text import clean, masks
from fengsui.text.masks import mask, mask_url, mask_value

GONE = [
    ("手机13812345678打不通", "手机[手机号]打不通"),
    ("打+86 138-1234-5678或0086-19987789328", "打[手机号]或[手机号]"),
    ("电话173 8575 3113。", "电话[手机号]。"),
    ("电话１３８１２３４５６７８", "电话[手机号]"),
    ("座机0591 86646461，或(010)62345678转801", "座机[座机]，或[座机]"),
    ("固话：86646461", "固话：[座机]"),
    ("身份证11010519491231002X", "身份证[证件号]"),
    ("11010519491231002x实名失败", "[证件号]实名失败"),
    ("证件号码：110105 19491231 002X", "证件号码：[证件号]"),
    ("身份证号110105491231002", "身份证号[证件号]"),
    ("卡4111 1111 1111 1111重复扣款", "卡[银行卡]重复扣款"),
    ("卡号6222020200112233440", "卡号[银行卡]"),
    ("发到 chen-jie@example.com.cn 谢谢", "发到 [邮箱] 谢谢"),
    ("li_na88＠qq.com", "[邮箱]"),
]
STAYS = [
    "订单号13812345678还没发货",
    "订单编号：4111111111111111，要求退款",
    "运单号 SF2374095461113 三天没动",
    "流水号20263639532275014217",
    "订单110105194912310020",  # a birthday, but no check digit
    "110105199902310029",  # the 31st of February
    "order no. 13812345678",
    "2026-11-21 10:35:20 开始断网",
    "充值99元没到账，第12315次",
    "设备号 861234567890123",
    "数字 4111111111111112 不是卡",
    "110105491231002",  # an old card only where its label stands before it
    "热线95588、400-820-8820",
]


@pytest.mark.parametrize(("said", "shown"), GONE, ids=[said for said, _ in GONE])
def test_a_personal_number_goes(said: str, shown: str) -> None:
    assert mask(said) == shown


@pytest.mark.parametrize("said", STAYS)
def test_what_is_not_personal_stays(said: str) -> None:
    assert mask(said) == said


@pytest.mark.parametrize("wrong", range(10))
def test_one_wrong_digit_makes_it_no_identity_card(wrong: int) -> None:
    digits = "11010519491231002X"
    assert masks.id_card_valid(digits)
    assert not masks.id_card_valid(digits[:17] + str(wrong))


@given(st.text(alphabet="0123456789 -@.＠１卡号电话订单a", max_size=60))
def test_masking_twice_is_masking_once(said: str) -> None:
    once = mask(said)
    assert mask(once) == once


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "找", "，", "：", "\n"]))
def test_every_mobile_number_goes(number: str, before: str) -> None:
    assert number not in mask(f"{before}{number}。")


def test_json_is_masked_in_all_its_leaves() -> None:
    value = {
        "a": ["13812345678", {"b": "x@y.cn"}],
        "n": 13812345678,
        "f": 1.5,
        "t": True,
        "none": None,
        "big": 99999999999999999,
    }
    assert mask_value(value) == {
        "a": ["[手机号]", {"b": "[邮箱]"}],
        "n": "[手机号]",
        "f": 1.5,
        "t": True,
        "none": None,
        "big": 99999999999999999,
    }


def test_a_link_keeps_the_records_own_id() -> None:
    assert mask_url("https://crm/13812345678?p=13912345678", "13812345678") == "https://crm/13812345678?p=[手机号]"
    assert mask_url("https://crm/?p=13912345678", "") == "https://crm/?p=[手机号]"


def test_clean_text_has_one_form() -> None:
    assert clean.clean(" a\x00b\u200b　　c\r\n\n\nd ", 100) == "ab c\nd"
    assert clean.clean("长" * 9, 4) == "长" * 4
    assert clean.clean("e\u0301", 9) == "é"


def test_only_punctuation_is_nothing_said() -> None:
    assert clean.is_empty(" ……！！ ") and not clean.is_empty("好")


def test_equal_texts_have_equal_hashes_under_one_key_only() -> None:
    assert clean.equal_hash("退款！没到账", b"k") == clean.equal_hash("退款 没到账。", b"k")
    assert clean.equal_hash("退款没到账", b"k") != clean.equal_hash("退款没到账", b"q")
    assert clean.equal_hash("退款没到账", b"k") != clean.equal_hash("退款到账", b"k")


def test_short_texts_are_equal_by_chance() -> None:
    assert not clean.can_repeat("好评！！！！！！") and clean.can_repeat("转发即可领奖品")


@pytest.mark.parametrize(("said", "lang"), [("退款 now", "zh"), ("refund now", "en"), ("12345!", None)])
def test_language_is_told_by_script(said: str, lang: str | None) -> None:
    assert clean.language(said) == lang


@pytest.mark.parametrize("module", [masks, clean])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted > 0 and found.failed == 0


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("請打 +852 9123 4567 找我", "請打 [电话] 找我"),
        ("致電 9123 4567", "致電 [电话]"),
        ("澳門 00853-6612 3456", "澳門 [电话]"),
        ("手機 0912-345-678", "手機 [手机号]"),
        ("+886 912 345 678", "[手机号]"),
        ("市話 (02) 2345-6789", "市話 [座机]"),
        ("身份證A123456(3)", "身份證[证件号]"),
        ("身分證字號 A123456789", "身分證字號 [证件号]"),
        ("护照号E12345678", "护照号[证件号]"),
        ("回乡证 H1234567890", "回乡证 [证件号]"),
        ("我叫欧阳娜娜，办宽带", "我叫[姓名]，办宽带"),
        ("我叫王伟投诉你们", "我叫[姓名]投诉你们"),
        ("收件人：陳麗，上海", "收件人：[姓名]，上海"),
        ("李女士来电", "[姓名]来电"),
        ("My name is John Smith and I wait", "My name is [姓名] and I wait"),
        ("家住锦绣花园3栋2单元501室", "[地址]"),
        ("車牌粤Z1234港", "車牌[车牌]"),
        ("加VX lina-0915", "加VX [微信号]"),
    ],
)
def test_who_is_meant_is_masked_in_both_scripts(said: str, shown: str) -> None:
    assert mask(said) == shown
    assert mask(shown) == shown


@pytest.mark.parametrize(
    "said",
    [
        *("型号A123456(4)", "零件 B123456781", "订单 0912345678", "客服经理态度差", "大堂经理不在", "微信支付alipay都付不了"),
        *(
            "中山路支行排队",
            "由于先生产后发货",
            "人民路有个网点",
            "产品经理说",
            "我叫了客服",
            "联系人不接电话",
            "3号线2号楼梯",
            "买了5号电池",
        ),
        *("京东A2345物流", "快递SF1234567890123"),
    ],
)
def test_places_things_and_trades_are_no_people(said: str) -> None:
    assert mask(said) == said
