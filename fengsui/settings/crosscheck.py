"""What one key promises about another. Works on the raw file, so that these mistakes are told together with the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fengsui.settings import channel
from fengsui.settings.dimension import ALL, DIMENSIONS, PUBLISHED, TOPIC, level_names
from fengsui.settings.mistakes import nearest
from fengsui.settings.secret import Trouble

_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def troubles(raw: Mapping[str, Any]) -> Iterator[Trouble]:
    yield from _cuboids(raw)
    yield from _twice(raw)
    yield from _persons(raw)
    yield from _sources(raw)
    yield from _channels(raw)
    yield from _pushes(raw)


def _cuboids(raw: Mapping[str, Any]) -> Iterator[Trouble]:
    known = _levels(raw)
    for key in ("cuboids", "count_cuboids"):
        cuboids = raw.get(key)
        for index, cuboid in enumerate(cuboids if isinstance(cuboids, list) else []):
            if isinstance(cuboid, str) and cuboid != ALL:
                for code, params in _cuboid(cuboid, known):
                    yield (key, index), code, params


def _cuboid(cuboid: str, known: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    levels = cuboid.split("|")
    for level in levels:
        if level not in known:
            near = nearest(level, known)
            yield "settings.mistake.cuboid", {"level": level, "nearest": near, "allowed": ", ".join([ALL, *known])}
    names = [level.partition(".")[0] for level in levels]
    if len(set(names)) < len(names):
        yield "settings.mistake.cuboid_twice", {}


def _levels(raw: Mapping[str, Any]) -> list[str]:
    rows = raw.get("dimension")
    if not isinstance(rows, list):
        return [*(level for dimension in DIMENSIONS for level in dimension.level_names), TOPIC]
    named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]
    found = [level for row in named for level in level_names(row["name"], len(row.get("levels") or ()))]
    return found if any(row["name"] == TOPIC for row in named) else [*found, TOPIC]


def _twice(raw: Mapping[str, Any]) -> Iterator[Trouble]:
    rows = raw.get("dimension")
    seen: set[str] = set()
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        name = row.get("name") if isinstance(row, dict) else None
        if isinstance(name, str):
            if name in seen:
                yield ("dimension", index, "name"), "settings.mistake.twice", {}
            seen.add(name)


def _persons(raw: Mapping[str, Any]) -> Iterator[Trouble]:
    """Of single persons nothing is added up beforehand: no cuboid, no rule, no wall, no view for BI tools has them, and what
    is counted from records is shown to the roles that are named."""
    rows = raw.get("dimension")
    mine = set()
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict) and row.get("persons") is not None:
            mine.add(row.get("name"))
            if row.get("name") in PUBLISHED or len(row.get("levels") or ()) > 1:
                yield ("dimension", index, "persons"), "settings.mistake.persons_own", {"taken": ", ".join(PUBLISHED)}
    for key in ("cuboids", "count_cuboids"):
        cuboids = raw.get(key)
        for index, cuboid in enumerate(cuboids if isinstance(cuboids, list) else []):
            levels = cuboid.split("|") if isinstance(cuboid, str) else []
            if any(level.partition(".")[0] in mine for level in levels):
                yield (key, index), "settings.mistake.persons_cuboid", {}
    sources = raw.get("source")
    for name, source in sources.items() if isinstance(sources, dict) else ():
        found = source.get("map") if isinstance(source, dict) else None
        maps = found if isinstance(found, list) else [found]
        sums = [one for one in maps if isinstance(one, dict) and one.get("shape") == "measurement"]
        if any(mine & set(one.get("dims") or ()) for one in sums if isinstance(one.get("dims"), dict)):
            yield ("source", name, "map"), "settings.mistake.persons_measured", {}


def _sources(raw: Mapping[str, Any]) -> Iterator[Trouble]:
    sources = raw.get("source")
    if not isinstance(sources, dict):
        return
    names = list(sources)
    for name in names:
        if not _SOURCE_NAME.fullmatch(name):
            yield ("source", name), "settings.mistake.source_name", {}
        source = sources[name]
        owner = source.get("belongs_to") if isinstance(source, dict) else None
        if isinstance(owner, str) and (owner not in names or owner == name):
            others = [other for other in names if other != name]
            params = {"nearest": nearest(owner, others), "allowed": ", ".join(others)}
            yield ("source", name, "belongs_to"), "settings.mistake.belongs_to", params


def _channels(raw: Mapping[str, Any]) -> Iterator[Trouble]:
    notify = raw.get("notify")
    channels = notify.get("channels") if isinstance(notify, dict) else None
    yield from channel.troubles(channels if isinstance(channels, dict) else {})


def _pushes(raw: Mapping[str, Any]) -> Iterator[Trouble]:
    """A webhook needs a secret to know its sender by; nobody else has one. One form of a kind is enough."""
    sources = raw.get("source")
    tables = {name: one for name, one in sources.items() if isinstance(one, dict)} if isinstance(sources, dict) else {}
    for name, one in tables.items():
        push = one.get("push")
        if one.get("kind") == "webhook" and push is None:
            yield ("source", name), "settings.mistake.missing", {"missing": "push"}
        if one.get("kind") != "webhook" and push is not None:
            yield ("source", name, "push"), "settings.mistake.push_only", {}
        previous = push.get("previous") if isinstance(push, dict) else None
        if isinstance(previous, str) and not previous.startswith(("env:", "file:")):
            yield ("source", name, "push", "previous"), "settings.mistake.secret_inline", {}
    for kind, code in (("staff", "settings.mistake.staff_once"), ("typed", "settings.mistake.typed_once")):
        forms = [name for name, one in tables.items() if one.get("kind") == kind]
        for name in forms[1:]:
            yield ("source", name, "kind"), code, {"first": forms[0]}
