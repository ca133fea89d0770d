"""The catalogues: all ``<lang>/*.po`` beside this file, merged once per process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent


class CodeTwice(Exception):
    """Two rooms claim the same code: the build is wrong, so nobody starts."""


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """code -> template. Raises ``CodeTwice``; an unknown language is a ``FileNotFoundError``."""
    merged: dict[str, str] = {}
    folder = FOLDER / lang
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    for path in sorted(folder.glob("*.po")):
        for code, template in room_words(path).items():
            if code in merged:
                raise CodeTwice(f"{code} in {path.name} and in another room's catalogue of {lang}")
            merged[code] = template
    return MappingProxyType(merged)


def room_words(path: Path) -> dict[str, str]:
    """One room's codes and templates; untranslated ones are left out, so that they show as missing."""
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}
