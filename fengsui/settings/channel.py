"""One ``[notify.channels.NAME]`` table: a way to reach people. Which keys a kind has is said here, once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import time
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictInt
from pydantic_core import PydanticCustomError

from fengsui.settings.mistakes import nearest
from fengsui.settings.secret import SecretText, Trouble
from fengsui.settings.table import Table

_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
EVERY = ("kind", "min_tier", "language", "per_minute", "quiet", "fallback")
_HTTP = ("url", "proxy")
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "log": (),
        "webhook": (*_HTTP, "secret"),
        "wecom": (*_HTTP, "keyword"),
        "dingtalk": (*_HTTP, "secret", "keyword"),
        "feishu": (*_HTTP, "secret", "keyword"),
        "email": ("host", "port", "security", "user", "password", "sender", "to"),
        "gateway": (*_HTTP, "method", "headers", "encoding", "template", "success", "success_values", "text_chars", "to"),
        "ding": (*_HTTP, "app_key", "secret", "robot_code", "urge"),
        "feishu_urgent": (*_HTTP, "app_key", "secret", "urge"),
        "apprise": ("url",),
    }
)
"""Beside those that every kind has."""
NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "log": (),
        **dict.fromkeys(("webhook", "wecom", "dingtalk", "feishu"), ("url",)),
        "email": ("host", "sender"),
        "gateway": ("url", "template"),
        "ding": ("app_key", "secret", "robot_code"),
        "feishu_urgent": ("app_key", "secret"),
        "apprise": ("url",),
    }
)
TOKEN_IN_URL = ("wecom", "dingtalk", "feishu", "apprise")
"""Whoever knows the address of a robot can write into the group: it is a secret."""
WAKES = ("ding", "feishu_urgent")
"""They ring at night: for severe news, unless ``min_tier`` says otherwise."""


def quiet_span(text: str) -> tuple[time, time]:
    """``22:00-07:00`` -> its two ends; ``ValueError`` for anything else, and for a span without length."""
    found = _QUIET.fullmatch(text)
    if found is None or found[0][:5] == found[0][6:]:
        raise ValueError(f"{text!r} is not hours such as 22:00-07:00")
    one, two, three, four = (int(part) for part in found.groups())
    return time(one, two), time(three, four)


def is_quiet(text: str, at: time) -> bool:
    """Whether the clock shows an hour of ``22:00-07:00``; the end is no longer quiet."""
    begin, end = quiet_span(text)
    return begin <= at < end if begin < end else at >= begin or at < end


def _hours(text: str) -> str:
    try:
        quiet_span(text)
    except ValueError:
        raise PydanticCustomError("settings.mistake.quiet", "hours of the day") from None
    return text


Quiet = Annotated[str, AfterValidator(_hours)]


class Channel(Table):
    kind: Literal["log", "webhook", "wecom", "dingtalk", "feishu", "email", "gateway", "ding", "feishu_urgent", "apprise"]
    url: SecretText | None = None
    secret: SecretText | None = None
    proxy: SecretText | None = None
    keyword: str | None = None
    host: str | None = None
    port: Annotated[StrictInt, Field(ge=1, le=65535)] | None = None  # None: 465, 587 or 25 by security
    security: Literal["tls", "starttls", "none"] = "tls"
    user: str | None = None
    password: SecretText | None = None
    sender: Annotated[str, Field(pattern=r"^[^\r\n]*[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+>?$")] | None = None
    to: tuple[str, ...] = ()  # instead of the addresses of the persons behind a role
    method: Literal["POST", "GET", "PUT"] = "POST"
    headers: dict[str, SecretText] = Field(default_factory=dict)
    encoding: Literal["json", "form", "query"] = "json"
    template: dict[str, Any] = Field(default_factory=dict)
    success: str | None = None  # dotted path in the answer; None: 2xx is enough
    success_values: tuple[str, ...] = ("0",)
    text_chars: Annotated[StrictInt, Field(ge=20)] = 200
    app_key: str | None = None  # of the house's own app
    robot_code: str | None = None
    urge: Literal["phone", "sms", "app"] = "phone"
    min_tier: Annotated[StrictInt, Field(ge=1, le=3)] | None = None  # None: severe for what wakes people, else all
    language: Literal["zh_CN", "en"] | None = None  # None: the centre's
    per_minute: Annotated[StrictInt, Field(ge=1)] | None = None  # None: what the kind bears
    quiet: Quiet | None = None  # below severe waits
    fallback: str | None = None  # the channel that takes what this one cannot deliver

    @property
    def least_tier(self) -> int:
        return self.min_tier or (3 if self.kind in WAKES else 1)


def troubles(channels: Mapping[str, Any]) -> Iterator[Trouble]:
    """What a kind needs, what it does not have, and channels that fall back on none or on each other."""
    for name, one in channels.items():
        if isinstance(one, dict) and one.get("kind") in KEYS:
            yield from _of_kind(("notify", "channels", name), one)
            yield from _fallback(name, one, channels)


def _of_kind(path: tuple[str, str, str], one: Mapping[str, Any]) -> Iterator[Trouble]:
    kind = one["kind"]
    for key in NEEDED[kind]:
        if key not in one:
            yield path, "settings.mistake.missing", {"missing": key}
    allowed = [*EVERY, *KEYS[kind]]
    known = {*EVERY, *(key for keys in KEYS.values() for key in keys)}
    for key in one:
        if key in known and key not in allowed:
            params = {"kind": kind, "nearest": nearest(key, allowed), "allowed": ", ".join(allowed)}
            yield (*path, key), "settings.mistake.channel_key", params
    if one.get("security") == "none" and "password" in one:
        yield (*path, "security"), "settings.mistake.plain_login", {}
    url = one.get("url")
    if kind in TOKEN_IN_URL and isinstance(url, str) and not url.startswith(("env:", "file:")):
        yield (*path, "url"), "settings.mistake.secret_inline", {}


def _fallback(name: str, one: Mapping[str, Any], channels: Mapping[str, Any]) -> Iterator[Trouble]:
    wish = one.get("fallback")
    if not isinstance(wish, str):
        return
    path = ("notify", "channels", name, "fallback")
    others = [other for other in channels if other != name]
    if wish not in others:
        yield path, "settings.mistake.belongs_to_channel", {"nearest": nearest(wish, others), "allowed": ", ".join(others)}
    elif _returns(name, channels):
        yield path, "settings.mistake.fallback_ring", {}


def _returns(name: str, channels: Mapping[str, Any]) -> bool:
    seen: set[Any] = set()
    at: Any = name
    while isinstance(at, str) and isinstance(one := channels.get(at), dict):
        if at in seen:
            return True
        seen.add(at)
        at = one.get("fallback")
    return False
