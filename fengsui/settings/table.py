"""What every table of the file has in common: nothing may change it, and a key it does not know is a mistake."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise PydanticCustomError("settings.mistake.zone", "a time zone") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]
"""A name of the IANA data base, ``Asia/Shanghai``."""


def known_zones() -> list[str]:
    return sorted(available_timezones())
