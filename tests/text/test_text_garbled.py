"""What nobody wrote is held back, what somebody may have written is not."""

from __future__ import annotations

import doctest

import pytest

from fengsui.text import garbled as module
from fengsui.text import mask_ids, search_words
from fengsui.text.garbled import garbled

SAID = "退款一直没到账，客服电话打了三次都没有人接"


@pytest.mark.parametrize(
    "text",
    [
        SAID.encode().decode("gbk", "replace"),
        SAID.encode("gbk").decode("latin1"),
        SAID.encode().decode("latin1"),
        SAID.encode("gbk").decode("utf-8", "replace"),
        "?" * 20,
        "@)~<@=((@%+(",
        "asdkjfhqwlekjrhasdf",
        "54qF5q+U5pyIMjAyNmRhc2RhQWFzZDEyMw",
        "龘靐齉爩麤灪龖厵纞虋驫",
    ],
)
def test_what_nobody_wrote_is_held_back(text: str) -> None:
    assert garbled(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        *(
            SAID,
            "退貨還沒處理，等待三天",
            "好评！！！！！！",
            "哈哈哈哈哈哈哈哈哈哈",
            "iPhone15 Pro Max 256G",
            "20261118 063206",
            "SF2374095461113",
        ),
        *(
            "https://example.com/a?b=1",
            "@UnitedAir delayed again",
            "😡😡😡😡😡😡😡",
            "wo de kuai di hai mei dao",
            "OPPO VIVO HUAWEI",
            "",
            "？？？？",
        ),
        *(
            "差评差评差评差评",
            "el pedido no ha llegado",
            "北京市朝阳区建国路",
            "注文した商品がまだ届きません",
            "서비스가 너무 느려요",
        ),
    ],
)
def test_what_somebody_may_have_written_passes(text: str) -> None:
    assert garbled(text) is None


@pytest.mark.parametrize("part", [module, mask_ids, search_words])
def test_examples_are_true(part: object) -> None:
    assert doctest.testmod(part).failed == 0  # type: ignore[arg-type]
