"""The two keys of a deployment: one hashes customers, one encrypts what must be readable again.

Both are 32 random bytes, base64. A ``file:`` key that does not exist is made on first use, readable by its owner alone.
Losing ``customer`` loses the link between a customer's contacts; losing ``data`` loses everything encrypted with it.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fengsui.settings.mistakes import Mistake, SettingsFault
from fengsui.settings.model import Settings

SIZE = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """``data`` encrypts under ``data_key_id``; ``retired`` only decrypts."""

    customer: bytes = field(repr=False)
    data: bytes = field(repr=False)
    data_key_id: str
    retired: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def by_id(self, key_id: str) -> bytes:
        """``KeyError`` for an id that settings no longer name."""
        return self.data if key_id == self.data_key_id else self.retired[key_id]


def open_keys(settings: Settings, env: Mapping[str, str] | None = None) -> Keys:
    """Read the keys, making missing files; ``SettingsFault`` where one cannot be read or is no key."""
    env = os.environ if env is None else env
    refs = settings.keys
    return Keys(
        customer=_key("keys.customer", refs.customer, settings.home, env, make=True),
        data=_key("keys.data", refs.data, settings.home, env, make=True),
        data_key_id=refs.data_key_id,
        retired={
            key_id: _key(f"keys.retired.{key_id}", ref, settings.home, env, make=False) for key_id, ref in refs.retired.items()
        },
    )


def _key(name: str, reference: str, home: Path, env: Mapping[str, str], *, make: bool) -> bytes:
    kind, _, rest = reference.partition(":")
    if kind == "env":
        text = env.get(rest, "")
    else:
        path = home / Path(rest).expanduser()
        text = _read(path, name, make)
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != SIZE:
        raise SettingsFault((Mistake(1, name, reference, "settings.mistake.key", {"bytes": SIZE}),))
    return key


def _read(path: Path, name: str, make: bool) -> str:
    try:
        if make and not path.exists():
            _make(path)
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as fault:
        params = {"path": str(path), "why": type(fault).__name__}
        raise SettingsFault((Mistake(1, name, f"file:{path}", "settings.mistake.secret_file", params),)) from fault


def _make(path: Path) -> None:
    """Complete or absent: written aside and linked into place, so that two processes starting at once share one key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(SIZE)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:  # another process was first; its key counts
        pass
    finally:
        draft.unlink()
