"""Names, addresses, plates and accounts of people, as they are written in complaints: told by the words around them.

A name stands after a word that announces one (我叫, 收件人 …) or before a title; an address is masked where it names a home (a
label, a room or a whole chain from the province down), not where it names a street. All patterns see a folded text: small
letters, half width, simplified characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

Spec: TypeAlias = tuple[str, str, re.Pattern[str], Callable[[str, str], bool]]

SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛"
    "闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤庞樊兰殷施洪翟安颜倪牛温芦季俞章鲁葛伍申尤毕聂焦柳邢欧岳齐沿梅莉涂祁耿詹关费纪靳童欧阳柯阮岑"
)
_COMPOUND = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|慕容|司徒|令狐|夏侯|轩辕|端木"
_SURNAME = f"(?:{_COMPOUND}|[{SURNAMES}])"
_NOT_GIVEN = "的了是在要想投电手说反上下今昨住来去买办我你他不就也都和跟与有已从对给被把将能会因为请希反打收寄到"
_GIVEN = rf"[\u3400-\u9fff](?:(?![{_NOT_GIVEN}])[\u3400-\u9fff])?"
_ANNOUNCED = (
    r"(?:我叫|我的名字[是叫]|名字叫|姓名|联系人|联络人|收件人|收货人|寄件人|户主|机主|车主|投保人|被保险人|持卡人|业主)"
    r"(?:是|为|叫)?[\s::]{0,3}"
)
_TITLES = "先生|女士|小姐|太太|经理|师傅|老师|主任|医生|大夫|阿姨"
_NAME = rf"{_ANNOUNCED}(?P<it>{_SURNAME}{_GIVEN})"
_TITLED = rf"(?<![由关对属等至位向])(?P<it>{_SURNAME}(?:{_TITLES}))"
_ENGLISH = r"my name is (?P<it>[a-z'-]{2,20}(?: (?!and\b|i\b|my\b|from\b|but\b)[a-z'-]{2,20})?)"

_HAN = r"[\u3400-\u9fff]"
_PROVINCE = (
    r"(?:北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|"
    r"内蒙古|广西|西藏|宁夏|新疆|香港|澳门|台湾)(?:省|市|自治区|特别行政区)?"
)
_AREA = rf"(?:{_HAN}{{1,6}}?(?:自治州|地区|市|州|盟|区|县|旗|镇|乡|街道|新区|开发区)){{0,4}}"
_ROAD = rf"{_HAN}{{1,8}}?(?:大道|路|街|巷|弄|胡同|道|村|里)(?:[一二三四五六七八九十东西南北中\d]{{1,3}}段)?"
_NUMBER = r"\d{1,5}(?:[-之]\d{1,4})?(?:号|弄)(?:院|楼)?"
_ESTATE = "小区|花园|广场|大厦|公寓|家园|苑|城|园|湾|府|庭|楼"
_ROOM = rf"(?:{_HAN}{{0,8}}?(?:{_ESTATE})?[a-z]?\d{{0,4}}(?:号楼|栋|幢|座|单元|层|楼|室|房)\d{{0,5}}(?:室|房|号)?)"
_CHAIN = rf"{_PROVINCE}{_AREA}(?:{_ROAD})?{_NUMBER}(?:{_ROOM}){{0,4}}\d{{0,5}}(?:室|房)?"
_PART = r"(?:[一二三四五六七八九十东西南北中\d]{1,3}段)?"
_ANY = rf"(?:{_HAN}{{2,5}}?(?:市|区|县))?{_HAN}{{1,6}}?(?:大道|路|街|巷|弄|胡同|道|村){_PART}{_NUMBER}"
_LABELLED = (
    rf"(?:地址|住址|家住|住在|寄到|送到|寄往)(?:是|为|在)?[\s:]{{0,3}}(?P<it>{_ANY}(?:{_ROOM}){{0,4}}\d{{0,5}}(?:室|房)?)"
)
_HOME = rf"{_ANY}(?:{_ROOM}){{1,4}}\d{{0,5}}(?:室|房)?"
_FLAT = rf"{_HAN}{{2,8}}?(?:小区|花园|公寓|家园|苑|府|庭)\d{{1,4}}(?:号楼|栋|幢|座)(?:\d{{1,3}}单元)?\d{{1,5}}(?:室|房|号)?"

_PLATE = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][a-z][ ·•・]?"
    r"(?=[0-9a-z]{0,5}\d)[0-9a-z]{4,6}[挂学警港澳领]?(?![0-9a-z])"
)
_WECHAT = (
    r"(?:微信|威信|薇信|wechat|weixin|(?<![a-z])vx|v信)(?:号|id|账号)?[\s::是为]{0,4}"
    r"(?P<it>[a-z][a-z0-9_\-]{5,19})(?![0-9a-z_])"
)
_QQ = r"(?<![a-z])qq(?:号码?|群)?[\s::是为]{0,4}(?P<it>[1-9]\d{4,11})(?!\d)"


def _always(_found: str, _before: str) -> bool:
    return True


def _is_account(found: str, before: str) -> bool:
    """Letters alone are a word (微信alipay) unless somebody calls them a number or asks to be added."""
    return bool(re.search(r"[\d_\-]", found) or re.search(r"号|加我|加|id", before))


RULES: Final[tuple[Spec, ...]] = (
    ("wechat", "[微信号]", re.compile(_WECHAT), _is_account),
    ("qq", "[QQ号]", re.compile(_QQ), _always),
    ("plate", "[车牌]", re.compile(_PLATE), _always),
    ("address", "[地址]", re.compile(_CHAIN), _always),
    ("address", "[地址]", re.compile(_LABELLED), _always),
    ("address", "[地址]", re.compile(_HOME), _always),
    ("address", "[地址]", re.compile(_FLAT), _always),
    ("name", "[姓名]", re.compile(_NAME), _always),
    ("name", "[姓名]", re.compile(_TITLED), _always),
    ("name", "[姓名]", re.compile(_ENGLISH), _always),
)
"""(kind, token, pattern, test): tried after the numbers."""
