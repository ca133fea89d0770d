"""The form in which texts are compared and searched: small letters, half width, simplified characters.

One table over code points, so that a whole batch is folded by one array look-up. The characters come from OpenCC's
(``traditional.json`` names version and licence); one character becomes one, so places in a text stay.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt


def fold(text: str) -> str:
    """``text`` folded, as long as before.

    >>> fold("退貨ＡＢＣ等待處理")
    '退货abc等待处理'
    """
    return text.translate(_letters())


def fold_codes(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Code points folded; those beyond U+FFFF stay."""
    table = _table()
    return np.where(codes < len(table), table[np.minimum(codes, len(table) - 1)], codes).astype(np.uint32)


@lru_cache(maxsize=1)
def simplified() -> Mapping[str, str]:
    """traditional character -> simplified one."""
    held = json.loads(files(__package__).joinpath("traditional.json").read_text(encoding="utf-8"))
    return dict(zip(held["traditional"], held["simplified"], strict=True))


@lru_cache(maxsize=1)
def _letters() -> dict[int, int]:
    """What ``str.translate`` takes: only code points that change."""
    changed: dict[int, int] = {}
    known = simplified()
    for code in range(0x10000):
        if 0xD800 <= code < 0xE000:
            continue
        char = chr(code)
        wide = unicodedata.normalize("NFKC", char)
        one = wide if len(wide) == 1 else char
        small = one.lower()
        one = small if len(small) == 1 else one
        one = known.get(one, one)
        if one != char:
            changed[code] = ord(one)
    return changed


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint32]:
    table = np.arange(0x10000, dtype=np.uint32)
    for code, other in _letters().items():
        table[code] = other
    return table
