"""A phrase that is nothing but a person's name: what many say of one clerk stands in their records, and is no topic for a wall.

Names whose neighbours tell them are masked before (``text.mask_names``); here a name stands alone, as 王建国 in 又是王建国.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from fengsui.text.fold import fold
from fengsui.text.mask_names import SURNAMES

_GIVEN: Final = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞刚桂建国华文玉志红梅春晓海燕峰婷雪玲琳辉鹏飞宇浩轩涵梓欣怡佳俊雨萱嘉诗雅莉倩颖蕾薇琴凤翠珍莲芬荣庆祥福贵德忠义仁兴旺"
    "斌波彬宁亮健帅凯龙虎坤瑞博睿泽晨阳昊然子思梦洁瑶璐妍媛淑惠慧菊香巧云松柏林森鑫淼炎培永振世家少成立旭宏伦利良"
)
_OFFICES: Final = "客服|坐席|专员|师傅|经理|主管|主任|老师|先生|女士|小姐|骑手|快递员|工程师|技师|店长|管家|顾问"
_NAME = re.compile(rf"(?:{_OFFICES})?[{SURNAMES}][{_GIVEN}]{{2}}(?:{_OFFICES})?")
_SHORT = re.compile(rf"(?P<before>{_OFFICES})?(?P<name>[{SURNAMES}][{_GIVEN}])(?P<after>{_OFFICES})?")
_BEFORE = re.compile(
    rf"(?:{_OFFICES}|前台|小哥|同事|工号)(?:叫|是|:)?\s*$|(?:叫|姓名)(?:做|是|:)?\s*$|工号\s*[a-z0-9]{{1,12}}\s*$"
)
_AFTER = re.compile(rf"\s*[(]?\s*(?:{_OFFICES}|前台|小哥|同事|工号)")
_NEAR: Final = 20
"""Characters before a name in which its office stands."""
TOLD: Final = 1 / 3
"""Of the texts that hold two such characters so many must call them somebody. Of 158 pairs that stand in 5 and more of 50,000
texts with labels this finds the one that is a person; the next has 0.19."""
_WORDS: Final = frozenset(
    re.findall(
        "..",
        "安静高兴高峰韩国马虎安宁孙子万家白云沈阳高超林立叶子王子安然沿海高雅申明黄龙高明金华金龙高强高亮洪亮黄兴高贵阳明金子苏宁胡子石子金利"
        "梅雨龙凤金贵金刚安家高德金立安利安阳安庆邵阳季军黄海陶然白玉雷峰",
    )
)
"""Words, brands and towns that look so, and are no name beside an office either."""


def is_name(phrase: str, texts: Iterable[str] = ()) -> bool:
    """A surname and one or two characters that given names are made of, with an office or without. Two alone may be a word
    (高峰, 白云): they are a name where a good part of ``texts``, which hold the phrase, calls them somebody.

    >>> is_name("王建国"), is_name("客服李秀英"), is_name("高峰期"), is_name("白屏"), is_name("王芳客服"), is_name("客服高峰")
    (True, True, False, False, True, False)
    >>> is_name("王芳"), is_name("王芳", ["又是工号 3302 王芳", "王芳经理不管", "王芳挂电话"]), is_name("高峰", ["客服高峰"])
    (False, True, False)
    """
    folded = fold(phrase)
    if _NAME.fullmatch(folded) is not None:
        return True
    short = _SHORT.fullmatch(folded)
    if short is None or short["name"] in _WORDS:
        return False
    return bool(short["before"] or short["after"]) or _is_called(folded, [fold(text) for text in texts])


def _is_called(name: str, texts: Sequence[str]) -> bool:
    called = sum(any(_beside(text, match) for match in re.finditer(re.escape(name), text)) for text in texts)
    return called > 0 and called >= TOLD * len(texts)


def _beside(text: str, name: re.Match[str]) -> bool:
    start, end = name.span()
    return bool(_BEFORE.search(text[max(0, start - _NEAR) : start]) or _AFTER.match(text, end))
