"""Keys are made once, private, and never half."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from fengsui.settings import Keys, SettingsFault, open_keys, parse

GOOD = base64.b64encode(bytes(range(32))).decode()


def test_missing_keys_are_made_private_and_read_again(tmp_path: Path):
    settings = parse("", tmp_path, {})
    first = open_keys(settings, {})
    assert len(first.customer) == len(first.data) == 32
    assert first.customer != first.data
    assert open_keys(settings, {}) == first
    file = tmp_path / "keys" / "customer.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["customer.key", "data.key"]


def test_processes_that_start_together_share_one_key(tmp_path: Path):
    settings = parse("", tmp_path, {})
    found: list[Keys] = []
    threads = [threading.Thread(target=lambda: found.append(open_keys(settings, {}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(keys.customer, keys.data) for keys in found}) == 1
    assert len(found) == 8


def test_keys_from_the_environment_and_retired_ones(tmp_path: Path):
    text = '[keys]\ncustomer = "env:C"\ndata = "env:D"\ndata_key_id = "k2"\n[keys.retired]\nk1 = "env:C"\n'
    keys = open_keys(parse(text, tmp_path, {}), {"C": GOOD, "D": base64.b64encode(b"d" * 32).decode()})
    assert keys.by_id("k2") == b"d" * 32
    assert keys.by_id("k1") == bytes(range(32))
    with pytest.raises(KeyError):
        keys.by_id("k0")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", ["", "short", base64.b64encode(b"x" * 31).decode(), "密钥"])
def test_what_is_no_key_is_refused(tmp_path: Path, bad: str):
    settings = parse('[keys]\ncustomer = "env:C"\n', tmp_path, {})
    with pytest.raises(SettingsFault) as fault:
        open_keys(settings, {"C": bad})
    assert fault.value.mistakes[0].code == "settings.mistake.key"


def test_a_retired_key_is_never_made(tmp_path: Path):
    settings = parse('[keys.retired]\nk0 = "file:keys/old.key"\n', tmp_path, {})
    with pytest.raises(SettingsFault) as fault:
        open_keys(settings, {})
    assert fault.value.mistakes[0].code == "settings.mistake.secret_file"
    assert not (tmp_path / "keys" / "old.key").exists()


def test_keys_do_not_show(tmp_path: Path):
    keys = open_keys(parse("", tmp_path, {}), {})
    assert repr(keys) == "Keys(data_key_id='k1')"
