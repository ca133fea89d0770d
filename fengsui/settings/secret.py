"""Secrets are written as references, ``env:NAME`` or ``file:PATH``, and never printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator

from fengsui.settings.mistakes import Path as KeyPath

HIDDEN = "***"
CHANNEL_SECRETS = ("url", "secret", "proxy", "password", "headers", "template")
_NAMES = re.compile(r"password|passwd|secret|token|api_?key|authorization|credential", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^/@\s]+(@)")

Trouble = tuple[KeyPath, str, dict[str, Any]]
"""Path, code and parameters of a mistake whose line is not known yet."""


class Secret(str):
    """A resolved secret. It works as a string; a log or a traceback that shows its repr shows stars."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


SecretText = Annotated[str, AfterValidator(Secret)]
"""A pydantic field whose value never shows in a repr."""


class Secrets:
    """Replaces references in the raw file by secrets and gathers what could not be resolved."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self.env = env
        self.home = home
        self.troubles: list[Trouble] = []

    def resolve(self, value: Any, path: KeyPath) -> Any:
        """``value`` with every reference in it replaced, tables and arrays included."""
        if isinstance(value, dict):
            return {key: self.resolve(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner, (*path, index)) for index, inner in enumerate(value)]
        return self.text(value, path) if isinstance(value, str) else value

    def text(self, value: str, path: KeyPath) -> str:
        kind, colon, rest = value.partition(":")
        if colon and kind == "env":
            return self.variable(rest, path)
        if colon and kind == "file" and not rest.startswith("//"):
            return self.file(rest, path)
        if _is_secret(value, path):
            self.troubles.append((path, "settings.mistake.secret_inline", {}))
        return value

    def variable(self, name: str, path: KeyPath) -> str:
        if name not in self.env:
            self.troubles.append((path, "settings.mistake.secret_env", {"name": name}))
        return Secret(self.env.get(name, ""))

    def file(self, name: str, path: KeyPath) -> str:
        try:
            return Secret((self.home / Path(name).expanduser()).read_text(encoding="utf-8").rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as fault:
            self.troubles.append((path, "settings.mistake.secret_file", {"path": name, "why": type(fault).__name__}))
            return Secret("")


def shown(value: Any, path: KeyPath) -> str:
    """``value`` for a message: short, and without anything that may be secret."""
    if isinstance(value, Secret) or any(_NAMES.search(str(part)) for part in path):
        return HIDDEN
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    text = _URL_PASSWORD.sub(rf"\1{HIDDEN}\2", str(value).lower() if isinstance(value, bool) else str(value))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _is_secret(value: str, path: KeyPath) -> bool:
    named = isinstance(path[-1], str) and bool(_NAMES.fullmatch(path[-1]))
    return bool(value) and (named or bool(_URL_PASSWORD.search(value)))


def secret_places(raw: Mapping[str, Any]) -> Iterator[KeyPath]:
    """Paths under which references are resolved when the file is loaded. Sources that are switched off keep theirs."""
    yield ("store", "url")
    yield ("heartbeat", "url")
    for name in _table(_table(raw, "notify"), "channels"):
        for key in CHANNEL_SECRETS:
            yield ("notify", "channels", name, key)
    for name, source in _table(raw, "source").items():
        if isinstance(source, dict) and source.get("enabled", True) is not False:
            yield ("source", name, "options")
            yield ("source", name, "push")


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = raw.get(key)
    return found if isinstance(found, dict) else {}
