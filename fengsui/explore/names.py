"""A phrase that is nothing but a person's name: what many say of one clerk stands in their records, and is no topic for a wall.

Names whose neighbours tell them are masked before (``text.mask_names``); here a name stands alone, as 王建国 in 又是王建国.
"""

from __future__ import annotations

import re
from typing import Final

from fengsui.text.fold import fold
from fengsui.text.mask_names import SURNAMES

_GIVEN: Final = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞刚桂建国华文玉志红梅春晓海燕峰婷雪玲琳辉鹏飞宇浩轩涵梓欣怡佳俊雨萱嘉诗雅莉倩颖蕾薇琴凤翠珍莲芬荣庆祥福贵德忠义仁兴旺"
    "斌波彬宁亮健帅凯龙虎坤瑞博睿泽晨阳昊然子思梦洁瑶璐妍媛淑惠慧菊香巧云松柏林森鑫淼炎培永振世家少成立旭宏伦利良"
)
_OFFICES: Final = "客服|坐席|专员|师傅|经理|主管|主任|老师|先生|女士|小姐|骑手|快递员|工程师|技师|店长|管家|顾问"
_NAME = re.compile(rf"(?:{_OFFICES})?[{SURNAMES}][{_GIVEN}]{{2}}(?:{_OFFICES})?")


def is_name(phrase: str) -> bool:
    """A surname and two characters that given names are made of, with an office or without. Two characters are never called a
    name: 白云, 高明 and 金融 begin with surnames, too.

    >>> is_name("王建国"), is_name("客服李秀英"), is_name("高峰期"), is_name("白屏")
    (True, True, False, False)
    """
    return _NAME.fullmatch(fold(phrase)) is not None
