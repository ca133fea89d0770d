"""Texts that nobody wrote: bytes read in the wrong encoding, keys hit at random, codes and noise. They wait in the quarantine.

Careful rather than sharp: a good text held back is a customer who is not counted, so short texts, names of models and plain
numbers pass. Common Chinese characters are the first level of GB 2312; text in a wrong encoding is full of the others.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from fengsui.text.fold import fold

SHORT: Final = 6
MANY_SIGNS: Final = 10
"""A face (^_^;) has fewer."""
_MOJIBAKE = re.compile(
    r"锟斤拷|烫烫烫|屯屯屯|\ufffd|Ã[\x80-\xbf¤§©ª¶¼½¾]|â€|ï¼|ã€|[\u00c2-\u00c3][\u0080-\u00bf]|&#\d{4,6};|\\u[0-9a-f]{4}"
)
_NAMED = re.compile(r"https?://\S+|\S+@\S+|\[[^\]]{1,8}\]|[@#]\w+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]+")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
_HARD = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}", re.IGNORECASE)
_STRANGE = re.compile(r"[\u00a1-\u00b6\u00b8-\u00bf\u0080-\u009f\u0100-\u036f\ue000-\uf8ff\u2500-\u259f\ufff0-\uffff]")
_CODE = re.compile(r"(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[A-Z][0-9a-z]+[A-Z])(?=\S*\d)[A-Za-z0-9+/=]{24,}")
_COMMON = (
    "thheineranreonatenndtiesorteofedisitalarsttontngsehaasouiolevecomedehiriroicneearacelichllbemasiomur"
    "caeltalansdifohopeecprnoctusacotiltrlyncetutsssorsunlowageiewheewiemadolrtpowenaulnitsmoowpaimmiaish"
    "irsuidosiviaamficivipligtuevldrympfeblabghtyopwosaayexkefrooavagifapgrodbosprddoucbueiovbyrmepttocfa"
    "efcurnscgidayocrcldugaquueffbaeylsvaumppuauplugohtruugdsltpircrregauckewmubrbiptakpuuirgibtlnykirkys"
    "obmmfuphogmsyeudmbipuboirlgudrhrcctwftwnnuafhunneovorvnfxpgnsmflizoknlmyglawjuoaeqsyslpsjolfnvjenkkn"
    "gsdyhyzeksxtbsikddpmzhxijiqixuziaoiuuoohwtfdjk"
)
"""The pairs of neighbouring letters that English and pinyin are made of, one after another."""
_PAIRS: Final = frozenset(_COMMON[at : at + 2] for at in range(0, len(_COMMON), 2))
_STOPS = re.compile(r"[，。！？、；：]")
_KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
_SIGNS = re.compile(r"[^\w\s\u3400-\u9fff\u2600-\u27bf\U0001f000-\U0001faff，。！？、；：“”‘’（）《》…—,.!?~\-()'\":;/]")


def garbled(text: str) -> str | None:
    """Why the text is none: ``encoding``, ``keys`` or ``noise``; None for one that somebody may have written.

    >>> garbled("閫€娆句竴鐩存病鍒拌处"), garbled("asdkjfhqwlekjrh"), garbled("退款一直没到账"), garbled("iPhone15ProMax 256G")
    ('encoding', 'keys', None, None)
    """
    if _plainly_written(text):
        return None
    if _nothing_but_signs(text):
        return "noise"
    plain = _NAMED.sub(" ", text)
    if len(plain.strip()) < SHORT:
        return None
    letters = [char for char in plain if not char.isspace()]
    if _wrong_encoding(plain, letters):
        return "encoding"
    if len(_SIGNS.findall(plain)) > 0.5 * len(letters) or _only_signs(letters):
        return "noise"
    han = len(_HAN.findall(plain))
    if han >= SHORT:
        return "noise" if _scattered(plain, han) else None
    return "keys" if han * 4 < len(letters) and _mashed(plain) else None


def _plainly_written(text: str) -> bool:
    """Most texts, told at a glance: a sixth of the characters are frequent ones, or English small words stand there."""
    if text.isascii():
        return bool(_SMALL_WORD.search(text))
    return len(_FREQUENT_CHAR.findall(text)) * 6 >= len(text) and "\ufffd" not in text and "锟斤拷" not in text


def _wrong_encoding(plain: str, letters: list[str]) -> bool:
    marks = sum(len(match) for match in _MOJIBAKE.findall(plain)) + len(_STRANGE.findall(plain))
    if marks >= 3 and marks > 0.15 * len(letters):
        return True
    han = _HAN.findall(plain)
    if len(han) < 5:
        return False
    rare = sum(not _common(char) for char in han)
    return rare > 0.34 * len(han) and rare >= 3


def _only_signs(letters: list[str]) -> bool:
    """Question marks where characters were lost, or many kinds of signs and nothing else."""
    if letters.count("?") > 0.8 * len(letters):
        return len(letters) >= 8
    signs = {char for char in letters if not char.isalnum()}
    return len(signs) >= 5 and all(not char.isalnum() and char.isascii() for char in letters)


def _nothing_but_signs(text: str) -> bool:
    """Of those ``_NAMED`` would take some for a mail address."""
    letters = [char for char in text if not char.isspace()]
    return len(letters) >= MANY_SIGNS and _only_signs(letters)


def _scattered(plain: str, han: int) -> bool:
    """Characters drawn at random: none twice, and hardly any of the three hundred that make most of all writing."""
    held = _HAN.findall(plain)
    frequent = sum(char in _FREQUENT for char in held)
    if _STOPS.search(plain):  # who sets commas writes sentences
        return False
    return han >= 8 and len(set(held)) > 0.85 * han and frequent < (0.15 if han >= 16 else 0.08) * han


def _mashed(plain: str) -> bool:
    words = _LATIN.findall(plain)
    if not words:
        return False
    if _CODE.search(plain) and len(_CODE.sub("", plain).strip()) < SHORT:
        return True
    total = sum(map(len, words))
    odd = sum(len(word) for word in words if _odd(word))
    return (total >= SHORT and odd > 0.6 * total) or (total >= 8 and _unpronounceable(words))


def _unpronounceable(words: list[str]) -> bool:
    """Few neighbours that English or pinyin has."""
    pairs = [word[i : i + 2] for word in map(str.casefold, words) for i in range(len(word) - 1) if not word.isupper()]
    return len(pairs) >= 6 and sum(pair in _PAIRS for pair in pairs) < 0.55 * len(pairs)


def _odd(word: str) -> bool:
    """No word of any language written in Latin: vowels missing, or keys that lie side by side."""
    low = word.casefold()
    if len(low) < 5 or word.isupper():
        return False
    vowels = len(_VOWEL.findall(low)) / len(low)
    side = sum(low[i : i + 3] in row or low[i : i + 3][::-1] in row for row in _KEYS for i in range(len(low) - 2))
    mixed = any(one.isupper() for one in word[1:]) and any(one.islower() for one in word)
    return side >= 3 or bool(_HARD.search(low)) or vowels < 0.15 or (mixed and len(word) > 14) or len(low) > 24


@lru_cache(maxsize=30_000)
def _common(char: str) -> bool:
    """First level of GB 2312, or the traditional form of such a one."""
    try:
        first = fold(char).encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xB0 <= first <= 0xD7


_FREQUENT: Final = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日"
    "验证码输入正确错误提示谢登录支付请问订单账户积分会员优惠券处理联系客户投诉反馈"
    "很买店酒住房退款客服电话等物流快递货品质量太差错便宜价格送味吃喝水点次给收真再让用请问您快慢话号机手卡网速费钱元月装换坏修新旧打线上下午晚早已经"
)
_FREQUENT_CHAR = re.compile(f"[{''.join(sorted(_FREQUENT))}]")
_SMALL_WORD = re.compile(r"\b(?:the|and|is|to|my|you|not|for|it|of|in|we|was|have|please)\b", re.IGNORECASE)
