"""``fengsui.toml`` as types. docs/configuration.md explains every key; a test holds the two together.

Lengths of time are ``timedelta``; names in two languages are ``Words``; secrets are resolved ``Secret`` strings, except the
keys of ``[keys]``, which ``fengsui.settings.keys`` reads when a process needs them.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StrictBool, StrictInt, ValidationInfo
from pydantic_core import PydanticCustomError

from fengsui.settings.calendar import check_calendar
from fengsui.settings.channel import Channel, Quiet
from fengsui.settings.dimension import (
    DIMENSIONS,
    TOPIC,
    TOPICS,
    Dimension,
    canonical_cuboids,
    default_cuboids,
    with_topic,
    with_topic_cuboid,
)
from fengsui.settings.replay import Replay
from fengsui.settings.role import Role
from fengsui.settings.secret import SecretText
from fengsui.settings.source import CommonFields, Source
from fengsui.settings.span import Span
from fengsui.settings.table import Table, Zone

Count = Annotated[StrictInt, Field(ge=1)]
Language = Literal["zh_CN", "en"]


class Centre(Table):
    """Whose centre this is, and how it cuts days."""

    name: str = "客户服务质量中心"
    zone: Zone = "Asia/Shanghai"
    calendar: Annotated[str, AfterValidator(check_calendar)] = "CN"  # CN, none, or a country of the holidays library
    language: Language = "zh_CN"
    demo: StrictBool = False  # pages say 演示数据 and sign their visitor in

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Store(Table):
    url: SecretText = ""  # load() puts HOME/fengsui.db


def _network(value: str) -> str:
    try:
        return str(ip_address(value)) if "/" not in value else str(ip_network(value, strict=False))
    except ValueError:
        raise PydanticCustomError("settings.mistake.network", "10.1.2.3, 10.1.0.0/16") from None


class Server(Table):
    host: str = "127.0.0.1"
    port: Annotated[StrictInt, Field(ge=1, le=65535)] = 8501
    base_path: str = Field(default="", pattern=r"^(/?[A-Za-z0-9_\-./]*)$")
    public_url: str = Field(
        default="", pattern=r"^(https?://[A-Za-z0-9_\-.:\[\]]+(/[A-Za-z0-9_\-./]*)?)?$"
    )  # base_path included
    allowed_hosts: tuple[str, ...] = ()
    proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ("127.0.0.1",)  # whose X-Forwarded-* are believed


def _reference(value: str) -> str:
    if not value.startswith(("env:", "file:")):
        raise PydanticCustomError("settings.mistake.secret_inline", "env:NAME or file:PATH")
    return value


Reference = Annotated[str, AfterValidator(_reference)]


class KeyRefs(Table):
    """Where the two keys are. ``retired`` still decrypts what an older ``data`` key encrypted."""

    customer: Reference = "file:keys/customer.key"
    data: Reference = "file:keys/data.key"
    data_key_id: str = Field(default="k1", min_length=1)
    retired: dict[str, Reference] = Field(default_factory=dict)


class Retention(Table):
    """Days after which rows go. Facts and quarter-hour roll-ups stay."""

    minute_rollups_days: Count = 8
    verdict_days: Count = 400
    quarantine_days: Count = 30
    poll_days: Count = 90
    tick_days: Count = 30
    text_days: Count = 730
    session_days: Count = 30
    request_days: Count = 90
    inbox_days: Count = 30
    notice_days: Count = 400
    audit_days: Annotated[StrictInt, Field(ge=180)] = 1095  # the database removes no younger row (store.tables.people)


class Sla(Table):
    """The first SLA policy, seeded once as a definition; edited on pages afterwards."""

    resolution: dict[str, Span] = Field(default_factory=lambda: {"high": timedelta(hours=4), "normal": timedelta(hours=24)})
    response: Span = timedelta(hours=2)


class EngineTable(Table):
    tick: Span = timedelta(seconds=1)
    poll_workers: Count = 8
    max_head_series: Count = 50


class Heartbeat(Table):
    url: SecretText | None = None
    every: Span = timedelta(minutes=5)


class Notify(Table):
    channels: dict[str, Channel] = Field(default_factory=lambda: {"log": Channel(kind="log")})
    services: tuple[str, ...] = ()  # which ones Apprise may be used for


class Wall(Table):
    """What every wall screen does: tones for severe alerts that nobody has taken, a mark of who looks."""

    sound: StrictBool = True
    quiet: Quiet | None = None  # hours without sound
    watermark: StrictBool = False  # who looks and when, faintly over everything


def _idle() -> dict[Role, timedelta]:
    return {"admin": timedelta(minutes=30), "auditor": timedelta(minutes=30)}


class SignIn(Table):
    """Who proves more than a password, how long that one is, and when a session ends because nobody uses it."""

    second_factor: tuple[Role, ...] = ()
    idle: dict[Role, Span] = Field(default_factory=_idle)
    password_least: Annotated[StrictInt, Field(ge=8, le=64)] = 10


class Limits(Table):
    """Bounds that turn a flood into waiting, never into loss."""

    batch_rows: Count = 2000
    queue_batches: Count = 16
    upload_mb: Count = 50
    push_mb: Count = 8
    push_rows: Count = 10_000
    push_waiting: Count = 5_000
    preview_rows: Count = 20
    text_chars: Count = 20_000
    export_rows: Count = 10_000
    sign_in_tries: Count = 5
    sign_in_window: Span = timedelta(minutes=15)


def _full(cuboids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    return with_topic_cuboid(cuboids, info.data.get("dimensions", ()))


class Settings(Table):
    home: Path  # not in the file: FENGSUI_HOME, or the file's folder
    centre: Centre = Centre()
    store: Store = Store()
    server: Server = Server()
    keys: KeyRefs = KeyRefs()
    retention: Retention = Retention()
    dimensions: Annotated[tuple[Dimension, ...], AfterValidator(with_topic)] = Field(
        default=DIMENSIONS, alias="dimension", validate_default=True
    )
    full_cuboids: Annotated[tuple[str, ...], AfterValidator(_full)] = Field(default_factory=default_cuboids, alias="cuboids")
    count_cuboids: tuple[str, ...] = ()  # counts of feedback and deadlines only: what a long tail is worth
    sources: dict[str, Source] = Field(default_factory=dict, alias="source")
    sla: Sla = Sla()
    engine: EngineTable = EngineTable()
    heartbeat: Heartbeat = Heartbeat()
    notify: Notify = Notify()
    wall: Wall = Wall()
    sign_in: SignIn = SignIn()
    limits: Limits = Limits()
    replay: Replay | None = None  # only in the mapping file of `fengsui replay`

    @cached_property
    def cuboids(self) -> tuple[str, ...]:
        """Every cuboid that is kept, with all measures or with counts only."""
        return canonical_cuboids((*self.full_cuboids, *self.count_cuboids))

    @cached_property
    def counts_only(self) -> frozenset[str]:
        """The cuboids for which only counts are kept."""
        return frozenset(self.cuboids) - frozenset(self.full_cuboids)

    @cached_property
    def sparse(self) -> frozenset[str]:
        """Dimensions of which a record without a value is in no slice: the topics, where the house alone defined them. A file
        that names them wants its records without one to be seen as such (未填)."""
        return frozenset({TOPIC}) if TOPICS in self.dimensions else frozenset()

    @property
    def dimension_names(self) -> tuple[str, ...]:
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def delivered(self) -> tuple[str, ...]:
        """The dimensions that sources are expected to fill: all but the topics, which the house finds."""
        return tuple(name for name in self.dimension_names if name != TOPIC)

    def dimension(self, name: str) -> Dimension:
        """``KeyError`` for a name that is not configured."""
        return {dimension.name: dimension for dimension in self.dimensions}[name]

    def title(self, source: str, lang: str) -> str:
        """What people call a source; its name where it has no title or is no longer configured."""
        found = self.sources.get(source)
        return found.title.say(lang) if found and found.title else source

    def common(self, source: str) -> CommonFields:
        """``connectors.base.Common(**settings.common(name))``."""
        found = self.sources[source]
        return CommonFields(
            name=source,
            zone=found.timezone or self.centre.zone,
            cadence_s=found.cadence.total_seconds(),
            lateness_s=found.lateness.total_seconds(),
            overlap_s=found.overlap.total_seconds(),
            home=self.home,
            dimensions=self.dimension_names,
        )

    def model_post_init(self, context: Any, /) -> None:
        """The store's default, and a relative SQLite file, lie in the home."""
        url = self.store.url or "sqlite:///fengsui.db"
        if url.startswith("sqlite:///") and url != "sqlite:///:memory:":
            url = f"sqlite:///{self.home / url.removeprefix('sqlite:///')}"  # an absolute file swallows the home
        object.__setattr__(self, "store", Store(url=url))
