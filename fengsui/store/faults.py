"""What a store's refusal means for whoever was using it: one word out of a driver's many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

Kind: TypeAlias = Literal["away", "full", "read_only", "busy", "damaged"]

_SQLITE: Mapping[str, Kind] = {
    "SQLITE_FULL": "full",
    "SQLITE_READONLY": "read_only",
    "SQLITE_PERM": "read_only",
    "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
    "SQLITE_PROTOCOL": "busy",
    "SQLITE_CORRUPT": "damaged",
    "SQLITE_NOTADB": "damaged",
    "SQLITE_CANTOPEN": "away",
    "SQLITE_IOERR_WRITE": "full",
    "SQLITE_IOERR_FSYNC": "full",
    "SQLITE_IOERR_TRUNCATE": "full",
    "SQLITE_IOERR": "away",
}
"""The longer names first. A quota or a limit on the size of files shows itself as a write that failed."""
_POSTGRES: Mapping[str, Kind] = {
    "53100": "full",
    "25006": "read_only",
    "42501": "read_only",
    "55P03": "busy",
    "40001": "busy",
    "40P01": "busy",
    "25P03": "away",
    "25P04": "away",
    "XX001": "damaged",
    "XX002": "damaged",
}
"""SQLSTATEs; besides, the server is away in the classes of ``_AWAY``."""
_AWAY = ("08", "53", "57", "58")
"""Connection, resources (out of memory, too many clients), operator intervention, input and output."""


def kind_of(fault: DBAPIError) -> Kind | None:
    """``None``: no state of the store but a mistake in what was asked of it, which trying again does not mend."""
    name = getattr(fault.orig, "sqlite_errorname", None)
    if name is not None:
        return _of_sqlite(name)
    code = getattr(fault.orig, "sqlstate", None)
    if code is not None:
        return _POSTGRES.get(code) or ("away" if code[:2] in _AWAY else None)
    return "away" if isinstance(fault, OperationalError) or fault.connection_invalidated else None


def code_of(fault: DBAPIError) -> str | None:
    """``store.fault.<kind>`` of the catalogue."""
    kind = kind_of(fault)
    return None if kind is None else f"store.fault.{kind}"


def trouble(fault: BaseException) -> str | None:
    """``code_of`` for any exception: ``None`` where it says nothing of the store."""
    if isinstance(fault, PoolTimeout):
        return "store.fault.busy"
    return code_of(fault) if isinstance(fault, DBAPIError) else None


def _of_sqlite(name: str) -> Kind | None:
    """Extended codes are longer: SQLITE_IOERR_WRITE, SQLITE_READONLY_DIRECTORY."""
    return next((kind for prefix, kind in _SQLITE.items() if name == prefix or name.startswith(f"{prefix}_")), None)
