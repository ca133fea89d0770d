"""Who is meant is masked before a text is stored: phone, identity card, bank card, e-mail, plate, WeChat, QQ, name, address.

Identity cards are told by their check digit (GB 11643-1999, ISO 7064 MOD 11-2; Hong Kong's and Taiwan's by theirs), bank cards
by Luhn's (ISO/IEC 7812-1), so that order and tracking numbers survive; a number that its own label calls an order (订单号 …)
survives whatever it looks like. Masking a masked text changes nothing. ``MASK_VERSION`` is stored beside each text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from fengsui.text import mask_names
from fengsui.text.fold import fold
from fengsui.text.mask_ids import hong_kong_id_valid, taiwan_id_valid

MASK_VERSION = 2

_MAYBE = re.compile(
    r"[0-9０-９]{5}|[0-9０-９][ \-－　()（）][0-9０-９]|[@＠]|[A-Za-zＡ-Ｚ][·•・]?[0-9０-９]|[0-9０-９] ?[号號室]|"
    r"我叫|我的名字|名字叫|姓名|[联聯][系絡络繫]人|[收寄]件人|收[货貨]人|[户戶机機車车業业]主|投保人|保[险險]人|持卡人|"
    r"先生|女士|小姐|太太|[经經]理|[师師]傅|老[师師]|主任|[医醫]生|大夫|阿姨|[微威薇]信|weixin|vx|wechat|v信|my name is",
    re.IGNORECASE,
)

_ORDER_LABEL = re.compile(
    r"(?:订单|工单|单号|运单|快递|物流|流水|交易|发票|编号|编码|设备|合同|保单|票号|序列号|参考号|imei|sn|order|tracking|invoice|ticket|ref(?:erence)?)"
    r"\s?(?:编?号码?|id|no|number|num)?[\s.:：#=是为]{0,4}[a-z]{0,4}$",
    re.IGNORECASE,
)
_ID_LABEL = re.compile(r"(?:身份证|证件|身份)(?:编?号码?)?[\s:：是为]{0,4}$")
_CARD_LABEL = re.compile(r"(?:银行卡|储蓄卡|借记卡|信用卡|卡号|账号|帐号)(?:编?号码?)?[\s:：是为]{0,4}$")
_PHONE_LABEL = re.compile(
    r"(?:电话|手机|座机|固话|联系方式|联络|致电|热线|号码|tel|phone|whatsapp|mobile|call)(?:编?号码?)?[\s.:：是为]{0,4}$",
    re.IGNORECASE,
)
_LABEL_REACH = 16
_FOUR = re.compile(r"[0-9０-９]{4}")
_REFERENCE = re.compile(r"[a-z]{0,4}\d{4,}")

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CARD_STARTS = re.compile(r"62|4|5[1-5]|2[2-7]|3[47]|60|81|9[0-9]|35")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a personal thing looks like in a folded text; ``holds(what was found, text before it)`` decides. Where the pattern
    has a group ``it``, that alone is masked."""

    kind: str
    token: str
    pattern: re.Pattern[str]
    holds: Callable[[str, str], bool]


def mask(text: str) -> str:
    """``text`` with each personal number replaced by what it was.

    >>> mask("请联系 138-1234-5678，订单号 6222020200112233445")
    '请联系 [手机号]，订单号 6222020200112233445'
    """
    return masked(text)[0]


def masked(text: str) -> tuple[str, list[tuple[str, str]]]:
    """(``text`` masked, each mask with what it hides)."""
    if not _MAYBE.search(text):
        return text, []
    parts, hidden, done = [], [], 0
    for start, end, token in sorted(_spans(fold(text))):
        parts += [text[done:start], token]
        hidden.append((token, text[start:end]))
        done = end
    return "".join([*parts, text[done:]]), hidden


