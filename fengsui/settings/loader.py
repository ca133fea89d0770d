"""Read ``fengsui.toml``: all of it, or every mistake in it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fengsui.settings import explain
from fengsui.settings.crosscheck import troubles
from fengsui.settings.lines import key_lines, line_of
from fengsui.settings.mistakes import Mistake, SettingsFault, dotted
from fengsui.settings.mistakes import Path as KeyPath
from fengsui.settings.model import Settings
from fengsui.settings.secret import Secrets, Trouble, secret_places, shown

_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)$")


def load(path: Path | str, env: Mapping[str, str] | None = None) -> Settings:
    """The settings of the file at ``path``; ``SettingsFault`` with every mistake.

    ``env`` (default: the process's) gives the secrets, ``FENGSUI_HOME`` (default: the file's folder) and
    ``FENGSUI_PORT``, which wins over ``[server] port``.
    """
    path = Path(path)
    env = os.environ if env is None else env
    home = Path(env.get("FENGSUI_HOME") or path.parent).expanduser().absolute()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        params = {"why": type(fault).__name__}
        raise SettingsFault((Mistake(1, str(path), "", "settings.mistake.unreadable", params),)) from fault
    return parse(text, home, env)


def parse(text: str, home: Path, env: Mapping[str, str]) -> Settings:
    """``load`` for a text that is already read."""
    raw = _toml(text)
    given = "home" in raw
    secrets = Secrets(env, home)
    resolved = _resolved(raw, secrets)
    found = [*secrets.troubles, *troubles(raw), *_port(resolved, env)]
    if given:
        found.append((("home",), "settings.mistake.unknown_key", {"nearest": "", "allowed": explain.allowed_keys(())}))
    settings: Settings | None = None
    try:
        settings = Settings.model_validate({**resolved, "home": home})
    except ValidationError as fault:
        found += explain.troubles(fault)
    if found or settings is None:
        raise SettingsFault(_mistakes(found, text, raw))
    return settings


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        at = _TOML_LINE.search(str(fault))
        line = int(at[1]) if at else text.count("\n") + 1
        why = _TOML_LINE.sub("", str(fault)).strip()
        shown_line = (text.splitlines() or [""])[min(line, text.count("\n") + 1) - 1].strip() if text else ""
        kept = shown_line.partition("=")[0].strip()  # the value may be a secret
        raise SettingsFault((Mistake(line, kept, "", "settings.mistake.toml", {"why": why}),)) from None


def _resolved(raw: Mapping[str, Any], secrets: Secrets) -> dict[str, Any]:
    """A copy of the file with its secrets in place."""
    copy = dict(raw)
    for path in secret_places(raw):
        _replace(copy, path, path, secrets)
    return copy


def _replace(table: dict[str, Any], rest: KeyPath, path: KeyPath, secrets: Secrets) -> None:
    key = str(rest[0])
    if key not in table:
        return
    if len(rest) == 1:
        table[key] = secrets.resolve(table[key], path)
    elif isinstance(table[key], dict):
        table[key] = dict(table[key])
        _replace(table[key], rest[1:], path, secrets)


def _port(raw: dict[str, Any], env: Mapping[str, str]) -> list[Trouble]:
    """Let FENGSUI_PORT win; it is text, so it is read here."""
    port = env.get("FENGSUI_PORT")
    if not port:
        return []
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        return [(("server", "port"), "settings.mistake.port_env", {"given": port[:20]})]
    server = raw.get("server", {})
    if isinstance(server, dict):
        raw["server"] = {**server, "port": int(port)}
    return []


def _mistakes(found: list[Trouble], text: str, raw: Mapping[str, Any]) -> tuple[Mistake, ...]:
    lines = key_lines(text)
    mistakes = [
        Mistake(line_of(lines, path), dotted(path), shown(_at(raw, path), path), code, params) for path, code, params in found
    ]
    return tuple(sorted(mistakes, key=lambda mistake: (mistake.line, mistake.key)))


def _at(raw: Any, path: KeyPath) -> Any:
    """What the file has at ``path``; nothing where it has nothing."""
    for part in path:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return ""
    return raw
