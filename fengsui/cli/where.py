"""Where a command works, and how it speaks: home, settings, store, language."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from fengsui.settings import Mistake, Settings

FILE = "fengsui.toml"


@dataclass(frozen=True, slots=True)
class Where:
    """``lang``: of what is printed."""

    home: Path
    lang: str

    @property
    def file(self) -> Path:
        return self.home / FILE

    def say(self, code: str, params: Mapping[str, Any] | None = None, /, **more: Any) -> str:
        from fengsui.locale import say

        return say(self.lang, code, {**(params or {}), **more})

    def tell(self, code: str, **params: Any) -> None:
        click.echo(self.say(code, **params))

    def fail(self, code: str, params: Mapping[str, Any] | None = None, *, status: int = 1) -> NoReturn:
        """Say what is wrong on stderr and leave."""
        click.echo(self.say(code, params), err=True)
        raise SystemExit(status)

    def settings(self) -> Settings:
        """The settings of the home; every mistake is printed and the command ends with status 2."""
        from fengsui.settings import SettingsFault, load

        try:
            return load(self.file, {**os.environ, "FENGSUI_HOME": str(self.home)})
        except SettingsFault as fault:
            self.print_mistakes(fault.mistakes)
            raise SystemExit(2) from None

    def print_mistakes(self, mistakes: Iterable[Mistake], file: str = FILE) -> None:
        for mistake in mistakes:
            click.echo(f"{file}:{mistake.line} {mistake.key}: {self.say(mistake.code, mistake.words())}", err=True)

    def store(self, settings: Settings) -> Engine:
        """The store at the tables of this program; the command ends where it cannot be opened or is too new."""
        from sqlalchemy.exc import SQLAlchemyError

        from fengsui.store.database import open_store
        from fengsui.store.migrate import StoreTooNew, upgrade

        engine = open_store(settings.store.url)
        try:
            upgrade(engine)
        except StoreTooNew as fault:
            self.fail(fault.code, fault.params)
        except SQLAlchemyError as fault:
            self.fail("cli.store.unreachable", {"why": why(fault)})
        return engine


def preferred_language() -> str:
    """English where the terminal's locale says so, else Chinese."""
    from fengsui.locale import language

    return language(os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG"))


def why(fault: BaseException) -> str:
    """The driver's own first line, without the statement and without a password."""
    original = getattr(fault, "orig", None) or fault
    return str(original).strip().partition("\n")[0] or type(original).__name__


def utc_now() -> datetime:
    return datetime.now(UTC)


pass_where = click.make_pass_decorator(Where)
