"""Check digits of identity cards of Hong Kong and Taiwan, so that part numbers of the same shape survive."""

from __future__ import annotations

import re

_TAIWAN = {letter: str(number) for number, letter in enumerate("abcdefghjklmnpqrstuvxywzio", start=10)}


def hong_kong_id_valid(found: str) -> bool:
    """``a123456(3)``: letters count 10 to 35, a missing first one 36; weights 9 to 2, the check digit 1 (a = 10), modulo 11.

    >>> hong_kong_id_valid("a123456(3)"), hong_kong_id_valid("a123456(4)")
    (True, False)
    """
    match = re.fullmatch(r"([a-z]{1,2})(\d{6})([0-9a])", re.sub(r"[() ]", "", found.casefold()))
    if match is None:
        return False
    letters, digits, check = match.groups()
    values = [36] if len(letters) == 1 else []
    values += [ord(letter) - ord("a") + 10 for letter in letters]
    values += [int(digit) for digit in digits]
    values.append(10 if check == "a" else int(check))
    return sum(value * weight for value, weight in zip(values, (9, 8, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11 == 0


def taiwan_id_valid(found: str) -> bool:
    """``a123456789``: the letter as two digits; weights 1, 9, 8, … 1, 1, modulo 10.

    >>> taiwan_id_valid("a123456789"), taiwan_id_valid("a123456788")
    (True, False)
    """
    text = found.casefold()
    if not re.fullmatch(r"[a-z][1289]\d{8}", text):
        return False
    digits = [int(digit) for digit in _TAIWAN[text[0]] + text[1:]]
    return sum(digit * weight for digit, weight in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0
