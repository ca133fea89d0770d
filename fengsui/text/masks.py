"""Personal numbers are masked before a text is stored: phone, identity card, bank card, e-mail.

Identity cards are told by their check digit (GB 11643-1999, ISO 7064 MOD 11-2), bank cards by Luhn's (ISO/IEC 7812-1), so
that order and tracking numbers survive; a number that its own label calls an order (订单号 …) survives whatever it looks like.
Masking a masked text changes nothing. ``MASK_VERSION`` is stored beside each text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

MASK_VERSION = 1

_WIDE = str.maketrans("０１２３４５６７８９＠．－＋（）　ＸｘX", "0123456789@.-+() XxX")
_MAYBE = re.compile(r"[0-9０-９]{5}|[0-9０-９][ \-－　][0-9０-９]|[@＠]")

_ORDER_LABEL = re.compile(
    r"(?:订单|工单|单号|运单|快递|物流|流水|交易|发票|编号|编码|设备|合同|保单|票号|序列号|参考号|imei|sn|order|tracking|invoice|ticket|ref(?:erence)?)"
    r"\s?(?:编?号码?|id|no|number|num)?[\s.:：#=是为]{0,4}[A-Za-z]{0,4}$",
    re.IGNORECASE,
)
_ID_LABEL = re.compile(r"(?:身份证|证件|身份)(?:编?号码?)?[\s:：是为]{0,4}$")
_CARD_LABEL = re.compile(r"(?:银行卡|储蓄卡|借记卡|信用卡|卡号|账号|帐号)(?:编?号码?)?[\s:：是为]{0,4}$")
_PHONE_LABEL = re.compile(r"(?:电话|座机|固话|联系方式|热线|号码|tel|phone)(?:编?号码?)?[\s.:：是为]{0,4}$", re.IGNORECASE)
_LABEL_REACH = 16

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CARD_STARTS = re.compile(r"62|4|5[1-5]|2[2-7]|3[47]|60|81|9[0-9]|35")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a personal number looks like; ``holds(digits, text before it)`` decides."""

    kind: str
    token: str
    pattern: re.Pattern[str]
    holds: Callable[[str, str], bool]


def mask(text: str) -> str:
    """``text`` with each personal number replaced by what it was.

    >>> mask("请联系 138-1234-5678，订单号 6222020200112233445")
    '请联系 [手机号]，订单号 6222020200112233445'
    """
    if not _MAYBE.search(text):
        return text
    spans = sorted(_spans(text.translate(_WIDE)))
    parts, done = [], 0
    for start, end, token in spans:
        parts += [text[done:start], token]
        done = end
    return "".join([*parts, text[done:]])


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
            start, end = match.span()
            free = all(end <= begin or start >= finish for begin, finish in taken)
            if free and rule.holds(_digits(match[0]), plain[max(0, start - _LABEL_REACH) : start]):
                taken.append((start, end))
                yield start, end, rule.token


def _digits(found: str) -> str:
    return re.sub(r"[^0-9Xx]", "", found)


def _always(_digits_: str, _before: str) -> bool:
    return True


def _is_id(digits: str, before: str) -> bool:
    return id_card_valid(digits) and not _ORDER_LABEL.search(before)


def _is_old_id(digits: str, before: str) -> bool:
    return _is_day("19" + digits[6:12]) and bool(_ID_LABEL.search(before))


def _is_card(digits: str, before: str) -> bool:
    if _ORDER_LABEL.search(before):
        return False
    return bool(_CARD_LABEL.search(before)) or (luhn_valid(digits) and bool(_CARD_STARTS.match(digits)))


def _is_phone(_digits_: str, before: str) -> bool:
    return not _ORDER_LABEL.search(before)


def _is_labelled_phone(_digits_: str, before: str) -> bool:
    return bool(_PHONE_LABEL.search(before)) and not _ORDER_LABEL.search(before)


_FREE, _END = r"(?<![0-9A-Za-z_])", r"(?![0-9A-Za-z])"
_AREA = r"0(?:10|2\d|[3-9]\d{2})"
_CODE = r"(?:\(?(?:\+|00)?86\)?[ \-]?)?"
_EMAIL = r"[A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,}"
_ID_CARD = _FREE + r"[1-9]\d{5}[ \-]?\d{8}[ \-]?\d{3}[0-9Xx]" + _END
_MOBILE = _FREE + _CODE + r"1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}(?!\d)"
_BANK_CARD = _FREE + r"\d{4}(?:[ \-]?\d{4}){2}[ \-]?\d{1,4}(?:[ \-]?\d{1,3})?" + _END
_LANDLINE = rf"(?<![0-9A-Za-z]){_CODE}(?:\({_AREA}\)[ \-]?|{_AREA}[ \-])[2-8]\d{{6,7}}(?:(?:转|-)\d{{1,5}})?(?!\d)"
_BARE_LANDLINE = rf"(?<![0-9A-Za-z])(?:{_AREA})?[2-8]\d{{6,7}}(?!\d)"
RULES: tuple[Rule, ...] = (
    Rule("email", "[邮箱]", re.compile(_EMAIL), _always),
    Rule("id_card", "[证件号]", re.compile(_ID_CARD), _is_id),
    Rule("mobile", "[手机号]", re.compile(_MOBILE), _is_phone),
    Rule("bank_card", "[银行卡]", re.compile(_BANK_CARD), _is_card),
    Rule("landline", "[座机]", re.compile(_LANDLINE), _is_phone),
    Rule("landline", "[座机]", re.compile(_BARE_LANDLINE), _is_labelled_phone),
    Rule("old_id_card", "[证件号]", re.compile(_FREE + r"[1-9]\d{14}" + _END), _is_old_id),
)
"""Tried in this order; a number belongs to the first rule that holds."""
