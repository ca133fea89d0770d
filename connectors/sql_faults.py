"""What a database's own error means for us: change the configuration, or try again later."""

from __future__ import annotations

from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from connectors.base import ConfigFault, Fault, TryLater

STATES = {
    "28000": "connectors.config.denied",
    "28P01": "connectors.config.denied",
    "42501": "connectors.config.denied",
    "3D000": "connectors.config.no_database",
    "42P01": "connectors.config.no_table",
    "42703": "connectors.config.no_column",
    "42601": "connectors.config.statement",
}
"""SQLSTATE of PostgreSQL (its manual, appendix A) -> what a person must change."""

NUMBERS = {
    1044: "connectors.config.denied",
    1045: "connectors.config.denied",
    1142: "connectors.config.denied",
    1143: "connectors.config.denied",
    1698: "connectors.config.denied",
    1049: "connectors.config.no_database",
    1146: "connectors.config.no_table",
    1054: "connectors.config.no_column",
    1064: "connectors.config.statement",
}
"""Error numbers of MariaDB and MySQL (server error reference)."""

PHRASES = {
    "password authentication failed": "connectors.config.denied",
    "no password supplied": "connectors.config.denied",
    "permission denied": "connectors.config.denied",
    "no pg_hba.conf entry": "connectors.config.denied",
    "no such table": "connectors.config.no_table",
    "no such column": "connectors.config.no_column",
    "syntax error": "connectors.config.statement",
    "unable to open database file": "connectors.config.no_database",
    "file is not a database": "connectors.config.no_database",
}
"""Where a driver gives neither (SQLite; PostgreSQL before it is connected)."""

TOO_SLOW = {"57014", "1969", "3024"}  # statement timeouts of PostgreSQL, MariaDB, MySQL


def fault_of(mistake: Exception, source: str) -> Fault:
    """The fault for an exception of SQLAlchemy or a driver. No statement and no parameter travels with it."""
    if isinstance(mistake, ArgumentError | NoSuchModuleError | ImportError | ValueError):
        return ConfigFault(
            "connectors.config.driver",
            field=f"source.{source}.options.url",
            value="…",
            allowed="sqlite:///…, postgresql+psycopg://…, mysql+pymysql://…",
            nearest=None,
        )
    origin = mistake.orig if isinstance(mistake, DBAPIError) else mistake
    code = _code(origin)
    if code is not None:
        return ConfigFault(code, field=f"source.{source}.options", value=_name(origin), allowed="", nearest=None)
    if TOO_SLOW.intersection(_numbers(origin)):
        return TryLater("connectors.later.slow")
    return TryLater("connectors.later.gone", what=type(origin).__name__)


def _numbers(origin: object) -> tuple[str, ...]:
    """SQLSTATE and the driver's own number, as far as it gives them."""
    args = getattr(origin, "args", ())
    return tuple(str(one) for one in (getattr(origin, "sqlstate", None), args[0] if args else None) if one)


def _code(origin: object) -> str | None:
    for number in _numbers(origin):
        if number in STATES:
            return STATES[number]
        if number.isdigit() and int(number) in NUMBERS:
            return NUMBERS[int(number)]
    message = str(origin).lower()
    if "does not exist" in message and ('role "' in message or "database" in message):
        return "connectors.config.denied" if 'role "' in message else "connectors.config.no_database"
    return next((code for phrase, code in PHRASES.items() if phrase in message), None)


def _name(origin: object) -> str:
    """The kind of the driver's error; its message may quote data and stays behind."""
    return type(origin).__name__
