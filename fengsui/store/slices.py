"""Names of slices and of time buckets: pure functions, the same in every store.

A slice key is its dimension levels sorted by name: ``all``, ``channel=电话``, ``category.1=支付|org.1=华南``. A level
``org.2`` of a value ``华南/广东/天河`` is its first two parts, ``华南/广东``. The id is a hash, so no look-up is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

ALL = "all"
NO_BIN = -32768
UNKNOWN = "未填"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slice_key(levels: Mapping[str, str]) -> str:
    """``{"org.1": "华南", "channel": "电话"}`` -> ``channel=电话|org.1=华南``; nothing -> ``all``."""
    return "|".join(f"{name}={_escape(levels[name])}" for name in sorted(levels)) or ALL


def slice_levels(key: str) -> dict[str, str]:
    """The inverse of ``slice_key``."""
    if key == ALL:
        return {}
    return {name: _unescape(value) for name, _, value in (part.partition("=") for part in key.split("|"))}


def slice_id(key: str) -> int:
    """A signed 64-bit hash of the key."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def level_value(dims: Mapping[str, str], level: str) -> str:
    """Value of ``channel`` or of ``org.2`` in a record's dims; ``未填`` where the record has none."""
    name, _, depth = level.partition(".")
    value = dims.get(name) or UNKNOWN
    return "/".join(value.split("/")[: int(depth)]) if depth else value


def cuboid_slice(dims: Mapping[str, str], cuboid: str) -> str:
    """The slice of a record in cuboid ``all``, ``channel`` or ``channel|org.1``."""
    if cuboid == ALL:
        return ALL
    return slice_key({level: level_value(dims, level) for level in cuboid.split("|")})


def flat(value: str) -> str:
    """A value that is not cut into levels."""
    return value.replace("/", " ")


def bucket(at: datetime, grain: int) -> int:
    """Start of the bucket of ``grain`` minutes that holds ``at``, in minutes since the epoch."""
    since = at - _EPOCH
    minutes = since.days * 1440 + since.seconds // 60
    return minutes - minutes % grain


@lru_cache(maxsize=10_000)
def bucket_start(minutes: int) -> datetime:
    """The same object for the same minute: it is asked for each series, and converted once for all their rows."""
    return _EPOCH + timedelta(minutes=minutes)


def _escape(value: str) -> str:
    return value.replace("%", "%25").replace("|", "%7C").replace("=", "%3D")


def _unescape(value: str) -> str:
    return value.replace("%3D", "=").replace("%7C", "|").replace("%25", "%")
