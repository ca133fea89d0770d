"""What a kind of notice channel needs and has; every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from fengsui.settings import SettingsFault, parse
from fengsui.settings.channel import KEYS, NEEDED
from fengsui.settings.model import Channel

ENV = {"URL": "https://robot.test/?key=1", "KEY": "SECabc"}


def mistakes(text: str, tmp_path: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(SettingsFault) as fault:
        parse(text, tmp_path, ENV)
    return [(one.line, one.key, one.code.rpartition(".")[2]) for one in fault.value.mistakes]


def test_a_robot_takes_its_address_and_key_from_the_environment(tmp_path: Path):
    text = '[notify.channels.room]\nkind = "dingtalk"\nurl = "env:URL"\nsecret = "env:KEY"\nper_minute = 5\n'
    (room,) = parse(text, tmp_path, ENV).notify.channels.values()
    assert (room.url, room.secret, room.per_minute) == (ENV["URL"], ENV["KEY"], 5)
    assert "robot.test" not in repr(room) and "SECabc" not in repr(room)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('kind = "wecom"\n', [(1, "notify.channels.a", "missing")]),
        ('kind = "wecom"\nurl = "https://robot.test/?key=1"\n', [(3, "notify.channels.a.url", "secret_inline")]),
        ('kind = "wecom"\nurl = "env:URL"\nsecret = "env:KEY"\n', [(4, "notify.channels.a.secret", "channel_key")]),
        ('kind = "feishu"\nurl = "env:URL"\nsecret = "SECabc"\n', [(4, "notify.channels.a.secret", "secret_inline")]),
        ('kind = "log"\nkeyword = "x"\n', [(3, "notify.channels.a.keyword", "channel_key")]),
        ('kind = "log"\nquiet = "22-7"\n', [(3, "notify.channels.a.quiet", "quiet")]),
        ('kind = "log"\nquiet = "07:00-07:00"\n', [(3, "notify.channels.a.quiet", "quiet")]),
        ('kind = "log"\nper_minute = 0\n', [(3, "notify.channels.a.per_minute", "bounds")]),
        ('kind = "log"\nfallback = "b"\n', [(3, "notify.channels.a.fallback", "belongs_to_channel")]),
        ('kind = "log"\nfallback = "a"\n', [(3, "notify.channels.a.fallback", "belongs_to_channel")]),
        ('kind = "email"\nhost = "h"\n', [(1, "notify.channels.a", "missing")]),
        (
            'kind = "email"\nhost = "h"\nsender = "a@b.cn"\nuser = "u"\npassword = "env:KEY"\nsecurity = "none"\n',
            [(7, "notify.channels.a.security", "plain_login")],
        ),
        ('kind = "email"\nhost = "h"\nsender = "nobody"\n', [(4, "notify.channels.a.sender", "bounds")]),
        ('kind = "gateway"\nurl = "env:URL"\n', [(1, "notify.channels.a", "missing")]),
        ('kind = "dingding"\n', [(2, "notify.channels.a.kind", "choice")]),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, found: list[tuple[int, str, str]]):
    assert mistakes(f"[notify.channels.a]\n{text}", tmp_path) == found


def test_fallbacks_may_not_go_round(tmp_path: Path):
    text = "".join(
        f'[notify.channels.{one}]\nkind = "log"\nfallback = "{two}"\n' for one, two in (("a", "b"), ("b", "c"), ("c", "b"))
    )
    assert {code for _, _, code in mistakes(text, tmp_path)} == {"fallback_ring"}


@pytest.mark.parametrize("url", ["watch.example.com", "ftp://x", "https://", "https://x/ y"])
def test_a_public_address_is_one(tmp_path: Path, url: str):
    assert mistakes(f'[server]\npublic_url = "{url}"\n', tmp_path) == [(2, "server.public_url", "bounds")]


def test_every_kind_and_key_is_in_the_table():
    kinds = set(Channel.model_fields["kind"].annotation.__args__)
    assert set(KEYS) == set(NEEDED) == kinds
    assert {key for keys in KEYS.values() for key in keys} <= set(Channel.model_fields)
    assert all(set(needed) <= set(KEYS[kind]) for kind, needed in NEEDED.items())
