"""Every fault has words in both languages, and every option stands in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.mapping import SHAPES
from connectors.registry import CONNECTORS, describe

ROOT = Path(__file__).parents[2]
CODE = re.compile(r'"(connectors\.(?:bad|config|later)\.\w+)"')


def raised() -> set[str]:
    return {code for path in (ROOT / "connectors").glob("*.py") for code in CODE.findall(path.read_text("utf-8"))}


def catalogue(lang: str) -> dict[str, str]:
    text = (ROOT / "fengsui" / "locale" / lang / "connectors.po").read_text("utf-8")
    return dict(re.findall(r'msgid "(connectors[^"]+)"\nmsgstr "(.*)"', text))


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_every_fault_has_words_and_no_words_are_left_over(lang: str) -> None:
    assert set(catalogue(lang)) == raised()


def test_both_languages_tell_the_same_parameters() -> None:
    here, there = catalogue("zh_CN"), catalogue("en")
    for code, words in here.items():
        assert set(re.findall(r"\{[^}]+\}", words)) == set(re.findall(r"\{[^}]+\}", there[code])), code


@pytest.mark.parametrize("kind", sorted(CONNECTORS))
def test_every_connector_has_its_chapter_with_one_line_per_option(kind: str) -> None:
    text = (ROOT / "docs" / "connectors.md").read_text("utf-8")
    chapter = text.split(f"\n## {kind}\n")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", chapter, re.MULTILINE)
    assert listed == [option.name for option in describe(kind)]
    for option in describe(kind):
        assert option.doc, option.name


def test_the_mapping_chapter_names_every_key_of_every_shape() -> None:
    text = (ROOT / "docs" / "connectors.md").read_text("utf-8").split("\n## Mapping\n")[1].split("\n## ")[0]
    for model in SHAPES.values():
        for name in model.model_fields:
            assert f"`{name}`" in text, (model.__name__, name)
