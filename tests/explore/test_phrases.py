"""Phrases that rise: whole ones, beyond chance, and no number in front."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.explore.phrases import burst, rise, typicality

USUAL = [
    f"{head}，{tail}" for head in ("物流太慢", "客服态度差", "积分没到账", "退款还没到", "想查进度") for tail in "甲乙丙丁戊己"
] * 4
HEADS = ("你好", "请问", "昨天", "刚才", "客服", "麻烦", "为什么", "从上午起")


def test_a_new_saying_is_named_whole_and_not_in_fragments() -> None:
    said = [f"{head}银行卡已扣款，{tail}" for head, tail in zip(HEADS, "甲乙丙丁戊己庚辛", strict=True)]
    found = burst(said + USUAL[:30], USUAL)
    assert found[0].text == "银行卡已扣款" and found[0].now == 8 and found[0].first
    assert not any(one.text in ("行卡已扣", "卡已扣款", "银行卡已") for one in found)


def test_two_words_with_one_ending_begin_no_phrase() -> None:
    heads = ("最后提示", "却显示", "一直提示", "App 提示", "却显示", "页面提示")
    said = [f"{head}支付失败，{tail}" for head, tail in zip(heads, "甲乙丙丁戊己", strict=True)]
    usual = [*USUAL, *(f"{word}余额不足，{n}" for word in ("提示", "却显示") for n in range(4))]
    assert burst(said, USUAL)[0].text == "示支付失败"  # where nothing else was ever shown it cannot be told
    assert burst(said, usual)[0].text == "支付失败"


def test_what_is_said_as_often_as_ever_is_no_burst() -> None:
    assert burst(USUAL[:30], USUAL) == []
    assert burst([], USUAL) == [] and burst(["只有一条"], USUAL) == []


def test_numbers_stand_apart_and_masks_are_no_words() -> None:
    said = [f"{head}升级 89.0 以后闪退，电话 [手机号]" for head in HEADS]
    found = burst(said, USUAL)
    assert any(one.number and one.text == "89.0" for one in found)
    assert not any("手机号" in one.text for one in found)


def test_latin_words_keep_their_capitals_and_little_words_lead_nothing() -> None:
    said = [f"{head} the App crashes with Firefox Sync" for head in HEADS]
    shown = [one.shown for one in burst(said, USUAL)]
    assert any("Firefox" in one for one in shown) and not any(one.startswith("the ") for one in shown)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 500), st.integers(1, 500))
def test_only_a_rise_scores(now: int, texts: int, before: int, all_before: int) -> None:
    now, before = min(now, texts), min(before, all_before)
    score = rise(now, texts, before, all_before)
    assert score >= -1e-9 and (score == 0 or now / texts > before / all_before)


def test_typicality_is_the_share_of_the_burst_that_a_text_holds() -> None:
    found = burst([f"{head}银行卡已扣款，{tail}" for head, tail in zip(HEADS, "甲乙丙丁戊己庚辛", strict=True)], USUAL)
    assert typicality("什么都没有", found) == 0
    assert typicality("银行卡已扣款", found) == pytest.approx(1.0)
