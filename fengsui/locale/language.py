"""Which language: one of ours, from whatever a browser, a profile or an address says."""

from __future__ import annotations

LANGUAGES = ("zh_CN", "en")
"""First is the default: the people of a Chinese service centre."""


def language(*wishes: str | None) -> str:
    """The first wish that we speak: ``language(query, profile, browser)``. ``zh-TW`` and ``zh`` read zh_CN; else zh_CN."""
    for wish in wishes:
        head = (wish or "").replace("_", "-").partition("-")[0].lower()
        if head == "zh":
            return "zh_CN"
        if head == "en":
            return "en"
    return LANGUAGES[0]