def references(shown: str) -> list[str]:
    """Numbers of a masked text that their label calls an order: who fills in a form gives their own. A number without a label
    is nobody's, however long: any flood can end in another one each time.

    >>> references("订单号 A12345 没到，等了 20261118 分钟，运单 SF1020304050")
    ['a12345', 'sf1020304050']
    """
    if not _FOUR.search(shown):
        return []
    plain = fold(shown)
    found = ((match, plain[max(0, match.start() - _LABEL_REACH) : match.start()]) for match in _REFERENCE.finditer(plain))
    return [match[0] for match, before in found if _ORDER_LABEL.search(before)]


def mask_value(value: Any) -> Any:
    """A JSON value with every string in it masked, and every number that is a personal one (a phone read as a number)."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: mask_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [mask_value(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool) and value > 9_999_999_999:
        masked = mask(str(value))
        return value if masked == str(value) else masked
    return value


def mask_url(url: str, keep: str) -> str:
    """A link masked, but for the record's own id ``keep``, without which it leads nowhere."""
    return keep.join(_mask_link(part) for part in url.split(keep)) if keep else mask(url)


@lru_cache(maxsize=1_000)
def _mask_link(part: str) -> str:
    """All links of a source are alike but for the id."""
    return mask(part)


def id_card_valid(digits: str) -> bool:
    """18 characters whose birthday exists and whose last one is the check of the others.

    >>> id_card_valid("11010519491231002X"), id_card_valid("110105194912310021")
    (True, False)
    """
    if not _is_day(digits[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == digits[17].upper()


def luhn_valid(digits: str) -> bool:
    """Luhn's check over all digits.

    >>> luhn_valid("4111111111111111"), luhn_valid("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _is_day(digits: str) -> bool:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return 1850 <= day.year <= 2100


def _spans(plain: str) -> Iterator[tuple[int, int, str]]:
    """Where personal numbers stand, none twice: an earlier rule takes precedence."""
    taken: list[tuple[int, int]] = []
    for rule in RULES:
        for match in rule.pattern.finditer(plain):
            start, end = match.span("it") if "it" in rule.pattern.groupindex else match.span()
            free = all(end <= begin or start >= finish for begin, finish in taken)
            if free and rule.holds(plain[start:end], plain[max(0, start - _LABEL_REACH) : start]):
                taken.append((start, end))
                yield start, end, rule.token


def _digits(found: str) -> str:
    return re.sub(r"[^0-9Xx]", "", found)


def _always(_found: str, _before: str) -> bool:
    return True


def _is_id(found: str, before: str) -> bool:
    return id_card_valid(_digits(found)) and not _ORDER_LABEL.search(before)


def _is_old_id(found: str, before: str) -> bool:
    return _is_day("19" + _digits(found)[6:12]) and bool(_ID_LABEL.search(before))


def _is_card(found: str, before: str) -> bool:
    digits = _digits(found)
    if _ORDER_LABEL.search(before):
        return False
    return bool(_CARD_LABEL.search(before)) or (luhn_valid(digits) and bool(_CARD_STARTS.match(digits)))


def _is_phone(_found: str, before: str) -> bool:
    return not _ORDER_LABEL.search(before)


def _is_hong_kong_id(found: str, _before: str) -> bool:
    return hong_kong_id_valid(found)


def _is_taiwan_id(found: str, _before: str) -> bool:
    return taiwan_id_valid(found)


def _is_papers(_found: str, before: str) -> bool:
    return bool(_PAPERS_LABEL.search(before))


def _is_labelled_phone(_found: str, before: str) -> bool:
    return bool(_PHONE_LABEL.search(before)) and not _ORDER_LABEL.search(before)


_FREE, _END = r"(?<![0-9a-z_])", r"(?![0-9a-z])"
_AREA = r"0(?:10|2\d|[3-9]\d{2})"
_CODE = r"(?:\(?(?:\+|00)?86\)?[ \-]?)?"
_EMAIL = r"[a-z0-9._%+\-]+@(?:[a-z0-9\-]+\.)+[a-z]{2,}"
_ID_CARD = _FREE + r"[1-9]\d{5}[ \-]?\d{8}[ \-]?\d{3}[0-9x]" + _END
_MOBILE = _FREE + _CODE + r"1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}(?!\d)"
_BANK_CARD = _FREE + r"\d{4}(?:[ \-]?\d{4}){2}[ \-]?\d{1,4}(?:[ \-]?\d{1,3})?" + _END
_LANDLINE = rf"(?<![0-9a-z]){_CODE}(?:\({_AREA}\)[ \-]?|{_AREA}[ \-])[2-8]\d{{6,7}}(?:(?:转|-)\d{{1,5}})?(?!\d)"
_BARE_LANDLINE = rf"(?<![0-9a-z])(?:{_AREA})?[2-8]\d{{6,7}}(?!\d)"
_HONG_KONG = r"(?<![0-9a-z])(?:\+|00)85[23][ \-]?[2-9]\d{3}[ \-]?\d{4}(?!\d)"
_BARE_HONG_KONG = _FREE + r"[2-9]\d{3}[ \-]?\d{4}(?!\d)"
_TAIWAN_MOBILE = _FREE + r"(?:(?:\+|00)886[ \-]?\(?0?\)?9\d{2}|09\d{2})[ \-]?\d{3}[ \-]?\d{3}(?!\d)"
_TAIWAN_LINE = r"(?<![0-9a-z])(?:\+886[ \-]?[2-8]|\(0[2-8]\d?\)|0[2-8]\d?[ \-])[ \-]?\d{3,4}[ \-]?\d{4}(?!\d)"
_HONG_KONG_ID = r"(?<![0-9a-z])[a-z]{1,2}\d{6} ?\(?[0-9a]\)?(?![0-9a-z])"
_PAPERS_LABEL = re.compile(
    r"(?:护照|通行证|回乡证|台胞证|身份证|证件|passport|id card)(?:编?号码?|no\.?|number)?[\s:是为]{0,4}$"
)
RULES: tuple[Rule, ...] = (
    Rule("email", "[邮箱]", re.compile(_EMAIL), _always),
    Rule("id_card", "[证件号]", re.compile(_ID_CARD), _is_id),
    Rule("mobile", "[手机号]", re.compile(_MOBILE), _is_phone),
    Rule("bank_card", "[银行卡]", re.compile(_BANK_CARD), _is_card),
    Rule("landline", "[座机]", re.compile(_LANDLINE), _is_phone),
    Rule("landline", "[座机]", re.compile(_BARE_LANDLINE), _is_labelled_phone),
    Rule("hong_kong_id", "[证件号]", re.compile(_HONG_KONG_ID), _is_hong_kong_id),
    Rule("taiwan_id", "[证件号]", re.compile(r"(?<![0-9a-z])[a-z][1289]\d{8}(?![0-9a-z])"), _is_taiwan_id),
    Rule("macau_id", "[证件号]", re.compile(_FREE + r"[1578]\d{6}\(\d\)"), _is_phone),
    Rule("papers", "[证件号]", re.compile(r"(?<![0-9a-z])[a-z]{1,2}\d{7,10}(?![0-9a-z])"), _is_papers),
    Rule("hong_kong_phone", "[电话]", re.compile(_HONG_KONG), _is_phone),
    Rule("hong_kong_phone", "[电话]", re.compile(_BARE_HONG_KONG), _is_labelled_phone),
    Rule("taiwan_phone", "[手机号]", re.compile(_TAIWAN_MOBILE), _is_phone),
    Rule("taiwan_phone", "[座机]", re.compile(_TAIWAN_LINE), _is_phone),
    *(Rule(*one) for one in mask_names.RULES),
    Rule("old_id_card", "[证件号]", re.compile(_FREE + r"[1-9]\d{14}" + _END), _is_old_id),
)
"""Tried in this order; a number belongs to the first rule that holds."""
