"""Every code that is stored, raised or shown has words in both languages, with the same parameters in the same formats."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fengsui.locale.catalogue import FOLDER, CodeTwice, catalogue, room_words
from fengsui.locale.formats import FORMATS
from fengsui.locale.language import LANGUAGES
from fengsui.locale.say import holes, say

ROOT = Path(__file__).parents[2]
ROOMS = sorted({path.stem for lang in LANGUAGES for path in (FOLDER / lang).glob("*.po")})
SOURCES = ("app.py", "fengsui/**/*.py", "connectors/**/*.py", "detectors/**/*.py", "pages/**/*.py")
SPEAKING = set(ROOMS) | {"settings", "store", "people", "metrics", "ingest", "engine", "alerts", "notify", "board", "pages"}
SPEAKING |= {"connectors", "detectors", "worker", "cli", "demo", "replay", "text"}
CODE = re.compile(r"""["']((?:ROOMS)(?:\.[a-z][a-z0-9_]*){2,})["']""".replace("ROOMS", "|".join(sorted(SPEAKING))))


def codes_in_the_source() -> dict[str, str]:
    """code -> file that names it. A literal ``"room.thing.name"`` of three parts or more is a code and nothing else."""
    found = {}
    for pattern in SOURCES:
        for path in ROOT.glob(pattern):
            for code in CODE.findall(path.read_text(encoding="utf-8")):
                found[code] = str(path.relative_to(ROOT))
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_in_the_source_has_words(lang: str) -> None:
    missing = {code: file for code, file in codes_in_the_source().items() if code not in catalogue(lang)}
    assert not missing


def test_the_search_for_codes_finds_them() -> None:
    assert "locale.slice.all" in codes_in_the_source()


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_of_a_room_have_the_same_codes_and_parameters(room: str) -> None:
    chinese, english = (room_words(FOLDER / lang / f"{room}.po") for lang in LANGUAGES)
    assert set(chinese) == set(english)
    assert {code: holes(text) for code, text in chinese.items()} == {code: holes(text) for code, text in english.items()}


@pytest.mark.parametrize("room", ROOMS)
def test_formats_exist(room: str) -> None:
    used = {kind for text in room_words(FOLDER / "zh_CN" / f"{room}.po").values() for _, kind in holes(text)}
    assert used <= set(FORMATS)


def test_a_code_that_two_rooms_claim_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xx").mkdir()
    for room in ("one", "two"):
        (tmp_path / "xx" / f"{room}.po").write_text('msgid "a.b.c"\nmsgstr "x"\n', encoding="utf-8")
    monkeypatch.setattr("fengsui.locale.catalogue.FOLDER", tmp_path)
    with pytest.raises(CodeTwice):
        catalogue("xx")


def test_an_untranslated_code_is_missing_not_empty(tmp_path: Path) -> None:
    (tmp_path / "room.po").write_text('msgid "a.b.c"\nmsgstr ""\n', encoding="utf-8")
    assert room_words(tmp_path / "room.po") == {}


def test_a_language_that_we_do_not_have_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        catalogue("fr")


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_every_step_of_a_round_has_a_name(lang: str) -> None:
    """A fault that says 「ingest 这一步出错」 tells a duty officer nothing."""
    source = (ROOT / "fengsui" / "worker" / "road.py").read_text(encoding="utf-8")
    rooms = set(re.findall(r'_room\("(\w+)"', source))
    assert {"ingest", "engine", "alerts", "notify", "board"} <= rooms
    for room in rooms:
        words = say(lang, "worker.room.broken", {"room": room, "kind": "KeyError"})
        assert catalogue(lang)[f"locale.room.{room}"] in words
