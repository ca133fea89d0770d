"""What an issue can be about and who owns it: data, versioned as definitions of kind ``taxonomy`` (id ``default``).

Ids of issues are paths (``service/attitude``): the first part is the group. Words give the first tags before any label exists;
models learn the same ids from people's corrections.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection, select

from fengsui.store.tables import definition
from fengsui.store.upsert import upsert

KIND, ID = "taxonomy", "default"
BODY: Mapping[str, Any] = json.loads(files(__package__).joinpath("taxonomy.json").read_text(encoding="utf-8"))
"""The first taxonomy, of a service centre."""
Path = Annotated[str, Field(pattern=r"^[^/|=\s]{1,40}(/[^/|=\s]{1,40}){0,2}$")]
Name = Annotated[str, Field(min_length=1, max_length=60)]


def _said(words: tuple[str, ...]) -> tuple[str, ...]:
    if any(not word.strip() for word in words):
        raise PydanticCustomError("text.taxonomy.empty_word", "a word is not empty")
    return words


WordList = Annotated[tuple[str, ...], AfterValidator(_said)]


class Words(BaseModel):
    """Names in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh_CN: Name  # noqa: N815
    en: Name


class Entry(BaseModel):
    """One value of a tag, with the words that speak of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Path
    name: Words
    words: WordList = ()


class Issue(Entry):
    """``department``: who owns it, where the words alone decide; empty: nobody in particular."""

    department: str = ""


class Taxonomy(BaseModel):
    """Body of the definition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issues: tuple[Issue, ...]
    departments: tuple[Entry, ...]
    demands: tuple[Entry, ...] = ()
    products: tuple[Entry, ...] = ()
    regions: tuple[Entry, ...] = ()

    @model_validator(mode="after")
    def _ids_are_one(self) -> Taxonomy:
        for name in ("issues", "departments", "demands", "products", "regions"):
            ids = [one.id for one in getattr(self, name)]
            twice = sorted({one for one in ids if ids.count(one) > 1})
            if twice:
                raise PydanticCustomError("text.taxonomy.twice", "{name}: {id} stands twice", {"name": name, "id": twice[0]})
        known = {"", *(one.id for one in self.departments)}
        for issue in self.issues:
            if issue.department not in known:
                raise PydanticCustomError(
                    "text.taxonomy.department",
                    "{id}: no department {department}",
                    {"id": issue.id, "department": issue.department},
                )
        return self

    def values(self, tag: str) -> tuple[str, ...]:
        """What a person may choose for ``issue``, ``department``, ``demand``, ``product`` or ``region``."""
        return tuple(one.id for one in self.entries(tag))

    def entries(self, tag: str) -> tuple[Entry, ...]:
        """``KeyError`` for a tag that has no list."""
        return {
            "issue": self.issues,
            "department": self.departments,
            "demand": self.demands,
            "product": self.products,
            "region": self.regions,
        }[tag]

    def owners(self) -> dict[str, str]:
        """issue -> department, where one owns it."""
        return {one.id: one.department for one in self.issues if one.department}

    def words(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """(word, (tag, id)) of every list."""
        for tag in ("issue", "department", "demand", "product", "region"):
            for one in self.entries(tag):
                yield from ((word, (tag, one.id)) for word in one.words)


def seed(conn: Connection, now: datetime) -> None:
    """Version 1, where there is none."""
    row = {"kind": KIND, "id": ID, "version": 1, "valid_from": now, "by": "seed", "body": BODY}
    upsert(conn, definition, [row], update=())


def stored(conn: Connection) -> list[tuple[int, datetime, Taxonomy]]:
    """(version, valid from, body) of every version, the newest last."""
    query = select(definition.c.version, definition.c.valid_from, definition.c.body)
    rows = conn.execute(query.where(definition.c.kind == KIND, definition.c.id == ID).order_by(definition.c.version))
    return [(row.version, row.valid_from, read(row.body)) for row in rows]


def load(conn: Connection, now: datetime) -> tuple[int, Taxonomy]:
    """The version in force at ``now``; version 0, our own, where none is stored."""
    return in_force(stored(conn), now)


def in_force(versions: list[tuple[int, datetime, Taxonomy]], now: datetime) -> tuple[int, Taxonomy]:
    valid = [(version, body) for version, since, body in versions if since <= now]
    return valid[-1] if valid else (0, read(BODY))


def read(body: Mapping[str, Any]) -> Taxonomy:
    """Raises pydantic's ``ValidationError``, which names field and value."""
    return Taxonomy.model_validate(body)
