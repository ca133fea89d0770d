"""Every code a detector may say has words in both languages that can be filled, and every detector a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from detectors import registry
from fengsui.locale.catalogue import FOLDER, room_words

ROOT = Path(__file__).parents[2]
SPOKEN = {
    code
    for path in (ROOT / "detectors").glob("*.py")
    for code in re.findall(r'"(detectors\.reason\.\w+)"', path.read_text("utf-8"))
}
NAMED = {f"detectors.name.{name}" for name in registry.DETECTORS}
PARAMETERS = {parameter.code for name in registry.DETECTORS for parameter in registry.describe(name).parameters}


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_every_code_has_words_and_no_words_are_left_over(lang: str) -> None:
    assert set(room_words(FOLDER / lang / "detectors.po")) == SPOKEN | NAMED | PARAMETERS


def test_both_languages_use_the_same_parameters() -> None:
    chinese, english = (room_words(FOLDER / lang / "detectors.po") for lang in ("zh_CN", "en"))
    for code, template in chinese.items():
        assert sorted(re.findall(r"{\w+:\w+}", template)) == sorted(re.findall(r"{\w+:\w+}", english[code])), code


def test_every_detector_has_its_page_with_every_parameter() -> None:
    pages = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", (ROOT / "docs/detectors.md").read_text("utf-8"), re.M | re.S))
    assert list(registry.DETECTORS) == [name for name in pages if name in registry.DETECTORS]
    for name in registry.DETECTORS:
        for parameter in registry.describe(name).parameters:
            assert f"`{parameter.name}` | {parameter.default}" in pages[name], (name, parameter.name)
        for topic in ("Formula", "Assumptions", "When it fails", "Cost", "Papers"):
            assert f"**{topic}.**" in pages[name], (name, topic)
